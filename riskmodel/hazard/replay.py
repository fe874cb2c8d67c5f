"""Read given events through the baseline, never ranked again: a small catalogue of these events.

Its first block holds the reading pooled over the blocks of the baseline (the mean of their annual
probabilities), the others the reading of each block: their spread is the simulation interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.sparse import csr_array, vstack

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency, probability_from_rate, rate_from_probability
from riskmodel.core.schema import check, stamp
from riskmodel.hazard.catalogue import OCCURRENCES, PAIRS, catalogue_frequency
from riskmodel.hazard.position import LAST_POSITION, position_of_rate, rate_of_position
from riskmodel.hazard.rank_function import positions_of_index
from riskmodel.hazard.ranking import Interpolation

FloatArray = npt.NDArray[np.float64]
VALUES_TOGETHER = 1 << 20  # cells × events read at once; bounds the memory of long sets


@dataclass(frozen=True, slots=True)
class GivenPeril:
    """Values of one peril at the cells, and how they become positions.

    `values` (cell, event) are >= 0; `reached` (cell,) says which cells any map reaches; `read`
    takes a slice of the cells to positions (reading, cell, event), the pooled reading first, NaN
    where nothing is stored.
    """

    values: npt.NDArray[np.floating]
    reached: npt.NDArray[np.bool_]
    read: Callable[[slice], FloatArray]


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
        Physical index by peril, in the units of the rank function; perils that the baseline lacks
        are left out.
    interpolation : Interpolation
        From the nodes to the cells of the catalogue.

    Returns
    -------
    DataTree as of `positions_catalogue`, each storm in a year of its own, ``calendar_year`` beside
    it.
    """
    given = {}
    for peril in (p for p in indices if p in catalogue.attrs["perils"]):
        index = indices[peril]
        corners = index[interpolation.node].astype(np.float64)
        at_cell = np.einsum("ck,cks->cs", interpolation.weight, corners)
        given[peril] = given_index(catalogue, peril, at_cell)
    event = np.arange(storms.sizes["occurrence"])
    dated = storms.assign(
        calendar_year=("occurrence", storms["year"].values),
        year=("occurrence", event),
        parent_event=("occurrence", np.full(event.size, "typhoon")),
    )
    return positions_catalogue(
        catalogue, dated, event, given,
        years=event.size, source="real storms", history="replay_catalogue",
    )  # fmt: skip


def positions_catalogue(
    catalogue: xr.DataTree,
    occurrences: xr.Dataset,
    event: npt.NDArray[np.int64],
    given: Mapping[str, GivenPeril],
    *,
    years: int,
    source: str,
    history: str,
) -> xr.DataTree:
    """Catalogue of occurrences whose footprints are read, not ranked.

    Parameters
    ----------
    catalogue, occurrences : DataTree and Dataset
        Baseline; dim ``occurrence``, in order of date, with ``year`` (0 … years - 1), ``start``,
        ``end``, ``parent_event`` and labels.
    event : array (occurrence,)
        Position of each occurrence along the events of `given`.
    given : mapping of str to GivenPeril
        By peril, all with the same events and readings.
    years, source, history : int and str
        Years that the occurrences stand for; what the events are, and who read them.

    Returns
    -------
    DataTree with blocks 0 (pooled) and 1 … B (each block's reading). Its attributes say by peril
    what is not read in full: ``below_storage_<peril>`` is the share of affected cells, by event,
    that fall below the storage rate in the pooled reading. Of the (event, cell) pairs with a value
    above zero it counts ``pairs_below_storage_<peril>``, ``pairs_dry_<peril>`` (in cells that no
    map reaches) and ``pairs_at_last_position_<peril>`` (as rare as can be stored, or rarer).
    """
    shape = (next(iter(given.values())).values.shape[1], event.size)
    selection = csr_array((np.ones(event.size, np.int32), (event, np.arange(event.size))), shape)
    nodes: dict[str, xr.Dataset] = {}
    counts: dict[str, object] = {}
    for peril, one in given.items():
        matrices = _stored(one)
        counts |= _counts(one, matrices[0], peril)
        for number, matrix in enumerate(matrices):
            nodes[f"block_{number:02d}/{peril}"] = _pairs(matrix @ selection, peril, history)
    root = _repeated(occurrences, len(matrices), years)
    rates = [_storage_rate(catalogue, peril) for peril in given]
    inherited = {name: catalogue.attrs[name] for name in ("frequency", "kappa")}
    root.attrs.update(
        inherited, schema=OCCURRENCES.name, source=source, history=history, blocks=len(matrices),
        years_per_block=years, perils=list(given), storage_rate=rates, **counts,
    )  # fmt: skip
    return xr.DataTree.from_dict({"/": check(root, OCCURRENCES), **nodes}, name="given events")


