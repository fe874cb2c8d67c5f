"""Intervals around curves, each kind with a look of its own."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language
from riskmodel.show.theme import MUTED, translucent
from riskmodel.show.units import interval_name

# Drawn in this order: the widest first, so that the narrow simulation interval lies on top.
KINDS = ("data", "model", "simulation")


def kinds_of(data: xr.Dataset) -> list[str]:
    """Kinds of interval that a Dataset holds, in the order of drawing.

    Raises
    ------
    FigureError
        If a kind is unknown.
    """
    found = [str(kind) for kind in data["interval"].values] if "interval" in data.coords else []
    unknown = [kind for kind in found if kind not in KINDS]
    if unknown:
        raise FigureError("unknown kind of interval", found=unknown, expected=KINDS)
    return [kind for kind in KINDS if kind in found]


def level_of(data: xr.Dataset, kind: str) -> object:
    """Level of the simulation interval, where the Dataset says it; the model's has none."""
    return data.attrs.get("level") if kind == "simulation" else None


def band_look(kind: str, colour: str) -> dict[str, object]:
    """Look of a kind: simulation filled, model pale between dotted edges, data only dashed."""
    if kind == "simulation":
        return {"fillcolor": translucent(colour, 0.38), "line": {"width": 0, "color": colour}}
    dash, fill = ("dot", 0.07) if kind == "model" else ("longdashdot", 0.0)
    line = {"width": 1.2, "color": translucent(colour, 0.8), "dash": dash}
    return {"fillcolor": translucent(colour, fill), "line": line}


def add_band(
    figure: go.Figure,
    lower: xr.DataArray,
    upper: xr.DataArray,
    *,
    kind: str,
    colour: str,
    name: str,
) -> None:
    """Draw one interval along its only dim, where both bounds are known."""
    x, low, high = lower[lower.dims[0]].values, lower.values, upper.values
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return
    figure.add_scatter(
        x=np.concatenate([x[known], x[known][::-1]]),
        y=np.concatenate([high[known], low[known][::-1]]),
        fill="toself",
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        name=name,
        **band_look(kind, colour),
    )


def add_band_keys(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Explain the looks of the kinds in the legend, once for all curves."""
    for kind in kinds_of(data):
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="lines",
            fill="toself",
            hoverinfo="skip",
            name=interval_name(kind, language, level_of(data, kind)),
            **band_look(kind, MUTED),
        )


def band_names(data: xr.Dataset, language: Language) -> list[str]:
    """Legend names of the kinds, in the order of drawing."""
    return [interval_name(kind, language, level_of(data, kind)) for kind in kinds_of(data)]
