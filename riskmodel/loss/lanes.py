"""Which item and scenario stands in which lane: what the processor takes at once.

A lane is one item under one scenario. With one scenario a bundle of lanes holds the items of an
entry, with many the scenarios of an item, by the same rule; so the kernels know neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
LANES = 16  # of a bundle
FEW = 2.0  # lanes of an entry with any value, up to which they are taken one by one


@dataclass(frozen=True, slots=True)
class Lanes:
    """Bundles of lanes, those on which the same perils act behind one another.

    ``item`` and ``scenario`` (bundle, lane), scenario -1 in lanes that are left empty. By bundle:
    ``perils``, a bit for each that has any effect, and ``highest``. ``slot`` (peril, bundle)
    numbers the sums, 0 where a peril has no effect; there are ``slots``, which bundles may share.
    """

    item: IntArray
    scenario: IntArray
    perils: IntArray
    highest: BoolArray
    slot: IntArray
    slots: int

    @property
    def width(self) -> int:
        """Lanes of a bundle."""
        return self.item.shape[1]


def lanes_of(
    value: FloatArray, item_column: IntArray, item_perils: IntArray, item_highest: BoolArray, *,
    perils: int, scenarios: int,
) -> Lanes:  # fmt: skip
    """Put items under scenarios to lanes; items without any effect are left out.

    Parameters
    ----------
    value : array (entry, item)
        What is exposed.
    item_column : array (item,)
        Column of the outcomes that each item is part of.
    item_perils : array (item,)
        A bit for each peril with any effect.
    item_highest : array (item,)
        Whether perils do not add up but the highest outcome counts; no bundle has both kinds.
    perils, scenarios : int
    """
    width = _width(value, scenarios)
    acting = [i for i in range(item_perils.size) if item_perils[i]]
    order = sorted(acting, key=lambda i: (item_highest[i], item_perils[i]))
    bundles: list[list[tuple[int, int]]] = []
    for _, items in groupby(order, key=lambda i: bool(item_highest[i])):
        lanes = [(i, s) for i in items for s in range(scenarios)]
        bundles += [lanes[k : k + width] for k in range(0, len(lanes), width)]
    item = np.zeros((len(bundles), width), np.int64)
    scenario = np.full((len(bundles), width), -1)
    for b, lanes in enumerate(bundles):
        item[b, : len(lanes)], scenario[b, : len(lanes)] = zip(*lanes, strict=True)
    acts = np.array(
        [np.bitwise_or.reduce(item_perils[[i for i, _ in lanes]]) for lanes in bundles], np.int64
    )
    present = (acts >> np.arange(perils)[:, None] & 1).astype(bool)
    slot, slots = _slots(np.where(scenario < 0, -1, item_column[item]), scenario, present)
    return Lanes(item, scenario, acts, item_highest[item[:, 0]], slot, slots)


def _slots(column: IntArray, scenario: IntArray, present: BoolArray) -> tuple[IntArray, int]:
    """Find the number (peril, bundle) of sums, and how many there are.

    Bundles whose lanes are parts of the same outcomes share theirs, so that what is added up takes
    less of the processor's cache.
    """
    slot = np.zeros(present.shape, np.int64)
    p, bundle = np.nonzero(present)
    parts = np.column_stack([p, column[bundle], scenario[bundle]])
    found, slot[p, bundle] = np.unique(parts, axis=0, return_inverse=True)
    return slot, len(found)


def _width(value: FloatArray, scenarios: int) -> int:
    """Choose one lane where an entry would fill but few of a bundle: it would add up zeros."""
    any_value = np.zeros(value.shape[0], np.bool_)
    for of_item in value.T:  # numpy is slow along short rows
        any_value |= of_item != 0.0
    mean = np.count_nonzero(value) / max(int(np.count_nonzero(any_value)), 1)
    return LANES if mean * scenarios > FEW else 1
