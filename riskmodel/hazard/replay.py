"""Read given storms through the baseline rank function: a small catalogue of the same storms.

Its first block holds the reading pooled over the blocks of the baseline (the mean of their annual
probabilities), the others the reading of each block: their spread is the simulation interval.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.returnperiod import Frequency, probability_from_rate, rate_from_probability
from riskmodel.core.schema import check, stamp
from riskmodel.hazard.catalogue import OCCURRENCES, PAIRS, catalogue_frequency
from riskmodel.hazard.position import position_of_rate, rate_of_position
from riskmodel.hazard.rank_function import positions_of_index
from riskmodel.hazard.ranking import Interpolation

FloatArray = npt.NDArray[np.float64]


def replay_catalogue(
    catalogue: xr.DataTree,
    storms: xr.Dataset,
    indices: Mapping[str, npt.NDArray[np.float32]],
    interpolation: Interpolation,
) -> xr.DataTree:
    """Catalogue of given storms, readable by the loss engine.

    Parameters
    ----------
    catalogue : DataTree
        Baseline, with its rank functions.
    storms : Dataset
        Dim ``occurrence`` with ``year``, ``start``, ``end`` and labels.
    indices : mapping of str to array (node, occurrence)
        Physical index by peril, in the units of the rank function.
    interpolation : Interpolation
        From the nodes to the cells of the catalogue.

    Returns
    -------
    DataTree with blocks 0 (pooled) and 1 … B (each block's reading). Attribute
    ``below_storage_<peril>`` is the share of affected cells, by storm, that fall below the storage
    rate in the pooled reading: they are counted, not silently zero.
    """
    frequency = catalogue_frequency(catalogue)
    blocks = int(catalogue.attrs["blocks"])
    nodes: dict[str, xr.Dataset] = {}
    below: dict[str, list[float]] = {}
    rates = dict(zip(catalogue.attrs["perils"], catalogue.attrs["storage_rate"], strict=True))
    for peril, index in indices.items():
        function = catalogue[f"rank_function/{peril}"].to_dataset()
        at_cell = np.einsum(
            "ck,cks->cs", interpolation.weight, index[interpolation.node].astype(np.float64)
        )
        single = positions_of_index(function, at_cell)
        readings = np.concatenate([_pooled(single, float(rates[peril]), frequency)[None], single])
        reached = function["index"].values[0, :, 0] > 0
        below[f"below_storage_{peril}"] = np.isnan(readings[0])[reached].mean(axis=0).tolist()
        for number, positions in enumerate(readings):
            nodes[f"block_{number:02d}/{peril}"] = _pairs(positions, peril)
    root = _occurrences(storms, blocks + 1)
    inherited = {name: catalogue.attrs[name] for name in ("parent_event", "frequency", "kappa")}
    root.attrs.update(inherited, perils=list(indices), **below)
    return xr.DataTree.from_dict({"/": check(root, OCCURRENCES), **nodes}, name="replay")


def _occurrences(storms: xr.Dataset, blocks: int) -> xr.Dataset:
    """Repeat the storms once for each block, each storm in a year of its own."""
    count = storms.sizes["occurrence"]
    block = np.repeat(np.arange(blocks), count)
    repeated = xr.concat([storms] * blocks, "occurrence").assign(
        block=("occurrence", block.astype(np.int16)),
        year=("occurrence", np.tile(np.arange(count), blocks) + block * count),
        calendar_year=("occurrence", np.tile(storms["year"].values, blocks)),
    )
    return repeated.assign_attrs(
        schema=OCCURRENCES.name,
        source="real storms",
        history="replay_catalogue",
        blocks=blocks,
        years_per_block=count,
    )


def _pooled(single: FloatArray, storage_rate: float, frequency: Frequency) -> FloatArray:
    """Position of the mean annual probability of the blocks; NaN where most are below storage."""
    rate = np.where(np.isnan(single), storage_rate, rate_of_position(np.nan_to_num(single)))
    pooled = rate_from_probability(probability_from_rate(rate, frequency).mean(axis=0), frequency)
    positions = position_of_rate(pooled).astype(np.float64)
    return np.where(np.isnan(single).mean(axis=0) > 0.5, np.nan, positions)


def _pairs(positions: FloatArray, peril: str) -> xr.Dataset:
    cell, storm = np.nonzero(~np.isnan(positions))
    pointer = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=positions.shape[0]))])
    data = xr.Dataset(
        {
            "pointer": ("edge", pointer.astype(np.int64)),
            "occurrence": ("pair", storm.astype(np.uint32)),
            "position": ("pair", np.rint(positions[cell, storm]).astype(np.uint16)),
        }
    )
    return stamp(
        data,
        PAIRS,
        source="rank function",
        history="replay_catalogue",
        peril=peril,
        shift=float("nan"),
    )
