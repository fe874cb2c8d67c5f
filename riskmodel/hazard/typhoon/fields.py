"""Indices of wind, rain and surge of every storm at every node.

The indices are read for pattern and rank: which places a storm hits together and how rare it is
there. The level of the maps comes from the census, so the absolute values are no results.

Wind: Holland's, times a surface factor, turned by the inflow angle, plus a share of translation.
Rain: R-CLIPER, more where the wind climbs the declared ground, times an efficiency of the storm.
Surge: set-up of the onshore wind squared, inverse barometer and a share of the tide. Each storm is
computed whole by one thread. Constants: ``data/hazard/physics.yml``.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import purpose_code
from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.hazard.typhoon.geometry import land_at, onshore_direction
from riskmodel.hazard.typhoon.kernels import accumulate
from riskmodel.hazard.typhoon.layout import STORMS
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.triggers import trigger_indices

__all__ = ["INDICES", "storm_indices", "surface_factor", "trigger_indices"]

FloatArray = npt.NDArray[np.float64]

INDICES = Schema(
    name="typhoon_indices",
    variables={
        **{name: ("node", "storm") for name in ("wind", "rain", "rain_24h", "surge")},
        **{name: ("node",) for name in ("latitude", "longitude")},
    },
)
UNITS = {"wind": "m/s", "rain": "mm", "rain_24h": "mm", "surge": "m"}
PURPOSES = ("rain efficiency", "tide m2", "tide s2")
TIDES = ("tide_m2", "tide_s2")
TRACK_ORDER = (
    "latitude", "longitude", "deficit", "speed", "heading", "radius_of_maximum_wind",
    "maximum_wind",
)  # fmt: skip
# Order in which the kernel reads the constants of physics.yml.
WIND_ORDER = (
    "air_density",
    "shape_constant",
    "shape_radius",
    "shape_latitude",
    "shape_least",
    "shape_most",
    "inflow_angle",
    "translation_share",
    "translation_turn",
    "reach",
)
PROFILES = ("holland_1980", "holland_2010")
# Read only by the profile of 2010, after a flag that tells which one.
SURFACE_ORDER = ("surface_factor", "outer_radius", "outer_wind")  # fmt: skip
RAIN_ORDER = (
    "centre_constant", "centre_slope", "peak_constant", "peak_slope", "peak_radius_constant",
    "peak_radius_slope", "scale_constant", "scale_slope", "reach", "efficiency_spread",
)  # fmt: skip
SURGE_ORDER = (
    "setup_coefficient", "inverse_barometer", "reach", "least_surge", "tide_m2", "tide_s2",
    "period_m2", "period_s2",
)  # fmt: skip


def surface_factor(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> FloatArray:
    """Ratio of the 10-minute wind at 10 m to the gradient wind at each node.

    Over water the declared marine factor; over land open terrain, to which the wind adjusts
    within a declared distance of the coast. Vickery et al. 2009, J. Appl. Meteor. Climatol. 48.
    """
    wind = values("wind")
    inland = np.maximum(land_at(latitude, longitude), 0.0)
    lost = wind["land_reduction"] * -np.expm1(-inland / wind["land_scale"])
    return wind["surface_factor"] * (1.0 - lost)


def _nodes(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> FloatArray:
    """Columns of each node, dims (node, 7).

    Latitude, longitude, surface factor; east and north of onshore (0 inland); east and north of the
    declared slope of the ground, metres of rise a metre (0 at sea).
    """
    surge = values("surge")
    lat = np.asarray(latitude, dtype=np.float64).ravel()
    lon = np.asarray(longitude, dtype=np.float64).ravel()
    if lat.shape != lon.shape or not lat.size or not np.isfinite(lat + lon).all():
        raise CatalogueError(
            "node latitudes and longitudes must be finite and as many",
            found=(lat.shape, lon.shape),
        )
    east, north = onshore_direction(lat, lon, surge["coast_smoothing"])
    inland = land_at(lat, lon)
    rain = values("rain")
    # Ground that rises towards terrain_height, ever more slowly: there is no elevation model.
    steepest = rain["terrain_height"] / rain["terrain_width"] / 1000.0
    slope = np.where(inland > 0.0, steepest * np.exp(-inland / rain["terrain_width"]), 0.0)
    coastal = (inland <= surge["reach"]) & (inland >= -surge["seaward_reach"])
    return np.stack(
        [
            lat,
            lon,
            surface_factor(lat, lon),
            np.where(coastal, east, 0.0),
            np.where(coastal, north, 0.0),
            slope * east,
            slope * north,
        ],
        axis=1,
    )


def _share(name: str) -> float:
    """Return the part of a constant that counts: all of it, but a share of a tidal amplitude."""
    return values("surge")["tide_share"] if name in TIDES else 1.0


def _constants(section: str, order: tuple[str, ...]) -> FloatArray:
    table = values(section)
    return np.array([table[name] * _share(name) for name in order])


def wind_constants(profile: str) -> FloatArray:
    """Return the constants of the wind in the order of the kernels.

    Raises
    ------
    ParamError
        If there is no such profile.
    """
    if profile not in PROFILES:
        raise ParamError("no such wind profile", found=profile, expected=list(PROFILES))
    flag = float(PROFILES.index(profile))
    return np.r_[_constants("wind", WIND_ORDER), flag, _constants("wind", SURFACE_ORDER)]


def _rain_constants() -> FloatArray:
    one_minute = values("averaging")["one_minute_over_10min"]
    return np.r_[_constants("rain", RAIN_ORDER), one_minute, values("rain")["terrain_gain"]]


def storm_indices(
    storms: xr.Dataset,
    node_latitude: npt.ArrayLike,
    node_longitude: npt.ArrayLike,
    *,
    seed: int,
    block: int,
    residual: bool = True,
    profile: str = PROFILES[0],
) -> xr.Dataset:
    """Compute the indices of wind, rain and surge of each storm at each node.

    Parameters
    ----------
    storms : xarray.Dataset
        From `simulate_storms` or `storms_from_record`.
    node_latitude, node_longitude : array_like
        Degrees, dims (node).
    seed, block : int
        Key of the draws; the number of the storm within the block is the rest of it.
    residual : bool
        True draws a rain efficiency and tidal phases for each storm; False, for replays, takes
        efficiency 1 and the mean over fixed phases.
    profile : {"holland_1980", "holland_2010"}
        Radial profile of the wind, see `riskmodel.hazard.typhoon.wind`.

    Returns
    -------
    xarray.Dataset
        Dims (node, storm), float32, zero beyond reach. `wind`: highest 10-minute wind at 10 m
        over open terrain (over water at sea), m/s. `rain`: total of the event, `rain_24h`: its
        highest 24 hours, mm. `surge`: highest still-water level with surge, m, near the coast.

    Raises
    ------
    ParamError
        If the profile is not one of these.
    """
    check(storms, STORMS)
    nodes = _nodes(node_latitude, node_longitude)
    tracks = np.stack([storms[name].values for name in TRACK_ORDER], axis=-1).astype(np.float64)
    rain = _rain_constants()
    purposes = np.array([purpose_code(name) for name in PURPOSES], dtype=np.int64)
    wind, surge = wind_constants(profile), _constants("surge", SURGE_ORDER)
    result = accumulate(tracks, nodes, wind, rain, surge, purposes, seed, block, residual)
    if not residual:
        result[3] = _mean_over_tides(tracks, nodes, wind, rain, surge)
    history = f"storm_indices(seed={seed}, block={block}, residual={residual}, profile={profile})"
    return _dataset(result, nodes, storms, f"{storms.attrs['history']}; {history}")


def _mean_over_tides(
    tracks: FloatArray, nodes: FloatArray, wind: FloatArray, rain: FloatArray, surge: FloatArray
) -> npt.NDArray[np.float32]:
    """Mean surge index over fixed tidal phases, dims (storm, node), the same in any company.

    Phases are keyed by a storm's row, so each storm is computed alone, as row 0.
    """
    phases = int(values("surge")["replay_phases"])
    purposes = np.array([purpose_code(name) for name in PURPOSES], dtype=np.int64)
    total = np.zeros((tracks.shape[0], nodes.shape[0]))
    for storm, phase in product(range(tracks.shape[0]), range(phases)):
        alone = tracks[storm : storm + 1]
        total[storm] += accumulate(alone, nodes, wind, rain, surge, purposes, 0, phase, True)[3][0]
    return (total / phases).astype(np.float32)


def _dataset(
    result: npt.NDArray[np.float32], nodes: FloatArray, storms: xr.Dataset, history: str
) -> xr.Dataset:
    data = xr.Dataset(
        {
            name: (("node", "storm"), array.T, {"units": unit})
            for (name, unit), array in zip(UNITS.items(), result, strict=True)
        }
    )
    data["latitude"], data["longitude"] = ("node", nodes[:, 0]), ("node", nodes[:, 1])
    for name in ("year", "start", "end"):
        data[name] = storms[name]
    return stamp(data, INDICES, source=str(storms.attrs["source"]), history=history)
