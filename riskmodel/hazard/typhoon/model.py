"""The fitted track model as arrays, loaded from ``data/hazard/track_model.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import ParamError
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml
from riskmodel.hazard.typhoon.steering import STEERING, load_steering

FloatArray = npt.NDArray[np.float64]

TRACK_MODEL = FOLDER / "track_model.yml"


@dataclass(frozen=True, slots=True, eq=False)
class TrackModel:
    """Fitted numbers of the track model, as arrays.

    Parameters
    ----------
    rate : float
        Storms a year within the entry circle (Poisson).
    correlation : ndarray
        Gaussian-copula correlation of the state at entry.
    margins : dict of str to list of float
        Quantiles of bearing, distance, offset, log_speed, deficit, day.
    motion : tuple of ndarray
        Coefficients, residual scale and residual quantiles of heading, speed, sea, mainland
        and Taiwan, each flattened for the compiled kernel, coefficients of the ending, and the
        steering table.
    cap : ndarray
        Dims (2, latitude): latitude (degrees) and the highest deficit (hPa) there.
    pressure_wind : tuple of float
        a, b and the spread between storms of ln wind = a + b ln deficit (m/s, hPa).
    source : str
        What it was fitted on.
    """

    rate: float
    correlation: FloatArray
    margins: dict[str, list[float]]
    motion: tuple[FloatArray, ...]
    cap: FloatArray
    pressure_wind: tuple[float, float, float]
    source: str


def _regression(part: dict[str, Any]) -> FloatArray:
    return np.array(
        [*part["coefficients"].values(), *part["residual_scale"], *part["residual_quantiles"]]
    )


def _decay(part: dict[str, Any]) -> FloatArray:
    return np.array(
        [part["rate"], part["background"], *part["residual_scale"], *part["residual_quantiles"]]
    )


def load_track_model(path: str | Path = TRACK_MODEL, steering: Path = STEERING) -> TrackModel:
    """Load a fitted track model.

    Parameters
    ----------
    path : str or Path
        YAML written by `riskmodel.hazard.typhoon.fit`.
    steering : Path
        Table written beside it.

    Raises
    ------
    ParamError
        If the file or a key is missing.
    """
    path = Path(path)
    content = read_yaml(path)
    try:
        wind = content["pressure_wind"]
        return TrackModel(
            rate=float(content["counts"]["rate"]),
            correlation=np.array(content["entry"]["correlation"], dtype=np.float64),
            margins={n: content["entry"]["margins"][n] for n in content["entry"]["variables"]},
            motion=(
                *(_regression(content[name]) for name in ("heading", "speed", "sea")),
                *(_decay(content[name]) for name in ("mainland", "taiwan")),
                np.array(list(content["ending"]["coefficients"].values())),
                load_steering(steering),
            ),
            cap=np.array([content["cap"]["latitude"], content["cap"]["deficit"]]),
            pressure_wind=(*wind["coefficients"].values(), wind["storm_sd"]),
            source=str(content["source"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ParamError(
            "the track model lacks a key or holds no number",
            where=str(path),
            found=repr(error),
            remedy="refit it with the command that the file names",
        ) from error
