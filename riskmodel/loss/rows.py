"""Rows of the occurrence table, kept sparse chunk by chunk while the pass runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import MemoryLimitError
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import Sums

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
        for s, name in enumerate(table.scenarios):
            of, at = np.nonzero(costs[s])
            part: dict[str, Array] = {
                "mean": sums.mean[at, :, of, s],
                "extrapolated": sums.extrapolated[at, :, of, s].astype(np.float32),
                "occurrence": of + offset,
                "zone": at.astype(np.int16),
            }
            if s == 0 and table.deviation.shape[0]:
                part["independent"] = sums.independent[at, :, of]
                part["correlated"] = sums.correlated[at, :, of]
            self._bytes += sum(values.nbytes for values in part.values())
            if self._bytes > self._limit:
                raise MemoryLimitError(
                    "the rows of the occurrence tables do not fit the memory they may take",
                    where=f"occurrence {offset} of scenario {name}",
                    found=f"{self._bytes / 2**20:,.0f} MB so far",
                    expected=f"at most {self._limit / 2**20:,.0f} MB",
                    remedy="pass fewer scenarios at once, or raise memory_limit",
                )
            self._parts[name].append(part)

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
