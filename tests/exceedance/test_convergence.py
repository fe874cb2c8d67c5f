"""Blocks needed: by hand, as the interval of so many blocks, and for a catalogue."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError, RiskModelError
from riskmodel.core.schema import check
from riskmodel.exceedance.convergence import SCHEMA, blocks_needed, convergence
from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.exceedance.metrics import tail_value_at_risk

BLOCKS = [8.0, 10.0, 12.0, 14.0, 16.0]  # mean 12, standard deviation sqrt(10)


def half_width(count: int, spread: float, level: float) -> float:
    return float(stats.t.ppf(0.5 + level / 2, count - 1)) * spread / np.sqrt(count)


@pytest.mark.parametrize("precision", [0.5, 0.2, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_so_many_blocks_and_not_one_fewer(precision: float, level: float) -> None:
    found = blocks_needed(12.0, BLOCKS, precision=precision, level=level)
    interval = simulation_interval(12.0, BLOCKS, level=level)
    assert found.relative_half_width == pytest.approx(interval["upper"] / 12.0 - 1)
    # chi-square with 4 degrees of freedom bounds the variance between blocks from above
    cautious = np.sqrt(10.0 * 4 / stats.chi2.ppf(1 - level, 4))
    for count, spread in ((found.blocks, np.sqrt(10.0)), (found.cautious, cautious)):
        assert half_width(count, spread, level) <= 12.0 * precision
        assert count == 2 or half_width(count - 1, spread, level) > 12.0 * precision


def test_many_blocks_follow_the_normal_law() -> None:
    # (1.645 · 3.1623 / (12 · 0.001))² = 187,879
    found = blocks_needed(12.0, BLOCKS, precision=0.001, level=0.9)
    assert found.blocks == pytest.approx((1.6448536 * np.sqrt(10) / 0.012) ** 2, abs=3)


def test_cautious_number_suffices_as_often_as_its_level_says() -> None:
    draw, level, truth = np.random.default_rng(5), 0.9, 2.0
    needed = next(n for n in range(2, 10**4) if half_width(n, truth, level) <= 100 * 0.01)
    hits = 0
    for _ in range(150):
        blocks = draw.normal(100.0, truth, 5)
        hits += (
            blocks_needed(100.0, blocks.tolist(), precision=0.01, level=level).cautious >= needed
        )
    assert hits / 150 >= level - 3 * np.sqrt(level * (1 - level) / 150)


def test_blocks_that_agree_need_two() -> None:
    assert blocks_needed(3.0, [3.0, 3.0], precision=0.01, level=0.9) == (0.0, 2, 2)


@pytest.mark.parametrize(("value", "precision"), [(0.0, 0.1), (5.0, 0.0), (5.0, -1.0)])
def test_a_relative_precision_needs_a_positive_value(value: float, precision: float) -> None:
    with pytest.raises(RiskModelError, match="a return period at which there is a loss"):
        blocks_needed(value, [4.0, 6.0], precision=precision, level=0.9)


def test_one_block_has_no_spread() -> None:
    with pytest.raises(RiskModelError, match=r"raise hazard\.blocks"):
        blocks_needed(5.0, [5.0], precision=0.1, level=0.9)


@pytest.fixture(scope="module")
def catalogue(whole: Callable[..., xr.Dataset]) -> xr.Dataset:
    draw = np.random.default_rng(12)
    return whole(np.arange(2000), draw.pareto(2.5, 2000), years=2000, blocks=4)


def test_headline_figures_of_a_catalogue(catalogue: xr.Dataset) -> None:
    found = check(convergence(catalogue, [10.0, 50.0], precision=0.05, level=0.9), SCHEMA)
    assert (found.attrs["blocks"], found.attrs["years_per_block"]) == (4, 500)
    assert found["figure"].values.tolist() == [
        "loss.aal", "loss.standard_deviation", "loss.oep.10", "loss.aep.10", "loss.tvar.10",
        "loss.oep.50", "loss.aep.50", "loss.tvar.50",
    ]  # fmt: skip
    years = catalogue["mean"].values[:, 0]
    value = tail_value_at_risk(years, 50.0)
    blocks = [tail_value_at_risk(part, 50.0) for part in np.split(years, 4)]
    expected = blocks_needed(value, blocks, precision=0.05, level=0.9)
    tail = found.sel(figure="loss.tvar.50")
    assert float(tail["value"]) == pytest.approx(value)
    assert int(tail["blocks_needed"]) == expected.blocks
    assert int(tail["blocks_needed_cautious"]) == expected.cautious
    assert (found["blocks_needed"] <= found["blocks_needed_cautious"]).all()


def test_more_blocks_do_not_reach_what_a_block_does_not_support(catalogue: xr.Dataset) -> None:
    with pytest.raises(ReturnPeriodError, match=r"at most 50 years.*raise hazard\.years_per_block"):
        convergence(catalogue, [50.0, 51.0], precision=0.05, level=0.9)
