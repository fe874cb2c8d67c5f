"""What is exposed where: the part of a cell, coarse or fine, that lies in one zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CensusError
from riskmodel.hazard.intensity import IntensityCurves

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ROUNDING = 1e-6  # of shares that sum to one


@dataclass(frozen=True, slots=True)
class FineCells:
    """Cells of a finer grid, or village polygons, inside catalogue cells.

    An event has one rate in a catalogue cell; each fine cell reads that rate on a curve of its own,
    so intensities are never averaged. Catalogue cells without fine cells stay whole.

    Parameters
    ----------
    parent : array (fine,)
        Catalogue cell that holds the fine cell, and whose rate it shares.
    share : DataArray (fine,) or (fine, exposure_class)
        Share of the parent's exposure that stands in the fine cell; sums to one in each parent. A
        parent in two zones splits the exposure of both alike.
    curves : mapping of str to IntensityCurves
        By peril, a row for each fine cell; other perils read the parent's curve.

    Raises
    ------
    CensusError
        If shares are negative or do not sum to one, or curves have other cells.
    """

    parent: IntArray
    share: xr.DataArray
    curves: Mapping[str, IntensityCurves]

    def __post_init__(self) -> None:
        """Refuse shares that lose or invent exposure, and curves of other cells."""
        share = self.share.values.reshape(self.parent.size, -1)
        present = np.unique(self.parent)
        sums = [np.bincount(self.parent, column)[present] for column in share.T]
        worst = float(np.abs(np.array(sums) - 1.0).max(initial=0.0))
        if not ((share >= 0.0).all() and worst <= ROUNDING):
            raise CensusError(
                "shares of fine cells do not make up their catalogue cells",
                where="fine cells",
                found=f"lowest {share.min():g}, sums off by {worst:g}",
                expected="shares >= 0 that sum to 1 in each catalogue cell",
                remedy="divide what stands in a fine cell by what stands in its catalogue cell",
            )
        for peril, curve in self.curves.items():
            if curve.left.shape[0] != self.parent.size:
                raise CensusError(
                    "curves of other fine cells",
                    where=peril,
                    found=curve.left.shape[0],
                    expected=f"a curve for each of {self.parent.size} fine cells",
                )


@dataclass(frozen=True, slots=True)
class Entries:
    """Pieces of exposure in order of zone.

    ``value`` (entry, item) is what is exposed, ``cell`` (entry,) the catalogue cell whose positions
    are read, ``layer`` and ``row`` (peril, entry) the layer of curves and the row in it, and
    ``zone_pointer`` (zone + 1,) the first entry of each zone.
    """

    value: FloatArray
    cell: IntArray
    layer: IntArray
    row: IntArray
    zone_pointer: IntArray

    def zone(self) -> IntArray:
        """Zone of each entry."""
        return np.repeat(np.arange(self.zone_pointer.size - 1), np.diff(self.zone_pointer))


def coarse_entries(zones: xr.Dataset, value: FloatArray, perils: int) -> Entries:
    """Entries of the census, each a part of one catalogue cell in one zone."""
    order = np.argsort(zones["entry_zone"].values, kind="stable")
    cell = zones["entry_cell"].values[order].astype(np.int64)
    return Entries(
        value=np.ascontiguousarray(value[order], dtype=np.float64),
        cell=cell,
        layer=np.arange(perils)[:, None].repeat(cell.size, axis=1),
        row=np.tile(cell, (perils, 1)),
        zone_pointer=_pointer(zones["entry_zone"].values[order], zones.sizes["zone"]),
    )


def fine_entries(
    coarse: Entries, perils: Sequence[str], fine: FineCells, classes: Sequence[str]
) -> Entries:
    """Put the fine cells of each entry in its place; layers of fine curves follow the perils'."""
    order = np.argsort(fine.parent, kind="stable")
    first = np.searchsorted(fine.parent[order], coarse.cell)
    children = np.searchsorted(fine.parent[order], coarse.cell, side="right") - first
    count = np.maximum(children, 1)
    source = np.repeat(np.arange(coarse.cell.size), count)
    within = np.arange(source.size) - np.repeat(np.cumsum(count) - count, count)
    split = children[source] > 0
    child = order[np.where(split, first[source] + within, 0)]
    share = fine.share.sel(exposure_class=list(classes)) if fine.share.ndim == 2 else fine.share
    part = share.values.reshape(fine.parent.size, -1)[child]
    layer, row = coarse.layer[:, source], coarse.row[:, source]
    for number, peril in enumerate(p for p in perils if p in fine.curves):
        p = perils.index(peril)
        layer[p] = np.where(split, len(perils) + number, layer[p])
        row[p] = np.where(split, child, row[p])
    return Entries(
        value=coarse.value[source] * np.where(split[:, None], part, 1.0),
        cell=coarse.cell[source],
        layer=layer,
        row=row,
        zone_pointer=_pointer(coarse.zone()[source], coarse.zone_pointer.size - 1),
    )


def _pointer(zone_of_entry: IntArray, zones: int) -> IntArray:
    """First entry of each zone, entries being in order of zone."""
    return np.searchsorted(zone_of_entry, np.arange(zones + 1))
