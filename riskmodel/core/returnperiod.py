"""The one place where return periods, annual probabilities and event rates are converted.

Census maps and reported curves are on the annual-probability basis, EP = 1/T. All-events
frequency is on the rate basis, ν = 1/T, where T may be below one year. Footprints are event rates:
with Poisson counts EP = 1 - exp(-rate); with negative-binomial counts of size
kappa EP = 1 - (1 + rate/kappa)^(-kappa).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import ReturnPeriodError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frequency:
    """Declared family of the number of occurrences a year.

    Parameters
    ----------
    family : {"poisson", "negative_binomial"}
        Poisson, or negative binomial with size `kappa`: variance = rate + rate²/kappa.
    kappa : float, optional
        Size of the negative binomial, > 0; must be left out for Poisson.

    Raises
    ------
    ReturnPeriodError
        If kappa is missing, not positive, or given for Poisson.
    """

    family: Literal["poisson", "negative_binomial"]
    kappa: float | None = None

    def __post_init__(self) -> None:
        """Refuse a dispersion that does not fit the family."""
        if self.family == "poisson" and self.kappa is None:
            return
        if self.family == "negative_binomial" and self.kappa is not None and self.kappa > 0:
            return
        raise ReturnPeriodError(
            "the dispersion does not fit the frequency family",
            found=(self.family, self.kappa),
            expected="('poisson', None) or ('negative_binomial', kappa > 0)",
            remedy="declare hazard.frequency in the params file",
        )


def _checked(values: npt.ArrayLike, what: str, low: float, high: float) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    bad = ~((array > low) & (array < high))
    if bad.any():
        raise ReturnPeriodError(
            f"{what} out of range",
            found=np.atleast_1d(array)[np.atleast_1d(bad)][:3].tolist(),
            expected=f"values between {low:g} and {high:g}",
            remedy="correct the return periods or rates, or take longer blocks",
        )
    return array


def probability_from_return_period(return_period: npt.ArrayLike) -> FloatArray:
    """Annual exceedance probability EP = 1/T of a return period on the probability basis.

    Parameters
    ----------
    return_period : array_like
        Years, > 1.

    Raises
    ------
    ReturnPeriodError
        If a return period is not above one year.

    Examples
    --------
    >>> float(probability_from_return_period(200.0))
    0.005
    """
    return 1.0 / _checked(return_period, "return period (annual-probability basis)", 1.0, np.inf)


def rate_from_probability(probability: npt.ArrayLike, frequency: Frequency) -> FloatArray:
    """Event rate a year whose chance of at least one occurrence is `probability`.

    Poisson: ν = -ln(1 - EP); negative binomial: ν = κ((1 - EP)^(-1/κ) - 1).

    Raises
    ------
    ReturnPeriodError
        If a probability is not strictly between 0 and 1.

    Examples
    --------
    >>> round(float(rate_from_probability(0.2, Frequency("poisson"))), 4)
    0.2231
    """
    array = _checked(probability, "annual probability", 0.0, 1.0)
    if frequency.kappa is None:
        return -np.log1p(-array)
    return frequency.kappa * np.expm1(-np.log1p(-array) / frequency.kappa)


def probability_from_rate(rate: npt.ArrayLike, frequency: Frequency) -> FloatArray:
    """Chance of at least one occurrence in a year; the inverse of `rate_from_probability`."""
    array = _checked(rate, "event rate", 0.0, np.inf)
    if frequency.kappa is None:
        return -np.expm1(-array)
    return -np.expm1(-frequency.kappa * np.log1p(array / frequency.kappa))


def rate_from_return_period(return_period: npt.ArrayLike, frequency: Frequency) -> FloatArray:
    """Event rate of a mapped return period: probability basis first, then the family."""
    return rate_from_probability(probability_from_return_period(return_period), frequency)


def rate_from_recurrence_interval(recurrence_interval: npt.ArrayLike) -> FloatArray:
    """Event rate ν = 1/T of an average recurrence interval (the rate basis of a return period).

    Parameters
    ----------
    recurrence_interval : array_like
        Years between events on average, > 0; below one year for more than one event a year.

    Raises
    ------
    ReturnPeriodError
        If an interval is not positive.

    Examples
    --------
    >>> float(rate_from_recurrence_interval(0.25))
    4.0
    """
    return 1.0 / _checked(recurrence_interval, "recurrence interval (rate basis)", 0.0, np.inf)


def recurrence_interval_from_rate(rate: npt.ArrayLike) -> FloatArray:
    """Average recurrence interval T = 1/ν of an event rate; the inverse of the above."""
    return 1.0 / _checked(rate, "event rate", 0.0, np.inf)


def return_period_from_probability(probability: npt.ArrayLike) -> FloatArray:
    """Return period T = 1/EP; the inverse of `probability_from_return_period`."""
    return 1.0 / _checked(probability, "annual probability", 0.0, 1.0)


def rank_probability(rank: npt.ArrayLike, years: int, shift: float) -> FloatArray:
    """Annual exceedance probability (k - u) / years of the k-th largest of `years` maxima.

    Parameters
    ----------
    rank : array_like of int
        1 for the largest, up to `years`.
    years : int
        Years of the block.
    shift : float
        The block's shift u, strictly between 0 and 1.
    """
    return _checked((np.asarray(rank) - shift) / years, "rank probability", 0.0, 1.0)


def exceedance_count(years: int, return_period: float, shift: float) -> int:
    """Years of a block that reach the mapped rate: n = floor(years / T + u)."""
    _checked(return_period, "return period (annual-probability basis)", 1.0, np.inf)
    return int(np.floor(years / return_period + shift))
