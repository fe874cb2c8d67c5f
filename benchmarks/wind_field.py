"""Highest wind of 100 storms at 100,000 places, beside CLIMADA's wind fields.

Both sides read the same hourly tracks, radii, pressures and Holland's profile of 1980 with the
same B, air density, reach and factor to the surface. Ours moves between the hours in steps that
bound its error, CLIMADA stands at the hours. Both add all of the translation at the radius of
maximum wind; further out ours falls with the wind, CLIMADA's with the distance. Ten of the storms
therefore stand still, and there both must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.side import Outcome
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.typhoon.fields import surface_factor
from riskmodel.hazard.typhoon.highest_wind import highest_wind
from riskmodel.hazard.typhoon.kernels import KM_PER_DEGREE
from riskmodel.hazard.typhoon.model import load_track_model
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.tracks import simulate_storms

SEED, YEARS = 20_249, 40
STORMS, STANDING, HOURS = 100, 10, 24
SOUTH, WEST, SPAN = 24.0, 117.5, 7.0  # degrees; 316 x 317 places around Wenzhou
PLACES = 100_000
READ = ("latitude", "longitude", "deficit", "speed", "radius_of_maximum_wind")
FELT = 10.0  # m/s, weaker winds are not compared
# Of the wind beyond the radius of maximum wind; within it, where our radial tables of 2 km show, of
# the storm's highest wind.
OUTSIDE, EYE = 0.002, 0.01
Arrays = Mapping[str, np.ndarray]


def places() -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes of the places."""
    steps = np.linspace(0.0, SPAN, 317)
    latitude, longitude = np.meshgrid(SOUTH + steps, WEST + steps, indexing="ij")
    return latitude.ravel()[:PLACES], longitude.ravel()[:PLACES]


def store(work: Path) -> None:
    """Simulate the storms, let ten of them stand where they are deepest, and store all."""
    storms = simulate_storms(
        load_track_model(), years=YEARS, block=0, seed=SEED, frequency=Frequency("poisson", None)
    ).isel(storm=slice(0, STORMS))
    storms = storms.copy(deep=True)
    for storm in range(STORMS - STANDING, STORMS):
        deepest = int(np.nanargmax(storms["deficit"].values[storm]))
        for name in ("latitude", "longitude", "deficit", "radius_of_maximum_wind", "maximum_wind"):
            steps = storms[name].values[storm]
            steps[:HOURS], steps[HOURS:] = steps[deepest], np.nan
        for name in ("speed", "heading"):
            storms[name].values[storm, :HOURS] = 0.0
            storms[name].values[storm, HOURS:] = np.nan
    storms.to_netcdf(work / "storms.nc")
    case: dict[str, Any] = _for_the_other(storms)
    np.savez(work / "wind_case.npz", **case)


def _for_the_other(storms: xr.Dataset) -> dict[str, np.ndarray]:
    """Return what CLIMADA needs: tracks with B, places, and our constants."""
    wind = values("wind")
    tracks = {name: storms[name].values for name in READ}
    shape = wind["shape_constant"] + wind["shape_latitude"] * tracks["latitude"]
    shape += wind["shape_radius"] * tracks["radius_of_maximum_wind"]
    shape = np.clip(shape, wind["shape_least"], wind["shape_most"])
    latitude, longitude = places()
    return tracks | {
        "shape": shape, "place_latitude": latitude, "place_longitude": longitude,
        "density": np.array(wind["air_density"]), "surface": np.array(wind["surface_factor"]),
        "reach": np.array(wind["reach"]),
    }  # fmt: skip


def ours(work: Path) -> Callable[[], Outcome]:
    """Our highest winds, dims (storm, place), as over water everywhere."""
    storms = xr.load_dataset(work / "storms.nc")
    latitude, longitude = places()
    highest_wind(storms.isel(storm=slice(0, 2)), latitude[:100], longitude[:100])

    standing = storms.isel(storm=slice(STORMS - STANDING, None), step=0)
    km = (
        np.hypot(
            latitude - standing["latitude"].values[:, None],
            (longitude - standing["longitude"].values[:, None])
            * np.cos(np.radians(standing["latitude"].values[:, None])),
        )
        * KM_PER_DEGREE
    )
    eye = km <= standing["radius_of_maximum_wind"].values[:, None]

    def run() -> Outcome:
        found = highest_wind(storms, latitude, longitude).values
        return {"wind": found, "roughness": surface_factor(latitude, longitude), "eye": eye}

    return run


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Compare standing storms place by place; say how far the moving ones lie apart."""
    mine = one["wind"] / one["roughness"] * values("wind")["surface_factor"]
    theirs, eye = other["wind"], one["eye"]
    felt = np.maximum(mine, theirs) > FELT
    apart = np.abs(mine - theirs)
    share = apart / np.where(felt, np.maximum(mine, theirs), 1.0)
    outside = share[-STANDING:][felt[-STANDING:] & ~eye].max()
    scaled = apart[-STANDING:] / np.maximum(mine[-STANDING:].max(axis=1, keepdims=True), FELT)
    inside = scaled[felt[-STANDING:] & eye].max()
    moving = share[:-STANDING][felt[:-STANDING]]
    how = (
        f"{STANDING} standing storms, winds above {FELT:g} m/s: beyond the radius of maximum wind "
        f"within {outside:.2%} (allowed {OUTSIDE:.1%}), inside within {inside:.2%} of the highest "
        f"(allowed {EYE:.0%}); moving storms, where translation and steps in time differ: "
        f"median {np.median(moving):.1%}, 95 % within {np.quantile(moving, 0.95):.1%}"
    )
    return bool(outside <= OUTSIDE and inside <= EYE), how
