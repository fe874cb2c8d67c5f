"""Records of benchmarks: their fields, what is judged, what is missing; nothing is timed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.harness import (
    ROOT,
    Alternative,
    Benchmark,
    Record,
    SideError,
    measure,
    merged,
    process,
    table,
)
from benchmarks.register import BENCHMARKS
from benchmarks.side import judged, named

SIDES = "tests.benchmarks.sides"
FIELDS = {
    "name", "seconds", "peak_mb", "alternative", "alternative_seconds", "alternative_peak_mb",
    "ratio", "equal", "budget_seconds", "budget_mb", "within_budget", "versions",
}  # fmt: skip


def against(side: str, python: str = sys.executable) -> Benchmark:
    other = Alternative("another", f"{SIDES}:{side}", f"{SIDES}:judge", Path(python))
    return Benchmark("sums", "five sums", f"{SIDES}:sums", repetitions=1, alternative=other)


def record(name: str = "sums", **changes: object) -> Record:
    """What a run of a benchmark would record."""
    whole = {
        "name": name, "seconds": 1.5, "peak_mb": 80.0, "alternative": "another",
        "alternative_seconds": 6.0, "ratio": 4.0, "equal": True, "budget_seconds": None,
        "budget_mb": 4096.0, "passed": True, "note": None,
    }  # fmt: skip
    return whole | changes


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return measure(against("sums_by_hand"), tmp_path_factory.mktemp("work"))


def test_record_of_two_sides_has_the_fields_and_is_judged(compared: Record) -> None:
    assert set(compared) >= FIELDS
    assert compared["equal"] is True and compared["how_judged"] == "five sums"
    assert compared["ratio"] == compared["alternative_seconds"] / compared["seconds"]
    assert compared["facts"]["terms"] == 5
    assert compared["within_budget"] is None
    assert {"python", "numpy", "numba", "cores"} <= set(compared["versions"])
    assert compared == json.loads(json.dumps(compared, allow_nan=False))


def test_unequal_outputs_do_not_pass(tmp_path: Path) -> None:
    found = measure(against("sums_off_by_one"), tmp_path)
    assert found["equal"] is False and found["passed"] is False
    assert found["ratio"] is not None


@pytest.mark.parametrize("asked", [{"least_ratio": 1e9}, {"leaner": True}])
def test_what_is_asked_beside_equality_can_fail(tmp_path: Path, asked: dict[str, Any]) -> None:
    """No side is a thousand million times as fast; ours holds 200 MB more than the other."""
    fair = against("sums_by_hand")
    assert fair.alternative is not None
    heavy = f"{SIDES}:heavy_sums" if "leaner" in asked else fair.side
    found = measure(
        replace(fair, side=heavy, alternative=replace(fair.alternative, **asked)), tmp_path
    )
    assert found["equal"] is True and found["passed"] is False


@pytest.mark.parametrize(
    ("benchmark", "note"),
    [
        (against("needs_a_peer"), "not compared: module peer_of_nobody is not installed"),
        (against("sums", python="nowhere/python"), "not compared: no interpreter at python"),
        (against("stops"), "failed: .*stops: RuntimeError: no storms today"),
    ],
)
def test_missing_or_failing_alternative_is_said_and_not_passed(
    benchmark: Benchmark, note: str, tmp_path: Path
) -> None:
    found = measure(benchmark, tmp_path)
    assert re.match(note, found["note"])
    assert found["passed"] is False
    assert found["alternative"] == "another"
    assert found["alternative_seconds"] is found["ratio"] is found["equal"] is None


@pytest.mark.parametrize(("megabytes", "kept"), [(100_000.0, True), (150.0, False)])
def test_budget_is_of_the_peak_of_the_process(megabytes: float, kept: bool, tmp_path: Path) -> None:
    benchmark = Benchmark("big", "200 MB", f"{SIDES}:big", repetitions=1, budget_mb=megabytes)
    found = measure(benchmark, tmp_path)
    assert found["alternative"] is None
    assert found["within_budget"] is kept and found["passed"] is kept
    assert found["peak_mb"] > 190


def test_failing_side_of_ours_is_recorded(tmp_path: Path) -> None:
    found = measure(Benchmark("stops", "nothing", f"{SIDES}:stops", budget_seconds=9.0), tmp_path)
    assert found["seconds"] is None and found["passed"] is False
    assert "no storms today" in found["note"]


def test_preparation_runs_in_a_process_and_its_failure_is_told(tmp_path: Path) -> None:
    process(Path(sys.executable), "prepare", f"{SIDES}:prepare", str(tmp_path))
    assert (tmp_path / "prepared").is_file()
    with pytest.raises(SideError, match=f"{SIDES}:stops: RuntimeError: no storms today"):
        process(Path(sys.executable), "prepare", f"{SIDES}:stops", str(tmp_path))


def test_judge_reads_what_both_sides_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", total=[1, 2])
    np.savez(tmp_path / "other.npz", total=[1, 3])
    said = judged(f"{SIDES}:judge", tmp_path / "one.npz", tmp_path / "other.npz")
    assert said == {"equal": False, "how": "five sums"}


def test_records_of_other_benchmarks_stay_and_unknown_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "results.json"
    merged(path, [record("b"), record("gone")], ["a", "b", "gone"])
    whole = merged(path, [record("a"), record("b", seconds=2.0)], ["a", "b"])
    assert [(r["name"], r["seconds"]) for r in whole] == [("a", 1.5), ("b", 2.0)]
    assert json.loads(path.read_text(encoding="utf-8")) == whole
    assert list(path.parent.iterdir()) == [path]


def test_table_says_what_was_not_passed() -> None:
    missing = record(
        "impact",
        alternative_seconds=None,
        ratio=None,
        equal=None,
        passed=False,
        note="not compared",
    )
    head, first, second = table([record(), missing]).splitlines()
    assert head.split()[:3] == ["benchmark", "seconds", "MB"]
    assert first.split() == ["sums", "1.50", "80", "4096", "MB", "6.00", "4.0", "yes", "yes"]
    assert second.endswith("no (not compared)")


def test_registered_functions_exist_and_names_are_their_own() -> None:
    assert len({b.name for b in BENCHMARKS}) == len(BENCHMARKS)
    for b in BENCHMARKS:
        other = [b.alternative.side, b.alternative.judge] if b.alternative else []
        assert all(callable(named(target)) for target in (b.side, *b.prepared, *other))
        assert b.alternative or b.budget_seconds or b.budget_mb


def test_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog"]) == 2
    known = sorted({b.name for b in BENCHMARKS} | {b.group for b in BENCHMARKS})
    told = f"no such benchmark: catalog; there are {known}"
    assert told in capsys.readouterr().err


def test_harness_stays_small() -> None:
    """The peak memory of a child starts at its parent's, so the parent must not import numpy."""
    code = "import sys, benchmarks.__main__; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
