"""A batch: whole or not at all, once for the same inputs, and a failure that says where."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from riskmodel.core.errors import ParamError, RiskModelError, StageError
from riskmodel.run import cli
from riskmodel.run.batch import run_notebooks
from riskmodel.run.executed import NotebookError, scrub
from riskmodel.run.records import read_results

Said = Callable[[], str]
WriteParams = Callable[..., Path]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_run_is_whole_current_and_safe_from_a_failure(
    checkout: Path, console: Console, said: Said, write_params: WriteParams
) -> None:
    """One chain of starts on one folder: first, second, changed census, failing."""
    params = checkout / "params" / "wenzhou.yml"
    folder = run_notebooks(params, root=checkout, console=console)

    assert folder == checkout / "outputs" / "wenzhou"
    assert names(folder.parent) == ["wenzhou"]
    assert list(read_results(folder / "results.json")) == ["loss.aal", "gdp.loss_ratio"]
    shown = said()
    assert re.search(r"loss\.aal +1\.00 +0\.900 … 1\.10 +40% +synthetic", shown)
    assert re.search(r"loss\.oep\.100 +- +not available", shown)
    assert "亿元" in shown
    assert "90%" in shown
    assert_manifest_is_complete(folder)
    assert_no_machine_paths(folder, checkout)
    with pytest.raises(ProcessLookupError):  # the kernel was shut down
        os.kill(int(printed(folder, "01_census")), 0)

    before = snapshot(folder)
    run_notebooks(params, root=checkout, console=console)
    assert "up to date" in said()
    assert snapshot(folder) == before

    (checkout / "data/demo/census.yml").write_text("cells: 3\n", encoding="utf-8")
    write_params(params, {"scenario.rain": 1.6})
    with pytest.raises(NotebookError) as caught:
        run_notebooks(params, root=checkout, console=console)
    assert snapshot(folder) == before
    assert_failure_is_told(str(caught.value), folder.parent)

    write_params(params, {"scenario.rain": 1.5})
    run_notebooks(params, root=checkout, console=console)
    assert names(folder.parent) == ["wenzhou"]
    assert read_results(folder / "results.json")["loss.aal"].value == 1.5e8


def assert_manifest_is_complete(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["inputs"]) == {
        "params/tiers/illustrative.yml",
        "params/assumptions.yml",
        "data/demo/census.yml",
        "riskmodel/model.py",
        "requirements.lock",
        "notebooks/01_census.ipynb",
        "notebooks/02_hazard.ipynb",
    }
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert set(manifest["outputs"]) == files - {"manifest.json"}
    assert manifest["seed"] == manifest["params"]["seed"]
    assert manifest["versions"]["numpy"]
    assert manifest["inputs_changed_during_run"] == []


def assert_no_machine_paths(folder: Path, checkout: Path) -> None:
    """The second notebook prints its working folder and the run folder."""
    for path in [*folder.glob("notebooks/*"), folder / "manifest.json"]:
        text = path.read_text(encoding="utf-8")
        assert str(checkout) not in text
        assert ".partial" not in text
    assert printed(folder, "02_hazard") == ". outputs/wenzhou"


def printed(folder: Path, notebook: str) -> str:
    text = (folder / f"notebooks/{notebook}.ipynb").read_text(encoding="utf-8")
    outputs = [o for c in json.loads(text)["cells"] for o in c.get("outputs", [])]
    return "".join(outputs[0]["text"]).strip()


def assert_failure_is_told(message: str, outputs: Path) -> None:
    assert names(outputs) == ["wenzhou", "wenzhou.failed"]
    assert "02_hazard.ipynb: cell 4 (import os) stopped" in message
    assert "CensusError: hazard.tif: too much rain; found 1.6" in message
    assert "outputs/wenzhou.failed/notebooks" in message
    assert "Traceback" not in message
    kept = outputs / "wenzhou.failed"
    text = (kept / "notebooks/02_hazard.ipynb").read_text(encoding="utf-8")
    assert "too much rain" in text
    assert str(outputs.parent) not in text
    assert not (kept / "manifest.json").exists()
    assert not (kept / "results.json").exists()


def test_dead_kernel_is_told(checkout: Path, console: Console, write_params: WriteParams) -> None:
    params = write_params(checkout / "params/x.yml", {"seed": 666})
    with pytest.raises(NotebookError, match=r"02_hazard\.ipynb: cell 4 .*\n.*Kernel died"):
        run_notebooks(params, root=checkout, console=console)
    assert names(checkout / "outputs") == ["wenzhou.failed"]


def test_killed_run_leaves_nothing_under_the_final_name(checkout: Path, console: Console) -> None:
    code = (
        "import sys; from pathlib import Path; from riskmodel.run.batch import run_notebooks;"
        "run_notebooks(sys.argv[1] + '/params/wenzhou.yml', root=Path(sys.argv[1]))"
    )
    partial = checkout / "outputs" / ".wenzhou.partial"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(checkout)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(checkout)},
    ) as process:
        deadline = time.monotonic() + 300  # against waiting for ever, not a budget
        while not (partial / "notebooks/01_census.ipynb").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(RiskModelError, match="under way already"):
            run_notebooks(checkout / "params/wenzhou.yml", root=checkout, console=console)
        os.kill(process.pid, signal.SIGKILL)
    assert not (checkout / "outputs" / "wenzhou").exists()
    folder = run_notebooks(checkout / "params/wenzhou.yml", root=checkout, console=console)
    assert names(folder.parent) == ["wenzhou"]


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: Any, **__: Any) -> None:
        pytest.fail("a kernel was started")

    monkeypatch.setattr("riskmodel.run.batch.execute", start)


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"seeed": 3}, "seeed"),
        ({"hazard.blocks": "5"}, "hazard.blocks"),
        ({"hazard.blocks": 500}, "from 1 to 50"),
        ({"census.folder": "data/nowhere"}, "data/nowhere"),
        ({"tiers.programme": "params/tiers/none.yml"}, "none.yml"),
    ],
)
def test_bad_params_stop_before_any_kernel(
    checkout: Path, console: Console, write_params: WriteParams, changes: dict, word: str
) -> None:
    params = write_params(checkout / "params/x.yml", changes)
    with pytest.raises(ParamError, match=word):
        run_notebooks(params, root=checkout, console=console)
    assert not (checkout / "outputs").exists()


@pytest.mark.usefixtures("no_kernel")
def test_missing_notebooks_are_told(checkout: Path, console: Console) -> None:
    for path in (checkout / "notebooks").iterdir():
        path.unlink()
    with pytest.raises(StageError, match="notebooks"):
        run_notebooks(checkout / "params/wenzhou.yml", root=checkout, console=console)


@pytest.mark.usefixtures("no_kernel")
def test_command_line_tells_bad_params_without_traceback(
    tmp_path: Path,
    write_params: WriteParams,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = write_params(tmp_path / "x.yml", {"hazard.blocks": 500})
    monkeypatch.setattr(sys, "argv", ["riskmodel", "run", str(path), "--outputs", str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "hazard.blocks: found 500; expected a whole number from 1 to 50" in told
    assert "Traceback" not in told


def test_papermill_alone_refuses_an_unknown_key(checkout: Path) -> None:
    notebook, out = checkout / "notebooks/01_census.ipynb", checkout / "out.ipynb"
    command = [sys.executable, "-m", "papermill", str(notebook), str(out), "--no-progress-bar"]
    folder = ["-p", "output_folder", str(checkout / "alone")]
    bad = subprocess.run([*command, "-p", "seeed", "3"], capture_output=True, text=True)
    assert bad.returncode == 1
    assert "seeed: unknown key; found 3; to do: did you mean seed?" in bad.stderr
    executed = json.loads(out.read_text(encoding="utf-8"))["cells"]
    assert [c["execution_count"] for c in executed if c["cell_type"] == "code"][-2:] == [3, None]

    params = str(checkout / "params" / "wenzhou.yml")
    good = subprocess.run([*command, "-f", params, *folder], capture_output=True, text=True)
    assert good.returncode == 0, good.stderr
    assert (checkout / "alone/stages/01_census.records.json").is_file()


def test_scrub_leaves_other_text_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    home = "/somewhere/me"
    text = f"{home}/x {home} file://{home}/y {home}2/z AB{home}CD"
    path.write_text(json.dumps({"cells": [{"source": [text]}]}), encoding="utf-8")
    scrub(path, [(f"{home}/x", "outputs/run"), (home, "~")])
    assert json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"] == [
        f"outputs/run ~ file://~/y {home}2/z AB{home}CD"
    ]
