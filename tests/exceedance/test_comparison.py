"""Paired differences: by hand, their coverage, and how much sharper than unpaired ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from riskmodel.core.errors import SchemaError
from riskmodel.exceedance.comparison import compare_losses, paired_difference
from riskmodel.exceedance.intervals import simulation_interval

Whole = Callable[..., xr.Dataset]


def test_a_paired_interval_by_hand() -> None:
    found = paired_difference([10.0, 20.0, 30.0], [11.0, 22.0, 33.0], whole=2.0, level=0.9)
    # differences 1, 2, 3: s = 1, half width t(0.95, 2) / sqrt(3)
    half = 2.919986 / np.sqrt(3.0)
    assert (found["lower"], found["upper"]) == pytest.approx((2.0 - half, 2.0 + half), rel=1e-6)
    assert found["kind"] == "simulation"
    assert "3 paired blocks" in found["method"]


def test_pairing_tells_small_changes_from_chance() -> None:
    """A change of two per cent, ten blocks whose own spread is ten per cent: told apart."""
    random = np.random.default_rng(2)
    first = (100.0 * random.normal(1.0, 0.1, 10)).tolist()
    second = [1.02 * value * random.normal(1.0, 0.002) for value in first]
    gap = np.mean(second) - np.mean(first)
    paired = paired_difference(first, second, whole=float(gap), level=0.9)
    assert paired["lower"] > 0.0
    alone = simulation_interval(float(np.mean(first)), first, level=0.9)
    assert alone["lower"] < np.mean(second) < alone["upper"]


def test_the_paired_interval_covers_as_often_as_it_says() -> None:
    """2,000 pairs of five normal blocks: coverage within three standard errors of 90 %."""
    random, covered = np.random.default_rng(7), 0
    for _ in range(2000):
        first = random.normal(50.0, 10.0, 5)
        second = first + random.normal(3.0, 1.0, 5)
        gap = float(np.mean(second - first))
        found = paired_difference(first.tolist(), second.tolist(), whole=gap, level=0.9)
        covered += found["lower"] <= 3.0 <= found["upper"]
    error = np.sqrt(0.9 * 0.1 / 2000)
    assert abs(covered / 2000 - 0.9) < 3 * error


def test_tables_are_compared_figure_by_figure(whole: Whole) -> None:
    random = np.random.default_rng(4)
    year = np.arange(400)
    loss = random.pareto(2.0, 400)
    first = whole(year, loss, years=400, blocks=4)
    second = whole(year, 1.5 * loss, years=400, blocks=4)
    found = compare_losses(first, second, [10.0, 50.0], level=0.9)
    aal = found.sel(figure="loss.aal")
    assert float(aal["difference"]) == pytest.approx(0.5 * loss.mean())
    gaps = 0.5 * loss.reshape(4, 100).mean(axis=1)
    half = stats.t.ppf(0.95, 3) * gaps.std(ddof=1) / 2.0
    assert float(aal["upper"] - aal["difference"]) == pytest.approx(half)
    assert bool(aal["told_apart"]) == (0.5 * loss.mean() > half)
    assert {"loss.oep.10", "loss.aep.50", "loss.tvar.10"} <= set(found["figure"].values)
    same = compare_losses(first, first, [10.0], level=0.9)
    assert float(np.abs(same["difference"]).max()) == 0.0
    assert not same["told_apart"].any()


def test_what_is_not_paired_is_refused(whole: Whole) -> None:
    first = whole([0, 5], [1.0, 2.0], years=10, blocks=2)
    other = whole([0, 5], [1.0, 2.0], years=20, blocks=2)
    with pytest.raises(SchemaError, match=r"compare_losses, years.*to do: compare runs with the"):
        compare_losses(first, other, [2.0], level=0.9)
    for a, b in (([1.0], [1.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(SchemaError, match="the same blocks twice"):
            paired_difference(a, b, whole=0.0, level=0.9)
