"""Highest winds by CLIMADA, in the environment of `peers/climada.lock`, without ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.side import Outcome

KNOT, NAUTICAL_MILE, ENVIRONMENT = 0.514444, 1.852, 1010.0  # m/s, km, hPa


def stub_night_lights() -> None:
    """Stand in for the binding of GDAL, which CLIMADA imports for night lights alone."""
    osgeo = ModuleType("osgeo")
    osgeo.gdal = ModuleType("osgeo.gdal")  # type: ignore[attr-defined]
    sys.modules.setdefault("osgeo", osgeo)
    sys.modules.setdefault("osgeo.gdal", osgeo.gdal)


def _track(case: Any, storm: int) -> Any:
    import pandas as pd
    import xarray as xr

    steps = int(np.isfinite(case["latitude"][storm]).sum())
    at = {name: case[name][storm, :steps] for name in case.files if case[name].ndim == 2}
    gradient = np.sqrt(at["shape"] * at["deficit"] * 100.0 / (case["density"] * np.e))
    columns = {
        "time_step": np.ones(steps),
        "radius_max_wind": at["radius_of_maximum_wind"] / NAUTICAL_MILE,
        # CLIMADA takes the translation off before it solves for B
        "max_sustained_wind": (gradient * case["surface"] + at["speed"]) / KNOT,
        "central_pressure": ENVIRONMENT - at["deficit"],
        "environmental_pressure": np.full(steps, ENVIRONMENT),
        "lat": at["latitude"], "lon": at["longitude"],
    }  # fmt: skip
    time = pd.date_range("2000-01-01", periods=steps, freq="h")
    variables = {name: ("time", values) for name, values in columns.items()}
    variables["basin"] = ("time", np.full(steps, "WP"))
    attributes = {
        "max_sustained_wind_unit": "kn", "central_pressure_unit": "mb", "name": str(storm),
        "sid": str(storm), "orig_event_flag": True, "data_provider": "simulated",
        "id_no": float(storm), "category": 1,
    }  # fmt: skip
    data = xr.Dataset(variables, {"time": time}, attributes)
    return data.set_coords(["lat", "lon"])


def climada(work: Path) -> Callable[[], Outcome]:
    """`TropCyclone.from_tracks` with Holland's profile of 1980."""
    stub_night_lights()
    from climada.hazard import Centroids, TCTracks, TropCyclone

    case = np.load(work / "wind_case.npz")
    tracks = [_track(case, storm) for storm in range(case["latitude"].shape[0])]
    centroids = Centroids(lat=case["place_latitude"], lon=case["place_longitude"])
    settings = {
        "model": "H1980", "ignore_distance_to_coast": True, "intensity_thres": 0.0,
        "max_dist_eye_km": float(case["reach"]),
        "model_kwargs": {
            "gradient_to_surface_winds": float(case["surface"]),
            "rho_air_const": float(case["density"]),
        },
    }  # fmt: skip
    TropCyclone.from_tracks(TCTracks(tracks[-1:]), centroids, **settings)

    def run() -> Outcome:
        hazard = TropCyclone.from_tracks(TCTracks(tracks), centroids, **settings)
        return {"wind": hazard.intensity.toarray()}

    return run
