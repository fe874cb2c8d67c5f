"""Perils of one storm combine in the cell: kernels that the pass takes into its own code."""

from __future__ import annotations

import numba as nb
import numpy as np

from riskmodel.loss.kernel_arrays import Arrays, Scratch

LEAST = 1e-300  # in place of a sum of ratios that is zero


@nb.njit(cache=True, inline="always")
def single_ratios(arrays: Arrays, scratch: Scratch, i: np.uint64, local: int, perils: int) -> None:
    """Fill `single` of the perils that act; `kept` with Π(1 - d) and `total` with Σ d."""
    scenarios = np.uint64(scratch.kept.size)
    for s in range(scenarios):
        scratch.total[s] = 0.0
        scratch.kept[s] = 1.0
    for n in range(perils):
        p = scratch.order[n]
        low, part = np.uint64(scratch.low[p, local]), scratch.part[p, local]
        high, first = low + np.uint64(1), i * scenarios
        for s in range(scenarios):
            below = arrays.lookup[low, first + s]
            ratio = below + (arrays.lookup[high, first + s] - below) * part
            scratch.single[n, s] = ratio
            scratch.total[s] += ratio
            scratch.kept[s] *= 1.0 - ratio


@nb.njit(cache=True, inline="always")
def factors(scratch: Scratch, highest: bool, perils: int) -> None:
    """Put into `total` what each single ratio is times, so that they sum to the combined ratio.

    Of a highest outcome the ratios of all other perils become zero.
    """
    scenarios = np.uint64(scratch.kept.size)
    if highest:
        for s in range(scenarios):
            best = 0
            for n in range(1, perils):
                if scratch.single[n, s] > scratch.single[best, s]:
                    best = n
            for n in range(perils):
                scratch.single[n, s] *= n == best
            scratch.total[s] = 1.0
    else:
        for s in range(scenarios):
            scratch.total[s] = (1.0 - scratch.kept[s]) / max(scratch.total[s], LEAST)


@nb.njit(cache=True, inline="always")
def joint_deviation(
    arrays: Arrays, scratch: Scratch, i: np.uint64, local: int, highest: bool, perils: int
) -> float:
    """Return the standard deviation of one unit when perils combine, in scenario 0.

    Deviations of perils are independent, so that of 1 - Π(1 - d) has the variance
    Π(s² + (1 - m)²) - Π(1 - m)². A highest outcome deviates as its peril does.
    """
    square, kept, best, of_best = 1.0, 1.0, -1.0, 0.0
    for n in range(perils):
        p = scratch.order[n]
        low, part = scratch.low[p, local], scratch.part[p, local]
        below, above = arrays.deviation[low, i], arrays.deviation[low + 1, i]
        deviation, mean = below + (above - below) * part, scratch.single[n, 0]
        square *= deviation**2 + (1.0 - mean) ** 2
        kept *= (1.0 - mean) ** 2
        if mean > best:
            best, of_best = mean, deviation
    return of_best if highest else np.sqrt(max(square - kept, 0.0))


@nb.njit(cache=True, inline="always")
def one_factor(
    arrays: Arrays, scratch: Scratch, i: np.uint64, local: int, highest: bool, perils: int
) -> float:
    """Do what `single_ratios` and `factors` do for one scenario; the start of loops is dear."""
    total, kept, best, largest = 0.0, 1.0, 0, -1.0
    for n in range(perils):
        p = scratch.order[n]
        low, part = np.uint64(scratch.low[p, local]), scratch.part[p, local]
        below = arrays.lookup[low, i]
        ratio = below + (arrays.lookup[low + np.uint64(1), i] - below) * part
        scratch.single[n, 0] = ratio
        total += ratio
        kept *= 1.0 - ratio
        if ratio > largest:
            best, largest = n, ratio
    if not highest:
        return (1.0 - kept) / max(total, LEAST)
    for n in range(perils):
        if n != best:
            scratch.single[n, 0] = 0.0
    return 1.0
