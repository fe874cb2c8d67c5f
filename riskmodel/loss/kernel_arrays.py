"""What the kernels of the pass read and write."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
SingleArray = npt.NDArray[np.float32]


class Arrays(NamedTuple):
    """A compiled table as the kernels read it.

    By layer: ``segments`` (65,536 positions), ``edges``, ``density`` (bins per unit of intensity),
    ``first_row`` and ``last`` bin of the look-up table, ``beyond``, the first extrapolated
    position; ``left`` and ``right`` (row, segment) hold the rows of all layers. ``lookup`` (row,
    item × scenario) holds mean outcomes, ``deviation`` (row, item) those of one unit. Entry e
    exposes ``entry_value`` of ``entry_item`` from ``entry_pointer[e]`` on; ``own`` is the share of
    variance that its cell and class does not share with others. Pairs before ``first_damaging``
    (peril, entry) cost nothing. ``slot`` (peril, item) is where sums stand: the number of the
    item's column and peril among those that act; of an item on which a peril has no effect, 0.
    """

    segments: npt.NDArray[np.uint8]
    edges: FloatArray
    density: FloatArray
    first_row: IntArray
    last: FloatArray
    beyond: IntArray
    left: SingleArray
    right: SingleArray
    lookup: SingleArray
    deviation: SingleArray
    acts: BoolArray
    item_column: IntArray
    slot: IntArray
    item_highest: BoolArray
    entry_pointer: IntArray
    entry_item: IntArray
    entry_value: FloatArray
    own: FloatArray
    cell: IntArray
    layer: IntArray
    row: IntArray
    first_damaging: npt.NDArray[np.int32]
    zone_pointer: IntArray


class Pairs(NamedTuple):
    """Stored pairs of one block: ``pointer`` (peril, cell + 1), the rest one run after another."""

    pointer: IntArray
    occurrence: npt.NDArray[np.uint32]
    position: npt.NDArray[np.uint16]


class Sums(NamedTuple):
    """What a run of occurrences adds up to.

    ``mean`` and its part ``extrapolated`` (zone, occurrence, slot × scenario);
    ``independent`` (variance) and ``correlated`` (standard deviation) (zone, occurrence, column),
    empty without moments; ``touched`` (zone, occurrence) where anything was added.
    """

    mean: FloatArray
    extrapolated: FloatArray
    independent: FloatArray
    correlated: FloatArray
    touched: BoolArray


class Scratch(NamedTuple):
    """What one entry does in a run of occurrences, by peril and occurrence of the run.

    ``start`` and ``slope`` (segment) are the curve that is being read, as lines over position.
    """

    low: IntArray
    part: FloatArray
    rare: BoolArray
    acting: npt.NDArray[np.uint16]
    listed: npt.NDArray[np.int32]
    single: FloatArray
    total: FloatArray
    kept: FloatArray
    order: IntArray
    start: FloatArray
    slope: FloatArray
