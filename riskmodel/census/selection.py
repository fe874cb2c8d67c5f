"""Parts of a census that stand on their own: some of its zones, or its entries in other zones."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.fine import fine_of_cells
from riskmodel.census.states import OUTSIDE
from riskmodel.core.errors import CensusError

IntArray = npt.NDArray[np.int64]
MARGIN = 1  # cells that a map keeps around the zones


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of the entries of a census, each in a zone of another division.

    Parameters
    ----------
    entry, zone : array of int (piece,)
        Entry of the census, and number of the new zone.
    share : array of float (piece,)
        Part of the entry's exposure that the piece has, 0 to 1.
    codes, names_zh, names_en : sequence of str
        The new zones, in their order.
    """

    entry: IntArray
    zone: IntArray
    share: npt.NDArray[np.float64]
    codes: Sequence[str]
    names_zh: Sequence[str]
    names_en: Sequence[str]


def select_zones(census: xr.DataTree, codes: Sequence[str]) -> xr.DataTree:
    """Census of some zones alone: their entries, their cells, maps cut to them.

    Nothing is computed anew: shares, values and totals are those of the whole census, so that
    losses of a zone are those it has in the whole.

    Parameters
    ----------
    census : DataTree
        From `load_census`.
    codes : sequence of str
        Zones to keep; they stand in the order of the census.

    Returns
    -------
    DataTree like the census. ``zones`` has ``whole_cell`` (cell), the number of each cell in the
    whole. Cells of a map that no kept zone touches are outside. Attributes ``whole_zones`` lists
    the zones of the whole, ``population_share`` is the part of its population that lives here.

    Raises
    ------
    CensusError
        If a code is no zone of the census, or there is none.
    """
    zones, exposure = census["zones"].to_dataset(), census["exposure"].to_dataset()
    known = [str(code) for code in zones["zone"].values]
    _require_known(codes, known)
    chosen = np.flatnonzero(np.isin(known, list(codes)))
    entries = np.flatnonzero(np.isin(zones["entry_zone"].values, chosen))
    part = _on_own_cells(zones, entries).isel(zone=chosen)
    part["entry_zone"] = (
        "entry", np.searchsorted(chosen, part["entry_zone"].values).astype(np.int16)
    )  # fmt: skip
    window = _window(part, census[census.attrs["perils"][0]].sizes)
    inside = part["row"].values - window["y"].start, part["column"].values - window["x"].start
    part = part.assign(row=("cell", inside[0]), column=("cell", inside[1]))
    nodes = {
        peril: _cut(census[peril].to_dataset().isel(window), *inside)
        for peril in census.attrs["perils"]
    }
    nodes |= {"zones": part, "exposure": exposure.isel(entry=entries, zone=chosen)}
    tree = _with_others(nodes, census, part["whole_cell"].values)
    tree.attrs = {
        **census.attrs, "whole_zones": known,
        "population_share": _population_share(exposure, chosen),
    }  # fmt: skip
    return tree


def rezoned(census: xr.DataTree, pieces: Pieces) -> xr.DataTree:
    """Census whose zones are another division, with the cells of its pieces alone.

    Parameters
    ----------
    census : DataTree
        From `load_census` or `select_zones`.
    pieces : Pieces
        Which part of which entry belongs to which new zone.

    Returns
    -------
    DataTree with the maps of the census, ``zones`` with ``whole_cell`` (cell) as cells of the
    given census, and ``exposure`` with values split by share; it has no ``gdp``.
    """
    zones, exposure = census["zones"].to_dataset(), census["exposure"].to_dataset()
    part = _on_own_cells(zones, pieces.entry).drop_dims("zone")
    part = part.assign(
        entry_zone=("entry", pieces.zone.astype(np.int16)),
        name_zh=("zone", np.array(pieces.names_zh, dtype=object)),
        name_en=("zone", np.array(pieces.names_en, dtype=object)),
    ).assign_coords(zone=("zone", np.array(pieces.codes, dtype=object)))
    value = exposure["value"].values[pieces.entry] * pieces.share[:, None]
    total = np.zeros((len(pieces.codes), value.shape[1]))
    np.add.at(total, pieces.zone, value)
    split = xr.Dataset(
        {
            "value": (("entry", "exposure_class"), value),
            "total": (("zone", "exposure_class"), total),
        },
        {"exposure_class": exposure["exposure_class"], "zone": part["zone"]},
        exposure.attrs,
    )
    maps = {peril: census[peril].to_dataset() for peril in census.attrs["perils"]}
    nodes = {**maps, "zones": part, "exposure": split}
    tree = _with_others(nodes, census, part["whole_cell"].values)
    tree.attrs = dict(census.attrs)
    return tree


def _with_others(
    nodes: Mapping[str, xr.Dataset], census: xr.DataTree, cells: IntArray
) -> xr.DataTree:
    """Tree of some nodes, with the fine cells of its cells and the tables of the census."""
    tree = xr.DataTree.from_dict(dict(nodes), name="census")
    if "slots" in census.children:
        tree["slots"] = census["slots"].copy()
    if "fine" in census.children:
        fine = census.children["fine"]
        tree["fine"] = fine_of_cells(fine, cells)
    return tree


def _require_known(codes: Sequence[str], known: Sequence[str]) -> None:
    unknown = sorted(set(codes) - set(known))
    if unknown or not codes:
        raise CensusError(
            "zones that the census does not have" if unknown else "no zones to select",
            where="census.zones",
            found=unknown,
            expected=f"some of {', '.join(known)}",
            remedy="correct the codes",
        )


def _on_own_cells(zones: xr.Dataset, entries: IntArray) -> xr.Dataset:
    """Zones of some entries, their cells numbered anew in the same order."""
    cells, entry_cell = np.unique(zones["entry_cell"].values[entries], return_inverse=True)
    return zones.isel(entry=entries, cell=cells).assign(
        entry_cell=("entry", entry_cell.astype(np.int32)),
        whole_cell=("cell", cells.astype(np.int64)),
    )


def _window(zones: xr.Dataset, sizes: Mapping[Hashable, int]) -> dict[str, slice]:
    """Rows and columns of the cells, with a margin."""
    return {
        dim: slice(
            max(int(zones[name].min()) - MARGIN, 0),
            min(int(zones[name].max()) + MARGIN + 1, sizes[dim]),
        )
        for dim, name in (("y", "row"), ("x", "column"))
    }


def _cut(grid: xr.Dataset, row: IntArray, column: IntArray) -> xr.Dataset:
    """Put all cells but some outside."""
    state = np.full(grid["state"].shape, OUTSIDE, dtype=grid["state"].dtype)
    state[row, column] = grid["state"].values[row, column]
    return grid.assign(state=(("y", "x"), state, grid["state"].attrs))


def _population_share(exposure: xr.Dataset, chosen: IntArray) -> float | None:
    """Part of the population that lives in some zones; None where nobody was counted."""
    if "population" not in exposure["exposure_class"].values:
        return None
    people = exposure["total"].sel(exposure_class="population").values
    return float(people[chosen].sum() / people.sum())
