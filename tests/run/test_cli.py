"""The command line: exit codes, messages without traceback, quick help."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskmodel.core.errors import ParamError, VerificationError
from riskmodel.run import cli
from riskmodel.run.executed import NotebookError
from riskmodel.run.sweep import SweepResult


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setattr(sys, "argv", ["riskmodel", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize(
    ("command", "place", "error", "code"),
    [
        ("run", "riskmodel.run.batch.run_notebooks", NotebookError("cell 3 stopped"), 1),
        ("run", "riskmodel.run.batch.run_notebooks", ParamError("census.folder"), 2),
        ("verify", "riskmodel.run.verify.verify_run", VerificationError("2 differences"), 1),
        ("sweep", "riskmodel.run.sweep.run_sweep", ParamError("scenarios[1]"), 2),
    ],
)
def test_errors_are_told_without_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    place: str,
    error: Exception,
    code: int,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(place, fail)
    assert call(monkeypatch, command, "params/wenzhou.yml") == code
    told = capsys.readouterr().err
    assert told == f"riskmodel: {error}\n"


def test_failed_scenario_ends_a_sweep_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = SweepResult(Path("outputs/trial"), {"wet": "cell 4 stopped"})
    monkeypatch.setattr("riskmodel.run.sweep.run_sweep", lambda *_: result)
    assert call(monkeypatch, "sweep", "x.yml") == 1
    told = capsys.readouterr()
    assert "comparison.csv" in told.out
    assert "wet" in told.err


def test_losses_of_footprints_go_where_they_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frame = pd.DataFrame({"event": [7], "loss": [2.5], "lower": [2.0], "upper": [3.0]})
    frame.attrs["aal"] = 0.25
    monkeypatch.setattr("riskmodel.run.work.footprints.imported_losses", lambda *_: frame)
    told = ["footprints", "set.nc", "params/wenzhou.yml"]
    assert call(monkeypatch, *told) == 2
    assert "--to" in capsys.readouterr().err
    assert call(monkeypatch, *told, "--to", str(tmp_path / "a.csv")) == 0
    written = (tmp_path / "a.csv").read_text(encoding="utf-8-sig").splitlines()
    assert written == ["event,loss (CNY),lower (CNY),upper (CNY)", "7,2.5,2.0,3.0"]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_is_quick(arguments: list[str]) -> None:
    heavy = "{'numpy', 'xarray', 'pandas', 'papermill', 'numba'}"
    code = (
        f"import sys; sys.argv = ['riskmodel', *{arguments}]; from riskmodel.run.cli import main\n"
        f"try: main()\nfinally: print(*{heavy} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "Usage" in done.stdout
    assert done.stderr.strip() == ""


def test_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "riskmodel", "--help"], capture_output=True)
    assert done.returncode == 0
