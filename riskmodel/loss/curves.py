"""Damage curves of the classes exposed, from ``data/curves`` and the levers of the params file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from riskmodel.loss.response import Item, Response

FloatArray = npt.NDArray[np.float64]
FOLDER = Path(__file__).parents[2] / "data" / "curves"
WIND_KNOTS = 400


@dataclass(frozen=True, slots=True)
class DamageLevers:
    """The few explicit parameters of damage, all declared in the params file.

    Parameters
    ----------
    v_half : float
        1-minute wind in m/s at which half the value is lost, for brick-concrete dwellings.
    v_threshold : float
        1-minute wind in m/s below which wind costs nothing.
    averaging_factor : float
        1-minute wind over 10-minute wind; census wind maps are 10-minute.
    flood_damage_scale : float
        Factor on the damage of depth: the share of a cell's value that stands where water comes.
    surge_multiplier : float
        Damage of sea water over damage of fresh water at the same depth.
    """

    v_half: float
    v_threshold: float
    averaging_factor: float
    flood_damage_scale: float
    surge_multiplier: float


def emanuel(wind: npt.ArrayLike, *, v_half: float, v_threshold: float) -> FloatArray:
    """Damage ratio x³/(1 + x³) with x = max(v - v0, 0)/(v_half - v0) (Emanuel 2011).

    Parameters
    ----------
    wind : array_like
        1-minute sustained wind in m/s.
    v_half, v_threshold : float
        m/s, v_half above v_threshold.

    Examples
    --------
    >>> float(emanuel(74.7, v_half=74.7, v_threshold=25.7))
    0.5
    """
    x = np.maximum(np.asarray(wind, dtype=np.float64) - v_threshold, 0.0) / (v_half - v_threshold)
    return x**3 / (1.0 + x**3)


def damage_items(levers: DamageLevers, folder: Path = FOLDER) -> list[Item]:
    """One item for each exposure class, with its responses to wind, flood and surge."""
    table = yaml.safe_load((folder / "sectors.yml").read_text(encoding="utf-8"))
    depth = pd.read_csv(folder / table["rain_flood"]["file"])
    items = []
    for exposure, sector in table["sectors"].items():
        responses = [
            _wind(exposure, table["typhoon_wind"], levers),
            _depth(exposure, "rain_flood", table, depth, levers.flood_damage_scale),
            _depth(
                exposure,
                "storm_surge",
                table,
                depth,
                levers.flood_damage_scale * levers.surge_multiplier,
            ),
        ]
        by_peril = {r.peril: r for r in responses}
        unit = table["unit_value"][exposure]
        items.append(Item(sector, "loss", "CNY", exposure, by_peril, "complement", unit))
    return items


def _wind(exposure: str, table: dict[str, Any], levers: DamageLevers) -> Response:
    v_half = levers.v_half * table["v_half_factor"][exposure]
    wind = np.linspace(levers.v_threshold, table["maximum_wind"], WIND_KNOTS)
    return Response(
        name=f"typhoon_wind/{exposure}",
        peril="typhoon_wind",
        intensity_unit="m s-1",
        intensity=tuple(wind / levers.averaging_factor),
        value=tuple(
            emanuel(
                wind, v_half=max(v_half, levers.v_threshold + 1.0), v_threshold=levers.v_threshold
            )
        ),
        interpolation="linear",
        source=table["source"],
        status=table["status"],
        spread=(0.0,) * WIND_KNOTS,
        valid_range=(wind[0] / levers.averaging_factor, wind[-1] / levers.averaging_factor),
    )


def _depth(
    exposure: str, peril: str, table: dict[str, Any], depth: pd.DataFrame, scale: float
) -> Response:
    flood = table["rain_flood"]
    curve = depth[flood["curve"][exposure]].to_numpy(dtype=np.float64)
    ratio = np.minimum(curve * flood["maximum_damage"][exposure] * scale, 1.0)
    return Response(
        name=f"{peril}/{exposure}",
        peril=peril,
        intensity_unit="m",
        intensity=tuple(depth["depth_m"]),
        value=tuple(ratio),
        interpolation="linear",
        source=table[peril]["source"],
        status=table[peril]["status"],
        spread=(0.0,) * len(depth),
        valid_range=(0.0, depth["depth_m"].iloc[-1]),
    )
