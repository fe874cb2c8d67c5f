"""How many events a year, and on which days: counts, their dispersion, and seasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_EVENTS_A_YEAR = 50.0
YEAR_END = 366.0  # the end of 31 December of a 365-day year; day 1.0 is the start of 1 January
# Range of ln kappa searched; beyond it the law is Poisson to the digits of the likelihood.
LOG_KAPPA = (-8.0, 14.0)


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Dispersion of annual counts and the size of the negative binomial that fits them.

    Parameters
    ----------
    mean, ratio : float
        Mean of the counts and their variance over their mean.
    kappa, lower, upper : float
        Size by maximum likelihood and its profile-likelihood interval; infinite: Poisson.
    level : float
        Probability that the interval covers.
    p_value : float
        Of the two-sided index-of-dispersion test against Poisson.
    """

    mean: float
    ratio: float
    kappa: float
    lower: float
    upper: float
    level: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Season:
    """Declared dates of events: triangular start day, bounded lognormal duration.

    Parameters
    ----------
    first_day, peak_day, last_day : float
        Days on which the first, most and the last events start, 1.0 = start of 1 January.
    duration_median, duration_spread : float
        Median in days and standard deviation of the logarithm of the unbounded lognormal, > 0.
    shortest, longest : float
        Bounds of the duration in days, inside which the lognormal is cut off.

    Raises
    ------
    CatalogueError
        If the season is empty, runs backwards or past the end of the year, or the bounds of the
        duration are empty.
    """

    first_day: float
    peak_day: float
    last_day: float
    duration_median: float
    duration_spread: float
    shortest: float
    longest: float

    def __post_init__(self) -> None:
        """Refuse a season in which no event can take place."""
        first, peak, last = self.first_day, self.peak_day, self.last_day
        if not (1.0 <= first <= peak <= last and first < last):
            raise CatalogueError(
                "the season is empty or runs backwards",
                where="Season",
                found={"first_day": first, "peak_day": peak, "last_day": last},
                expected="1 <= first_day <= peak_day <= last_day, first_day < last_day",
                remedy="declare the days of one year in order of date",
            )
        if not (0.0 < self.shortest < self.longest and last + self.longest <= YEAR_END):
            raise CatalogueError(
                "the durations are empty or reach past the end of the year",
                where="Season",
                found={"shortest": self.shortest, "longest": self.longest, "last_day": last},
                expected=f"0 < shortest < longest, last_day + longest <= {YEAR_END:g}",
                remedy="declare shorter events, or an earlier last day",
            )
        if not (self.duration_median > 0.0 and self.duration_spread > 0.0):
            raise CatalogueError(
                "median and spread of the duration must be positive",
                where="Season",
                found=(self.duration_median, self.duration_spread),
                expected="days > 0 and a standard deviation of the logarithm > 0",
                remedy="declare a median in days and a small spread",
            )


def require_events_a_year(events_a_year: float, where: str) -> None:
    """Refuse a mean number of events a year that is zero, negative or huge.

    Raises
    ------
    CatalogueError
        Naming `where` the number was declared.
    """
    if not 0.0 < events_a_year <= MOST_EVENTS_A_YEAR:
        raise CatalogueError(
            "the number of events a year is out of range",
            where=where,
            found=events_a_year,
            expected=f"above 0, at most {MOST_EVENTS_A_YEAR:g}",
            remedy="declare the mean number of separate events a year in the domain",
        )


def draw_counts(
    frequency: Frequency, mean: float, years: int, random: np.random.Generator
) -> IntArray:
    """Draw the number of events of each year.

    Parameters
    ----------
    frequency : Frequency
        Poisson, or negative binomial of size kappa: variance = mean + mean² / kappa.
    mean : float
        Events a year, above 0, at most `MOST_EVENTS_A_YEAR`.
    years : int
        Years to draw, >= 1.
    random : numpy.random.Generator
        Keyed stream.

    Returns
    -------
    array (year,)

    Raises
    ------
    CatalogueError
        If the mean or the number of years is out of range.
    """
    require_events_a_year(mean, "draw_counts")
    if years < 1:
        raise CatalogueError(
            "no year to draw", where="draw_counts", found=years, expected="years >= 1",
            remedy="declare years_per_block",
        )  # fmt: skip
    if frequency.kappa is None:
        return random.poisson(mean, years)
    return random.negative_binomial(
        frequency.kappa, frequency.kappa / (frequency.kappa + mean), years
    )


