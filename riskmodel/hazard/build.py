"""Build and store the event catalogue: ask the sources, rank at the cells, write block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.files import sha256, sha256_of, write_dataset, write_json
from riskmodel.core.returnperiod import Frequency
from riskmodel.core.schema import stamp
from riskmodel.hazard.catalogue import (
    OCCURRENCES,
    RANK_FUNCTION,
    CatalogueSettings,
    open_catalogue,
)
from riskmodel.hazard.intensity import cell_maps
from riskmodel.hazard.position import (
    block_shift,
    mapped_positions,
    position_of_rate,
    rank_positions,
    stored_ranks,
)
from riskmodel.hazard.rank_function import TAIL
from riskmodel.hazard.ranking import CellPairs, Interpolation, Ranks, rank_block
from riskmodel.hazard.source import Source, common_grid, index_unit, pool_of, pooled_block
from riskmodel.hazard.storage import write_block

UNSHIFTED = 1e-6  # all blocks keep the rank function at the same ranks


def catalogue_key(
    census: xr.DataTree, sources: Sequence[Source], settings: CatalogueSettings
) -> str:
    """Content hash of everything that a catalogue follows from, the ranking code included."""
    zones = census["zones"].to_dataset()
    cells = {name: zones[name].values.tolist() for name in ("latitude", "longitude")}
    layers = {p: census[p].to_dataset() for p in settings.storage_rate}
    maps = {p: sha256_of(layer["state"].values.tolist()) for p, layer in layers.items()}
    periods = {p: layer["return_period"].values.tolist() for p, layer in layers.items()}
    made_by = [[s.parent_event, s.identity] for s in sources]
    return sha256_of([asdict(settings), made_by, sha256_of(cells), maps, periods, _code_hashes()])[
        :16
    ]


@cache
def _code_hashes() -> dict[str, str]:
    """Hashes of the code that makes a catalogue, as this process found it when it first asked."""
    package = Path(__file__).parents[1]
    others = ("core/draws.py", "core/returnperiod.py", "census/terrain.py", "census/zones.py")
    made_by = [*package.glob("hazard/**/*.py"), *(package / name for name in others)]
    return {p.relative_to(package).as_posix(): sha256(p) for p in sorted(made_by)}


def build_catalogue(
    folder: Path,
    census: xr.DataTree,
    sources: Sequence[Source],
    settings: CatalogueSettings,
    *,
    progress: Callable[[str], None] = lambda text: None,
) -> xr.DataTree:
    """Make the catalogue in a folder, or open the one that is there with the same key.

    Parameters
    ----------
    folder : Path
        Parent of the catalogue's own folder, which is named by its key.
    census : DataTree
        From `load_census`.
    sources : sequence of Source
        Occurrences and physical indices by block. Sources of one peril are pooled: ranked
        together on their one index.
    settings : CatalogueSettings
        Size, ranking and storage.
    progress : callable
        Told one line for each block.

    Raises
    ------
    CatalogueError
        If sources do not fit each other, a peril has no source, a cell lies outside the physics
        grid or has too few positive years, or a storage rate could not reproduce the first map.
    """
    target = folder / catalogue_key(census, sources, settings)
    if not (target / "complete.json").is_file():
        _require_mapped(sources, census)
        units = {peril: index_unit(sources, peril) for peril in settings.storage_rate}
        zones = census["zones"].to_dataset()
        interpolation = common_grid(sources).interpolation(
            zones["latitude"].values, zones["longitude"].values
        )
        occurrences, functions = [], []
        for block in range(settings.blocks):
            made, function = _write_block(target, census, sources, settings, interpolation, block)
            occurrences.append(made)
            functions.append(function)
            progress(
                f"block {block + 1} of {settings.blocks}: {made.sizes['occurrence']} occurrences"
            )
        _write_whole(target, units, settings, occurrences, functions)
    return open_catalogue(target)


def _require_mapped(sources: Sequence[Source], census: xr.DataTree) -> None:
    """Refuse a source of a peril without maps: its occurrences would feed no pool, in silence."""
    for source in sources:
        unknown = sorted(set(source.index_units) - set(census.children))
        if unknown:
            raise CatalogueError(
                "a source causes perils that the census has no maps of",
                where=f"source {source.parent_event}",
                found=unknown,
                expected=sorted(set(census.children) - {"zones", "exposure"}),
                remedy="correct the perils of the source, or add their maps",
            )


def _write_block(
    target: Path,
    census: xr.DataTree,
    sources: Sequence[Source],
    settings: CatalogueSettings,
    interpolation: Interpolation,
    block: int,
) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    """Write the pairs of one block; return its occurrences and rank functions."""
    years, shift = settings.years_per_block, block_shift(settings.block_shift, block)
    ranks = {p: _ranks(census, settings, p, shift) for p in settings.storage_rate}
    pooled = pooled_block(sources, block)

    def ranked(peril: str) -> Iterator[CellPairs]:
        cells = np.flatnonzero((cell_maps(census, peril) > 0).any("return_period").values)
        yield from rank_block(
            pool_of(pooled, peril, years), interpolation, cells, ranks[peril],
            key=(settings.seed, block), peril=peril,
        )  # fmt: skip

    index = write_block(
        target / f"block_{block:02d}.nc",
        {peril: ranked(peril) for peril in ranks},
        cells=census["zones"].sizes["cell"],
        occurrences=pooled.occurrences.sizes["occurrence"],
        knots={peril: r.knots.size for peril, r in ranks.items()},
        shift=shift,
    )
    functions = {
        peril: xr.Dataset(
            {
                "index": (("cell", "knot"), index[peril]),
                "knot_position": ("knot", r.positions[r.knots]),
            }
        )
        for peril, r in ranks.items()
    }
    table = pooled.occurrences
    count = table.sizes["occurrence"]
    numbered = table.assign(
        year=("occurrence", table["year"].values + block * years),
        block=("occurrence", np.full(count, block, np.int16)),
    )
    return numbered, functions


def _ranks(census: xr.DataTree, settings: CatalogueSettings, peril: str, shift: float) -> Ranks:
    """Return what the ranks of a block stand for, for one peril."""
    years, rate = settings.years_per_block, settings.storage_rate[peril]
    periods = census[peril].to_dataset()["return_period"].values
    _require_reproducible(peril, rate, periods, settings.frequency)
    positions = rank_positions(years, shift, periods, settings.frequency, where=peril)
    unshifted = rank_positions(years, UNSHIFTED, periods, settings.frequency, where=peril)
    return Ranks(positions, stored_ranks(positions, rate), _knots(stored_ranks(unshifted, rate)))


def _knots(stored: int) -> npt.NDArray[np.int64]:
    """Zero-based ranks at which the rank function is kept: a ladder of 12 %, both ends included."""
    ladder = np.unique(np.rint(1.12 ** np.arange(200)).astype(np.int64)) - 1
    return np.unique(np.append(ladder[ladder < stored], stored - 1))


def _require_reproducible(
    peril: str, rate: float, periods: npt.NDArray[np.float64], frequency: Frequency
) -> None:
    if position_of_rate(rate) >= mapped_positions(periods, frequency)[0]:
        raise CatalogueError(
            "the storage rate is below the rate of the most frequent map",
            where=f"hazard.storage_rate.{peril}",
            found=rate,
            expected=f"more than the rate of {periods[0]:g} years",
            remedy="raise the storage rate",
        )


def _write_whole(
    target: Path,
    units: Mapping[str, str],
    settings: CatalogueSettings,
    occurrences: list[xr.Dataset],
    functions: list[dict[str, xr.Dataset]],
) -> None:
    table = xr.concat(occurrences, "occurrence")
    stamp(
        table,
        OCCURRENCES,
        source=", ".join(dict.fromkeys(table["parent_event"].values.tolist())),
        history="build_catalogue",
        blocks=settings.blocks,
        years_per_block=settings.years_per_block,
        seed=settings.seed,
        perils=list(settings.storage_rate),
        frequency=settings.frequency.family,
        kappa=settings.frequency.kappa or 0.0,
        storage_rate=list(settings.storage_rate.values()),
    )
    write_dataset(target / "occurrences.nc", table)
    for peril in settings.storage_rate:
        joined = xr.concat([f[peril] for f in functions], "block")
        stamp(
            joined,
            RANK_FUNCTION,
            source="ranked annual maxima of each block",
            history="build_catalogue",
            peril=peril,
            tail=TAIL,
            index_units=units[peril],
        )
        write_dataset(target / f"rank_function_{peril}.nc", joined)
    written = {
        p.name: {"bytes": p.stat().st_size, "sha256": sha256(p)}
        for p in sorted(target.glob("*.nc"))
    }
    write_json(target / "complete.json", written)
