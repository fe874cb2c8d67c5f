from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError, ReturnPeriodError
from riskmodel.core.returnperiod import Frequency, probability_from_rate
from riskmodel.hazard.counts import Season, draw_counts, draw_days, estimate_dispersion

YEARS = 40_000
SEASON = Season(161.0, 173.0, 192.0, 2.0, 0.5, 0.5, 7.0)
FREQUENCIES = [Frequency("poisson"), Frequency("negative_binomial", 5.0)]


def stream(key: int = 0) -> np.random.Generator:
    return generator(3, "counts of a test", key)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_moments_and_years_without_events(frequency: Frequency) -> None:
    counts = draw_counts(frequency, 3.0, YEARS, stream())
    variance = 3.0 + (9.0 / frequency.kappa if frequency.kappa else 0.0)
    assert counts.shape == (YEARS,)
    assert counts.mean() == pytest.approx(3.0, abs=4 * np.sqrt(variance / YEARS))
    assert counts.var() == pytest.approx(variance, rel=0.05)
    some = float(probability_from_rate(3.0, frequency))
    assert (counts > 0).mean() == pytest.approx(some, abs=4 * np.sqrt(some / YEARS))


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_thinned_counts_keep_the_family(frequency: Frequency) -> None:
    """Events beyond a level have chance p each; years with one of them follow rate p · mean."""
    random = stream(1)
    counts = draw_counts(frequency, 3.0, YEARS, random)
    rare = random.binomial(counts, 0.05) > 0
    expected = float(probability_from_rate(0.15, frequency))
    assert rare.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / YEARS))


@pytest.mark.parametrize("mean", [0.0, -1.0, 51.0, np.nan])
def test_means_out_of_range(mean: float) -> None:
    with pytest.raises(CatalogueError, match=r"draw_counts.*declare the mean number"):
        draw_counts(FREQUENCIES[0], mean, 10, stream())


def test_no_years() -> None:
    with pytest.raises(CatalogueError, match=r"years >= 1.*years_per_block"):
        draw_counts(FREQUENCIES[0], 3.0, 0, stream())


@pytest.mark.parametrize("kappa", [0.0, -2.0, None])
def test_a_size_that_is_not_positive(kappa: float | None) -> None:
    with pytest.raises(ReturnPeriodError, match="kappa > 0"):
        Frequency("negative_binomial", kappa)


def test_dispersion_by_hand() -> None:
    """Counts 1, 2, 3: mean 2, variance 1, statistic 1 with two degrees of freedom."""
    found = estimate_dispersion([1, 2, 3], level=0.9)
    assert (found.mean, found.ratio) == (2.0, 0.5)
    assert found.p_value == pytest.approx(2 * (1 - np.exp(-0.5)))
    assert found.kappa == found.upper == np.inf
    assert found.lower < np.inf


def test_size_against_another_fit_and_the_likelihood_itself() -> None:
    counts = draw_counts(FREQUENCIES[1], 4.0, 300, stream(2))
    found = estimate_dispersion(counts, level=0.9)
    other = sm.NegativeBinomial(counts, np.ones(300)).fit(disp=False, maxiter=500)
    assert 1.0 / found.kappa == pytest.approx(other.params[1], rel=1e-3)
    assert found.lower < found.kappa < found.upper
    assert found.lower < 5.0 < found.upper
    assert found.p_value < 0.01

    def log_likelihood(size: float) -> float:
        return float(stats.nbinom.logpmf(counts, size, size / (size + counts.mean())).sum())

    drop = stats.chi2.ppf(0.9, 1) / 2
    for end in (found.lower, found.upper):
        assert log_likelihood(found.kappa) - log_likelihood(end) == pytest.approx(drop, abs=1e-4)


def test_interval_covers_as_often_as_it_says() -> None:
    random = stream(3)
    covered = 0
    for _ in range(200):
        found = estimate_dispersion(draw_counts(FREQUENCIES[1], 6.0, 80, random), level=0.9)
        covered += found.lower <= 5.0 <= found.upper
    assert covered / 200 == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 200))


def test_poisson_counts_are_seldom_called_dispersed() -> None:
    random = stream(4)
    p = [
        estimate_dispersion(draw_counts(FREQUENCIES[0], 5.0, 76, random), level=0.9).p_value
        for _ in range(200)
    ]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 200))


@pytest.mark.parametrize("counts", [[], [3], [0, 0, 0], [1, -1, 2], [1.5, 2.0], [1.0, np.nan]])
def test_counts_that_say_nothing(counts: list[float]) -> None:
    with pytest.raises(CatalogueError, match=r"estimate_dispersion.*years without any included"):
        estimate_dispersion(counts, level=0.9)


def test_days_follow_the_declared_laws() -> None:
    start, end = draw_days(SEASON, 20_000, stream(5))
    triangle = stats.triang(12 / 31, loc=161.0, scale=31.0)
    assert stats.kstest(start, triangle.cdf).pvalue > 1e-3
    whole = stats.lognorm(0.5, scale=2.0)
    low, high = whole.cdf([0.5, 7.0])
    duration = end - start
    assert 0.5 <= duration.min() + 1e-9
    assert duration.max() <= 7.0 + 1e-9
    assert stats.kstest(duration, lambda x: (whole.cdf(x) - low) / (high - low)).pvalue > 1e-3
    assert abs(np.corrcoef(start, duration)[0, 1]) < 5 / np.sqrt(20_000)


def test_last_days_end_within_the_year() -> None:
    _, end = draw_days(Season(340.0, 359.0, 359.0, 20.0, 1.0, 1.0, 7.0), 5000, stream(6))
    assert end.max() <= 366.0


def test_no_event_no_day() -> None:
    start, end = draw_days(SEASON, 0, stream())
    assert start.size == end.size == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"last_day": 150.0}, "runs backwards.*in order of date"),
        ({"first_day": 173.0, "last_day": 173.0}, "empty or runs backwards"),
        ({"peak_day": 200.0}, "runs backwards"),
        ({"first_day": 0.5}, "runs backwards"),
        ({"first_day": np.nan}, "runs backwards"),
        ({"last_day": 362.0}, "past the end of the year.*shorter events"),
        ({"shortest": 7.0}, "durations are empty"),
        ({"shortest": 0.0}, "durations are empty"),
        ({"duration_median": 0.0}, "must be positive.*median in days"),
        ({"duration_spread": -1.0}, "must be positive"),
    ],
)
def test_seasons_in_which_nothing_can_happen(change: dict[str, float], message: str) -> None:
    with pytest.raises(CatalogueError, match=f"Season: .*{message}"):
        replace(SEASON, **change)
