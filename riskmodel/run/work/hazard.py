"""What question 2 needs: which storms, how often, and do they give every map back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
import yaml
from tqdm import tqdm

from riskmodel.census.terrain import proxies
from riskmodel.core.errors import StageError
from riskmodel.core.messages import Language, message
from riskmodel.hazard.catalogue import (
    build_catalogue,
    catalogue_frequency,
    catalogue_key,
    open_catalogue,
)
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.hazard.grid import WENZHOU
from riskmodel.hazard.intensity import cell_maps, intensity_curves
from riskmodel.hazard.position import rate_of_position
from riskmodel.hazard.typhoon.model import load_track_model
from riskmodel.hazard.typhoon.source import typhoon_source
from riskmodel.hazard.typhoon.tracks import simulate_storms
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.records import Record
from riskmodel.run.settings import catalogue_settings, reading
from riskmodel.run.stages import open_stage, save_stage
from riskmodel.run.work.census import zone_outlines
from riskmodel.run.work.records import plain_record

SHOWN_YEARS = 1000.0  # footprints are drawn up to this return period
STATISTICS = ROOT / "data" / "hazard" / "record_statistics.yml"


def make_catalogue(run: Run, census: xr.DataTree) -> xr.DataTree:
    """Catalogue of the run, made now or opened where the same one exists beside the run."""
    settings = catalogue_settings(run.params)
    source = typhoon_source(WENZHOU, years_per_block=settings.years_per_block, seed=settings.seed)
    folder = run.folder.root.parent / ".catalogues"
    with tqdm(total=settings.blocks, desc="catalogue", unit="block") as bar:
        catalogue = build_catalogue(
            folder, census, source, settings, progress=lambda text: bar.update() and None
        )
    table = catalogue.to_dataset().load()
    save_stage(run, "catalogue", table.assign_attrs(key=catalogue_key(census, source, settings)))
    return catalogue


def catalogue_of(run: Run) -> xr.DataTree:
    """Catalogue that notebook 02 made.

    Raises
    ------
    StageError
        If notebook 02 has not run, or its catalogue is gone.
    """
    key = open_stage(run, "catalogue").attrs["key"]
    folder = run.folder.root.parent / ".catalogues" / key
    if not folder.is_dir():
        raise StageError(
            "the catalogue is gone",
            where=folder.name,
            remedy="run notebooks/02_hazard.ipynb first, with the same params",
        )
    return open_catalogue(folder)


def check_fidelity(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> dict[str, xr.Dataset]:
    """Fidelity of each peril on the maps without scenario, kept as a stage."""
    frequency = catalogue_frequency(catalogue)
    rates = run.params.hazard.storage_rate.model_dump()
    checks = {}
    for peril, rate in rates.items():
        plain = reading(run.params, peril).__class__(
            **getattr(run.params.curves, peril).model_dump()
        )
        curves = {
            peril: intensity_curves(
                cell_maps(census, peril), plain, frequency, storage_rate=rate, peril=peril
            )
        }
        checks[peril] = fidelity(catalogue, census, curves, peril=peril)
    save_stage(run, "fidelity", xr.DataTree.from_dict(checks))
    return checks


def fidelity_table(checks: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row a peril and return period: checks made, share bracketed, largest error in years."""
    rows = []
    for peril, check in checks.items():
        for t in check["return_period"].values:
            one = check.sel(return_period=t)
            rows.append(
                {
                    "peril": peril, "return period": t, "checks": one["bracketed"].size,
                    "bracketed": float(one["bracketed"].mean()),
                    "largest year-count error": int(np.abs(one["year_count_error"]).max()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def hazard_records(catalogue: xr.DataTree, checks: dict[str, xr.Dataset]) -> list[Record]:
    """Size and fidelity of the catalogue."""
    years = int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"])
    found = summary(checks)
    source = "riskmodel.hazard.fidelity, recomputed from the stored catalogue"
    return [
        plain_record("hazard.years", years, "years", "riskmodel.hazard.catalogue"),
        plain_record(
            "hazard.occurrences",
            catalogue.sizes["occurrence"],
            "occurrences",
            "riskmodel.hazard.catalogue",
        ),
        plain_record("hazard.fidelity.bracketed_share", found["bracketed_share"], "1", source),
        plain_record(
            "hazard.fidelity.max_year_count_error", found["max_year_count_error"], "years", source
        ),
    ]


def record_against_model(catalogue: xr.DataTree) -> pd.DataFrame:
    """Storms a year and pressure near Wenzhou: the record of 1949-2024 beside the catalogue."""
    record = yaml.safe_load(STATISTICS.read_text(encoding="utf-8"))
    years = int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"])
    pressure = catalogue.to_dataset()["minimum_pressure"].values
    near = pressure[np.isfinite(pressure)]
    model = {500: catalogue.sizes["occurrence"] / years, 150: near.size / years}
    rows = [
        (f"storms within {km} km, a year", of["mean"], of["standard_error"], model[km])
        for km, of in record["storms_a_year"].items()
        if km in model
    ]
    for probability, value in zip(
        record["probabilities"], record["minimum_pressure"][150], strict=True
    ):
        figure = f"lowest pressure within 150 km, {probability:.0%} of storms below (hPa)"
        rows.append((figure, value, np.nan, np.quantile(near, probability)))
    return pd.DataFrame(
        rows, columns=["figure", "record 1949-2024", "its standard error", "catalogue"]
    ).round(2)


def sample_tracks(run: Run, storms: int = 120) -> xr.Dataset:
    """First storms of the first block, as latitude and longitude (storm, step)."""
    tracks = simulate_storms(load_track_model(), years=60, block=0, seed=run.params.seed)
    return tracks[["latitude", "longitude"]].isel(storm=slice(0, storms))


def track_outlines(census: xr.DataTree, language: Language) -> dict[str, list[np.ndarray]]:
    """Counties and the declared coarse coast, for the map of tracks."""
    lines = proxies()
    coast = [np.asarray(lines["mainland_coast"]), np.asarray(lines["taiwan"])]
    return {**zone_outlines(census, language), message("legend.coast", language): coast}


def footprint(
    catalogue: xr.DataTree, census: xr.DataTree, peril: str, occurrence: int
) -> xr.DataArray:
    """Return period (1 / rate, years) of one occurrence at each cell, cut at 1,000 years."""
    block_of = catalogue.to_dataset()["block"].values
    block = int(block_of[occurrence])
    number = occurrence - int(np.searchsorted(block_of, block))
    pairs, zones = (
        catalogue[f"block_{block:02d}/{peril}"].to_dataset(),
        census["zones"].to_dataset(),
    )
    hits = np.flatnonzero(pairs["occurrence"].values == number)
    cells = np.searchsorted(pairs["pointer"].values, hits, side="right") - 1
    field = xr.full_like(census[peril].to_dataset()["state"], np.nan, dtype=np.float64)
    field.values[zones["row"].values[cells], zones["column"].values[cells]] = np.minimum(
        1.0 / rate_of_position(pairs["position"].values[hits]), SHOWN_YEARS
    )
    return field.assign_attrs(
        units="years",
        long_name="return period",
        long_name_zh=f"重现期，{SHOWN_YEARS:g} 年封顶",
        long_name_en=f"Return period, cut at {SHOWN_YEARS:g}",
    )
