"""What question 2 needs: which storms, how often, and do they give every map back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from riskmodel.census.crs import DEGREES
from riskmodel.census.terrain import proxies
from riskmodel.core.errors import StageError
from riskmodel.core.messages import Language, message
from riskmodel.hazard.build import build_catalogue, catalogue_key
from riskmodel.hazard.catalogue import block_names, open_catalogue
from riskmodel.hazard.copula_source import copula_source, load_copula_source
from riskmodel.hazard.drought import drought_source, load_drought
from riskmodel.hazard.earthquake import earthquake_source, load_earthquake
from riskmodel.hazard.grid import WENZHOU
from riskmodel.hazard.scenario import scenario_occurrences
from riskmodel.hazard.selection import select_cells
from riskmodel.hazard.source import Source, only
from riskmodel.hazard.typhoon.comparison import record_table
from riskmodel.hazard.typhoon.model import load_track_model
from riskmodel.hazard.typhoon.source import typhoon_source
from riskmodel.hazard.typhoon.tracks import simulate_storms
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.params import Params
from riskmodel.run.settings import catalogue_settings
from riskmodel.run.stages import open_stage, save_stage
from riskmodel.run.work.census import census_of, whole_census_of, zone_outlines

RECORD_YEARS = 4000  # some fifty pieces as long as the record


def sources_of(params: Params, census: xr.DataTree) -> list[Source]:
    """Physical sources of the catalogue's occurrences, as the params choose them.

    A source keeps the perils that the run asks for and the census can give; one that is left
    without any for want of the census is left out.

    Raises
    ------
    CatalogueError
        If a source causes no peril that the params ask for.
    """
    asked, available = params.hazard.storage_rates(), storage_rates(params, census)
    sources = []
    for source in declared_sources(params):
        asked_of = only(source, asked)
        if kept := asked_of.index_units.keys() & available.keys():
            sources.append(only(asked_of, kept))
    return sources


def declared_sources(params: Params) -> Iterator[Source]:
    """Yield the sources that the params name, with all their perils."""
    settings, named = catalogue_settings(params), params.hazard.sources
    size: dict[str, int] = {"years_per_block": settings.years_per_block, "seed": settings.seed}
    yield typhoon_source(WENZHOU, **size, frequency=settings.frequency)
    for file in (named.plum_rain, named.convective_rain, named.forest_fire, named.cold_snow):
        if file is not None:
            yield copula_source(load_copula_source(ROOT / file), WENZHOU, **size)
    if named.drought is not None:
        yield drought_source(load_drought(ROOT / named.drought), WENZHOU, **size)
    if named.earthquake is not None:
        yield earthquake_source(load_earthquake(ROOT / named.earthquake), WENZHOU, **size)


def storage_rates(params: Params, census: xr.DataTree) -> dict[str, float]:
    """Storage rates of the perils that the params ask for and the census can give."""
    lacking = census.attrs.get("not_available", [])
    return {p: r for p, r in params.hazard.storage_rates().items() if p not in lacking}


def make_catalogue(run: Run) -> xr.DataTree:
    """Catalogue of the run, made now or opened where the same one exists beside the run.

    It is made for all zones of the census, so that runs of single counties share it; of these only
    the cells are then kept. The occurrences of the scenario, thinned or repeated, are kept as a
    stage, with the cells of the zones in the whole catalogue.
    """
    census = whole_census_of(run)
    rates = storage_rates(run.params, census)
    settings = replace(catalogue_settings(run.params), storage_rate=rates)
    sources = sources_of(run.params, census)
    folder = run.folder.root.parent / ".catalogues"
    with tqdm(total=settings.blocks, desc="catalogue", unit="block") as bar:
        catalogue = build_catalogue(
            folder, census, sources, settings, progress=lambda text: bar.update() and None
        )
    factors = run.params.scenario.more_occurrences.model_dump()
    table = scenario_occurrences(catalogue.to_dataset().load(), factors, seed=settings.seed)
    table = table.assign_attrs(key=catalogue_key(census, sources, settings))
    if run.params.census.zones != "all":
        zones = census_of(run)["zones"].to_dataset()
        table = table.assign(whole_cell=zones["whole_cell"])
    save_stage(run, "catalogue", table)
    return _of_zones(catalogue, table)


def _of_zones(catalogue: xr.DataTree, stage: xr.Dataset) -> xr.DataTree:
    """Catalogue of the cells that the stage names; the whole where it names none."""
    if "whole_cell" not in stage:
        return catalogue
    return select_cells(catalogue, stage["whole_cell"].values.astype(np.int64))


def catalogue_of(run: Run) -> xr.DataTree:
    """Catalogue that notebook 02 made, with the cells of the zones of the run.

    Raises
    ------
    StageError
        If notebook 02 has not run, or its catalogue is gone.
    """
    stage = open_stage(run, "catalogue")
    key = stage.attrs["key"]
    folder = run.folder.root.parent / ".catalogues" / key
    if not folder.is_dir():
        raise StageError(
            "the catalogue is gone",
            where=folder.name,
            remedy="run notebooks/02_hazard.ipynb first, with the same params",
        )
    return _of_zones(open_catalogue(folder), stage)


def scenario_table(run: Run) -> pd.DataFrame:
    """One row for each change of the hazard: its key, factor or shift, source and year.

    Without any row the run is in the climate of the census maps.
    """
    scenario = run.params.scenario
    rows = [
        {"change": key, "value": value, **scenario.because[key].model_dump()}
        for key, value in scenario.changes().items()
    ]
    return pd.DataFrame(rows, columns=["change", "value", "source", "year"])


def catalogue_table(catalogue: xr.DataTree) -> pd.DataFrame:
    """One row a peril: what its index is, which sources cause it, how much is stored."""
    table, rows = catalogue.to_dataset(), []
    parent, block_of = table["parent_event"].values, table["block"].values
    rates = catalogue.attrs["storage_rate"]
    for peril, rate in zip(catalogue.attrs["perils"], rates, strict=True):
        function = catalogue[f"rank_function/{peril}"].to_dataset()
        stored, causes = 0, set()
        for number, name in enumerate(block_names(catalogue)):
            pairs = catalogue[f"{name}/{peril}"].to_dataset()
            hit = np.unique(pairs["occurrence"].values)
            causes |= set(parent[block_of == number][hit].tolist())
            stored += pairs.sizes["pair"]
        rows.append(
            {
                "peril": peril, "unit of its index": function.attrs["index_units"],
                "sources": ", ".join(sorted(causes)), "storage rate (a year)": rate,
                "affected cells": int((function["index"][0, :, 0] > 0).sum()),
                "stored pairs": stored, "tail of the rank function": function.attrs["tail"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def record_against_model(run: Run) -> pd.DataFrame:
    """Each figure of the record of 1949-2024 beside simulated storms, with intervals and a verdict.

    The verdict is whether the record could be one of the pieces of its length that the track model
    makes: 4,000 years are simulated for it, whatever the size of the catalogue.
    """
    frequency = catalogue_settings(run.params).frequency
    storms = simulate_storms(
        load_track_model(), years=RECORD_YEARS, block=0, seed=run.params.seed, frequency=frequency
    )
    return record_table(storms, years=RECORD_YEARS).round(2)


def sample_tracks(run: Run, storms: int = 120) -> xr.Dataset:
    """First storms of the first block, as latitude and longitude (storm, step)."""
    frequency = catalogue_settings(run.params).frequency
    tracks = simulate_storms(
        load_track_model(), years=60, block=0, seed=run.params.seed, frequency=frequency
    )
    return tracks[["latitude", "longitude"]].isel(storm=slice(0, storms))


def track_outlines(
    run: Run, census: xr.DataTree, language: Language
) -> dict[str, list[np.ndarray]]:
    """Counties and the declared coarse coast, for the map of tracks."""
    lines = proxies()
    coast = [np.asarray(lines["mainland_coast"]), np.asarray(lines["taiwan"])]
    zones = zone_outlines(run, census, language, DEGREES)
    return {**zones, message("legend.coast", language): coast}
