"""What the kernels of the pass read and write."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
SingleArray = npt.NDArray[np.float32]
NumberArray = npt.NDArray[np.uint32]
MaskArray = npt.NDArray[np.uint16]


LINE = 64  # bytes that a processor's cache holds together


def aligned(shape: tuple[int, ...], kind: type[np.generic]) -> npt.NDArray[Any]:
    """Make room that begins with a line of the cache, so that a row of lanes fills whole lines."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    room = np.empty(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(kind).reshape(shape)


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
    """What entries expose, and what it costs, in lanes: a lane is one item under one scenario.

    Entries expose ``value`` (entry, item), and to a bundle anything or nothing, ``exposed``
    (entry, bundle). Lanes stand side by side in bundles, for the processor
    takes several at once: ``item`` (bundle, lane) names theirs, ``lookup`` (bundle, row × lane)
    holds mean outcomes, and those of the lanes of ``highest`` (bundle) are benefits paid once.
    Where a bundle is one lane ``single`` (bundle, row) holds them in double precision, for
    converting takes longer than reading; otherwise it has no rows.
    ``slot`` (peril, bundle) is where sums stand, 0 of a peril without effect on the bundle.
    """

    value: FloatArray
    exposed: BoolArray
    item: IntArray
    lookup: SingleArray
    single: FloatArray
    highest: BoolArray
    slot: IntArray


class Spread(NamedTuple):
    """What moments take, of the first scenario.

    By item: ``deviation`` (item, row) of one unit, ``column``, and the ``bundle`` and ``lane`` that
    hold its mean outcomes. ``own`` (entry, item) is the share of variance that a value's cell and
    class does not share.
    """

    deviation: SingleArray
    own: FloatArray
    column: IntArray
    bundle: IntArray
    lane: IntArray


class Groups(NamedTuple):
    """What belongs together.

    On the bundles from ``first[g]`` on the same perils act, the bits of ``mask[g]``; the items of
    ``order`` from ``first_item[g]`` on have their first lanes there. Zone z has the entries from
    ``zone_pointer[z]`` on.
    """

    first: IntArray
    mask: IntArray
    order: IntArray
    first_item: IntArray
    zone_pointer: IntArray


class Fold(NamedTuple):
    """Which lanes make up an outcome.

    That of scenario s and column c is the sum of those ``slot`` and ``lane`` that stand from
    ``first[o]`` to ``first[o + 1]``, where o numbers scenario × column.
    """

    first: IntArray
    slot: IntArray
    lane: IntArray


class Arrays(NamedTuple):
    """A compiled table as the kernels read it."""

    curves: Curves
    places: Places
    items: Items
    spread: Spread
    groups: Groups
    fold: Fold


class Pairs(NamedTuple):
    """Stored pairs of one block: ``pointer`` (peril, cell + 1), the rest one run after another."""

    pointer: IntArray
    occurrence: NumberArray
    position: MaskArray


class Sums(NamedTuple):
    """What a run of occurrences adds up to in one zone; a thread has its own.

    ``mean`` and its part ``extrapolated`` (slot, number, lane); ``independent`` (variance) and
    ``correlated`` (standard deviation) (column, number), without columns where moments are not
    carried. Numbers are those of `Numbers`. They stand behind slots, for a bundle adds to many of
    them and to few slots.
    """

    mean: FloatArray
    extrapolated: FloatArray
    independent: FloatArray
    correlated: FloatArray


class Numbers(NamedTuple):
    """Occurrences of a run that cost anything in a zone, numbered as they come; or all of them.

    ``number`` (occurrence of the run) is `NONE` of others; ``occurrence`` (number) of the run, and
    ``known`` (1,) tells how many. Few occurrences reach a zone: their sums stay close together.
    """

    number: NumberArray
    occurrence: NumberArray
    known: IntArray


class Outcomes(NamedTuple):
    """Sums of a chunk of occurrences, folded to what is handed on.

    A zone and run have ``filled`` (zone, run) rows, from the first of the run on. ``mean`` and its
    part ``extrapolated`` (scenario, zone, row, column × peril that acts); ``costs`` (scenario,
    zone, row) tells where any mean is above zero; ``independent`` and ``correlated`` (zone, row,
    column) as in `Sums`. ``occurrence`` (zone, row) is counted from the first of the chunk.
    """

    mean: FloatArray
    extrapolated: FloatArray
    independent: FloatArray
    correlated: FloatArray
    occurrence: IntArray
    filled: IntArray
    costs: BoolArray


class Lines(NamedTuple):
    """The curve being read, as lines over position: start + slope · position, by segment.

    ``at`` are the fractional bins of some pairs. ``kept`` are pairs that may cost anything, counted
    from the entry's first. ``acting`` (number of the occurrence) has a bit for each peril that
    lists it at the entry.
    """

    start: FloatArray
    slope: FloatArray
    at: FloatArray
    kept: NumberArray
    acting: MaskArray


class Lists(NamedTuple):
    """Occurrences of a run that cost anything at the entries of a batch, by peril and entry.

    The list of a peril and entry stands from ``first`` (peril, entry) on, ``length`` (peril, entry)
    long. Each place has the number ``storm``; ``at`` is its fractional bin, in rows of
    the look-up table from ``row`` (peril, entry) on. ``rare``, also from ``first`` on, names the
    ``rares`` (peril, entry) places that are extrapolated. Where there are several perils,
    ``acting`` has a bit for each that lists the occurrence at the entry, and the highest bit for
    an extrapolated place.
    """

    storm: NumberArray
    at: FloatArray
    rare: IntArray
    first: IntArray
    length: IntArray
    rares: IntArray
    row: IntArray
    acting: MaskArray


class Alone(NamedTuple):
    """Lists of one peril, by entry, as in `Lists`."""

    storm: NumberArray
    at: FloatArray
    rare: IntArray
    first: IntArray
    length: IntArray
    rares: IntArray
    row: IntArray


class Joint(NamedTuple):
    """Occurrences in which several perils act, in segments of the same perils and entry.

    Segment g stands from ``first[g]`` to the next, has the perils of ``mask[g]`` and is of the
    entry ``of[g]`` of the batch. Each place has the number ``storm``; ``at`` (peril,
    place) is that of `Lists`, of the perils that act, and ``far`` tells whether it is
    extrapolated. ``rest`` holds the places of `Lists` that come here, those of a peril and entry
    from ``rest_first`` (peril, entry) on, ``rest_length`` long; ``entry`` (place), ``place``
    (number) and ``cursor`` (mask) serve to sort them.
    """

    first: IntArray
    mask: IntArray
    of: IntArray
    storm: NumberArray
    at: FloatArray
    far: BoolArray
    rest: IntArray
    rest_first: IntArray
    rest_length: IntArray
    entry: npt.NDArray[np.uint8]
    place: IntArray
    cursor: IntArray


class Between(NamedTuple):
    """Numbers in between, of one occurrence.

    ``value`` (lane) is what the entry exposes, ``ratio`` (peril, lane) is of each peril alone;
    ``total`` and ``joint`` (lane) are of all. ``acting`` (3, peril) has perils, rows and slots.
    """

    value: FloatArray
    ratio: FloatArray
    total: FloatArray
    joint: FloatArray
    acting: IntArray


class Scratch(NamedTuple):
    """All that a task writes in between."""

    lines: Lines
    lists: Lists
    alone: Alone
    joint: Joint
    numbers: Numbers
    between: Between
    sums: Sums