def estimate_dispersion(counts: npt.ArrayLike, *, level: float) -> Dispersion:
    """Estimate the dispersion of annual counts.

    The size kappa of the negative binomial has the largest likelihood at mean = sample mean; it is
    infinite unless the second central moment exceeds the mean (Simonsen 1976, Scandinavian
    Actuarial Journal, 220-231). The interval holds each kappa whose profile log-likelihood is
    within half the `level` quantile of chi-square with one degree of freedom of the largest
    (Venzon & Moolgavkar 1988, Applied Statistics 37, 87-94). The test statistic
    sum (n - mean)² / mean is chi-square with years - 1 degrees of freedom under Poisson (Fisher
    1950, Biometrics 6, 17-24).

    Parameters
    ----------
    counts : array_like of int
        Events of each year, two years or more and one event or more.
    level : float
        Probability that the interval of kappa covers, between 0 and 1.

    Raises
    ------
    CatalogueError
        If the counts are no whole numbers >= 0, too few, or all zero.
    """
    number = np.asarray(counts, dtype=np.float64).ravel()
    if number.size < 2 or (number < 0).any() or (number % 1 != 0).any() or not number.any():
        raise CatalogueError(
            "no annual counts to estimate a dispersion from",
            where="estimate_dispersion",
            found=number[:5].tolist(),
            expected="whole numbers >= 0 of two years or more, one of them above zero",
            remedy="give the number of events of every year, years without any included",
        )
    mean = float(number.mean())
    statistic = float(((number - mean) ** 2).sum() / mean)
    tails = [tail(statistic, number.size - 1) for tail in (stats.chi2.cdf, stats.chi2.sf)]
    kappa, lower, upper = _size_interval(number, mean, level)
    ratio = statistic / (number.size - 1)
    return Dispersion(mean, ratio, kappa, lower, upper, level, min(2.0 * min(tails), 1.0))


def _size_interval(number: FloatArray, mean: float, level: float) -> tuple[float, float, float]:
    """Size of the negative binomial by maximum likelihood, and its profile interval."""

    def log_likelihood(log_kappa: float) -> float:
        size = np.exp(log_kappa)
        return float(stats.nbinom.logpmf(number, size, size / (size + mean)).sum())

    poisson = float(stats.poisson.logpmf(number, mean).sum())
    best, most = np.inf, poisson
    if number.var() > mean:
        found = optimize.minimize_scalar(
            lambda x: -log_likelihood(x), bounds=LOG_KAPPA, method="bounded"
        )
        best, most = float(found.x), max(-float(found.fun), poisson)
    least = most - stats.chi2.ppf(level, 1) / 2.0

    def above(x: float) -> float:
        return log_likelihood(x) - least

    top = min(best, LOG_KAPPA[1])
    lower = float(optimize.brentq(above, LOG_KAPPA[0], top)) if above(LOG_KAPPA[0]) < 0 else -np.inf
    upper = np.inf if poisson >= least else float(optimize.brentq(above, top, LOG_KAPPA[1]))
    return float(np.exp(best)), float(np.exp(lower)), float(np.exp(upper))


def draw_days(
    season: Season, count: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw start and end days of events.

    Parameters
    ----------
    season : Season
        Triangular start day and lognormal duration inside its bounds.
    count : int
        Number of events, >= 0.
    random : numpy.random.Generator
        Keyed stream.

    Returns
    -------
    start, end : array (event,)
        Days of a 365-day year, 1.0 = start of 1 January; 1 <= start < end <= 366.
    """
    start = random.triangular(season.first_day, season.peak_day, season.last_day, count)
    bounds = np.log(np.array([season.shortest, season.longest]) / season.duration_median)
    low, high = special.ndtr(bounds / season.duration_spread)
    normal = special.ndtri(low + (high - low) * random.random(count))
    duration = season.duration_median * np.exp(season.duration_spread * normal)
    return start, start + np.clip(duration, season.shortest, season.longest)
