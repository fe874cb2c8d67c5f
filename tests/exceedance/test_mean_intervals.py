"""Bootstrap and delta intervals of AAL and TVaR: by hand, resampled plainly, and their coverage."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

from riskmodel.core.draws import purpose_code, uniform
from riskmodel.core.errors import ReturnPeriodError, RiskModelError
from riskmodel.exceedance.mean_intervals import bootstrap_intervals, delta_interval
from riskmodel.exceedance.metrics import tail_value_at_risk, value_at_risk

LEVEL, LOSS_YEARS = 0.9, 0.6  # six years in ten have a loss


class Severity(NamedTuple):
    """Losses of a year from uniforms, and the mean of those beyond a probability."""

    loss: Callable[[np.ndarray], np.ndarray]
    mean_beyond: Callable[[float], float]


def pareto(alpha: float) -> Severity:
    return Severity(
        lambda p: p ** (-1 / alpha) - 1, lambda p: alpha / (alpha - 1) * p ** (-1 / alpha) - 1
    )


SEVERITIES = {
    "exponential": Severity(lambda p: -np.log(p), lambda p: 1 - float(np.log(p))),
    "lognormal 1.5": Severity(
        lambda p: np.exp(1.5 * stats.norm.isf(p)),
        lambda p: float(np.exp(1.125) * stats.norm.sf(stats.norm.isf(p) - 1.5) / p),
    ),
    "Pareto 3": pareto(3.0),
    "Pareto 2.2": pareto(2.2),
}


def years_of(severity: Severity, draw: np.random.Generator, years: int) -> np.ndarray:
    """Annual losses: nothing with chance 0.4."""
    losses = severity.loss(1 - draw.random(years))
    return np.where(draw.random(years) < LOSS_YEARS, losses, 0.0)


def coverage(name: str, years: int, return_period: float, trials: int) -> dict[str, float]:
    """Share of trials in which each 90 % interval holds the closed-form truth."""
    severity, draw = SEVERITIES[name], np.random.default_rng(5)
    truth = {
        "loss.aal": LOSS_YEARS * severity.mean_beyond(1.0),
        f"loss.tvar.{return_period:g}": severity.mean_beyond(1 / return_period / LOSS_YEARS),
    }
    hits: dict[str, int] = {}
    for trial in range(trials):
        losses = years_of(severity, draw, years)
        found = {
            f"bootstrap {figure}": interval
            for figure, interval in bootstrap_intervals(
                losses, [return_period], level=LEVEL, seed=trial
            ).items()
        }
        if years >= 1000:
            found["delta loss.aal"] = delta_interval(losses, level=LEVEL)
        if years >= 1000 and years / return_period >= 100:
            found[f"delta loss.tvar.{return_period:g}"] = delta_interval(
                losses, level=LEVEL, return_period=return_period
            )
        for key, interval in found.items():
            held = interval["lower"] <= truth[key.split()[1]] <= interval["upper"]
            hits[key] = hits.get(key, 0) + held
    return {key: count / trials for key, count in hits.items()}


@pytest.mark.parametrize("name", SEVERITIES)
@pytest.mark.parametrize(("years", "return_period"), [(200, 4.0), (1000, 20.0)])
def test_bootstrap_covers(name: str, years: int, return_period: float) -> None:
    """Not below 85 % for a nominal 90 % but by chance; the module prints the full table."""
    trials = 100
    found = coverage(name, years, return_period, trials)
    error = np.sqrt(0.85 * 0.15 / trials)
    for figure in ("loss.aal", f"loss.tvar.{return_period:g}"):
        assert found[f"bootstrap {figure}"] >= 0.85 - 2 * error, figure


def test_delta_covers_where_tails_are_light() -> None:
    found = coverage("exponential", 1000, 10.0, 200)
    for figure in ("delta loss.aal", "delta loss.tvar.10"):
        assert found[figure] >= LEVEL - 3 * np.sqrt(LEVEL * (1 - LEVEL) / 200)


def test_delta_by_hand() -> None:
    # 1,000 years: 100 of 20, 100 of 10, the rest nothing; VaR 5 = 0, so TVaR 5 is 5 times the mean
    losses = np.repeat([20.0, 10.0, 0.0], [100, 100, 800])
    found = delta_interval(losses, level=LEVEL)
    theirs = stats.ttest_1samp(losses, 0.0).confidence_interval(LEVEL)
    assert (found["lower"], found["upper"]) == pytest.approx((theirs.low, theirs.high), rel=1e-12)
    assert (found["kind"], found["level"]) == ("data", LEVEL)
    tail = delta_interval(losses, level=LEVEL, return_period=5.0)
    assert tail["lower"] + tail["upper"] == pytest.approx(2 * 15.0)
    assert tail["upper"] - 15.0 == pytest.approx(5 * (found["upper"] - 3.0), rel=1e-12)


def test_bootstrap_is_the_plain_one_on_the_same_draws() -> None:
    """Each resample sorted and measured with the metrics, without counts of sorted years."""
    draw = np.random.default_rng(8)
    losses = np.round(years_of(SEVERITIES["Pareto 3"], draw, 240), 1)  # with ties
    ordered = np.sort(losses)[::-1]
    purpose = purpose_code("exceedance.bootstrap")

    def measured(years: np.ndarray, t: float | None) -> tuple[float, float]:
        if t is None:
            return float(years.mean()), float(years.std() / np.sqrt(years.size))
        excess = np.maximum(years - value_at_risk(years, t), 0.0) * t
        return tail_value_at_risk(years, t), float(excess.std() / np.sqrt(years.size))

    found = bootstrap_intervals(losses, [4.0, 3.5], level=LEVEL, seed=3, resamples=60)
    for name, t in (("loss.aal", None), ("loss.tvar.4", 4.0), ("loss.tvar.3.5", 3.5)):
        value, error = measured(losses, t)
        pivots = []
        for resample in range(60):
            index = [int(uniform(3, purpose, resample, 0, i) * 240) for i in range(240)]
            again, its_error = measured(ordered[index], t)
            pivots.append((again - value) / its_error)
        pivots.sort()
        # of 60 pivots: positions 0.05 · 59 = 2.95, down to 2, and 0.95 · 59 = 56.05, up to 57
        expected = (value - error * pivots[57], value - error * pivots[2])
        assert (found[name]["lower"], found[name]["upper"]) == pytest.approx(expected, rel=1e-9)


def test_bootstrap_scales_with_money_holds_the_figure_and_repeats() -> None:
    losses = years_of(SEVERITIES["lognormal 1.5"], np.random.default_rng(1), 2000)
    one = bootstrap_intervals(losses, [10.0, 40.0], level=LEVEL, seed=5)
    assert one == bootstrap_intervals(losses[::-1], [10.0, 40.0], level=LEVEL, seed=5)
    assert one != bootstrap_intervals(losses, [10.0, 40.0], level=LEVEL, seed=6)
    scaled = bootstrap_intervals(1e8 * losses, [10.0, 40.0], level=LEVEL, seed=5)
    values = {"loss.aal": losses.mean()} | {
        f"loss.tvar.{t}": tail_value_at_risk(losses, t) for t in (10, 40)
    }
    for name, value in values.items():
        assert one[name]["lower"] < value < one[name]["upper"]
        for end in ("lower", "upper"):
            assert scaled[name][end] == pytest.approx(1e8 * one[name][end], rel=1e-9)  # type: ignore[literal-required]
    wide = bootstrap_intervals(losses, [], level=0.99, seed=5)["loss.aal"]
    assert wide["lower"] < one["loss.aal"]["lower"]
    assert wide["upper"] > one["loss.aal"]["upper"]


@pytest.mark.parametrize(("years", "t"), [(199, None), (1000, 21.0), (1000, 2000.0)])
def test_too_few_years_are_refused(years: int, t: float | None) -> None:
    losses = np.arange(float(years))
    with pytest.raises(ReturnPeriodError, match=r"fit a tail|simulate more blocks"):
        bootstrap_intervals(losses, [] if t is None else [t], level=LEVEL, seed=1)
    with pytest.raises(ReturnPeriodError, match=r"fit a tail|simulate more blocks"):
        delta_interval(losses, level=LEVEL, return_period=t)


def test_years_that_hardly_differ_are_refused() -> None:
    same = np.repeat([7.0, 0.0], [100, 900])
    with pytest.raises(ReturnPeriodError, match=r"loss\.tvar\.20.*order statistics"):
        bootstrap_intervals(same, [20.0], level=LEVEL, seed=1)
    with pytest.raises(ReturnPeriodError, match=r"loss\.aal.*order statistics"):
        bootstrap_intervals(np.zeros(300), [], level=LEVEL, seed=1)


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0, float("nan")])
def test_a_level_is_a_probability(level: float) -> None:
    with pytest.raises(RiskModelError, match=r"give 0\.9 for a 90 % interval"):
        delta_interval(np.arange(2000.0), level=level)
