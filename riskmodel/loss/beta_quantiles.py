"""Compiled quantiles of one Beta: interpolated at the knots, read at a normal score, correlated."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.loss.beta_table import (
    KNOTS,
    MEANS,
    ORDERS,
    SCORE_LIMIT,
    SCORES,
    SPREADS,
    BetaTable,
    largest_cv,
)

SingleArray = npt.NDArray[np.float32]

FAST = {"contract", "reassoc", "nsz"}
PER_UNIT = np.float32((KNOTS - 1) / (2.0 * SCORE_LIMIT))
MIDDLE = np.float32((KNOTS - 1) / 2.0)
LAST = np.float32(KNOTS - 1 - 1e-4)
QUADRATURE = 512
BENDS, SMALL_BEND = 3, 0.005  # what a bend leaves open is about its square
NARROW = 0.25  # cv below which 0 lies four standard deviations away, or more


@nb.njit(cache=True, fastmath=FAST)
def knots_of(
    mean: float, cv: float, table: BetaTable, knot: SingleArray
) -> tuple[float, float, float, float]:
    """Put the quantiles of a Beta at the knots; return the first Hermite coefficients, sd = 1.

    The standardised quantiles are interpolated between nodes, then moved to the mean and variance
    that are asked.
    """
    spread = min(cv / largest_cv(mean), 1.0) * (SPREADS - 1)
    place = min(2.0 * mean, 1.0) * (MEANS - 1)
    i, j = min(int(place), MEANS - 2), min(int(spread), SPREADS - 2)
    v, w = np.float32(place - i), np.float32(spread - j)
    one = np.float32(1.0)
    w00, w01, w10, w11 = (one - v) * (one - w), (one - v) * w, v * (one - w), v * w
    a, b = table.node[i, j], table.node[i, j + 1]
    c, d = table.node[i + 1, j], table.node[i + 1, j + 1]
    for k in range(KNOTS):
        knot[k] = w00 * a[k] + w01 * b[k] + w10 * c[k] + w11 * d[k]
    if cv < NARROW:
        _shift_and_stretch(mean, cv, table, knot)
    else:
        k = KNOTS + 1 + ORDERS
        below = w00 * a[k] + w01 * b[k] + w10 * c[k] + w11 * d[k]
        _bend(mean, cv, below, table, knot)
    k = KNOTS + 1
    return (
        w00 * a[k] + w01 * b[k] + w10 * c[k] + w11 * d[k],
        w00 * a[k + 1] + w01 * b[k + 1] + w10 * c[k + 1] + w11 * d[k + 1],
        w00 * a[k + 2] + w01 * b[k + 2] + w10 * c[k + 2] + w11 * d[k + 2],
        w00 * a[k + 3] + w01 * b[k + 3] + w10 * c[k + 3] + w11 * d[k + 3],
    )


@nb.njit(cache=True, fastmath=FAST)
def _first_and_second(table: BetaTable, knot: SingleArray) -> tuple[float, float]:
    """Mean and mean square of the function through the knots."""
    last = KNOTS - 1
    first = table.first[last] * knot[last]
    second = table.square[last] * knot[last] ** 2
    for k in range(KNOTS - 1):
        first += table.first[k] * knot[k]
        second += knot[k] * (table.square[k] * knot[k] + table.product[k] * knot[k + 1])
    return first, second


@nb.njit(cache=True, fastmath=FAST)
def _shift_and_stretch(mean: float, cv: float, table: BetaTable, knot: SingleArray) -> None:
    """Turn standardised quantiles into those of the ratio, where neither bound is near."""
    centre, second = _first_and_second(table, knot)
    stretch = np.float32(mean * cv / math.sqrt(second - centre * centre))
    base = np.float32(mean) - stretch * np.float32(centre)
    for k in range(KNOTS):
        knot[k] = min(max(base + stretch * knot[k], np.float32(0.0)), np.float32(1.0))


@nb.njit(cache=True, fastmath=FAST)
def _bend(mean: float, cv: float, below: float, table: BetaTable, knot: SingleArray) -> None:
    """Turn standardised quantiles into those of the ratio, 0 and 1 staying where they are.

    y -> y + y (1 - y / top) (a + b y) in standard deviations above 0, where a and b set mean and
    mean square right to first order; again where that was not little. In this unit no power of a
    small ratio is lost to single precision.
    """
    stretch, low, nought = np.float32(mean * cv), np.float32(below), np.float32(0.0)
    one, top = np.float32(1.0), np.float32(1.0 / (mean * cv))
    for k in range(KNOTS):
        knot[k] = min(max(low + knot[k], nought), top)
    for _ in range(BENDS):
        first, second = _first_and_second(table, knot)
        third = fourth = np.float32(0.0)
        for k in range(KNOTS):
            cube = table.first[k] * knot[k] * knot[k] * knot[k]
            third += cube
            fourth += cube * knot[k]
        miss = 1.0 / cv - first
        miss_square = 0.5 * (1.0 / (cv * cv) + 1.0 - second)
        p = float(first - second * stretch)
        q, r = float(second - third * stretch), float(third - fourth * stretch)
        size = p * r - q * q
        a = np.float32((miss * r - miss_square * q) / size)
        b = np.float32((miss_square * p - miss * q) / size)
        for k in range(KNOTS):
            knot[k] += knot[k] * (one - knot[k] * stretch) * (a + b * knot[k])
        if abs(a) + abs(b) < SMALL_BEND:
            break
    for k in range(KNOTS):
        knot[k] = min(max(knot[k] * stretch, nought), one)


@nb.njit(cache=True, inline="always")
def read(score: np.float32, knot: SingleArray) -> np.float32:
    """Quantile at a score, linear between knots."""
    place = min(max(score * PER_UNIT + MIDDLE, np.float32(0.0)), LAST)
    k = np.int32(place)
    return knot[k] + (place - np.float32(k)) * (knot[k + 1] - knot[k])


@nb.njit(cache=True, fastmath=FAST)
def read_all(
    score: SingleArray, knot: SingleArray, money: np.float32, bins: npt.NDArray[np.uint32]
) -> None:
    """Write money times the quantiles at some scores over them, as `read` does.

    In two loops: what needs no table the processor does for many scores at once. Room for their
    `bins` is handed in.
    """
    for s in range(score.size):
        place = min(max(score[s] * PER_UNIT + MIDDLE, np.float32(0.0)), LAST)
        k = np.int32(place)
        bins[s], score[s] = k, place - np.float32(k)
    for s in range(score.size):
        to = np.uint64(bins[s])  # unsigned: no check for negative ones
        low = knot[to]
        score[s] = money * (low + score[s] * (knot[to + np.uint64(1)] - low))


@nb.njit(cache=True)
def read_with_mass(
    score: np.float32, nothing: float, whole: float, table: BetaTable, knot: SingleArray
) -> np.float32:
    """Quantile at a score with chances `nothing` of 0 and `whole` of 1."""
    chance = 0.5 * math.erfc(-float(score) * math.sqrt(0.5))
    if chance < nothing:
        return np.float32(0.0)
    if chance >= 1.0 - whole:
        return np.float32(1.0)
    inner = int((chance - nothing) / (1.0 - nothing - whole) * SCORES)
    return read(table.score[min(inner, SCORES - 1)], knot)


@nb.njit(cache=True)
def hermite_with_mass(
    nothing: float, whole: float, table: BetaTable, knot: SingleArray
) -> tuple[float, float, float, float]:
    """First Hermite coefficients of a quantile function with masses, its sd as 1."""
    mean = square = one = two = three = four = 0.0
    for point in range(QUADRATURE):
        z = table.score[point * (SCORES // QUADRATURE) + SCORES // QUADRATURE // 2]
        q = float(read_with_mass(z, nothing, whole, table, knot)) / QUADRATURE
        mean += q
        square += q * q * QUADRATURE
        one += q * z
        two += q * (z * z - 1.0) / math.sqrt(2.0)
        three += q * (z * z * z - 3.0 * z) / math.sqrt(6.0)
        four += q * (z**4 - 6.0 * z * z + 3.0) / math.sqrt(24.0)
    size = 1.0 / math.sqrt(max(square - mean * mean, 1e-30))
    return size * one, size * two, size * three, size * four


@nb.njit(cache=True)
def common_share(share: float, hermite: tuple[float, float, float, float]) -> float:
    """Correlation of normal scores at which two alike losses have a linear correlation `share`.

    Solves Σ h_n² ρ^n = share (n from 1; what is beyond 4 counts as 5) by Newton's method from the
    right, where the convex sum makes it fall to the root.
    """
    if share <= 0.0:
        return 0.0
    a, b, c, d = (hermite[0] ** 2, hermite[1] ** 2, hermite[2] ** 2, hermite[3] ** 2)
    rest = max(0.0, 1.0 - a - b - c - d)
    whole = a + b + c + d + rest
    a, b, c, d, rest = a / whole, b / whole, c / whole, d / whole, rest / whole
    rho = min(1.0, share / a) if a > 0.0 else 1.0
    for _ in range(6):
        value = rho * (a + rho * (b + rho * (c + rho * (d + rho * rest)))) - share
        slope = a + rho * (2 * b + rho * (3 * c + rho * (4 * d + rho * 5 * rest)))
        rho = min(1.0, max(0.0, rho - value / slope))
    return rho
