"""The EpCurve Dataset: OEP and AEP with intervals by kind and the share that is extrapolated."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.schema import Schema, stamp
from riskmodel.exceedance.intervals import model_interval, simulation_interval
from riskmodel.exceedance.metrics import Metric, curve_points, year_losses

SCHEMA = Schema(
    "ep_curve",
    {
        "value": ("kind", "return_period"),
        "share_extrapolated": ("kind", "return_period"),
        "lower": ("interval", "kind", "return_period"),
        "upper": ("interval", "kind", "return_period"),
    },
    ("currency", "price_year", "status", "longest_supported_return_period", "level"),
)
EXCEEDING_YEARS_NEEDED = 10


Points = list[list[Metric]]  # by kind (OEP, AEP), then by return period


def ep_curve(
    table: xr.Dataset,
    variants: Mapping[str, xr.Dataset],
    *,
    level: float,
    status: str,
    points: int = 40,
) -> xr.Dataset:
    """Curve of the baseline with `simulation` and `model` intervals.

    Parameters
    ----------
    table : Dataset
        Occurrence table of the baseline.
    variants : mapping of str to Dataset
        Occurrence tables of the declared variants on the same catalogue.
    level : float
        Level of the simulation interval.
    status : str
        Worst status of the inputs.
    points : int
        Return periods between 2 years and the longest supported one (ten exceeding years in a
        block).
    """
    years, blocks = int(table.attrs["years"]), int(table.attrs["blocks"])
    longest = years / blocks / EXCEEDING_YEARS_NEEDED
    periods = [float(t) for t in np.geomspace(2.0, longest, points)]
    base = _points(table, periods)
    parts = [_points(table, periods, block) for block in range(blocks)]
    others = [_points(variant, periods) for variant in variants.values()]
    lower, upper = _bounds(base, parts, others, level)
    dims = ("interval", "kind", "return_period")
    curve = xr.Dataset(
        {
            "value": (dims[1:], [[m.value for m in row] for row in base]),
            "share_extrapolated": (dims[1:], [[m.share_extrapolated for m in row] for row in base]),
            "lower": (dims, lower),
            "upper": (dims, upper),
        },
        {"kind": ["OEP", "AEP"], "return_period": periods, "interval": ["simulation", "model"]},
    )
    attrs = {name: table.attrs[name] for name in ("currency", "price_year")}
    attrs |= {"status": status, "level": level, "longest_supported_return_period": longest}
    return stamp(curve, SCHEMA, source=table.attrs["source"], history="ep_curve", **attrs)


def _points(table: xr.Dataset, periods: list[float], block: int | None = None) -> Points:
    losses = year_losses(table, block=block)
    return [
        curve_points(losses.largest, losses.largest_extrapolated, periods)[0],
        curve_points(losses.total, losses.total_extrapolated, periods)[0],
    ]


def _bounds(
    base: Points, parts: list[Points], others: list[Points], level: float
) -> npt.NDArray[np.float64]:
    """Bounds (lower and upper, interval, kind, return period)."""
    bounds = np.empty((2, 2, len(base), len(base[0])))
    for kind, row in enumerate(base):
        for i, (value, _) in enumerate(row):
            both = (
                simulation_interval(value, [p[kind][i].value for p in parts], level=level),
                model_interval(value, [o[kind][i].value for o in others]),
            )
            bounds[:, :, kind, i] = [[b["lower"] for b in both], [b["upper"] for b in both]]
    return bounds
