"""Which item and scenario stands in which lane: what the processor takes at once.

A lane is one item under one scenario. With one scenario a bundle of lanes holds the items of an
entry, with many the scenarios of an item, by the same rule; so the kernels know neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from riskmodel.loss.compilation import CompiledTable

IntArray = npt.NDArray[np.int64]
LANES = 16  # of a bundle
FEW = 2.0  # lanes of an entry with any value, up to which they are taken one by one


@dataclass(frozen=True, slots=True)
class Lanes:
    """Bundles of lanes, those on which the same perils act behind one another.

    ``item`` and ``scenario`` (bundle, lane), scenario -1 in lanes that are left empty. By bundle:
    ``perils``, a bit for each that has any effect, and ``highest``. ``slot`` (peril, bundle)
    numbers the sums, 0 where a peril has no effect; there are ``slots``.
    """

    item: IntArray
    scenario: IntArray
    perils: IntArray
    highest: npt.NDArray[np.bool_]
    slot: IntArray
    slots: int

    @property
    def width(self) -> int:
        """Lanes of a bundle."""
        return self.item.shape[1]


def lanes_of(table: CompiledTable) -> Lanes:
    """Put the items and scenarios of a table to lanes; items without any effect are left out."""
    acts, width = _item_perils(table), _width(table)
    acting = [i for i in range(acts.size) if acts[i]]
    order = sorted(acting, key=lambda i: (table.item_highest[i], acts[i]))
    scenarios = range(len(table.scenarios))
    bundles: list[list[tuple[int, int]]] = []
    for _, items in groupby(order, key=lambda i: bool(table.item_highest[i])):
        lanes = [(i, s) for i in items for s in scenarios]
        bundles += [lanes[k : k + width] for k in range(0, len(lanes), width)]
    item = np.zeros((len(bundles), width), np.int64)
    scenario = np.full((len(bundles), width), -1)
    for b, lanes in enumerate(bundles):
        item[b, : len(lanes)], scenario[b, : len(lanes)] = zip(*lanes, strict=True)
    perils = np.array([np.bitwise_or.reduce(acts[[i for i, _ in b]]) for b in bundles], np.int64)
    present = (perils >> np.arange(len(table.perils))[:, None] & 1).astype(bool)
    slot = np.where(present, np.cumsum(present).reshape(present.shape) - 1, 0)
    return Lanes(item, scenario, perils, table.item_highest[item[:, 0]], slot, int(present.sum()))


def _width(table: CompiledTable) -> int:
    """Choose one lane where an entry would fill but few of a bundle: it would add up zeros."""
    value = table.entries.value
    filled = np.count_nonzero(value) / max(int(np.count_nonzero(value.any(axis=1))), 1)
    return LANES if filled * len(table.scenarios) > FEW else 1


def _item_perils(table: CompiledTable) -> IntArray:
    """Perils with any effect on each item, a bit for each."""
    bits = {peril: 1 << p for p, peril in enumerate(table.perils)}
    perils = np.zeros(table.item_column.size, np.int64)
    for number, layer in enumerate(table.layers):
        acts = table.of_layer(number).any(axis=(0, 2))
        perils[acts] |= bits.get(layer.peril, 0)
    return perils
