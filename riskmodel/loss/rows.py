"""Rows of the occurrence table, kept sparse chunk by chunk while the pass runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import MemoryLimitError
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import Sums

TOGETHER = 8  # scenarios: they share the lines of the processor's cache
STORMS = 16  # whose rows are written together
Array = npt.NDArray[np.generic]
Progress = Callable[[str], None]


def silent(text: str) -> None:
    """Tell nobody of the progress."""


class Rows:
    """Rows with any outcome, by scenario; refuses to grow beyond a number of bytes."""

    def __init__(self, memory_limit: int) -> None:
        self._limit, self._bytes = memory_limit, 0
        self._parts: dict[str, list[dict[str, Array]]] = defaultdict(list)

    def keep(self, table: CompiledTable, sums: Sums, offset: int) -> None:
        """Keep the rows of a chunk whose first occurrence has the number `offset`.

        Raises
        ------
        MemoryLimitError
            If they do not fit beside those that are kept.
        """
        costs = _costs(sums.mean)
        for first in range(0, len(table.scenarios), TOGETHER):
            chosen = costs[first : min(first + TOGETHER, len(table.scenarios))]
            stop = np.cumsum(np.count_nonzero(chosen, axis=(1, 2)))
            self._admit(table, int(stop[-1]), f"occurrence {offset} of {table.scenarios[first]}")
            row, of, at = _numbered(chosen, stop[-1])
            mean = np.empty((stop[-1], sums.mean.shape[1]))
            extrapolated = np.empty(mean.shape, np.float32)
            _pack(sums.mean, chosen, row, first, mean)
            _pack(sums.extrapolated, chosen, row, first, extrapolated)
            for s, name in enumerate(table.scenarios[first : first + TOGETHER]):
                rows = slice(stop[s - 1] if s else 0, stop[s])
                part: dict[str, Array] = {  # copies, so that each scenario can be forgotten alone
                    "mean": mean[rows].copy(),
                    "extrapolated": extrapolated[rows].copy(),
                    "occurrence": of[rows] + offset,
                    "zone": at[rows],
                }
                if first == s == 0 and table.deviation.shape[0]:
                    part["independent"] = sums.independent[at[rows], :, of[rows]]
                    part["correlated"] = sums.correlated[at[rows], :, of[rows]]
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
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


@nb.njit(cache=True, parallel=True)
def _costs(mean: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether any slot of (zone, slot, occurrence, scenario) is above zero, by the other dims."""
    zones, slots, storms, scenarios = mean.shape
    found = np.zeros((scenarios, storms, zones), np.bool_)
    for zone in nb.prange(zones):
        for slot in range(slots):
            for storm in range(storms):
                for s in range(scenarios):
                    if mean[zone, slot, storm, s] > 0.0:
                        found[s, storm, zone] = True
    return found


@nb.njit(cache=True)
def _numbered(
    chosen: npt.NDArray[np.bool_], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """Row of each chosen (scenario, occurrence, zone), and occurrence and zone of each row."""
    row, to = np.zeros(chosen.shape, np.int64), 0
    of, at = np.empty(count, np.int64), np.empty(count, np.int16)
    for s in range(chosen.shape[0]):
        for storm in range(chosen.shape[1]):
            for zone in range(chosen.shape[2]):
                if chosen[s, storm, zone]:
                    row[s, storm, zone], of[to], at[to] = to, storm, zone
                    to += 1
    return row, of, at


@nb.njit(cache=True, parallel=True)
def _pack(
    sums: npt.NDArray[np.float64], chosen: npt.NDArray[np.bool_], row: npt.NDArray[np.int64],
    first: int, rows: npt.NDArray[np.floating[Any]],
) -> None:  # fmt: skip
    """Write the chosen (scenario, occurrence, zone) of the scenarios from `first` on to rows."""
    zones, slots, storms, _ = sums.shape
    for some in nb.prange((storms + STORMS - 1) // STORMS):
        for zone in range(zones):
            for slot in range(slots):
                for storm in range(some * STORMS, min((some + 1) * STORMS, storms)):
                    for s in range(chosen.shape[0]):
                        if chosen[s, storm, zone]:
                            rows[row[s, storm, zone], slot] = sums[zone, slot, storm, first + s]
