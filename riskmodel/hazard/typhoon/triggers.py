"""What a parametric cover reads from a storm: pressure and wind in named areas, and landfall."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import ParamError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.hazard.typhoon.geometry import distance_and_bearing, land_at, on_taiwan
from riskmodel.hazard.typhoon.layout import STORMS
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml, values

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

TRIGGER_BOXES = FOLDER / "trigger_boxes.yml"
TRIGGERS = Schema(
    name="typhoon_triggers",
    variables={
        **{name: ("storm", "box") for name in ("minimum_pressure", "maximum_wind")},
        **{
            f"landfall_{name}": ("storm",)
            for name in ("latitude", "longitude", "pressure", "wind", "day")
        },
    },
)


@cache
def load_boxes(path: Path = TRIGGER_BOXES) -> dict[str, dict[str, Any]]:
    """Return the named areas of ``trigger_boxes.yml``.

    Raises
    ------
    ParamError
        If the file is missing or an area has an unknown kind or lacks a key.
    """
    boxes = read_yaml(path).get("boxes") or {}
    needed = {
        "circle": {"latitude", "longitude", "radius"},
        "coast": {"south", "north", "seaward", "inland"},
    }
    for name, box in boxes.items():
        kind = box.get("kind")
        if kind not in needed or needed[kind] - box.keys():
            raise ParamError(
                "an area needs a known kind and its keys",
                where=f"{path.name}, {name}",
                found=box,
                expected={k: sorted(v) for k, v in needed.items()},
            )
    return dict(boxes)


def _inside(box: dict[str, Any], latitude: FloatArray, longitude: FloatArray) -> BoolArray:
    if box["kind"] == "circle":
        distance, _ = distance_and_bearing(box["latitude"], box["longitude"], latitude, longitude)
        return distance <= box["radius"]
    inland = land_at(latitude, longitude)
    between = (latitude >= box["south"]) & (latitude <= box["north"])
    near = (inland >= -box["seaward"]) & (inland <= box["inland"])
    return between & near & ~on_taiwan(latitude, longitude)


def places(storms: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Latitude and longitude of each hour; after its end a storm stays far out at sea."""
    alive = np.isfinite(storms["latitude"].values)
    latitude = np.where(alive, storms["latitude"].values, 20.0).astype(np.float64)
    return latitude, np.where(alive, storms["longitude"].values, 130.0).astype(np.float64)


def first_landfall(
    storms: xr.Dataset, inland: FloatArray
) -> tuple[BoolArray, npt.NDArray[np.int64]]:
    """Whether each storm crosses the declared mainland coast from the sea, and after which hour.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms` or `storms_from_record`.
    inland : ndarray
        Distance of its `places` behind the coast in km, below zero at sea, dims (storm, step).
    """
    ashore = (inland > 0.0) & ~on_taiwan(*places(storms))
    alive = np.isfinite(storms["latitude"].values)
    crossing = np.zeros_like(ashore)
    crossing[:, :-1] = ashore[:, 1:] & ~ashore[:, :-1] & alive[:, 1:]
    hit = np.asarray(crossing.any(axis=1))
    return hit, np.where(hit, crossing.argmax(axis=1), 0)


def _landfall(
    storms: xr.Dataset, latitude: FloatArray, longitude: FloatArray
) -> dict[str, FloatArray]:
    """State at the first crossing of the declared mainland coast; NaN when none."""
    inland = land_at(latitude, longitude)
    hit, step = first_landfall(storms, inland)
    row = np.arange(len(step))
    before, after = inland[row, step], inland[row, np.minimum(step + 1, inland.shape[1] - 1)]
    gap = np.where(after > before, after - before, 1.0)
    share = np.clip(-before / gap, 0.0, 1.0)

    def between(array: FloatArray) -> FloatArray:
        here, there = array[row, step], array[row, np.minimum(step + 1, array.shape[1] - 1)]
        return np.where(hit, here + share * (there - here), np.nan)

    deficit = between(storms["deficit"].values.astype(np.float64))
    return {
        "latitude": between(latitude),
        "longitude": between(longitude),
        "pressure": values("domain")["environment_pressure"] - deficit,
        "wind": between(storms["maximum_wind"].values.astype(np.float64)),
        "day": np.where(hit, storms["start"].values + (step + share) / 24.0, np.nan),
    }


def trigger_indices(storms: xr.Dataset) -> xr.Dataset:
    """Pressure and wind near the centre in the named areas, and the first landfall.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms` or `storms_from_record`.

    Returns
    -------
    xarray.Dataset
        Dims (storm, box): `minimum_pressure` (hPa) and `maximum_wind` (m/s, 10-minute, near the
        centre) while the centre is in the area, NaN when it never is; `box` holds the names of
        ``data/hazard/trigger_boxes.yml``. Dims (storm): `landfall_latitude`,
        `landfall_longitude` (degrees), `landfall_pressure` (hPa), `landfall_wind` (m/s) and
        `landfall_day` at the first crossing of the declared mainland coast from the sea, NaN
        when none.
    """
    check(storms, STORMS)
    boxes = load_boxes()
    alive = np.isfinite(storms["latitude"].values)
    latitude, longitude = places(storms)
    highest = np.full((alive.shape[0], len(boxes), 2), np.nan)
    for k, box in enumerate(boxes.values()):
        inside = _inside(box, latitude, longitude) & alive
        hit = inside.any(axis=1)
        for j, name in enumerate(("deficit", "maximum_wind")):
            top = np.where(inside, storms[name].values, -np.inf).max(axis=1)
            highest[hit, k, j] = top[hit]
    pressure = values("domain")["environment_pressure"] - highest[:, :, 0]
    data = xr.Dataset(
        {
            "minimum_pressure": (("storm", "box"), pressure, {"units": "hPa"}),
            "maximum_wind": (("storm", "box"), highest[:, :, 1], {"units": "m/s"}),
        },
        coords={"box": np.array(list(boxes), dtype=np.str_)},
    )
    units = {"pressure": "hPa", "wind": "m/s", "day": "day of a 365-day year"}
    for name, column in _landfall(storms, latitude, longitude).items():
        data[f"landfall_{name}"] = ("storm", column, {"units": units.get(name, "degrees")})
    return stamp(
        data,
        TRIGGERS,
        source=str(storms.attrs["source"]),
        history=f"{storms.attrs['history']}; trigger_indices",
    )