def given_index(catalogue: xr.DataTree, peril: str, values: npt.NDArray[np.floating]) -> GivenPeril:
    """Physical index (cell, event) of one peril, read through its rank function.

    Parameters
    ----------
    catalogue : DataTree
        Baseline, with its rank functions.
    peril : str
        One of the catalogue's.
    values : array (cell, event)
        Index at all cells, in the units of the rank function, >= 0.

    Raises
    ------
    CatalogueError
        If the values are of other cells than the catalogue's.
    """
    function = catalogue[f"rank_function/{peril}"].to_dataset().compute()
    frequency, rate = catalogue_frequency(catalogue), _storage_rate(catalogue, peril)
    if values.shape[0] != function.sizes["cell"]:
        raise CatalogueError(
            "an index of other cells than those of the catalogue",
            where=f"rank_function/{peril}",
            found=f"{values.shape[0]} cells",
            expected=f"{function.sizes['cell']} cells",
            remedy="read the events with the census from which the catalogue was made",
        )

    def read(cells: slice) -> FloatArray:
        index = values[cells].astype(np.float64)
        single = positions_of_index(function.isel(cell=cells), index)
        return np.concatenate([_pooled(single, rate, frequency)[None], single])

    return GivenPeril(values, function["index"].values[0, :, 0] > 0, read)


def given_positions(
    catalogue: xr.DataTree,
    peril: str,
    values: npt.NDArray[np.floating],
    reached: npt.NDArray[np.bool_],
    position: Callable[[slice], FloatArray],
) -> GivenPeril:
    """Values (cell, event) whose position is the same in every block, as of a mapped intensity.

    Parameters
    ----------
    catalogue : DataTree
        Baseline; positions more frequent than its storage rate are not stored.
    peril : str
        One of the catalogue's.
    values, reached : arrays (cell, event) and (cell,)
        As of `GivenPeril`.
    position : callable
        Takes a slice of the cells to positions (cell, event); NaN where there is none.
    """
    first = int(position_of_rate(_storage_rate(catalogue, peril)))
    readings = 1 + int(catalogue.attrs["blocks"])

    def read(cells: slice) -> FloatArray:
        found = position(cells)
        stored = np.where(found >= first, found, np.nan)
        return np.broadcast_to(stored, (readings, *stored.shape))

    return GivenPeril(values, reached, read)


def _storage_rate(catalogue: xr.DataTree, peril: str) -> float:
    rates = zip(catalogue.attrs["perils"], catalogue.attrs["storage_rate"], strict=True)
    return float(dict(rates)[peril])


def _pooled(single: FloatArray, storage_rate: float, frequency: Frequency) -> FloatArray:
    """Position of the mean annual probability of the blocks; NaN where most are below storage."""
    rate = np.where(np.isnan(single), storage_rate, rate_of_position(np.nan_to_num(single)))
    pooled = rate_from_probability(probability_from_rate(rate, frequency).mean(axis=0), frequency)
    positions = position_of_rate(pooled).astype(np.float64)
    return np.where(np.isnan(single).mean(axis=0) > 0.5, np.nan, positions)


def _stored(given: GivenPeril) -> list[csr_array]:
    """Positions + 1 (cell, event) by reading; what is not stored is a sparse zero."""
    cells, events = given.values.shape
    step = max(1, VALUES_TOGETHER // max(events, 1))
    chunks = [
        [csr_array(np.nan_to_num(np.rint(p) + 1.0).astype(np.int32)) for p in given.read(part)]
        for part in (slice(start, start + step) for start in range(0, cells, step))
    ]
    return [vstack(parts, format="csr") for parts in zip(*chunks, strict=True)]


def _counts(given: GivenPeril, stored: csr_array, peril: str) -> dict[str, object]:
    """Pairs that the pooled reading does not hold, or holds at the last position."""
    affected = int(given.reached.sum())
    by_event = np.bincount(stored.indices, minlength=stored.shape[1])
    hit = np.count_nonzero(given.values > 0, axis=1)
    dry = int(hit[~given.reached].sum())
    return {
        f"below_storage_{peril}": ((affected - by_event) / max(affected, 1)).tolist(),
        f"pairs_below_storage_{peril}": int(hit.sum()) - dry - int(stored.nnz),
        f"pairs_dry_{peril}": dry,
        f"pairs_at_last_position_{peril}": int(np.count_nonzero(stored.data == LAST_POSITION + 1)),
    }


def _repeated(occurrences: xr.Dataset, blocks: int, years: int) -> xr.Dataset:
    """Repeat the occurrences once for each reading, in years of its own."""
    block = np.repeat(np.arange(blocks), occurrences.sizes["occurrence"])
    year = np.tile(occurrences["year"].values, blocks) + block * years
    return xr.concat([occurrences] * blocks, "occurrence").assign(
        block=("occurrence", block.astype(np.int16)), year=("occurrence", year)
    )


def _pairs(matrix: csr_array, peril: str, history: str) -> xr.Dataset:
    matrix.sort_indices()
    data = xr.Dataset(
        {
            "pointer": ("edge", matrix.indptr.astype(np.int64)),
            "occurrence": ("pair", matrix.indices.astype(np.uint32)),
            "position": ("pair", (matrix.data - 1).astype(np.uint16)),
        }
    )
    return stamp(
        data, PAIRS, source="given events", history=history, peril=peril, shift=float("nan")
    )
