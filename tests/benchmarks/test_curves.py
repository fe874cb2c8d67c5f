"""The other ways to curves agree with ours, and the judges can fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import curves, curves_peers
from benchmarks.harness import ROOT
from riskmodel.core.draws import generator
from riskmodel.exceedance.curve_table import curve_table

LOCKS = sorted((ROOT / "benchmarks" / "peers").glob("*.lock"))


@pytest.mark.parametrize("way", ["numpy", "pandas"])
def test_other_ways_agree_with_ours(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    periods = (2, 5, 10, 100)
    for name, value in (
        ("YEARS", 1_000),
        ("RETURN_PERIODS", periods),
        ("RANKS", 1_000 // np.array(periods)),
    ):
        monkeypatch.setattr(curves_peers, name, value)
    draw = generator(2, "rows of a benchmark's test")
    year, loss = np.sort(draw.integers(0, 1_000, 3_000)), draw.pareto(2.0, 3_000)
    ours = curve_table(year, loss, 1_000, periods).values[0]
    np.testing.assert_allclose(curves_peers.WAYS[way]((year, loss)), ours, rtol=1e-12)


def test_rows_are_stored_for_oasis(tmp_path: Path) -> None:
    """Read back as words of four bytes: header, then event, period, date and the summaries."""
    curves.store_oasis(tmp_path, np.array([4, 9]), np.array([2.5, 7.0]), np.array([0, 3]))
    occurrence = np.fromfile(tmp_path / "input" / "occurrence.bin", np.int32)
    assert occurrence.tolist() == [1, curves.YEARS, 1, 5, 0, 2, 10, 0]
    summary = np.fromfile(tmp_path / "work" / "all" / "summary.bin", np.int32)
    assert summary[:3].tolist() == [(3 << 24) + 1, 0, 1]
    words = summary[3:].reshape(2, 7)
    assert words[:, [0, 1, 3, 5]].tolist() == [[1, 1, -1, 0], [2, 4, -1, 0]]
    assert words[:, 4].copy().view(np.float32).tolist() == [2.5, 7.0]


POINTS = {"points": np.array([[[5.0, 9.0], [8.0, 12.0]]])}


@pytest.mark.parametrize(
    ("points", "equal"),
    [
        (POINTS["points"] * (1 + 5e-7), True),
        (POINTS["points"] * np.array([1.0, 1 + 2e-6]), False),
        (POINTS["points"][..., :1], False),
        (np.full((1, 2, 2), np.nan), False),
    ],
)
def test_judge_of_lecpy_allows_single_precision_only(points: np.ndarray, equal: bool) -> None:
    assert curves.judge_lecpy(POINTS, {"points": points})[0] is equal


@pytest.mark.parametrize(("factor", "equal"), [(1 + 1e-13, True), (1 + 1e-11, False)])
def test_judge_of_the_fastest_looks_at_every_way(factor: float, equal: bool) -> None:
    ways = {
        "ways": np.array(["numpy", "polars"]),
        "seconds": np.array([0.2, 0.1]),
        "points_of_ways": np.stack([POINTS["points"][0], POINTS["points"][0] * factor]),
    }
    found, how = curves.judge_fastest(POINTS, ways)
    assert bool(found) is equal
    assert "timed: polars" in how and "numpy 0.200 s, polars 0.100 s" in how


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_of_peers_have_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text
    assert text.count("==") <= text.count("--hash=sha256:")
