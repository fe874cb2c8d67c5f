"""The pass as dense arrays, for comparison with slow evaluations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.engine import new_room, pass_block, plan_pass
from riskmodel.loss.kernel_arrays import Outcomes
from riskmodel.loss.layout import kernel_arrays
from riskmodel.loss.reading import stored_blocks


def block_results(
    catalogue: xr.DataTree, table: CompiledTable, scenario: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mean of each block and its extrapolated part, (zone, occurrence, column, peril)."""
    plan, arrays = plan_pass(catalogue, table, memory_limit=1 << 30), kernel_arrays(table)
    counts, room = np.bincount(catalogue.to_dataset()["block"].values), new_room([plan])
    for pairs, count in zip(stored_blocks(catalogue, table), counts, strict=True):
        chunks = pass_block(pairs, table, arrays, plan, room, count=int(count))
        parts = [_dense(chunk.outcomes, table, chunk.run, scenario) for chunk in chunks]
        mean, extrapolated = (np.concatenate(of, axis=1) for of in zip(*parts, strict=True))
        yield mean, extrapolated


def _dense(
    outcomes: Outcomes, table: CompiledTable, run: int, scenario: int
) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes (zone, occurrence, column, peril), zero where nothing is told."""
    columns, perils = len(table.columns), len(table.perils)
    zones, storms = outcomes.occurrence.shape
    mean, extrapolated = np.zeros((2, zones, storms, columns * perils))
    for zone in range(zones):
        for number, filled in enumerate(outcomes.filled[zone]):
            rows = slice(number * run, number * run + filled)
            at = np.ix_([zone], outcomes.occurrence[zone, rows], table.acting)
            mean[at] = outcomes.mean[scenario, zone, rows]
            extrapolated[at] = outcomes.extrapolated[scenario, zone, rows]
    shape = (zones, storms, columns, perils)
    return mean.reshape(shape), extrapolated.reshape(shape)
