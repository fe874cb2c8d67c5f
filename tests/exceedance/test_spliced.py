"""The spliced curve: counted by hand below the threshold, fitted beyond, without a step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.exceedance.records import read_record
from riskmodel.exceedance.spliced import spliced_curve, spliced_rate
from riskmodel.exceedance.threshold import ThresholdFit, fit_threshold

YEARS = 20.0


@pytest.fixture(scope="module")
def fit() -> ThresholdFit:
    """A hundred amounts 1, 2, …, 100 in twenty years; thirty of them above 70."""
    record = read_record(np.arange(1.0, 101.0), years=YEARS, units="m", source="a gauge")
    return fit_threshold(record, 70.0, estimator="probability_weighted_moments")


def period(rate: float) -> float:
    return 1.0 / -np.expm1(-rate)


def test_body_by_hand(fit: ThresholdFit) -> None:
    """At 2.5 a year fifty of the amounts may pass: 50 is passed by 51, …, 100."""
    curve = spliced_curve(fit, [period(2.5001), period(1.0)], level=0.9, seed=1)
    assert curve["part"].values.tolist() == ["body", "tail"]
    assert float(curve["value"][0]) == 50.0
    assert float(curve["value"][1]) == pytest.approx(float(fit.level(1.0)))
    # Poisson(50.002): P(N >= 63) = 0.043 and P(N >= 62) = 0.058; P(N <= 38) = 0.048
    assert stats.poisson.sf(62, 50.002) < 0.05 < stats.poisson.sf(61, 50.002)
    assert stats.poisson.cdf(38, 50.002) < 0.05 < stats.poisson.cdf(39, 50.002)
    assert float(curve["lower"][0, 0]) == 101.0 - 63.0
    assert float(curve["upper"][0, 0]) == 101.0 - 39.0


def test_no_step_at_the_threshold(fit: ThresholdFit) -> None:
    assert float(spliced_rate(fit, 70.0)) == pytest.approx(30.0 / YEARS)
    assert float(spliced_rate(fit, 69.999)) == pytest.approx(31.0 / YEARS)
    assert float(spliced_rate(fit, 70.001)) == pytest.approx(30.0 / YEARS, rel=1e-3)
    near = spliced_curve(fit, [period(1.5001), period(1.4999)], level=0.9, seed=1)
    assert near["part"].values.tolist() == ["body", "tail"]
    np.testing.assert_allclose(near["value"], 70.0, rtol=1e-3)


def test_rate_and_amount_are_inverse(fit: ThresholdFit) -> None:
    rates = np.array([4.5, 3.0, 2.0, 1.2, 0.5, 0.05])
    amounts = spliced_curve(fit, [period(r) for r in rates], level=0.9, seed=1)["value"].values
    found = spliced_rate(fit, amounts)
    assert (np.diff(amounts) > 0).all()
    assert ((found <= rates * (1 + 1e-9)) & (found >= rates - 1.0 / YEARS - 1e-9)).all()
    np.testing.assert_allclose(found[3:], rates[3:])


def test_tail_is_the_fit_and_the_bounds_are_ordered(fit: ThresholdFit) -> None:
    curve = spliced_curve(fit, [1.05, 1.2, 2.0, 10.0, 50.0], level=0.9, seed=1)
    assert (curve["lower"][0] <= curve["value"]).all()
    assert (curve["value"] <= curve["upper"][0]).all()
    assert curve["extrapolated"].values.tolist() == [False] * 4 + [True]
    assert curve.attrs["method"].startswith("body: order statistics; tail: bootstrap")
    assert curve["observed"].values.tolist() == list(np.arange(100.0, 0.0, -1.0))


def test_lower_bound_is_nought_where_the_record_ends(fit: ThresholdFit) -> None:
    curve = spliced_curve(fit, [period(4.9)], level=0.9, seed=1)
    assert float(curve["value"][0]) == 2.0
    assert float(curve["lower"][0, 0]) == 0.0


def test_return_periods_below_the_record_are_refused(fit: ThresholdFit) -> None:
    with pytest.raises(ReturnPeriodError, match=r"below the rate of the record.*5 events.*fuller"):
        spliced_curve(fit, [period(5.1), 10.0], level=0.9, seed=1)
    with pytest.raises(ReturnPeriodError):
        spliced_curve(fit, [0.5], level=0.9, seed=1)
