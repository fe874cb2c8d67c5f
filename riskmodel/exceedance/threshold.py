"""Peaks over a threshold: the generalised Pareto distribution (GPD) fitted to exceedances.

H(y) = 1 - (1 + ξ y / σ)^(-1/ξ) for excesses y over the threshold u, which come at λ a year. The
amount reached at an event rate ν is x(ν) = u + (σ/ξ) ((λ/ν)^ξ - 1). Source: Coles (2001), An
Introduction to Statistical Modeling of Extreme Values, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from riskmodel.core.errors import ReturnPeriodError, RiskModelError
from riskmodel.exceedance.likelihood import (
    LEAST_SHAPE,
    OUTSIDE,
    Profile,
    negative_log_likelihood,
)
from riskmodel.exceedance.records import Record

FloatArray = npt.NDArray[np.float64]
Estimator = Literal["maximum_likelihood", "probability_weighted_moments"]
NEEDED = 25  # fewer exceedances were not tried in the simulations of coverage
# The deviance at the truth has the mean 1 + 5/n: 1.2 at 25, 1.14 at 40, 1.07 at 80 exceedances in
# simulations with shapes from -0.2 to 0.6, for all parameters and 100-year amounts alike
BARTLETT = 5.0
LEAST_SCALE = 1e-200  # of an amount: a shape so large that numbers overflow
# ln(1 + ξ y / σ) of the largest excess y, from a bounded to a very heavy tail; never nought
_SEARCH = np.arange(-15.25, 40.0, 0.5)


@dataclass(frozen=True, slots=True)
class ThresholdFit:
    """A generalised Pareto distribution fitted to the exceedances of a record.

    Parameters
    ----------
    record : Record
        Amounts and the years they cover.
    threshold : float
        Threshold u, in the unit of the record.
    estimator : {"maximum_likelihood", "probability_weighted_moments"}
        How shape and scale were estimated.
    shape : float
        Shape ξ, positive for an open heavy tail.
    scale : float
        Scale σ, in the unit of the record.
    """

    record: Record
    threshold: float
    estimator: Estimator
    shape: float
    scale: float

    @property
    def excesses(self) -> FloatArray:
        """Excesses over the threshold (exceedance), rising."""
        values = self.record.values
        return np.sort(values[values > self.threshold]) - self.threshold

    @property
    def rate(self) -> float:
        """Exceedances a year, λ."""
        return self.excesses.size / self.record.years

    @property
    def modified_scale(self) -> float:
        """Scale that does not change with the threshold, σ* = σ - ξ u (Coles 2001, 4.3.4)."""
        return self.scale - self.shape * self.threshold

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood of the excesses."""
        return -_cost(self.excesses, self.scale, self.shape)

    @property
    def bartlett(self) -> float:
        """Factor of the χ² quantile of profile-likelihood intervals."""
        return 1.0 + BARTLETT / self.excesses.size

    @property
    def plotting_rates(self) -> FloatArray:
        """Event rates at which to plot the exceedances, largest first: k / years."""
        return np.arange(1, self.excesses.size + 1) / self.record.years

    def level(self, rate: npt.ArrayLike) -> FloatArray:
        """Amount reached or passed at an event rate, in the unit of the record.

        Parameters
        ----------
        rate : array_like
            Events a year, > 0 and below the threshold's.

        Raises
        ------
        ReturnPeriodError
            If a rate is not below the threshold's, where the fit says nothing.
        """
        array = np.asarray(rate, dtype=np.float64)
        if not ((array > 0) & (array < self.rate)).all():
            raise ReturnPeriodError(
                "a return period below the threshold's rate",
                where=self.record.source,
                found=np.atleast_1d(array)[:3].tolist(),
                expected=f"rates between 0 and the threshold's, {self.rate:g} a year",
                remedy="take longer return periods, a lower threshold, or the spliced curve",
            )
        return self.threshold + self.scale * special.boxcox(self.rate / array, self.shape)

    def exceedance_probability(self, amounts: npt.ArrayLike) -> FloatArray:
        """Chance that an exceedance of the threshold passes these amounts."""
        return np.asarray(stats.genpareto.sf(amounts, self.shape, self.threshold, self.scale))

    def redrawn(self, draw: np.random.Generator) -> ThresholdFit:
        """Fit again, with the same estimator, excesses drawn from the fitted distribution."""
        chance = 1.0 - draw.random(self.excesses.size)
        values = self.threshold + self.scale * special.boxcox(1.0 / chance, self.shape)
        record = replace(self.record, values=values)
        return fit_threshold(record, self.threshold, estimator=self.estimator)

    def profiles(self) -> dict[str, Profile]:
        """Return the profile likelihood of ``shape``, ``scale`` and ``modified_scale``."""
        excesses, step, least_scale = self.excesses, self.excesses.size**-0.5, 1e-9 * self.scale
        threshold = self.threshold
        return {
            "shape": Profile(
                lambda at: _cost(excesses, np.exp(at[1]), at[0]),
                np.array([self.shape, np.log(self.scale)]),
                step,
                self.bartlett,
            ),
            "scale": Profile(
                lambda at: _cost(excesses, max(at[0], least_scale), at[1]),
                np.array([self.scale, self.shape]),
                self.scale * step,
                self.bartlett,
            ),
            "modified_scale": Profile(
                lambda at: _cost(excesses, max(at[0] + at[1] * threshold, least_scale), at[1]),
                np.array([self.modified_scale, self.shape]),
                (self.scale + threshold) * step,
                self.bartlett,
            ),
        }

    def profile_of_level(self, rate: float) -> Profile:
        """Return the profile likelihood of the amount at an event rate.

        The number of exceedances is Poisson, with λ one of the nuisance parameters.
        """
        excesses, years, threshold = self.excesses, self.record.years, self.threshold
        best = float(self.level(rate)) - threshold

        def cost(at: FloatArray) -> float:
            amount, shape, log_ratio = at[0] - threshold, at[1], at[2]
            if amount <= 0.0 or log_ratio <= 0.0:
                return OUTSIDE * (1.0 + max(-log_ratio, 0.0))
            scale = amount / (log_ratio * special.exprel(shape * log_ratio))
            if scale < LEAST_SCALE * amount:
                return OUTSIDE * shape
            counted = years * rate * np.exp(log_ratio) - excesses.size * log_ratio
            return float(_cost(excesses, scale, shape) + counted)

        at = np.array([threshold + best, self.shape, np.log(self.rate / rate)])
        return Profile(cost, at, 0.2 * best, self.bartlett)


