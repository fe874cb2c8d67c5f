"""Intervals by hand, their coverage, and what the model envelope holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from riskmodel.core.errors import RiskModelError
from riskmodel.exceedance.intervals import (
    by_block,
    intervals_of,
    model_interval,
    simulation_interval,
)


def test_simulation_interval_by_hand() -> None:
    # blocks 8, 10, 12, 14, 16: mean 12, variance 10, standard error sqrt(2); t(0.95, 4) = 2.1318
    found = simulation_interval(12.0, [8.0, 10.0, 12.0, 14.0, 16.0], level=0.9)
    half = 2.131846786 * np.sqrt(2.0)
    assert (found["lower"], found["upper"]) == pytest.approx((12.0 - half, 12.0 + half), rel=1e-9)
    assert (found["kind"], found["level"]) == ("simulation", 0.9)
    # two blocks: t(0.95, 1) = tan(0.45 π), standard error |a - b| / 2
    found = simulation_interval(20.0, [19.0, 21.0], level=0.9)
    assert found["upper"] - 20.0 == pytest.approx(np.tan(0.45 * np.pi), rel=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_simulation_interval_is_the_one_of_scipy(level: float) -> None:
    blocks = np.array([3.0, 4.5, 7.25, 5.0, 6.125, 4.0])
    found = simulation_interval(float(blocks.mean()), blocks.tolist(), level=level)
    theirs = stats.ttest_1samp(blocks, 0.0).confidence_interval(level)
    assert (found["lower"], found["upper"]) == pytest.approx((theirs.low, theirs.high), rel=1e-12)


def test_a_loss_interval_does_not_pass_below_zero() -> None:
    assert simulation_interval(1.0, [0.0, 2.0], level=0.9)["lower"] == 0.0
    assert simulation_interval(1.0, [0.0, 2.0], level=0.9, floor=-99.0)["lower"] < 0.0


@pytest.mark.parametrize("blocks", [[], [1.0]])
def test_one_block_has_no_interval(blocks: list[float]) -> None:
    with pytest.raises(RiskModelError, match=r"raise hazard\.blocks"):
        simulation_interval(1.0, blocks, level=0.9)


TRIALS = 4000


@pytest.mark.parametrize("blocks", [2, 5, 10])
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_interval_of_block_means_covers_the_mean(blocks: int, level: float) -> None:
    """Means of 500 compound Poisson years with gamma totals, close to normal as block means are."""
    draw = np.random.default_rng(7)
    # the total of 500 years of exponential losses at 1.3 a year: a gamma of a Poisson shape
    means = draw.gamma(draw.poisson(1.3 * 500, (TRIALS, blocks))) / 500
    hits = 0
    for row in means:
        found = simulation_interval(float(row.mean()), row.tolist(), level=level)
        hits += found["lower"] <= 1.3 <= found["upper"]
    error = np.sqrt(level * (1.0 - level) / TRIALS)
    assert hits / TRIALS >= level - 3.0 * error
    assert hits / TRIALS <= level + 5.0 * error  # nor is it merely wide


def test_model_interval_is_the_envelope_of_the_declared_set() -> None:
    found = model_interval(5.0, [4.0, 9.0, 6.0])
    assert (found["lower"], found["upper"]) == (4.0, 9.0)
    assert (found["kind"], found["level"]) == ("model", 1.0)
    above = model_interval(5.0, [7.0, 6.0])
    assert (above["lower"], above["upper"]) == (5.0, 7.0)
    alone = model_interval(5.0, [])
    assert (alone["lower"], alone["upper"]) == (5.0, 5.0)


def test_both_intervals_of_each_named_figure() -> None:
    blocks = [{"a": 1.0, "b": 30.0}, {"a": 3.0, "b": 50.0}]
    found = intervals_of({"a": 2.0, "b": 40.0}, blocks, [{"a": 5.0, "b": 10.0}], level=0.9)
    assert {n: [i["kind"] for i in both] for n, both in found.items()} == {
        "a": ["simulation", "model"],
        "b": ["simulation", "model"],
    }
    assert found["b"][0] == simulation_interval(40.0, [30.0, 50.0], level=0.9)
    assert found["b"][1] == model_interval(40.0, [10.0])


def test_figures_of_every_block_come_in_order() -> None:
    assert by_block(lambda b: {"n": float(b or 0)}, 3) == [{"n": 0.0}, {"n": 1.0}, {"n": 2.0}]
