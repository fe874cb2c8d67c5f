"""Local steering: how storms turn and quicken at a place when they come from a direction.

A regression over the whole circle misses what land and the edge of the subtropical high do at one
place: storms off southern Fujian turn ashore, storms east of Taiwan run on. The mean residuals of
turn and speed are therefore kept on a table of place and heading.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.census.terrain import KM_PER_DEGREE, REFERENCE_LATITUDE
from riskmodel.core.errors import ParamError
from riskmodel.core.files import write_text
from riskmodel.hazard.typhoon.copula import quantiles_of
from riskmodel.hazard.typhoon.geometry import wrap
from riskmodel.hazard.typhoon.parameters import FOLDER
from riskmodel.hazard.typhoon.regression import (
    design_heading,
    design_speed,
    regress,
    rounded,
    unexplained,
)

FloatArray = npt.NDArray[np.float64]

STEERING = FOLDER / "steering.csv"
SOUTH, NORTH, WEST, EAST, STEP = 21.5, 34.5, 113.0, 128.5, 0.5  # degrees
HEADING_STEP = 30.0  # degrees
VARIABLES = ("turn", "log_speed")
DECIMALS = (1, 3)
KEYS = ("variable", "heading", "latitude")
# Chosen for the smallest error on storms left out, among 30-300 km, 10-90 degrees and all
# headings together, 1-40 steps; 60 km without headings explains half as much.
WIDTH, HEADING_WIDTH, SHRINKAGE = 60.0, 30.0, 10.0  # km, degrees, steps


def nodes() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Headings, latitudes and longitudes of the table, degrees."""
    return (
        np.arange(0.0, 360.0, HEADING_STEP),
        np.arange(SOUTH, NORTH + STEP / 2, STEP),
        np.arange(WEST, EAST + STEP / 2, STEP),
    )


def _weights(place: FloatArray, heading: FloatArray, table: pd.DataFrame) -> FloatArray:
    """Gaussian weights, dims (point, step), by distance in place and in heading."""
    scale = KM_PER_DEGREE * np.array([1.0, np.cos(np.deg2rad(REFERENCE_LATITUDE))])
    gap = (place[:, None, :] - table[["latitude", "longitude"]].to_numpy()[None]) * scale
    turned = wrap(heading[:, None] - table["heading"].to_numpy()[None])
    return np.exp(-0.5 * ((gap**2).sum(axis=-1) / WIDTH**2 + turned**2 / HEADING_WIDTH**2))


def smooth_residuals(
    table: pd.DataFrame, residual: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Kernel means of a residual by place and heading, and for each step without its own storm.

    Parameters
    ----------
    table : pandas.DataFrame
        Steps with `storm`, `latitude`, `longitude`, `heading` (degrees).
    residual, weight : ndarray
        What is smoothed, and the weight of each step; dims (step).

    Returns
    -------
    tuple of ndarray
        The table, dims (heading, latitude, longitude), shrunk towards zero where few storms
        came; and the prediction for each step from the other storms, dims (step).

    Notes
    -----
    Σ w r / (Σ w + λ w̄), the Nadaraya-Watson mean with λ steps of no residual added; widths
    chosen on storms left out, as Hall & Jewson 2007, Tellus A 59, 486-498.
    """
    headings, latitudes, longitudes = nodes()
    spare = SHRINKAGE * weight.mean()
    lat, lon = np.meshgrid(latitudes, longitudes, indexing="ij")
    place = np.stack([lat.ravel(), lon.ravel()], axis=1)
    layers = []
    for heading in headings:
        near = _weights(place, np.full(len(place), heading), table) * weight
        layers.append((near @ residual / (near.sum(axis=1) + spare)).reshape(lat.shape))
    own = _weights(table[["latitude", "longitude"]].to_numpy(), table["heading"].to_numpy(), table)
    storm = pd.factorize(table["storm"])[0]
    own *= weight * (storm[:, None] != storm[None, :])
    return np.stack(layers), own @ residual / (own.sum(axis=1) + spare)


def _steered(
    table: pd.DataFrame, design: dict[str, Any], target: FloatArray, spread_by: FloatArray
) -> tuple[dict[str, Any], FloatArray]:
    """Regression and local steering of one target; quantiles are of what other storms leave."""
    part = regress(design, target, spread_by)
    residual, scale = unexplained(part, design, target, spread_by)
    weight = scale**-2.0
    steering, elsewhere = smooth_residuals(table, residual, weight)
    left = (residual - elsewhere) / scale
    part["residual_quantiles"] = quantiles_of(left - left.mean())
    variance, remaining = np.average(
        np.stack([residual, residual - elsewhere]) ** 2, axis=1, weights=weight
    )
    part["steering_skill"] = rounded(1.0 - remaining / variance)
    return part, steering


def fit_motion(table: pd.DataFrame) -> tuple[dict[str, dict[str, Any]], FloatArray]:
    """Regressions of turn and speed with local steering, from the steps of all storms.

    Parameters
    ----------
    table : pandas.DataFrame
        From `steps`.

    Returns
    -------
    tuple
        The parts `heading` and `speed` of the track model: as `regress`, with residual quantiles
        after steering learnt from other storms, and `steering_skill`, the share of the weighted
        residual variance that steering explains on storms left out. And the steering table, dims
        (variable, heading, latitude, longitude): degrees and ln speed in six hours.
    """
    # A storm that hardly moves has no heading.
    moving = table[(table["speed"] > 1.0) & (table["next_speed"] > 1.0)]
    # Erratic storms stay erratic: the size of the next turn's residual follows the last turn's.
    turn_by = np.column_stack([1.0 / moving["speed"], moving["last_turn"].abs()])
    heading = _steered(moving, design_heading(moving), moving["turn"].to_numpy(), turn_by)
    speed = _steered(
        table,
        design_speed(table),
        np.log(table["next_speed"].to_numpy()),
        1.0 / table["speed"].to_numpy(),
    )
    return {"heading": heading[0], "speed": speed[0]}, np.stack([heading[1], speed[1]])


def write_steering(path: Path, steering: FloatArray) -> Path:
    """Write a steering table: a row a variable, heading and latitude, a column a longitude."""
    headings, latitudes, longitudes = nodes()
    index = pd.MultiIndex.from_product([VARIABLES, headings, latitudes], names=KEYS)
    plain = [layer.round(n) + 0.0 for layer, n in zip(steering, DECIMALS, strict=True)]
    frame = pd.DataFrame(
        np.stack(plain).reshape(-1, longitudes.size),
        index=index,
        columns=[f"{lon:.1f}" for lon in longitudes],
    )
    return write_text(path, frame.to_csv(lineterminator="\n"))


def load_steering(path: Path = STEERING) -> FloatArray:
    """Return the steering table, dims (variable, heading, latitude, longitude).

    Variables as `fit_motion` returns them.

    Raises
    ------
    ParamError
        If the file is missing or is not on the nodes of this module.
    """
    remedy = "refit it: riskmodel fit-tracks RECORD.csv"
    if not path.is_file():
        raise ParamError("the steering table does not exist", where=str(path), remedy=remedy)
    frame = pd.read_csv(path)
    shape = (len(VARIABLES), *(axis.size for axis in nodes()))
    found = frame.drop(columns=list(KEYS), errors="ignore").to_numpy(dtype=np.float64)
    if found.shape != (np.prod(shape[:3]), shape[3]) or not np.isfinite(found).all():
        raise ParamError(
            "the steering table has other nodes, or gaps",
            where=path.name,
            found=found.shape,
            expected=f"variables x headings x latitudes x longitudes = {shape}",
            remedy=remedy,
        )
    return found.reshape(shape)
