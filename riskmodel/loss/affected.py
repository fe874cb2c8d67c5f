"""Questions about some responses: what they can change is kept, the rest is summed once.

A storm that no changed peril touches in a cell costs there what it did. So stored pairs are parted
once: those of storms and cells where a peril of the question costs anything, and the rest, whose
losses are a table. Every further question of these perils passes the first part alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import ResponseError
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import BoolArray, IntArray, Pairs
from riskmodel.loss.layout import first_damaging
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.reading import stored_blocks

CHUNKS = 64  # of cells, for threads to share
AFFECTED, REST = 1, 2
LeastArray = npt.NDArray[np.int32]
MarkArray = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Part:
    """Stored pairs in memory that some perils can change, and the losses of all others.

    Pairs before ``least`` (peril, entry) are left out: they cost nothing under the tables that the
    part was made for.
    """

    perils: frozenset[str]
    least: LeastArray
    blocks: Sequence[Pairs]
    rest: xr.Dataset

    def holds(self, table: CompiledTable) -> bool:
        """Tell whether all that costs anything under a table is either here or in the rest."""
        return bool((first_damaging(table) >= self.least).all())


def same_form(base: CompiledTable, table: CompiledTable) -> bool:
    """Tell whether two tables expose the same in the same places and have the same columns."""
    alike = ("perils", "columns", "quantities", "acting", "item_column", "item_highest")
    return (
        len(base.layers) == len(table.layers)
        and all(np.array_equal(getattr(base, n), getattr(table, n)) for n in alike)
        and all(
            np.array_equal(getattr(base.entries, n), getattr(table.entries, n))
            for n in ("value", "cell", "layer", "row", "zone_pointer")
        )
    )


def changed_perils(base: CompiledTable, table: CompiledTable) -> frozenset[str]:
    """Perils whose curves or responses differ between two tables of one scenario.

    Raises
    ------
    ResponseError
        If the tables differ in more, see `same_form`: such a question needs a pass of its own.
    """
    if not same_form(base, table):
        raise ResponseError(
            "a question that changes more than curves and responses", where="changed_perils",
            expected="the perils, columns and exposure of the base",
            remedy="pass all pairs for it, by occurrence_table",
        )  # fmt: skip
    return frozenset(
        one.peril
        for number, (one, other) in enumerate(zip(base.layers, table.layers, strict=True))
        if not one.curves.equals(other.curves)
        or not np.array_equal(base.of_layer(number), table.of_layer(number))
    )


def part_for(catalogue: xr.DataTree, base: CompiledTable, tables: Sequence[CompiledTable]) -> Part:
    """Part the pairs of a catalogue by what differs between some tables and the base.

    Parameters
    ----------
    catalogue : DataTree
    base : CompiledTable
        Of one scenario; the rest is summed under it.
    tables : sequence of CompiledTable
        Questions that the part is to answer, and others that change no more perils.
    """
    perils = frozenset[str]().union(*(changed_perils(base, table) for table in tables))
    least = np.min([first_damaging(table) for table in (base, *tables)], axis=0)
    count = np.bincount(
        catalogue.to_dataset()["block"].values, minlength=int(catalogue.attrs["blocks"])
    )
    parted = [
        _parted(pairs, base, least, perils, int(storms))
        for pairs, storms in zip(stored_blocks(catalogue, base), count, strict=True)
    ]
    rest = occurrence_table(catalogue, base, blocks=[others for _, others in parted])
    return Part(perils, least, [affected for affected, _ in parted], rest)


def answer(catalogue: xr.DataTree, part: Part, table: CompiledTable) -> xr.Dataset:
    """Occurrence table of a question: what it can change, passed, and the rest.

    The table must hold to the part: `Part.holds`, and `changed_perils` among those of the part.
    """
    found = occurrence_table(catalogue, table, blocks=part.blocks)
    zones, tables = found.sizes["zone"], (found, part.rest)
    keys = [t["row_occurrence"].values * zones + t["row_zone"].values for t in tables]
    every, place = np.unique(np.concatenate(keys), return_inverse=True)
    places = np.split(place, [keys[0].size])
    added = {}
    for name in ("mean", "extrapolated"):
        values = np.zeros((every.size, found.sizes["column"]), found[name].dtype)
        for of, where in zip(tables, places, strict=True):
            values[where] += of[name].values
        added[name] = (("row", "column"), values)
    occurrence, zone = np.divmod(every, zones)
    rows = {"row_occurrence": ("row", occurrence), "row_zone": ("row", zone.astype(np.int16))}
    return found.drop_dims("row").assign({**added, **rows})


def _parted(
    pairs: Pairs, table: CompiledTable, least: LeastArray, perils: Collection[str], storms: int
) -> tuple[Pairs, Pairs]:
    """Pairs of one block that the perils can change, and others that cost anything."""
    by_cell = np.full((len(table.perils), pairs.pointer.shape[1] - 1), np.iinfo(np.int32).max)
    for p in range(len(table.perils)):
        np.minimum.at(by_cell[p], table.entries.cell, least[p])
    changed = np.array([p in perils for p in table.perils])
    mark, count = _marked(pairs, by_cell, changed, storms)
    return _chosen(pairs, mark == AFFECTED, count[0]), _chosen(pairs, mark == REST, count[1])


def _chosen(pairs: Pairs, chosen: BoolArray, count: IntArray) -> Pairs:
    """Take some pairs, of which each peril and cell has so many."""
    last = np.cumsum(count).reshape(count.shape)
    pointer = np.concatenate([last[:, :1] - count[:, :1], last], axis=1)
    return Pairs(pointer, pairs.occurrence[chosen], pairs.position[chosen])


@nb.njit(parallel=True, cache=True)
def _marked(
    pairs: Pairs, least: IntArray, changed: BoolArray, storms: int
) -> tuple[MarkArray, IntArray]:
    """Mark pairs, and count the marks `AFFECTED` and `REST` by peril and cell."""
    pointer, occurrence, position = pairs
    perils, cells = least.shape
    mark = np.zeros(occurrence.size, np.uint8)
    count = np.zeros((2, perils, cells), np.int64)
    for chunk in nb.prange(CHUNKS):
        reached = np.full(storms, -1)  # last cell that a changed peril reached in the storm
        for cell in range(chunk * cells // CHUNKS, (chunk + 1) * cells // CHUNKS):
            for p in range(perils):
                if changed[p]:
                    for k in range(pointer[p, cell], pointer[p, cell + 1]):
                        if position[k] >= least[p, cell]:
                            reached[occurrence[k]] = cell
            for p in range(perils):
                for k in range(pointer[p, cell], pointer[p, cell + 1]):
                    if position[k] >= least[p, cell]:
                        mark[k] = AFFECTED if reached[occurrence[k]] == cell else REST
                        count[mark[k] - 1, p, cell] += 1
    return mark, count
