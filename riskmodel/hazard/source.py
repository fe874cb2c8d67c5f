"""What physical sources hand to the catalogue, block by block, and how sources are pooled.

Sources whose index of a peril has one physical unit feed one pool: typhoon rain and plum rain make
the same flood map, so they are ranked together. Years of different sources are drawn from streams
of their own, hence independent, and are joined by their number within the block.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.ranking import Pool

IndexArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """What a source delivers for one block: occurrences in order of date, and indices by peril.

    `occurrences` has dim ``occurrence`` with ``year`` (within the block), ``start``, ``end`` (days)
    and trigger indices; `indices` maps a peril to an array (node, occurrence), >= 0.
    """

    occurrences: xr.Dataset
    indices: Mapping[str, IndexArray]


@dataclass(frozen=True, slots=True)
class Source:
    """A physical source of occurrences on a grid; `identity` keys the cache.

    `parent_event` names what its occurrences are (``typhoon``, ``plum_rain``); `index_units` gives
    the unit of the physical index of each peril that it causes.
    """

    grid: PhysicsGrid
    index_units: Mapping[str, str]
    parent_event: str
    identity: str
    block: Callable[[int], SourceBlock]


def only(source: Source, perils: Collection[str]) -> Source:
    """Return the source with no other perils than some; its draws stay as they are.

    Raises
    ------
    CatalogueError
        If it causes none of them: its occurrences would feed no pool, in silence.
    """
    kept = {peril: unit for peril, unit in source.index_units.items() if peril in perils}
    if not kept:
        raise CatalogueError(
            "a source of perils that the run does not ask for",
            where=f"hazard.sources.{source.parent_event}",
            found=sorted(source.index_units),
            expected=f"one of {', '.join(sorted(perils))}",
            remedy="leave the source out (null), or give one of its perils a storage rate",
        )

    def block(number: int) -> SourceBlock:
        made = source.block(number)
        return SourceBlock(made.occurrences, {peril: made.indices[peril] for peril in kept})

    return replace(source, index_units=kept, block=block)


def index_unit(sources: Sequence[Source], peril: str) -> str:
    """Return the unit of the one physical index by which a peril is ranked.

    Raises
    ------
    CatalogueError
        If no source causes the peril, or pooled sources measure it in different units.
    """
    units = {s.parent_event: s.index_units[peril] for s in sources if peril in s.index_units}
    if len(set(units.values())) != 1:
        raise CatalogueError(
            "a peril needs one physical index over all its sources",
            where=f"peril {peril}",
            found=units or "no source",
            expected="one unit",
            remedy="give each pooled source its own marginal in the pool's index",
        )
    return next(iter(units.values()))


def common_grid(sources: Sequence[Source]) -> PhysicsGrid:
    """Physics grid of all sources.

    Raises
    ------
    CatalogueError
        If there is no source, two have one name, or they lie on different grids.
    """
    names = [s.parent_event for s in sources]
    if not names or len(set(names)) < len(names):
        raise CatalogueError(
            "sources need a name each", where="hazard.sources", found=names, expected="distinct",
            remedy="declare one source at least, each once",
        )  # fmt: skip
    for source in sources[1:]:
        if source.grid != sources[0].grid:
            raise CatalogueError(
                "sources lie on different physics grids",
                where=f"sources {names[0]} and {source.parent_event}",
                found=source.grid,
                expected=sources[0].grid,
                remedy="compute all sources on the fixed grid of the domain",
            )
    return sources[0].grid


@dataclass(frozen=True, slots=True)
class PooledBlock:
    """One block of all sources: `occurrences` in order of date, and what each source delivered.

    `numbers` holds, source by source, the numbers that its occurrences have among all.
    """

    occurrences: xr.Dataset
    made: tuple[SourceBlock, ...]
    numbers: tuple[npt.NDArray[np.int64], ...]


def pooled_block(sources: Sequence[Source], block: int) -> PooledBlock:
    """Ask every source for one block and put the occurrences in order of date.

    `occurrences` has dim ``occurrence``: ``year`` within the block, ``start``, ``end``,
    ``parent_event``, and the trigger indices of every source (NaN where a source has none).

    Raises
    ------
    CatalogueError
        If a source delivers occurrences out of order, or an index that is no number >= 0.
    """
    made = tuple(source.block(block) for source in sources)
    for source, part in zip(sources, made, strict=True):
        _require_order(source, part, block)
    sizes = [part.occurrences.sizes["occurrence"] for part in made]
    table = _together(sources, made)
    of_source = np.repeat(np.arange(len(made)), sizes)
    order = np.lexsort((of_source, table["start"].values, table["year"].values))
    number = np.empty(order.size, dtype=np.int64)
    number[order] = np.arange(order.size)
    numbers = tuple(np.split(number, np.cumsum(sizes)[:-1]))
    return PooledBlock(table.isel(occurrence=order), made, numbers)


def pool_of(block: PooledBlock, peril: str, years: int) -> Pool:
    """Index of one peril over all sources of a block that cause it, in order of date."""
    parts = [
        (part.indices[peril], number)
        for part, number in zip(block.made, block.numbers, strict=True)
        if peril in part.indices
    ]
    index, number = parts[0]
    if len(parts) > 1:
        number = np.concatenate([n for _, n in parts])
        order = np.argsort(number)
        number = number[order]
        index = np.concatenate([i for i, _ in parts], axis=1)[:, order]
    year = block.occurrences["year"].values[number]
    pointer = np.searchsorted(year, np.arange(years + 1)).astype(np.int64)
    return Pool(np.ascontiguousarray(index), number.astype(np.uint32), pointer)


def _together(sources: Sequence[Source], made: Sequence[SourceBlock]) -> xr.Dataset:
    parts = [
        part.occurrences.assign(
            parent_event=(
                "occurrence",
                np.full(part.occurrences.sizes["occurrence"], s.parent_event),
            )
        )
        for s, part in zip(sources, made, strict=True)
    ]
    return xr.concat(parts, "occurrence", data_vars="all", combine_attrs="drop_conflicts")


def _require_order(source: Source, part: SourceBlock, block: int) -> None:
    where = f"source {source.parent_event}, block {block}"
    year, start = part.occurrences["year"].values, part.occurrences["start"].values
    if (np.lexsort((start, year)) != np.arange(year.size)).any():
        raise CatalogueError(
            "occurrences are not in order of date", where=where, expected="rising year, then start",
            remedy="sort what the source delivers by year and start",
        )  # fmt: skip
    for peril, index in part.indices.items():
        if index.shape[1] != year.size or not (index >= 0).all():
            raise CatalogueError(
                "an index must be a number >= 0 for each node and occurrence",
                where=f"{where}, peril {peril}",
                found=f"{index.shape[1]} columns, smallest {np.min(index, initial=0.0):g}",
                expected=f"{year.size} columns, no NaN, none negative",
                remedy="give zero where an occurrence does not reach a node",
            )
