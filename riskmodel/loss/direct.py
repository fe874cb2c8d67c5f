"""Some occurrences without tables: each pair's responses evaluated at its own intensity.

Slow, and apart from the pass on purpose: it shares the intensity curves and the formula of the
spread inside a cell, but no look-up table, kernel or chunking. What it finds is the measure of what
the tables get wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.vocabulary import WATER
from riskmodel.hazard.catalogue import block_names
from riskmodel.loss.lookup import mean_over_spread
from riskmodel.loss.response import Item
from riskmodel.loss.scenario import Scenario

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class _Pairs(NamedTuple):
    """Pairs of one peril: a key for each (cell, chosen occurrence), and the intensity there."""

    key: IntArray
    intensity: FloatArray


def direct_outcomes(
    catalogue: xr.DataTree, census: xr.DataTree, scenario: Scenario, occurrences: Sequence[int]
) -> xr.DataArray:
    """Evaluate some occurrences directly, perils of one storm combined as in the pass.

    Parameters
    ----------
    catalogue, census : DataTree
    scenario : Scenario
        Without fine cells.
    occurrences : sequence of int
        Numbers along the catalogue's occurrences, rising.

    Returns
    -------
    DataArray (occurrence, zone, item), in the unit of each item's column.

    Raises
    ------
    CatalogueError
        If the numbers do not rise, or the scenario has fine cells.
    """
    numbers = np.asarray(occurrences, dtype=np.int64)
    if (np.diff(numbers) <= 0).any() or scenario.fine is not None:
        raise CatalogueError(
            "occurrences that do not rise, or fine cells",
            where="direct_outcomes",
            remedy="hand in rising numbers, and a scenario without fine cells",
        )
    pairs = {p: _pairs(catalogue, scenario, p, numbers) for p in scenario.curves}
    keys = np.unique(np.concatenate([found.key for found in pairs.values()]))
    places = {p: np.searchsorted(keys, found.key) for p, found in pairs.items()}
    names = list(dict.fromkeys(item.column for item in scenario.items))
    zones, cells = census["zones"].to_dataset(), next(iter(scenario.curves.values())).left.shape[0]
    out = np.zeros((numbers.size, zones.sizes["zone"], len(names)))
    cell, storm = np.divmod(keys, numbers.size)
    for item in scenario.items:
        ratio = _ratio(item, pairs, places, keys.size, scenario.depth_spread)
        value = _value(census, item, cells)
        for z in range(zones.sizes["zone"]):
            amount = ratio * value[z, cell]
            out[:, z, names.index(item.column)] += np.bincount(storm, amount, numbers.size)
    return xr.DataArray(
        out,
        {"occurrence": numbers, "zone": zones["zone"].values, "item": names},
        ("occurrence", "zone", "item"),
    )


def _pairs(catalogue: xr.DataTree, scenario: Scenario, peril: str, numbers: IntArray) -> _Pairs:
    """Pairs of the chosen occurrences with any intensity, blocks put one after another."""
    counts = np.bincount(
        catalogue.to_dataset()["block"].values, minlength=len(block_names(catalogue))
    )
    found, offset = [], 0
    for count, block in zip(counts, block_names(catalogue), strict=True):
        node = catalogue[f"{block}/{peril}"].to_dataset()
        place = np.full(int(count), -1)
        inside = (numbers >= offset) & (numbers < offset + count)
        place[numbers[inside] - offset] = np.flatnonzero(inside)
        storm = place[node["occurrence"].values.astype(np.int64)]
        chosen = np.flatnonzero(storm >= 0)
        cell = np.searchsorted(node["pointer"].values, chosen, side="right") - 1
        intensity = scenario.curves[peril].at(cell, node["position"].values[chosen])
        strong = intensity > 0.0
        key = cell[strong] * numbers.size + storm[chosen[strong]]
        found.append(_Pairs(key, intensity[strong]))
        offset += int(count)
    return _Pairs(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _ratio(
    item: Item, pairs: Mapping[str, _Pairs], places: Mapping[str, IntArray], size: int,
    spread: float,
) -> FloatArray:  # fmt: skip
    """Outcome on one unit at each key: 1 - Π(1 - d), or the highest."""
    kept, highest = np.ones(size), np.zeros(size)
    for peril, response in item.responses.items():
        if peril not in pairs:
            continue
        intensity = pairs[peril].intensity
        outcome = mean_over_spread(response, intensity, spread if peril in WATER else 0.0)
        kept[places[peril]] *= 1.0 - outcome
        np.maximum.at(highest, places[peril], outcome)
    return highest if item.combine == "highest" else 1.0 - kept


def _value(census: xr.DataTree, item: Item, cells: int) -> FloatArray:
    """Value exposed of an item's class, (zone, cell)."""
    zones = census["zones"].to_dataset()
    value = census["exposure"].to_dataset()["value"].sel(exposure_class=item.exposure).values
    found = np.zeros((zones.sizes["zone"], cells))
    np.add.at(found, (zones["entry_zone"].values, zones["entry_cell"].values), value)
    return found
