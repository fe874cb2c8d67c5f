"""Anderson-Darling and Cramér-von Mises: statistics, published critical values, verdicts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from riskmodel.core.errors import RiskModelError
from riskmodel.exceedance.block_maxima import fit_maxima
from riskmodel.exceedance.goodness import goodness_of_fit, statistics
from riskmodel.exceedance.records import Record, read_record
from riskmodel.exceedance.threshold import Estimator, ThresholdFit, fit_threshold


def record_of(values: np.ndarray, years: int = 10) -> Record:
    return read_record(values, years=years, units="m", source="a gauge")


def test_statistics_by_their_definition() -> None:
    """Both are integrals of (F_n - z)² over z, the first weighted with 1 / (z (1 - z))."""
    chances = np.sort(np.random.default_rng(2).random(12))
    anderson, cramer = statistics(chances)
    assert cramer == pytest.approx(stats.cramervonmises(chances, "uniform").statistic)
    edges = np.concatenate([[0.0], chances, [1.0]])
    pieces = [
        integrate.quad(lambda z, f=i / 12: (f - z) ** 2 / (z * (1 - z)), low, high)[0]
        for i, (low, high) in enumerate(pairwise(edges))
    ]
    assert anderson == pytest.approx(12 * sum(pieces), rel=1e-6)
    np.testing.assert_allclose(statistics(1.0 - chances), [anderson, cramer])


@pytest.mark.parametrize(
    ("shape", "critical"),
    [(0.0, (0.796, 0.974)), (0.2, (0.741, 0.903)), (-0.2, (0.873, 1.074))],
)
def test_published_critical_values(shape: float, critical: tuple[float, float]) -> None:
    """A² passed by 10 % and 5 % of samples, both parameters estimated by maximum likelihood.

    Source: Choulakian & Stephens (2001), Technometrics 43, 478-484, table 2 (their
    k is -ξ), as transcribed in ports of palm_pareto.m of PALM.
    """
    record = record_of(np.linspace(0.01, 5.0, 120))
    fit = ThresholdFit(record, 0.0, "maximum_likelihood", shape, 1.0)
    draw = np.random.default_rng(8)
    trials = 250
    found = []
    for _ in range(trials):
        again = fit.redrawn(draw)
        found.append(statistics(again.exceedance_probability(again.record.values))[0])
    for limit, chance in zip(critical, (0.10, 0.05), strict=True):
        error = np.sqrt(chance * (1.0 - chance) / trials)
        assert np.mean(np.array(found) > limit) == pytest.approx(chance, abs=3.0 * error)


@pytest.mark.parametrize("estimator", ["maximum_likelihood", "probability_weighted_moments"])
def test_a_good_fit_passes_and_a_bad_one_does_not(estimator: Estimator) -> None:
    draw = np.random.default_rng(3)
    good = record_of(stats.genpareto.rvs(0.2, 1.0, 1.0, size=100, random_state=draw))
    two_heaps = record_of(np.concatenate([draw.uniform(1, 2, 60), draw.uniform(9, 10, 40)]))
    p_values = [
        goodness_of_fit(fit_threshold(r, 1.0, estimator=estimator), resamples=99, seed=1)["p_value"]
        for r in (good, two_heaps)
    ]
    assert (p_values[0] > 0.05).all()
    assert (p_values[1] == 0.01).all()


def test_maxima_and_attributes() -> None:
    draw = np.random.default_rng(5)
    values = stats.genextreme.rvs(-0.1, 10.0, 1.0, size=40, random_state=draw)
    found = goodness_of_fit(fit_maxima(record_of(values, 40)), resamples=99, seed=1)
    assert found["test"].values.tolist() == ["anderson_darling", "cramer_von_mises"]
    assert ((found["p_value"] > 0.0) & (found["p_value"] <= 1.0)).all()
    assert (found.attrs["resamples"], found.attrs["values"]) == (99, 40)


def test_amounts_beyond_the_end_point_of_a_fit_are_judged() -> None:
    """Moments may put the end point below the largest amount: no chance, a very large A²."""
    fit = ThresholdFit(
        record_of(np.linspace(0.1, 5.0, 30)), 0.0, "probability_weighted_moments", -0.5, 1.0
    )
    anderson, _ = statistics(fit.exceedance_probability(fit.record.values))
    assert np.isfinite(anderson) and anderson > 100.0


def test_refusals() -> None:
    draw = np.random.default_rng(3)
    fit = fit_threshold(
        record_of(draw.exponential(size=50)), 0.0, estimator="probability_weighted_moments"
    )
    with pytest.raises(RiskModelError, match=r"too few resamples.*>= 99.*raise resamples"):
        goodness_of_fit(fit, resamples=98, seed=1)
    bounded = ThresholdFit(fit.record, 0.0, "maximum_likelihood", -0.99, 4.0)
    with pytest.raises(RiskModelError, match=r"most resamples cannot be fitted.*weighted_moments"):
        goodness_of_fit(bounded, resamples=99, seed=1)
