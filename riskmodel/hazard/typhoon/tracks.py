"""Storms simulated from the fitted track model, block by block."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.counts import draw_counts
from riskmodel.hazard.typhoon.copula import PROBABILITIES, draw_joint
from riskmodel.hazard.typhoon.geometry import (
    LAND_SOUTH,
    LAND_STEP,
    LAND_WEST,
    destination,
    distance_and_bearing,
    land_table,
)
from riskmodel.hazard.typhoon.layout import DAYS, bounded_radius, storm_dataset
from riskmodel.hazard.typhoon.model import TrackModel, load_track_model
from riskmodel.hazard.typhoon.motion import advance
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.replay import storms_from_record
from riskmodel.hazard.typhoon.samples import PEAK_DAY

__all__ = ["TrackModel", "load_track_model", "simulate_storms", "storms_from_record"]

FloatArray = npt.NDArray[np.float64]

PATH_VARIABLES = ("latitude", "longitude", "deficit", "speed", "heading")


def _enter(
    model: TrackModel, years: int, frequency: Frequency, random: np.random.Generator
) -> dict[str, FloatArray]:
    """Draw the storms of a block and their state at entry, sorted by year and day."""
    domain = values("domain")
    year = np.repeat(np.arange(years), draw_counts(frequency, model.rate, years, random))
    drawn = draw_joint(random, year.size, model.correlation, list(model.margins.values()))
    state = {name: drawn[:, k] for k, name in enumerate(model.margins)}
    state["year"] = year.astype(np.float64)
    state["latitude"], state["longitude"] = destination(
        domain["latitude"], domain["longitude"], state["bearing"], state["distance"]
    )
    _, outward = distance_and_bearing(
        domain["latitude"], domain["longitude"], state["latitude"], state["longitude"]
    )
    state["heading"] = outward + 180.0 + state["offset"]
    order = np.lexsort((state["day"], year))
    return {name: column[order] for name, column in state.items()}


def simulate_storms(
    model: TrackModel, *, years: int, block: int, seed: int, frequency: Frequency
) -> xr.Dataset:
    """Simulate the storms of one block of years.

    Parameters
    ----------
    model : TrackModel
        From `load_track_model`.
    years : int
        Years of the block, > 0.
    block : int
        Number of the block, >= 0; a block never depends on another.
    seed : int
        Seed of the run, >= 0.
    frequency : Frequency
        Family of the number of storms a year, whose mean is the model's.

    Returns
    -------
    xarray.Dataset
        Dims (storm, step), hourly and NaN-padded: `latitude`, `longitude` (degrees), `deficit`
        (hPa), `speed` (m/s), `heading` (degrees from north), `radius_of_maximum_wind` (km),
        `maximum_wind` (m/s, 10-minute, near the centre). Dims (storm): `year` (0 to years - 1),
        `start` and `end` (day of a 365-day year), sorted by year and start.

    Raises
    ------
    CatalogueError
        If years, block or seed is out of range.
    """
    if years < 1 or block < 0 or seed < 0:
        raise CatalogueError(
            "storms cannot be simulated for this block",
            found={"years": years, "block": block, "seed": seed},
            expected="years >= 1, block >= 0, seed >= 0",
        )
    random = generator(seed, "tracks", block)
    state = _enter(model, years, frequency, random)
    path = _live(model, state, random)
    normal = random.standard_normal((state["year"].size, 2))
    steps = _steps(model, path, normal)
    hours = np.isfinite(path[:, :, 0]).sum(axis=1) - 1
    end = np.minimum(state["day"] + hours / 24.0, DAYS + 1.0)
    return storm_dataset(
        steps,
        {"year": state["year"].astype(np.int32), "start": state["day"], "end": end},
        model.source,
        f"simulate_storms(years={years}, block={block}, seed={seed})",
    )


def _steps(model: TrackModel, path: FloatArray, normal: FloatArray) -> dict[str, FloatArray]:
    """Path variables by name, with size and wind of each storm drawn around their medians."""
    steps = {name: path[:, :, k] for k, name in enumerate(PATH_VARIABLES)}
    spread = np.exp(values("wind")["radius_spread"] * normal[:, :1])
    steps["radius_of_maximum_wind"] = bounded_radius(steps["deficit"], steps["latitude"], spread)
    a, b, sd = model.pressure_wind
    steps["maximum_wind"] = np.exp(a + b * np.log(steps["deficit"]) + sd * normal[:, 1:])
    return steps


def _live(
    model: TrackModel, state: dict[str, FloatArray], random: np.random.Generator
) -> FloatArray:
    """Follow the storms from their entry, dims (storm, step, variable of `PATH_VARIABLES`)."""
    domain = values("domain")
    hours = int(domain["longest_life"])
    # Five draws for each six hours.
    uniform = random.random((state["year"].size, hours // 6 + 2, 5))
    start = ("latitude", "longitude", "heading", "log_speed", "deficit")
    path = advance(
        np.stack([state[name] for name in start], axis=1),
        np.cos(2.0 * np.pi * (state["day"] - PEAK_DAY) / DAYS),
        uniform,
        model.motion,
        np.array(PROBABILITIES),
        model.cap,
        land_table(),
        np.array([LAND_SOUTH, LAND_WEST, LAND_STEP]),
        np.array([domain[n] for n in ("latitude", "longitude", "leave_radius", "end_deficit")]),
        hours,
    )
    longest = int(np.isfinite(path[:, :, 0]).sum(axis=1).max(initial=1))
    return np.asarray(path[:, :longest])
