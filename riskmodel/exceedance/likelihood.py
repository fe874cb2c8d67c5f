"""Profile likelihood of the tails of extreme-value theory.

The generalised Pareto and the generalised extreme-value distribution share one reduced variate:
with y the standardised amount and ξ the shape, s = ln(1 + ξ y) / ξ (and s = y for ξ = 0). The
first has ln f = -ln σ - (1 + ξ) s, the second the same less exp(-s).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

FloatArray = npt.NDArray[np.float64]
Cost = Callable[[FloatArray], float]
# Cost outside the support: rises with the distance, to lead the search back
OUTSIDE = 1e8
LEAST_SHAPE = -1.0  # below, the likelihood has no maximum
TINY_SHAPE = 1e-12
STEPS, GROWTH = 60, 1.7


def negative_log_likelihood(
    standardised: FloatArray, log_scale: float, shape: float, *, maxima: bool
) -> float:
    """Negative log-likelihood of the generalised Pareto or, of maxima, the GEV distribution.

    Parameters
    ----------
    standardised : ndarray
        (x - location) / scale of each value.
    log_scale : float
        Logarithm of the scale, in the unit of the values.
    shape : float
        Shape ξ; positive for an open, heavy tail.
    maxima : bool
        Whether the values are block maxima.

    Returns
    -------
    float
        Very large, and rising with the distance, outside the support or for ξ ≤ -1.
    """
    lowest = 1.0 + min(shape * standardised.min(), shape * standardised.max())
    if shape <= LEAST_SHAPE or lowest <= 0.0:
        return float(OUTSIDE * (1.0 + max(LEAST_SHAPE - shape, 0.0) + max(-lowest, 0.0)))
    variate = standardised
    if abs(shape) > TINY_SHAPE:
        variate = np.log1p(shape * standardised) / shape
    cost = standardised.size * log_scale + (1.0 + shape) * variate.sum()
    if maxima:
        cost += np.exp(np.minimum(-variate, 700.0)).sum()
    return float(cost)


def least(cost: Cost, start: FloatArray) -> tuple[float, FloatArray]:
    """Least cost and where it is, by Nelder and Mead from a start."""
    options = {"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000}
    found = optimize.minimize(cost, start, method="Nelder-Mead", options=options)
    return float(found.fun), found.x


@dataclass(frozen=True, slots=True)
class Profile:
    """Likelihood in coordinates whose first is the quantity of interest.

    Parameters
    ----------
    cost : callable
        Negative log-likelihood at coordinates (quantity, nuisance parameters).
    best : ndarray
        Coordinates of the maximum.
    step : float
        First step away from the maximum, > 0, in the unit of the quantity.
    bartlett : float
        Mean of the deviance at the truth, by which the χ² quantile is multiplied; 1 for the
        limit of many values.
    """

    cost: Cost
    best: FloatArray
    step: float
    bartlett: float = 1.0

    def deviance(self, value: float, start: FloatArray) -> tuple[float, FloatArray]:
        """Twice the loss of log-likelihood when the quantity is held at a value.

        Returns
        -------
        tuple of float and ndarray
            D(ψ) = 2 (max ln L - max_{ψ held} ln L), and the nuisance parameters of the second.
        """
        held, nuisance = least(lambda rest: self.cost(np.append(value, rest)), start)
        return 2.0 * (held - self.cost(self.best)), nuisance

    def bounds(self, level: float) -> tuple[float, float]:
        """Interval of all values whose deviance is below the χ² quantile of one degree of freedom.

        Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, 2.6.6;
        with the correction of Bartlett (1937), doi 10.1098/rspa.1937.0109.
        """
        limit = self.limit(level)
        return self._bound(-1.0, limit), self._bound(1.0, limit)

    def limit(self, level: float) -> float:
        """Greatest deviance of a value inside the interval of a level."""
        return self.bartlett * float(stats.chi2.ppf(level, 1))

    def _bound(self, side: float, limit: float) -> float:
        inside, nuisance, width = self.best[0], self.best[1:], self.step
        for _ in range(STEPS):
            outside = self.best[0] + side * width
            deviance, found = self.deviance(outside, nuisance)
            if deviance > limit:
                break
            inside, nuisance, width = outside, found, GROWTH * width
        else:
            return float(side * np.inf)

        def excess(value: float) -> float:
            return min(self.deviance(value, nuisance)[0], OUTSIDE) - limit

        return float(optimize.brentq(excess, inside, outside, xtol=1e-4 * self.step))
