"""Lay a compiled table out as the kernels read it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import CompiledTable, Layer
from riskmodel.loss.kernel_arrays import (
    Arrays,
    Curves,
    Fold,
    Groups,
    Items,
    Places,
    Spread,
    aligned,
)
from riskmodel.loss.lanes import Lanes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SingleArray = npt.NDArray[np.float32]
NEVER = LAST_POSITION + 1


def kernel_arrays(table: CompiledTable) -> Arrays:
    """Lay a compiled table out for the kernels."""
    entries, layers, lanes = table.entries, table.layers, table.lanes
    rows = np.cumsum([0] + [layer.curves.left.shape[0] for layer in layers])
    segments = max(layer.curves.left.shape[1] for layer in layers)
    row = entries.row + rows[entries.layer]
    curves = Curves(
        np.stack([layer.curves.segment_table() for layer in layers]),
        np.stack([_padded(layer.curves.edges, segments + 1) for layer in layers]),
        np.array([layer.density for layer in layers]),
        np.array([layer.first_row for layer in layers]),
        np.array([layer.bins - 1.0 for layer in layers]),
        np.array([layer.curves.first_extrapolated for layer in layers]),
        _rows(layers, "left", segments), _rows(layers, "right", segments),
    )  # fmt: skip
    value, lookup = np.ascontiguousarray(entries.value, np.float64), _by_lane(table, lanes)
    return Arrays(
        curves,
        Places(entries.cell, entries.layer, row, first_damaging(table)),
        Items(value, _exposed(value, lanes), lanes.item, lookup, _single(lookup, lanes),
              lanes.highest, lanes.slot),
        _spread(table, lanes, value), _groups(table, lanes), _fold(table, lanes),
    )  # fmt: skip


def first_damaging(table: CompiledTable) -> npt.NDArray[np.int32]:
    """Position (peril, entry) before which no outcome of any scenario is above zero."""
    layers, entries = table.layers, table.entries
    rows = np.cumsum([0] + [layer.curves.left.shape[0] for layer in layers])
    firsts = np.concatenate([_first_damaging(table, number) for number in range(len(layers))])
    return firsts[entries.row + rows[entries.layer]]


def _exposed(value: FloatArray, lanes: Lanes) -> npt.NDArray[np.bool_]:
    """Tell (entry, bundle) whether anything is exposed in any lane."""
    present = value != 0.0
    used = [
        np.unique(item[lane >= 0]) for item, lane in zip(lanes.item, lanes.scenario, strict=True)
    ]
    found = [present[:, items].any(axis=1) for items in used]
    return np.stack(found, axis=1) if found else present[:, :0]


def _by_lane(table: CompiledTable, lanes: Lanes) -> SingleArray:
    """Mean outcomes (bundle, row × lane), zero in lanes that are left empty."""
    rows, (bundles, width) = table.lookup.shape[0], lanes.item.shape
    found = aligned((bundles, rows, width), np.float32)
    found[:] = np.moveaxis(table.lookup[:, lanes.item, lanes.scenario], 1, 0)
    found.transpose(0, 2, 1)[lanes.scenario < 0] = 0.0
    return found.reshape(bundles, rows * width)


def _single(lookup: SingleArray, lanes: Lanes) -> FloatArray:
    """Mean outcomes (bundle, row) in double precision where a bundle is one lane, else no rows."""
    rows = lookup if lanes.width == 1 else lookup[:, :0]
    return rows.astype(np.float64)


def _spread(table: CompiledTable, lanes: Lanes, value: FloatArray) -> Spread:
    place = np.zeros((2, table.item_column.size), np.int64)
    bundle, lane = np.nonzero(lanes.scenario == 0)
    place[:, lanes.item[bundle, lane]] = bundle, lane
    deviation = np.ascontiguousarray(table.deviation.T)
    return Spread(deviation, _own(table, value), table.item_column, *place)


def _groups(table: CompiledTable, lanes: Lanes) -> Groups:
    """Bundles on which the same perils act, and the items whose first lanes they hold."""
    starts = np.flatnonzero(np.diff(lanes.perils, prepend=-1))
    first = np.append(starts, lanes.perils.size)
    bundle, lane = np.nonzero(lanes.scenario == 0)  # in order of bundles
    return Groups(
        first, lanes.perils[starts], lanes.item[bundle, lane],
        np.searchsorted(bundle, first), table.entries.zone_pointer,
    )  # fmt: skip


def _fold(table: CompiledTable, lanes: Lanes) -> Fold:
    """Lanes by the outcome, of one scenario, column and peril, that they are part of."""
    outcomes = len(table.columns) * len(table.perils)
    number = np.full(outcomes, -1)
    number[table.acting] = np.arange(table.acting.size)
    bundle, lane = np.nonzero(lanes.scenario >= 0)
    p, chosen = np.nonzero((lanes.perils[bundle] >> np.arange(len(table.perils))[:, None]) & 1)
    bundle, lane = bundle[chosen], lane[chosen]
    column = number[table.item_column[lanes.item[bundle, lane]] * len(table.perils) + p]
    outcome = lanes.scenario[bundle, lane] * table.acting.size + column
    held = column >= 0  # others hold zeros: lanes of a bundle share perils, their items need not
    parts = np.stack([outcome, lanes.slot[p, bundle], lane])[:, held]
    # bundles may share a slot; strided arrays would have kernels of their own
    outcome, slot, lane = np.ascontiguousarray(np.unique(parts, axis=1))
    count = len(table.scenarios) * table.acting.size
    return Fold(np.searchsorted(outcome, np.arange(count + 1)), slot, lane)


def _own(table: CompiledTable, value: FloatArray) -> FloatArray:
    """Share of variance that a cell and class does not share: that of the cell, and rest / n."""
    if table.correlation is None:
        return np.zeros((0, value.shape[1]))
    units = np.maximum(value / table.item_unit_value, 1.0)
    return table.correlation.cell + table.correlation.own / units


def _padded(edges: IntArray, size: int) -> FloatArray:
    return np.pad(edges.astype(np.float64), (0, size - edges.size), mode="edge")


def _rows(layers: Sequence[Layer], side: str, segments: int) -> SingleArray:
    tables = [getattr(layer.curves, side) for layer in layers]
    return np.concatenate([np.pad(t, ((0, 0), (0, segments - t.shape[1]))) for t in tables])


def _first_damaging(table: CompiledTable, number: int) -> npt.NDArray[np.int32]:
    """Position of each row of a layer before which no outcome of any scenario is above zero."""
    layer, curves = table.layers[number], table.layers[number].curves
    damaging = np.flatnonzero(table.of_layer(number).any(axis=(1, 2)))
    first = np.full(curves.left.shape[0], NEVER, np.int64)
    if not damaging.size:
        return first.astype(np.int32)
    least = (damaging[0] - 1) / layer.density * (1.0 - 1e-6)  # intensity up to which all is zero
    for j in reversed(range(curves.left.shape[1])):
        left, right = (side[:, j].astype(np.float64) for side in (curves.left, curves.right))
        width = curves.edges[j + 1] - curves.edges[j]
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.floor((least - left) / (right - left) * width) - 1.0
        inside = np.where(left > least, 0.0, np.clip(np.nan_to_num(steps), 0.0, width))
        first = np.where(np.maximum(left, right) > least, curves.edges[j] + inside, first)
    return np.minimum(first, NEVER).astype(np.int32)