def _cost(excesses: FloatArray, scale: float, shape: float) -> float:
    return negative_log_likelihood(excesses / scale, np.log(scale), shape, maxima=False)


def fit_threshold(record: Record, threshold: float, *, estimator: Estimator) -> ThresholdFit:
    """Fit a generalised Pareto distribution to the exceedances of a threshold.

    Parameters
    ----------
    record : Record
        Independent amounts; cluster them first where one storm gives several.
    threshold : float
        Threshold u, 0 or more, in the unit of the record.
    estimator : {"maximum_likelihood", "probability_weighted_moments"}
        Moments are steadier for few exceedances and ξ below 0.5 (Hosking & Wallis 1987,
        doi 10.1080/00401706.1987.10488243); likelihood is right for any ξ above -0.5.

    Raises
    ------
    RiskModelError
        If the threshold is not a number from 0 to below the maximum, fewer than 25 amounts
        exceed it, or the likelihood has no maximum.
    """
    largest = float(record.values.max())
    if not 0.0 <= threshold < largest:
        raise RiskModelError(
            "the threshold is not below the largest amount",
            where=record.source,
            found=threshold,
            expected=f"from 0 to below {largest:g}",
            remedy="choose a lower threshold",
        )
    excesses = np.sort(record.values[record.values > threshold]) - threshold
    if excesses.size < NEEDED:
        raise RiskModelError(
            "fewer exceedances than a fit needs",
            where=record.source,
            found=excesses.size,
            expected=f">= {NEEDED}",
            remedy="lower the threshold or take a longer record",
        )
    if estimator == "maximum_likelihood":
        shape, scale = _maximum_likelihood(excesses, record.source)
    else:
        shape, scale = (float(p) for p in weighted_moments(excesses))
    return ThresholdFit(record, float(threshold), estimator, shape, scale)


def weighted_moments(excesses: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shape and scale from probability-weighted moments, along the last axis.

    With the sample L-moments l1 and l2 (unbiased): ξ = 2 - l1/l2, σ = (1 - ξ) l1. Source: Hosking
    & Wallis (1987), in the L-moment form of Hosking (1990), J. R. Stat. Soc. B 52, 105-124.

    Parameters
    ----------
    excesses : ndarray
        Excesses (..., exceedance), rising along the last axis.
    """
    count = excesses.shape[-1]
    mean = excesses.mean(axis=-1)
    weights = 2.0 * np.arange(1, count + 1) - count - 1.0
    second = (excesses @ weights) / (count * (count - 1))
    shape = 2.0 - mean / second
    return shape, (1.0 - shape) * mean


def _maximum_likelihood(excesses: FloatArray, source: str) -> tuple[float, float]:
    """Shape and scale of the greatest likelihood.

    Given θ = ξ/σ the best shape is the mean of ln(1 + θ y), which leaves a search in one
    dimension (Grimshaw 1993, doi 10.1080/00401706.1993.10485040).
    """
    largest = excesses[-1]

    def at(place: float) -> tuple[float, float]:
        theta = np.expm1(place) / largest
        shape = float(np.log1p(theta * excesses).mean())
        return shape, shape / theta if theta else float(excesses.mean())

    def cost(place: float) -> float:
        shape, scale = at(place)
        return np.inf if shape <= LEAST_SHAPE else np.log(scale) + shape

    costs = np.array([cost(place) for place in _SEARCH])
    best = int(costs.argmin())
    if not np.isfinite(costs[max(best - 1, 0)]) or best == 0:
        raise RiskModelError(
            "the likelihood has no maximum",
            where=source,
            found=f"shape {at(_SEARCH[best])[0]:.2f} and falling",
            expected=f"a maximum at a shape above {LEAST_SHAPE:g}",
            remedy="estimate by probability_weighted_moments or choose another threshold",
        )
    near = (_SEARCH[best - 1], _SEARCH[min(best + 1, _SEARCH.size - 1)])
    found = optimize.minimize_scalar(cost, bounds=near, method="bounded", options={"xatol": 1e-10})
    return at(float(found.x))
