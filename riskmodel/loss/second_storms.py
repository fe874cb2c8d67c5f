"""How many second storms the years of a catalogue hold, and how many the declared counts say.

Of the storms that reach a cell in a year at or beyond a rate ν, all but one are second storms. Per
year they number ν - EP on average when counts follow the declared family (ν = mean number, EP =
chance of one at least). Numbers are judged and not costs, because a few years with several severe
storms carry most of the cost of second storms: its mean and standard error fall together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.returnperiod import (
    Frequency,
    probability_from_return_period,
    rate_from_probability,
)

IntArray = npt.NDArray[np.int64]
CHUNKS = 64  # of cells, each with counters of its own
SLOPE_STEP = 1e-4  # of EP, for its derivative
Expected = Callable[[float], float]  # second storms a year beyond the level of a probability


class SecondStorms(NamedTuple):
    """Second storms a year and cell: in the catalogue, expected, and their standard error."""

    found: float
    expected: float
    standard_error: float

    @property
    def within_three_standard_errors(self) -> bool:
        """Whether the number found is the number expected, but for chance."""
        return abs(self.found - self.expected) <= 3.0 * self.standard_error


@nb.njit(parallel=True, cache=True)
def first_and_second_storms(
    pointer: IntArray, occurrence: npt.NDArray[np.uint32], position: npt.NDArray[np.uint16],
    year: IntArray, years: int, least: int,
) -> IntArray:  # fmt: skip
    """Count the first and the second storms at or beyond a position by year, cells summed.

    Parameters
    ----------
    pointer, occurrence, position : arrays (cell + 1,), (pair,) and (pair,)
        Stored pairs of one block and peril.
    year, years : array (occurrence,) and int
        Year of each occurrence within the block, 0 to `years` - 1.
    least : int
        Position; rarer storms have higher ones.

    Returns
    -------
    array (2, year)
        Cells with at least one such storm, and storms beyond one in a cell.
    """
    cells = pointer.size - 1
    count = np.zeros((CHUNKS, 2, years), dtype=np.int64)
    for chunk in nb.prange(CHUNKS):
        seen = np.full(years, -1)  # the last cell that had such a storm in the year
        for cell in range(chunk * cells // CHUNKS, (chunk + 1) * cells // CHUNKS):
            for k in range(pointer[cell], pointer[cell + 1]):
                if position[k] >= least:
                    y = year[occurrence[k]]
                    count[chunk, int(seen[y] == cell), y] += 1
                    seen[y] = cell
    return count.sum(axis=0)


def of_family(frequency: Frequency) -> Expected:
    """Second storms a year by a frequency family: ν - EP."""
    return lambda probability: float(rate_from_probability(probability, frequency)) - probability


def second_storms(
    counts: IntArray, cells: int, return_period: float, expected: Expected
) -> SecondStorms:
    """Second storms a year and cell beyond a map against the declared counts, cells alike.

    Ranking fixes the number of first storms, not their level: where chance brings more, the level
    is set higher and second storms go too. To first order a year adds s - f de/dEP to the mean,
    with s and f its second and first storms a cell, e those expected; years are independent, so the
    standard error is the spread of that over years (influence function of a quantile: van der
    Vaart, Asymptotic Statistics, 1998, chapter 20).

    Parameters
    ----------
    counts : array (2, year)
        From `first_and_second_storms`, all blocks in a row; two years at least.
    cells : int
        Cells that the peril reaches; without any all three figures are zero.
    return_period : float
        Of the map whose position the storms were counted from, years, > 1.
    expected : callable
        `of_family`, or what a source that counts otherwise declares.

    Raises
    ------
    ReturnPeriodError
        If the return period is not above one year.
    """
    if not cells:
        return SecondStorms(0.0, 0.0, 0.0)
    probability = float(probability_from_return_period(return_period))
    low, middle, high = (expected(probability * (1.0 + SLOPE_STEP * k)) for k in (-1.0, 0.0, 1.0))
    slope = (high - low) / (2.0 * SLOPE_STEP * probability)
    first, second = counts / cells
    error = float(np.std(second - slope * first, ddof=1)) / np.sqrt(second.size)
    return SecondStorms(float(second.mean()), middle, float(error))
