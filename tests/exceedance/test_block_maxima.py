"""The generalised extreme-value fit against scipy, brute force, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from riskmodel.core.errors import ReturnPeriodError, RiskModelError
from riskmodel.exceedance.block_maxima import MaximaFit, fit_maxima
from riskmodel.exceedance.data_intervals import parameter_intervals, return_levels
from riskmodel.exceedance.records import Record, read_record


def drawn(shape: float, years: int = 60) -> Record:
    draw = np.random.default_rng(4)
    values = stats.genextreme.rvs(-shape, 20.0, 3.0, size=years, random_state=draw)
    return read_record(values, years=years, units="m/s", source="a mast")


@pytest.mark.parametrize("shape", [-0.25, 0.0, 0.25])
def test_likelihood_agrees_with_scipy(shape: float) -> None:
    record = drawn(shape)
    fit = fit_maxima(record)
    c, location, scale = stats.genextreme.fit(record.values, -shape, loc=20, scale=3)
    found = (fit.location, fit.scale, fit.shape)
    assert found == pytest.approx((location, scale, -c), abs=5e-3)
    assert fit.log_likelihood >= stats.genextreme.logpdf(record.values, c, location, scale).sum()
    own = stats.genextreme.logpdf(record.values, -fit.shape, fit.location, fit.scale).sum()
    assert fit.log_likelihood == pytest.approx(own, rel=1e-10)


def test_amount_has_its_probability_in_a_year() -> None:
    fit = fit_maxima(drawn(0.1))
    table = return_levels(fit, [2.0, 10.0, 100.0], level=0.9, seed=1)
    np.testing.assert_allclose(
        fit.exceedance_probability(table["value"]), [0.5, 0.1, 0.01], rtol=1e-9
    )
    assert table["extrapolated"].values.tolist() == [False, False, True]
    periods = table["observed_return_period"].values
    np.testing.assert_allclose(periods, 61.0 / np.arange(1, 61))  # (years + 1) / rank
    assert table["observed"].values.tolist() == sorted(fit.record.values, reverse=True)


def test_amount_of_a_gumbel_by_hand() -> None:
    fit = MaximaFit(drawn(0.0), 20.0, 3.0, 0.0)
    assert float(fit.level(0.01)) == pytest.approx(20.0 + 3.0 * np.log(100.0))


@pytest.mark.parametrize("name", ["location", "scale", "shape", "amount"])
def test_profile_against_another_search(name: str) -> None:
    """At each bound the best likelihood, searched from many starts, has fallen by the limit."""
    fit = fit_maxima(drawn(0.1))
    rate = -np.log1p(-1.0 / 50.0)
    profile = fit.profiles()[name] if name != "amount" else fit.profile_of_level(rate)
    assert profile.limit(0.9) == pytest.approx(stats.chi2.ppf(0.9, 1) * (1 + 2.5 / 60))

    def cost(rest: np.ndarray, held: float) -> float:
        if name == "amount":
            scale, shape = rest
            location = held - (stats.genextreme.isf(1 / 50, -shape, 0, 1) * scale)
        else:
            others = iter(rest)
            location, scale, shape = (
                held if key == name else next(others) for key in ("location", "scale", "shape")
            )
        if scale <= 0:
            return np.inf
        cost = -stats.genextreme.logpdf(fit.record.values, -shape, location, scale).sum()
        return float(min(cost, 1e6))

    parts = {"location": fit.location, "scale": fit.scale, "shape": fit.shape}
    parts.pop("location" if name == "amount" else name)
    for bound in profile.bounds(0.9):
        starts = [np.array(list(parts.values())) * f for f in (0.8, 1.1)]
        found = min(optimize.minimize(cost, s, (bound,), "Powell").fun for s in starts)
        assert 2.0 * (found + fit.log_likelihood) == pytest.approx(profile.limit(0.9), abs=0.02)


def test_intervals_say_what_they_are() -> None:
    found = parameter_intervals(fit_maxima(drawn(0.1)), level=0.9, seed=1)
    assert list(found) == ["location", "scale", "shape"]
    assert {i["kind"] for i in found.values()} == {"data"}
    assert {i["method"] for i in found.values()} == {"profile likelihood"}


@pytest.mark.parametrize(
    ("values", "years", "told"),
    [
        (np.arange(30.0), 31, "one amount a year.*30 amounts in 31 years.*maximum of every year"),
        (np.arange(24.0), 24, "fewer years than a fit needs.*>= 25.*longer record"),
        (np.ones(30), 30, "all maxima are equal"),
        (10.0 - np.geomspace(1e-9, 5.0, 40), 40, "no maximum.*limit of measurement"),
    ],
)
def test_records_are_refused(values: np.ndarray, years: int, told: str) -> None:
    record = read_record(values, years=years, units="m/s", source="a mast")
    with pytest.raises(RiskModelError, match=told) as caught:
        fit_maxima(record)
    assert caught.value.where == "a mast"


def test_rates_are_refused() -> None:
    with pytest.raises(ReturnPeriodError, match="not above nought"):
        fit_maxima(drawn(0.1)).level([0.0, 0.1])
    with pytest.raises(ReturnPeriodError):
        return_levels(fit_maxima(drawn(0.1)), [1.0], level=0.9, seed=1)
