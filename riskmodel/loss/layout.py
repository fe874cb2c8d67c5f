"""Lay a compiled table out as the kernels read it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import CompiledTable, Layer
from riskmodel.loss.kernel_arrays import Arrays, Curves, Groups, Items, Places, Spread

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
SingleArray = npt.NDArray[np.float32]
NEVER = LAST_POSITION + 1
LANES = 16  # scenarios that a loop takes at once


def kernel_arrays(table: CompiledTable) -> Arrays:
    """Lay a compiled table out for the kernels."""
    entries, layers = table.entries, table.layers
    rows = np.cumsum([0] + [layer.curves.left.shape[0] for layer in layers])
    segments = max(layer.curves.left.shape[1] for layer in layers)
    firsts = np.concatenate([_first_damaging(table, number) for number in range(len(layers))])
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
    spare = lanes(table) - len(table.scenarios)
    wide = np.pad(np.moveaxis(table.lookup, 1, 0), ((0, 0), (0, 0), (0, spare)))
    lookup = np.ascontiguousarray(wide).reshape(wide.shape[0], -1)
    value = np.ascontiguousarray(entries.value, np.float64)
    return Arrays(
        curves,
        Places(entries.cell, entries.layer, row, firsts[row]),
        Items(value, _slots(table), lookup, table.item_highest),
        Spread(np.ascontiguousarray(table.deviation.T), _own(table, value), table.item_column),
        _groups(table),
    )


def lanes(table: CompiledTable) -> int:
    """Count scenarios with the empty ones that fill the processor's last vectors.

    A loop over 14 scenarios goes one by one, one over 16 in whole vectors, several times as fast.
    """
    scenarios = len(table.scenarios)
    return -(-scenarios // LANES) * LANES if 2 * scenarios > LANES else scenarios


def _groups(table: CompiledTable) -> Groups:
    """Items on which the same perils act behind one another; those without any are left out."""
    perils = _item_perils(table)
    order = np.argsort(perils, kind="stable")[np.count_nonzero(perils == 0) :]
    mask, first = np.unique(perils[order], return_index=True)
    return Groups(
        order, np.append(first, order.size), mask.astype(np.int64), table.entries.zone_pointer
    )


def _item_perils(table: CompiledTable) -> npt.NDArray[np.uint16]:
    """Perils with any effect on each item, a bit for each."""
    bits = {peril: 1 << p for p, peril in enumerate(table.perils)}
    perils = np.zeros(table.item_column.size, np.uint16)
    for number, layer in enumerate(table.layers):
        acts = table.of_layer(number).any(axis=(0, 2))
        perils[acts] |= bits.get(layer.peril, 0)
    return perils


def _slots(table: CompiledTable) -> IntArray:
    """Place of each peril and item in the sums, (peril, item)."""
    place = np.zeros(len(table.columns) * len(table.perils), np.int64)
    place[table.acting] = np.arange(table.acting.size)
    by_column = place.reshape(len(table.columns), len(table.perils))
    return np.ascontiguousarray(by_column[table.item_column].T)


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
