"""Real storms read through the catalogue: their footprints, and what their tracks leave open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from tqdm import tqdm

from riskmodel.census.crs import DEGREES, converted
from riskmodel.core.messages import message
from riskmodel.hazard.grid import WENZHOU
from riskmodel.hazard.ranking import Interpolation
from riskmodel.hazard.replay import replay_catalogue
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.record import read_storm_tracks
from riskmodel.hazard.typhoon.replay import drawn_storms, storms_from_record
from riskmodel.hazard.typhoon.source import UNITS_OF_PERIL, occurrences, peril_indices
from riskmodel.hazard.typhoon.stations import load_stations
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run
from riskmodel.run.work.footprint import footprint
from riskmodel.run.work.losses import compiled
from riskmodel.run.work.replay import DRAWN, chinese_name
from riskmodel.show.storm_maps import Panel

TRACKS = "data/history/storm_tracks.csv"
DRAWS = 64
SPAN = (0.05, 0.95)  # of the draws
FAMOUS = ("Saomai 2006", "Fred 1994", "Lekima 2019")  # wind, surge and rain made their names


def recorded_storms(run: Run) -> xr.Dataset:
    """Hourly tracks of the storms of ``data/history/storm_tracks.csv``, with a ``storm_name``."""
    storms = storms_from_record(read_storm_tracks(run.path(TRACKS)))
    names = [f"{n} {y}" for n, y in zip(storms["name"].values, storms["year"].values, strict=True)]
    return storms.assign(storm_name=("storm", np.array(names)))


def dated_storms(run: Run) -> xr.Dataset:
    """Dates, names, landfall, boxes and rain at stations of the recorded storms (occurrence,).

    Rain (``station_rain``, mm) is that of the storm model at the middle of what a track leaves
    open.
    """
    storms, stations = recorded_storms(run), load_stations()
    places = (stations[name].to_numpy() for name in ("latitude", "longitude"))
    indices = storm_indices(storms, *places, seed=run.params.seed, block=0, residual=False)
    rain = indices["rain_24h"].rename(node="station", storm="occurrence").reset_coords(drop=True)
    return occurrences(storms).assign(
        storm_name=("occurrence", storms["storm_name"].values),
        station_rain=(("occurrence", "station"), rain.transpose("occurrence", ...).values),
        station=stations.index.to_numpy(dtype=np.str_),
    )


def real_storms(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> xr.DataTree:
    """Small catalogue of the real storms, at the middle of what their tracks leave open."""
    storms = recorded_storms(run)
    indices = storm_indices(storms, *WENZHOU.nodes(), seed=run.params.seed, block=0, residual=False)
    dated, cells = dated_storms(run), _to_cells(census)
    return replay_catalogue(catalogue, dated, peril_indices(indices), cells)


def _to_cells(census: xr.DataTree) -> Interpolation:
    zones = census["zones"].to_dataset()
    return WENZHOU.interpolation(zones["latitude"].values, zones["longitude"].values)


def drawn_losses(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> xr.DataArray:
    """Loss (storm, draw) in CNY of each real storm with what its track does not tell drawn.

    Size, rain efficiency and tide are drawn as for simulated storms, `DRAWS` times by keyed draws,
    and each is read through the blocks of the catalogue together.
    """
    storms, to_cells, seed = recorded_storms(run), _to_cells(census), run.params.seed
    perils = [p for p in UNITS_OF_PERIL if p in catalogue.attrs["perils"]]
    table = compiled(run, run.params, census, catalogue, perils=perils)
    result = np.zeros((storms.sizes["storm"], DRAWS))
    for number in tqdm(range(storms.sizes["storm"]), desc="storms with drawn sizes", unit="storm"):
        drawn = drawn_storms(storms, number, draws=DRAWS, seed=seed)
        indices = storm_indices(drawn, *WENZHOU.nodes(), seed=seed, block=number)
        small = replay_catalogue(catalogue, occurrences(drawn), peril_indices(indices), to_cells)
        result[number] = _pooled_losses(occurrence_table(small, table))
    return xr.DataArray(result, {"storm": storms["storm_name"].values}, ("storm", "draw"))


def _pooled_losses(table: xr.Dataset) -> np.ndarray:
    """Loss of each draw, read through the blocks together: the first `DRAWS` occurrences."""
    columns = table["quantity"].values == "loss"
    loss = table["mean"].values[:, columns].sum(axis=1)
    sums = np.bincount(table["row_occurrence"].values, loss, table.sizes["occurrence"])
    return np.asarray(sums[:DRAWS])


def drawn_table(losses: xr.DataArray) -> pd.DataFrame:
    """Mean over the draws and their span, CNY, one row a storm."""
    lower, upper = losses.quantile(SPAN, "draw").values
    columns = {
        "storm": losses["storm"].values,
        "mean of draws": losses.mean("draw").values,
        DRAWN[0]: lower,
        DRAWN[1]: upper,
    }
    return pd.DataFrame(columns)


def storm_panels(
    run: Run,
    storms: xr.DataTree,
    census: xr.DataTree,
    names: Sequence[str],
    perils: Sequence[str],
) -> list[Panel]:
    """Return maps of return period by storm, then peril, with their tracks.

    Parameters
    ----------
    run : Run
        The run; its language names the maps.
    storms : DataTree
        From `real_storms`.
    census : DataTree
        From which the catalogue was made.
    names, perils : sequence of str
        Storms such as ``"Megi 2016"``, and perils of the catalogue.
    """
    language, recorded = run.params.language, recorded_storms(run)
    maps = str(census[census.attrs["perils"][0]].attrs["crs"])
    known = [str(name) for name in recorded["storm_name"].values]
    panels = []
    for name in names:
        number = known.index(name)
        track = recorded.isel(storm=number)
        line = converted(track["longitude"].values, track["latitude"].values, DEGREES, maps)
        shown = chinese_name(name) if language == "zh" else name
        for peril in perils:
            title = f"{shown} · {message(f'peril.{peril}', language)}"
            field = footprint(storms, census, peril, number)
            panels.append(Panel(title, field, *line))
    return panels
