"""Quantiles of the Beta family against a normal score, tabulated once and interpolated after.

A Beta on [0, 1] with mean m <= 1/2 and coefficient of variation c stands at (m, c / c_max(m)), its
quantiles standardised, (q - m) / (c m), at evenly spaced normal scores; between nodes they are
linear. For m = 0 the node is the Gamma limit, for c = 0 the normal one. c_max keeps to shapes that
a table can hold: c <= 2 and variance <= 0.8 m (1 - m); beyond, `shape_of` puts mass at 0 and 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]

LARGEST_CV = 2.0
LARGEST_SHARE = 0.8  # of the variance of a total loss with the same mean
MEANS, SPREADS = 37, 49  # nodes; mean 1/6, where c_max bends, is one of them
SCORE_LIMIT, KNOTS = 6.0, 129  # knots of the score from -6 to 6
ORDERS = 4  # Hermite coefficients kept
SCORES = 2**16


class BetaTable(NamedTuple):
    """The family and the weights that integrate a piecewise linear function of a normal score.

    `node` (mean, spread, width) holds standardised quantiles at the knots, then their mean,
    Hermite coefficients 1 to 4 and 1 / cv, which is as far as 0 lies below the mean (none at cv 0);
    E[f] = Σ `first`_k f_k, E[f²] = Σ `square`_k f_k² + Σ `product`_k f_k f_(k+1); `score` are the
    2**16 equally likely normal scores, mean 0 and variance 1.
    """

    node: SingleArray
    first: SingleArray
    square: SingleArray
    product: SingleArray
    score: SingleArray


@nb.njit(cache=True)
def largest_cv(mean: float) -> float:
    """Largest coefficient of variation that the table holds at a mean of at most 1/2."""
    if mean <= 0.0:
        return LARGEST_CV
    return min(LARGEST_CV, np.sqrt(LARGEST_SHARE * (1.0 - mean) / mean))


@nb.njit(cache=True)
def shape_of(mean: float, variance: float) -> tuple[float, float, float, float]:
    """Mass at 0, mass at 1, and mean and cv of the Beta of the rest; mean and variance are kept.

    Parameters
    ----------
    mean : float
        Of the ratio, in (0, 1/2].
    variance : float
        Of the ratio, in [0, mean (1 - mean)].

    Notes
    -----
    A cv above 2 becomes a chance p = (1 + 2²) / (1 + cv²) of a Beta with mean m / p and cv 2, else
    0. Where the variance of that still exceeds 0.8 of a total loss's, the rest is a mixture with
    total losses: share w = (t - 0.8) / (1 - 0.8) of all or nothing, t = variance / (m (1 - m)).

    Examples
    --------
    All or nothing, with a chance of one quarter; a Beta(1, 1) needs no mass:

    >>> [round(x, 12) for x in shape_of(0.25, 0.1875)[:2]]
    [0.75, 0.25]
    >>> shape_of(0.5, 1.0 / 12.0)[:3]
    (0.0, 0.0, 0.5)
    """
    square = variance / (mean * mean)
    alive = 1.0
    if square > LARGEST_CV**2:
        alive = (1.0 + LARGEST_CV**2) / (1.0 + square)
        square = LARGEST_CV**2
        mean = min(mean / alive, 1.0 / (1.0 + square))
    share = square * mean / (1.0 - mean)
    mixed = 0.0
    if share > LARGEST_SHARE:
        mixed = min(1.0, (share - LARGEST_SHARE) / (1.0 - LARGEST_SHARE))
        square = LARGEST_SHARE * (1.0 - mean) / mean
    nothing = (1.0 - alive) + alive * mixed * (1.0 - mean)
    return nothing, alive * mixed * mean, mean, np.sqrt(square)


@lru_cache(maxsize=1)
def beta_table() -> BetaTable:
    """Build the table (about a second, 1 MB), once in a process."""
    knots = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, KNOTS)
    mean = np.linspace(0.0, 0.5, MEANS)
    largest = np.array([largest_cv(m) for m in mean])
    cv = np.linspace(0.0, 1.0, SPREADS) * largest[:, None]
    quantile = np.empty((MEANS, SPREADS, KNOTS))
    quantile[:, 0] = knots
    k = 1.0 / cv[0, 1:, None] ** 2
    quantile[0, 1:] = (_both_tails(special.gammaincinv, special.gammainccinv, knots, k) / k - 1) * (
        np.sqrt(k)
    )
    m, c = mean[1:, None, None], cv[1:, 1:, None]
    alpha = (1.0 - m) / c**2 - m
    beta = alpha * (1.0 - m) / m
    ratio = _both_tails(special.betaincinv, special.betainccinv, knots, alpha, beta)
    quantile[1:, 1:] = (ratio / m - 1.0) / c
    hermite, square, product = _normal_weights(knots)
    below = np.divide(1.0, cv, out=np.zeros_like(cv), where=cv > 0)
    node = np.concatenate([quantile, quantile @ hermite.T, below[..., None]], axis=2)
    score = special.ndtri((np.arange(SCORES) + 0.5) / SCORES)
    score /= score.std()
    single = (a.astype(np.float32) for a in (node, hermite[0], square, product, score))
    return BetaTable(*single)


def _both_tails(
    lower: np.ufunc, upper: np.ufunc, knots: FloatArray, *shape: FloatArray
) -> FloatArray:
    """Quantiles at normal scores, each from the tail in which its probability is small."""
    left = knots <= 0.0
    parts = [
        lower(*shape, special.ndtr(knots[left])),
        upper(*shape, special.ndtr(-knots[~left])),
    ]
    return np.concatenate(parts, axis=-1)


def _normal_weights(knots: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights of the mean and of Hermite coefficients (order, knot), of squares, of neighbours."""
    point, weight = np.polynomial.legendre.leggauss(8)
    step = knots[1] - knots[0]
    up = 0.5 * (point + 1.0)
    z = knots[:-1, None] + step * up
    mass = 0.5 * step * weight * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    mass /= mass.sum()
    hermite = np.zeros((ORDERS + 1, KNOTS))
    for order in range(ORDERS + 1):
        unit = np.eye(ORDERS + 1)[order]
        polynomial = np.polynomial.hermite_e.hermeval(z, unit) / np.sqrt(special.factorial(order))
        hermite[order, :-1] += (mass * polynomial * (1.0 - up)).sum(axis=1)
        hermite[order, 1:] += (mass * polynomial * up).sum(axis=1)
    square = np.zeros(KNOTS)
    square[:-1] += (mass * (1.0 - up) ** 2).sum(axis=1)
    square[1:] += (mass * up**2).sum(axis=1)
    return hermite, square, 2.0 * (mass * up * (1.0 - up)).sum(axis=1)
