"""Verify and sweep: what differs is named, and one failure does not stop the rest."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from riskmodel.core.errors import ParamError, SchemaError, VerificationError
from riskmodel.run.batch import run_notebooks
from riskmodel.run.records import Record, make_record
from riskmodel.run.sweep import run_sweep
from riskmodel.run.verify import compare_records, verify_run
from tests.run.conftest import because

Said = Callable[[], str]


def alter(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_verify_passes_and_then_names_what_was_altered(
    copied: Path, console: Console, said: Said
) -> None:
    """The run is verified in another folder than it was made in."""
    checkout = copied.parents[1]
    verify_run(copied, root=checkout, console=console)
    assert "verified: 2 records agree" in said()
    assert [p.name for p in copied.parent.iterdir()] == ["wenzhou"]

    alter(checkout / "riskmodel/model.py", "1", "2")
    alter(checkout / "notebooks/01_census.ipynb", "1e8 *", "1.0000001e8 *")
    with pytest.raises(VerificationError) as caught:
        verify_run(copied, root=checkout, console=console)
    assert "2 inputs are not those of the run: notebooks/01_census.ipynb, riskmodel/" in said()
    assert "loss.aal, value: 100000000.0 in the run folder, 100000010" in str(caught.value)
    assert "loss.aal, simulation lower" in str(caught.value)

    alter(copied / "results.json", "100000000.0", "100000000.1")
    with pytest.raises(VerificationError) as caught:
        verify_run(copied, root=checkout, console=console)
    assert "results.json: altered" in str(caught.value)
    assert "loss.aal, value: 100000000.1, was 100000000.0" in str(caught.value)
    assert said() == ""  # told before anything runs again


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda f: (f / "manifest.json").unlink(), "no manifest"),
        (lambda f: (f / "manifest.json").write_text("{"), "damaged"),
        (lambda f: (f / "manifest.json").write_text("{}"), "damaged"),
        (lambda f: (f / "stages/trial.nc").unlink(), r"stages/trial\.nc: missing"),
        (
            lambda f: alter(f / "manifest.json", '"interval_level": 0.9', '"interval_level": 0.8'),
            "inputs_hash",
        ),
        (lambda f: alter(f / "manifest.json", '"rain": 1.0', '"rain": 9.0'), "scenario.rain"),
    ],
)
def test_verify_refuses_a_damaged_folder(
    copied: Path, spoil: Callable[[Path], Any], word: str
) -> None:
    spoil(copied)
    with pytest.raises((VerificationError, ParamError), match=word):
        verify_run(copied, root=copied.parents[1], console=Console(quiet=True))


@pytest.fixture
def copied(tmp_path_factory: pytest.TempPathFactory, once: Path) -> Path:
    import shutil

    root = tmp_path_factory.mktemp("copied") / "checkout"
    shutil.copytree(once.parents[1], root)
    return root / "outputs" / "wenzhou"


def record(**changes: Any) -> dict[str, Record]:
    interval = {"kind": "model", "level": 0.9, "lower": 0.5, "upper": 2.0}
    fields = {"name": "a.b", "value": 1.0, "unit": "1", "status": "real", "source": "x"}
    made = make_record(**{**fields, "intervals": [interval], **changes})
    return {made.name: made}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"value": 1.0 + 2e-9}, "a.b, value"),
        ({"status": "synthetic"}, "a.b, status"),
        ({"unit": "CNY"}, "a.b, unit"),
        ({"share_extrapolated": 0.0}, "a.b, share_extrapolated"),
        ({"intervals": []}, "a.b, model lower"),
        ({"intervals": [{"kind": "model", "level": 0.9, "lower": 0.5, "upper": 2.1}]}, "upper"),
        ({"name": "a.c"}, "only in"),
    ],
)
def test_differences_are_named(changes: dict[str, Any], word: str) -> None:
    assert any(word in line for line in compare_records(record(), record(**changes)))


def test_rounding_is_no_difference() -> None:
    assert not list(compare_records(record(), record(value=1.0 + 1e-10)))
    assert not list(compare_records(record(value=0.0), record(value=1e-16)))


def write_sweep(path: Path, scenarios: dict[str, dict[str, Any]]) -> Path:
    listed = [{"name": n, "label": n, "set": s} for n, s in scenarios.items()]
    sweep = {"name": "trial", "base": "params/wenzhou.yml", "scenarios": listed}
    path.write_text(yaml.safe_dump(sweep), encoding="utf-8")
    return path


def test_sweep_lists_a_failed_scenario_and_goes_on(
    checkout: Path, console: Console, said: Said
) -> None:
    scenarios = {
        "baseline": {},
        "too-wet": {"scenario.rain": 1.6, **because({"scenario.rain": 1.6})},
        "wetter": {"scenario.rain": 1.1, **because({"scenario.rain": 1.1})},
    }
    path = write_sweep(checkout / "sweep.yml", scenarios)
    result = run_sweep(path, root=checkout, console=console)
    assert list(result.failed) == ["too-wet"]
    assert "cell 4" in result.failed["too-wet"]
    assert "too-wet failed" in said()

    table = result.folder / "tables" / "comparison.csv"
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["name"]: row for row in csv.DictReader(stream)}
    assert float(rows["loss.aal"]["wetter"]) == pytest.approx(1.1e8)
    assert float(rows["loss.aal"]["wetter.relative_difference"]) == pytest.approx(0.1)
    assert rows["loss.aal"]["too-wet"] == ""
    comparison = json.loads((table.parent / "comparison.json").read_text(encoding="utf-8"))
    assert [s["failed"] for s in comparison["scenarios"]] == [False, True, False]

    run_sweep(path, root=checkout, console=console)
    assert len(re.findall("is up to date", said())) == 2


@pytest.mark.parametrize(
    ("scenarios", "word"),
    [
        ({"baseline": {}, "x": {"scenario.rian": 1.1}}, r"scenarios\[1\] x.*\n.*scenario\.rain\?"),
        ({"baseline": {}, "x": {"scenario.rain": 9.0}}, "from 0.5 to 2"),
        ({"tables": {}}, r"scenarios\[0\]\.name"),
        ({}, "scenarios: found"),
    ],
)
def test_bad_sweep_stops_before_anything_runs(
    checkout: Path, console: Console, scenarios: dict[str, dict], word: str
) -> None:
    path = write_sweep(checkout / "sweep.yml", scenarios)
    with pytest.raises(ParamError, match=word):
        run_sweep(path, root=checkout, console=console)
    assert not (checkout / "outputs").exists()


def test_sweep_and_run_do_not_take_each_others_folder(checkout: Path, console: Console) -> None:
    outputs = checkout / "outputs"
    (outputs / "trial").mkdir(parents=True)
    (outputs / "trial" / "manifest.json").write_text("{}")
    with pytest.raises(SchemaError, match="a run has this name"):
        run_sweep(
            write_sweep(checkout / "sweep.yml", {"baseline": {}}), root=checkout, console=console
        )
    (outputs / "wenzhou").mkdir()
    (outputs / "wenzhou" / "sweep.json").write_text("{}")
    with pytest.raises(ParamError, match="a sweep has this name"):
        run_notebooks(checkout / "params/wenzhou.yml", root=checkout, console=console)
