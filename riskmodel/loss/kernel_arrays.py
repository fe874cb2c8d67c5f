"""What the kernels of the pass read and write."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
SingleArray = npt.NDArray[np.float32]
NumberArray = npt.NDArray[np.uint32]
MaskArray = npt.NDArray[np.uint16]


class Curves(NamedTuple):
    """Layers and their curves.

    By layer: ``segments`` (65,536 positions), ``edges``, ``density`` (bins per unit of intensity),
    ``first_row`` and ``last`` bin of the look-up table, ``beyond``, the first extrapolated
    position; ``left`` and ``right`` (row, segment) hold the rows of all layers.
    """

    segments: npt.NDArray[np.uint8]
    edges: FloatArray
    density: FloatArray
    first_row: IntArray
    last: FloatArray
    beyond: IntArray
    left: SingleArray
    right: SingleArray


class Places(NamedTuple):
    """Where entries stand: ``cell`` (entry); ``layer`` and ``row`` (peril, entry) of `Curves`.

    Pairs before ``first_damaging`` (peril, entry) cost nothing.
    """

    cell: IntArray
    layer: IntArray
    row: IntArray
    first_damaging: npt.NDArray[np.int32]


class Items(NamedTuple):
    """What entries expose, and what it costs.

    Entry e exposes ``value`` of item number ``item`` from ``pointer[e]`` on, items on which the
    same perils act behind one another. ``lookup`` (item, row × scenario) holds mean outcomes.
    ``slot`` (peril, item) is where sums stand: the number of the item's column and peril among
    those that act; of an item on which a peril has no effect, 0.
    """

    item: IntArray
    value: FloatArray
    slot: IntArray
    lookup: SingleArray


class Spread(NamedTuple):
    """What moments take: ``deviation`` (item, row) of one unit, ``column`` of each item.

    ``own`` is the share of variance that cell and class of a value do not share with others.
    """

    deviation: SingleArray
    own: FloatArray
    column: IntArray


class Groups(NamedTuple):
    """How items and entries belong together.

    Bits of ``perils`` (item) are those that act on an item; ``highest`` (item) are benefits paid
    once. Zone z has the entries from ``zone_pointer[z]`` on, entry e the values from
    ``entry_pointer[e]`` on.
    """

    perils: MaskArray
    highest: BoolArray
    entry_pointer: IntArray
    zone_pointer: IntArray


class Arrays(NamedTuple):
    """A compiled table as the kernels read it."""

    curves: Curves
    places: Places
    items: Items
    spread: Spread
    groups: Groups


class Pairs(NamedTuple):
    """Stored pairs of one block: ``pointer`` (peril, cell + 1), the rest one run after another."""

    pointer: IntArray
    occurrence: NumberArray
    position: MaskArray


class Sums(NamedTuple):
    """What a run of occurrences adds up to.

    ``mean`` and its part ``extrapolated`` (zone, slot, occurrence, scenario);
    ``independent`` (variance) and ``correlated`` (standard deviation) (zone, column, occurrence),
    without columns where moments are not carried. Occurrences stand behind slots, for an item adds
    to many of them and to one slot.
    """

    mean: FloatArray
    extrapolated: FloatArray
    independent: FloatArray
    correlated: FloatArray


class Lines(NamedTuple):
    """The curve being read, as lines over position: start + slope · position, by segment."""

    start: FloatArray
    slope: FloatArray


class Lists(NamedTuple):
    """Occurrences of a run that cost anything at one entry: a list for each peril, and one more.

    Number n of a list is occurrence ``storm`` (list, n) of the run; ``at`` (list, n) is its
    fractional bin, in rows of the look-up table from ``row`` (list) on, and ``rare`` (list, r)
    tells which n are extrapolated. The last list holds occurrences in which one peril acts alone.
    """

    storm: NumberArray
    at: FloatArray
    rare: NumberArray
    row: IntArray


class Marks(NamedTuple):
    """By occurrence of a run: perils that list it, and that extrapolate (bits); place in lists."""

    acting: MaskArray
    extrapolates: MaskArray
    place: NumberArray


class Joint(NamedTuple):
    """Occurrences in which several perils act.

    Number ``j`` is occurrence ``storm[j]``; its perils stand from ``first[j]`` to ``first[j + 1]``
    in ``peril``, ``at``, ``row`` and ``rare``, as in `Lists`. ``single`` (peril of the occurrence,
    scenario), ``total`` and ``kept`` (scenario) are for use in between.
    """

    storm: NumberArray
    first: IntArray
    peril: IntArray
    at: FloatArray
    row: IntArray
    rare: BoolArray
    single: FloatArray
    total: FloatArray
    kept: FloatArray
