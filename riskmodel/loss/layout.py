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


def kernel_arrays(table: CompiledTable) -> Arrays:
    """Lay a compiled table out for the kernels."""
    entries, layers = table.entries, table.layers
    rows = np.cumsum([0] + [layer.curves.left.shape[0] for layer in layers])
    segments = max(layer.curves.left.shape[1] for layer in layers)
    item_perils = _item_perils(table)
    by_perils = np.argsort(item_perils, kind="stable")
    entry, place = np.nonzero(entries.value[:, by_perils])
    item = by_perils[place]
    value = entries.value[entry, item]
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
    lookup = np.ascontiguousarray(np.moveaxis(table.lookup, 1, 0)).reshape(item_perils.size, -1)
    deviation = np.ascontiguousarray(table.deviation.T)
    return Arrays(
        curves,
        Places(entries.cell, entries.layer, row, firsts[row]),
        Items(item, value, _slots(table), lookup),
        Spread(deviation, _own(table, value, item), table.item_column),
        Groups(
            item_perils, table.item_highest,
            np.searchsorted(entry, np.arange(entries.cell.size + 1)), entries.zone_pointer,
        ),
    )  # fmt: skip


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


def _own(table: CompiledTable, value: FloatArray, item: IntArray) -> FloatArray:
    """Share of variance that a cell and class does not share: that of the cell, and rest / n."""
    if table.correlation is None:
        return np.zeros_like(value)
    units = np.maximum(value / table.item_unit_value[item], 1.0)
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
