"""The pass as dense arrays, for comparison with slow evaluations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.engine import new_room, pass_block, plan_pass, stored_blocks
from riskmodel.loss.kernel_arrays import Outcomes
from riskmodel.loss.layout import kernel_arrays


def block_results(
    catalogue: xr.DataTree, table: CompiledTable, scenario: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mean of each block and its extrapolated part, (zone, occurrence, column, peril)."""
    plan, arrays = plan_pass(catalogue, table, memory_limit=1 << 30), kernel_arrays(table)
    counts, room = np.bincount(catalogue.to_dataset()["block"].values), new_room([plan])
    for pairs, count in zip(stored_blocks(catalogue, table), counts, strict=True):
        chunks = pass_block(pairs, table, arrays, plan, room, count=int(count))
        sums = [Outcomes(*(part.copy() for part in chunk.outcomes)) for chunk in chunks]
        mean, extrapolated = (
            _spread(np.concatenate([getattr(s, name)[scenario] for s in sums]), table)
            for name in ("mean", "extrapolated")
        )
        yield mean, extrapolated


def _spread(sums: np.ndarray, table: CompiledTable) -> np.ndarray:
    """Outcomes (zone, occurrence, column, peril), zero where a peril does not act."""
    columns, perils = len(table.columns), len(table.perils)
    dense = np.zeros((sums.shape[1], sums.shape[0], columns * perils))
    dense[:, :, table.acting] = np.moveaxis(sums, 1, 0)
    return dense.reshape(*dense.shape[:2], columns, perils)
