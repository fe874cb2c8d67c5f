"""The case that the catalogue's benchmarks share: storms over the Wenzhou grid, three perils."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from benchmarks.harness import ROOT
from benchmarks.side import Outcome
from riskmodel.census.read import load_census
from riskmodel.hazard.catalogue import CatalogueSettings
from riskmodel.hazard.grid import WENZHOU
from riskmodel.hazard.intensity import cell_maps
from riskmodel.hazard.position import block_shift, rank_positions, stored_ranks
from riskmodel.hazard.ranking import Interpolation, Pool, Ranks, rank_block
from riskmodel.hazard.source import Source, SourceBlock, only, pool_of, pooled_block
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.model import load_track_model
from riskmodel.hazard.typhoon.tracks import simulate_storms
from riskmodel.run.params import Params, load_params
from riskmodel.run.settings import catalogue_settings
from riskmodel.run.work.hazard import declared_sources

PERILS = ("typhoon_wind", "rain_flood", "storm_surge")
BLOCKS, YEARS = 5, 2_000


def census() -> xr.DataTree:
    """Demo census of Wenzhou."""
    return load_census(ROOT / "data" / "demo")


def case(blocks: int, years: int) -> tuple[Source, CatalogueSettings]:
    """Typhoon source and settings of the demo params, for so many blocks of so many years."""
    params = load_params(ROOT / "params" / "wenzhou.yml")
    hazard = params.hazard.model_copy(update={"blocks": blocks, "years_per_block": years})
    sized: Params = params.model_copy(update={"hazard": hazard})
    settings = catalogue_settings(sized)
    rates = {peril: settings.storage_rate[peril] for peril in PERILS}
    source = next(s for s in declared_sources(sized) if s.parent_event == "typhoon")
    return only(source, PERILS), replace(settings, storage_rate=rates)


def store_blocks(work: Path) -> None:
    """Simulate the blocks of `BLOCKS` x `YEARS` and store them."""
    source, settings = case(BLOCKS, YEARS)
    for block in range(settings.blocks):
        made = source.block(block)
        made.occurrences.to_netcdf(work / f"occurrences_{block}.nc")
        for peril in PERILS:
            np.save(work / f"{peril}_{block}.npy", made.indices[peril])


def stored_case(work: Path) -> tuple[Source, CatalogueSettings]:
    """Return the case with a source that serves the stored blocks, indices mapped from disk."""
    source, settings = case(BLOCKS, YEARS)

    def block(number: int) -> SourceBlock:
        # copy on write: the same array type as a simulated block, so the same compiled code
        indices = {
            peril: np.load(work / f"{peril}_{number}.npy", mmap_mode="c") for peril in PERILS
        }
        return SourceBlock(xr.load_dataset(work / f"occurrences_{number}.nc"), indices)

    return replace(source, block=block), settings


def ranking_case(
    source: Source, settings: CatalogueSettings, tree: xr.DataTree, peril: str
) -> tuple[Pool, Interpolation, np.ndarray, Ranks]:
    """Return what `rank_block` takes for one peril of the first block, cells that it reaches."""
    years = settings.years_per_block
    zones = tree["zones"].to_dataset()
    maps = cell_maps(tree, peril)
    shift = block_shift(settings.block_shift, 0)
    periods = maps["return_period"].values
    positions = rank_positions(years, shift, periods, settings.frequency)
    stored = stored_ranks(positions, settings.storage_rate[peril])
    return (
        pool_of(pooled_block([source], 0), peril, years),
        source.grid.interpolation(zones["latitude"].values, zones["longitude"].values),
        np.flatnonzero((maps > 0).any("return_period").values),
        Ranks(positions, stored, np.arange(0, stored, 50)),
    )


def warm_up(source: Source, settings: CatalogueSettings, tree: xr.DataTree) -> None:
    """Rank two cells, so that compiling is not timed."""
    pool, interpolation, cells, ranks = ranking_case(source, settings, tree, PERILS[0])
    for _ in rank_block(
        pool, interpolation, cells[:2], ranks, key=(settings.seed, 0), peril=PERILS[0]
    ):
        pass


def indices(work: Path) -> Callable[[], Outcome]:
    """Wind, rain and surge indices of all storms of `BLOCKS` x `YEARS`, tracks not counted."""
    params = load_params(ROOT / "params" / "wenzhou.yml")
    settings, nodes = catalogue_settings(params), WENZHOU.nodes()
    model, seed = load_track_model(), settings.seed
    blocks = [
        simulate_storms(model, years=YEARS, block=b, seed=seed, frequency=settings.frequency)
        for b in range(BLOCKS)
    ]
    storm_indices(blocks[0].isel(storm=slice(0, 2)), *nodes, seed=seed, block=0)

    def run() -> Outcome:
        for number, storms in enumerate(blocks):
            storm_indices(storms, *nodes, seed=seed, block=number)
        return {"storms": sum(storms.sizes["storm"] for storms in blocks)}

    return run
