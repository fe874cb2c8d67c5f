"""Rows of the occurrence table, kept sparse chunk by chunk while the pass runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import MemoryLimitError
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import Outcomes

Array = npt.NDArray[np.generic]
IntArray = npt.NDArray[np.int64]
Progress = Callable[[str], None]


def silent(text: str) -> None:
    """Tell nobody of the progress."""


class Rows:
    """Rows with any outcome, by scenario; refuses to grow beyond a number of bytes."""

    def __init__(self, memory_limit: int) -> None:
        self._limit, self._bytes = memory_limit, 0
        self._parts: dict[str, list[dict[str, Array]]] = defaultdict(list)

    def keep(self, table: CompiledTable, outcomes: Outcomes, run: int, offset: int) -> None:
        """Keep the rows of a chunk, passed in runs, whose first occurrence is number `offset`.

        Raises
        ------
        MemoryLimitError
            If they do not fit beside those that are kept.
        """
        place = _places(outcomes.occurrence, outcomes.filled, run)
        zone = (place // outcomes.occurrence.shape[1]).astype(np.int16)
        occurrence = outcomes.occurrence.ravel()[place] + offset
        for s, name in enumerate(table.scenarios):
            costs = outcomes.costs[s].ravel()[place]
            rows = place[costs]
            self._admit(table, rows.size, f"occurrence {offset} of {name}")
            part: dict[str, Array] = {
                "mean": _at(outcomes.mean[s], rows),
                "extrapolated": _at(outcomes.extrapolated[s], rows).astype(np.float32),
                "occurrence": occurrence[costs],
                "zone": zone[costs],
            }
            if s == 0 and table.deviation.shape[0]:
                part["independent"] = _at(outcomes.independent, rows)
                part["correlated"] = _at(outcomes.correlated, rows)
            self._parts[name].append(part)

    def _admit(self, table: CompiledTable, rows: int, where: str) -> None:
        """Count the bytes of some rows of scenarios before they are made."""
        moments = 16 * len(table.columns) if table.deviation.shape[0] else 0
        self._bytes += rows * (12 * table.acting.size + 10 + moments)
        if self._bytes > self._limit:
            raise MemoryLimitError(
                "the rows of the occurrence tables do not fit the memory they may take",
                where=where,
                found=f"{self._bytes / 2**20:,.0f} MB so far",
                expected=f"at most {self._limit / 2**20:,.0f} MB",
                remedy="pass fewer scenarios at once, or raise memory_limit",
            )

    def of(self, name: str) -> dict[str, Array]:
        """Join the rows of one scenario, and forget their parts."""
        parts = self._parts.pop(name)
        if len(parts) == 1:
            return parts[0]
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


@nb.njit(cache=True)
def _places(occurrence: IntArray, filled: IntArray, run: int) -> IntArray:
    """Places (zone × row) of all rows of a chunk, in order of occurrence and zone.

    A counting sort: zones come in order, and each has an occurrence once.
    """
    zones, storms = occurrence.shape
    to = np.zeros(storms + 1, np.int64)
    for zone in range(zones):
        for number in range(filled.shape[1]):
            for row in range(number * run, number * run + filled[zone, number]):
                to[occurrence[zone, row] + 1] += 1
    to = np.cumsum(to)
    place = np.empty(to[storms], np.int64)
    for zone in range(zones):
        for number in range(filled.shape[1]):
            for row in range(number * run, number * run + filled[zone, number]):
                storm = occurrence[zone, row]
                place[to[storm]] = zone * storms + row
                to[storm] += 1
    return place


def _at(values: npt.NDArray[np.float64], rows: IntArray) -> npt.NDArray[np.float64]:
    """Take rows (zone × row) of some values (zone, row, column)."""
    return np.take(values.reshape(-1, values.shape[2]), rows, axis=0)
