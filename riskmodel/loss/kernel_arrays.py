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

    Entries expose ``value`` (entry, item). ``lookup`` (item, row × scenario) holds mean outcomes;
    ``highest`` (item) are benefits paid once. ``slot`` (peril, item) is where sums stand: the
    number of the item's column and peril among those that act; of an item on which a peril has no
    effect, 0.
    """

    value: FloatArray
    slot: IntArray
    lookup: SingleArray
    highest: BoolArray


class Spread(NamedTuple):
    """What moments take: ``deviation`` (item, row) of one unit, ``column`` of each item.

    ``own`` (entry, item) is the share of variance that a value's cell and class do not share.
    """

    deviation: SingleArray
    own: FloatArray
    column: IntArray


class Groups(NamedTuple):
    """How items and entries belong together.

    On the items of ``order`` from ``first[g]`` on the same perils act, the bits of ``mask[g]``.
    Zone z has the entries from ``zone_pointer[z]`` on.
    """

    order: IntArray
    first: IntArray
    mask: IntArray
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
    """The curve being read, as lines over position: start + slope · position, by segment.

    ``acting`` (occurrence of the run) has a bit for each peril that lists it at the entry.
    """

    start: FloatArray
    slope: FloatArray
    acting: MaskArray


class Lists(NamedTuple):
    """Occurrences of a run that cost anything at the entries of a batch, by peril and entry.

    The list of a peril and entry stands from ``first`` (peril, entry) on, ``length`` (peril, entry)
    long. Each place is occurrence ``storm`` of the chunk; ``at`` is its fractional bin, in rows of
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
    entry ``of[g]`` of the batch. Each place is occurrence ``storm`` of the chunk; ``at`` (peril,
    place) is that of `Lists`, of the perils that act, and ``far`` tells whether it is
    extrapolated. ``rest`` holds the places of `Lists` that come here, those of a peril and entry
    from ``rest_first`` (peril, entry) on, ``rest_length`` long; ``entry`` (place) and ``place``
    (occurrence of the run) serve to sort them.
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


class Between(NamedTuple):
    """Numbers in between, of some occurrences × scenarios.

    ``ratio`` (peril, number) of each peril alone; ``total`` and ``joint`` (number) of all.
    """

    ratio: FloatArray
    total: FloatArray
    joint: FloatArray
