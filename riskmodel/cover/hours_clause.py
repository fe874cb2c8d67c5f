"""Loss occurrences under an hours clause: windows of 72 or 168 hours by parent event."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np

from riskmodel.cover.fields import FloatArray
from riskmodel.cover.terms import IntArray

_HAIR = 1e-9  # days; absorbs the rounding of a duration that is a whole number of windows


@dataclass(frozen=True, slots=True)
class Occurrences:
    """When each occurrence happens and to which parent event it belongs; arrays (occurrence,).

    Parameters
    ----------
    year : array of int
        Simulated year.
    start, end : array
        Days of the year.
    parent : array of int
        Code of the parent event; only occurrences of one code share a window.
    """

    year: IntArray
    start: FloatArray
    end: FloatArray
    parent: IntArray


@dataclass(frozen=True, slots=True)
class Windows:
    """Loss occurrences that the clause makes; arrays (piece,) and (window,).

    Parameters
    ----------
    row, share, window : array (piece,)
        Occurrence of each piece, its share of the occurrence's loss, and its window.
    year, start : array (window,)
        Year and first day of each window, in date order.
    """

    row: IntArray
    share: FloatArray
    window: IntArray
    year: IntArray
    start: FloatArray

    def losses(self, loss: FloatArray) -> FloatArray:
        """Losses of the windows, array (window,), of losses of the occurrences."""
        weights = self.share * loss[self.row]
        sums: FloatArray = np.bincount(
            self.window, weights=weights, minlength=self.year.size
        ).astype(np.float64)
        return sums

    def back(self, amount: FloatArray, loss: FloatArray) -> FloatArray:
        """Share amounts of the windows out among occurrences, in proportion to their losses."""
        pieces = self.share * loss[self.row]
        total = self.losses(loss)[self.window]
        part = np.divide(pieces, total, out=np.zeros_like(pieces), where=total > 0.0)
        shared = np.bincount(self.row, part * amount[self.window], minlength=loss.size)
        return shared.astype(np.float64)

    def last(self, count: int) -> IntArray:
        """Last window of each of `count` occurrences."""
        last = np.zeros(count, dtype=np.int64)
        np.maximum.at(last, self.row, self.window)
        return last


def windows(occurrences: Occurrences, hours: float) -> Windows:
    """Merge occurrences into windows, splitting those that are longer than one.

    A window opens at the first loss of a parent event and takes in all that starts within its
    hours; the next loss after it opens the next window. A named approximation: an occurrence
    longer than the window is cut at multiples of it from its own start, its loss spread evenly
    over its duration; a shorter one belongs whole to the window in which it starts. Simulated
    years are separate draws, so no window reaches into the next one.

    Parameters
    ----------
    occurrences : Occurrences
        In any order.
    hours : float
        Length of a window; infinite when there is no clause, which leaves every occurrence as
        it is.
    """
    row, share, start = _pieces(occurrences, hours)
    parent, year = occurrences.parent[row], occurrences.year[row]
    if np.isinf(hours):
        number = np.arange(row.size)
    else:
        order = np.lexsort((row, start, parent, year))
        number = np.empty_like(row)
        number[order] = _merge(year[order], parent[order], start[order], hours / 24.0)
    count = int(number.max(initial=-1)) + 1
    opened = np.full(count, np.inf)
    np.minimum.at(opened, number, start)
    of_window = np.zeros(count, dtype=np.int64)
    of_window[number] = year
    order = np.lexsort((opened, of_window))
    rank = np.empty_like(order)
    rank[order] = np.arange(count)
    return Windows(row, share, rank[number], of_window[order], opened[order])


def _pieces(occurrences: Occurrences, hours: float) -> tuple[IntArray, FloatArray, FloatArray]:
    """Occurrence, share of loss and start of each piece of at most one window's length."""
    duration, length = occurrences.end - occurrences.start, hours / 24.0
    count = np.maximum(np.ceil(duration / length - _HAIR), 1.0).astype(np.int64)
    row = np.repeat(np.arange(count.size), count)
    number = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    if np.isinf(hours):
        return row, np.ones(row.size), occurrences.start[row]
    left = np.minimum(duration[row] - number * length, length)
    share = np.where(count[row] == 1, 1.0, left / np.maximum(duration[row], length))
    return row, share, occurrences.start[row] + number * length


@nb.njit(cache=True)
def _merge(year: IntArray, parent: IntArray, start: FloatArray, length: float) -> IntArray:
    number = np.empty(start.size, dtype=np.int64)
    current = -1
    opened = 0.0
    for i in range(start.size):
        new = i == 0 or year[i] != year[i - 1] or parent[i] != parent[i - 1]
        if new or start[i] >= opened + length - _HAIR:
            current += 1
            opened = start[i]
        number[i] = current
    return number
