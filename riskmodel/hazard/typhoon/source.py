"""The typhoon source of the catalogue: simulated storms and their indices, block by block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.terrain import PROXIES
from riskmodel.core.files import sha256
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.source import Source, SourceBlock
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.model import TRACK_MODEL, load_track_model
from riskmodel.hazard.typhoon.stations import station_indices
from riskmodel.hazard.typhoon.steering import STEERING
from riskmodel.hazard.typhoon.tracks import simulate_storms
from riskmodel.hazard.typhoon.triggers import trigger_indices
from riskmodel.hazard.typhoon.upstream import upstream_rain

INDEX_OF_PERIL = {
    "typhoon_wind": "wind",
    "rain_flood": "rain_24h",
    "storm_surge": "surge",
    "flash_flood": "rain_24h",
    "landslide": "rain_24h",
}
UNITS_OF_PERIL = {
    "typhoon_wind": "m s-1",
    "rain_flood": "mm",
    "storm_surge": "m",
    "flash_flood": "mm",
    "landslide": "mm",
}


def typhoon_source(
    grid: PhysicsGrid, *, years_per_block: int, seed: int, frequency: Frequency
) -> Source:
    """Source of wind, surge and all that rain does in one storm, from the fitted track model.

    Parameters
    ----------
    grid : PhysicsGrid
        Nodes on which the indices are computed.
    years_per_block : int
        Years simulated in each block.
    seed : int
        Seed of the run; block b never depends on other blocks.
    frequency : Frequency
        Family of the number of storms a year.
    """
    model = load_track_model()
    latitude, longitude = grid.nodes()

    def block(number: int) -> SourceBlock:
        storms = simulate_storms(
            model, years=years_per_block, block=number, seed=seed, frequency=frequency
        )
        indices = storm_indices(storms, latitude, longitude, seed=seed, block=number)
        stations = _station_rain(storms, seed=seed, block=number)
        return SourceBlock(occurrences(storms).merge(stations), peril_indices(indices))

    files = [*sorted(Path(TRACK_MODEL).parent.glob("*.yml")), STEERING, PROXIES]
    parameters = {p.name: sha256(p) for p in files}
    return Source(grid, UNITS_OF_PERIL, "typhoon", f"{grid} {frequency} {parameters}", block)


def _station_rain(storms: xr.Dataset, *, seed: int, block: int) -> xr.Dataset:
    """Highest 24-hour rain (occurrence, station) at the declared stations, for rain triggers."""
    rain = station_indices(storms, seed=seed, block=block)["rain_24h"].rename(storm="occurrence")
    return rain.transpose("occurrence", "station").rename("station_rain").to_dataset()


def peril_indices(indices: xr.Dataset) -> dict[str, npt.NDArray[np.float32]]:
    """Arrays (node, storm) by the peril that each index ranks.

    Floods rank the highest 24-hour rain, averaged over the area upstream of each node; flash floods
    and landslides rank the rain of the node itself.
    """
    arrays = {peril: indices[name].values for peril, name in INDEX_OF_PERIL.items()}
    place = indices["latitude"].values, indices["longitude"].values
    return arrays | {"rain_flood": upstream_rain(arrays["rain_flood"], *place)}


def occurrences(storms: xr.Dataset) -> xr.Dataset:
    """Dates of storms (occurrence,), their landfall, and what each named box saw of them.

    ``minimum_pressure`` (hPa) and ``maximum_wind`` (m/s) have dims (occurrence, box).
    """
    triggers = trigger_indices(storms)
    kept = [
        "minimum_pressure",
        "maximum_wind",
        "landfall_latitude",
        "landfall_longitude",
        "landfall_pressure",
        "landfall_wind",
    ]
    return xr.merge([storms[["year", "start", "end"]], triggers[kept]]).rename(storm="occurrence")
