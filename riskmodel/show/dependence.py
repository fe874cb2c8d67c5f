"""How far dependence reaches: chi by distance, as declared, as solved, as simulated."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import hover, new_figure
from riskmodel.show.inputs import require_attrs, require_variables
from riskmodel.show.theme import COLORWAY, MUTED
from riskmodel.show.units import number

WHERE, HEIGHT = "chi by distance", 460
KEYS = ("solved", "measured", "target")
BAR = {"type": "data", "symmetric": False, "thickness": 1.4, "width": 4}


def _require_range(data: xr.Dataset, name: str, low: float, high: float) -> None:
    """Refuse values outside a closed range; unknown ones may be NaN."""
    values = data[name].values
    if ((values < low) | (values > high)).any():
        raise FigureError(
            "a value is out of range",
            where=f"{WHERE}: {name}",
            found=[float(np.nanmin(values)), float(np.nanmax(values))],
            expected=f"{low:g} to {high:g}, or NaN",
        )


def _check(data: xr.Dataset) -> None:
    """Refuse a Dataset that lacks what the figure shows, or holds no probabilities."""
    binned, drawn = ("return_period", "distance"), ("return_period", "curve_distance")
    variables: dict[str, tuple[str, ...]] = {"measured": binned, "solved": drawn}
    targets = ("target_distance", "target_return_period", "target_chi")
    bounds = ("lower", "upper") if {"lower", "upper"} & set(data.variables) else ()
    coords = {dim: (dim,) for dim in (*binned, "curve_distance")}
    variables |= dict.fromkeys(bounds, binned) | dict.fromkeys(targets, ("target",))
    require_variables(data, {**variables, **coords}, where=WHERE)
    require_attrs(data.attrs, ("name_zh", "name_en"), where=WHERE)
    for name in ("measured", "solved", "target_chi", *bounds):
        _require_range(data, name, 0.0, 1.0)
    for name in ("distance", "curve_distance", "target_distance"):
        _require_range(data, name, 0.0, np.inf)
    periods = data["return_period"].values
    if not np.isin(data["target_return_period"].values, periods).all():
        raise FigureError(
            "a target has a return period without a curve",
            where=f"{WHERE}: target_return_period",
            found=data["target_return_period"].values.tolist(),
            expected=periods.tolist(),
            remedy="solve and measure chi at the return periods of the targets",
        )
    if len(periods) > len(COLORWAY):
        raise FigureError(
            "more return periods than colours",
            where=f"{WHERE}: return_period",
            found=len(periods),
            expected=f"at most {len(COLORWAY)}",
            remedy="choose fewer return periods",
        )


def _texts(
    distances: xr.DataArray, chi: xr.DataArray, names: tuple[str, str], language: Language
) -> list[str]:
    """Hover texts of points or a line: which, distance, chi."""
    asked = message("hover.distance", language)
    return [
        hover(names, (asked, f"{number(float(km))} km"), ("χ", f"{float(value):.3f}"))
        for km, value in zip(distances.values, chi.values, strict=True)
    ]


def _looks(colour: str) -> dict[str, dict[str, object]]:
    """Draw what is solved as a line, what is measured as points, what is declared as diamonds."""
    ring = {"symbol": "diamond-open", "size": 12, "color": colour, "line": {"width": 2}}
    return {
        "solved": {"mode": "lines", "line": {"color": colour, "width": 2.4}},
        "measured": {"mode": "markers", "marker": {"color": colour, "size": 7}},
        "target": {"mode": "markers", "marker": ring},
    }


def _bars(one: xr.Dataset, colour: str, language: Language) -> tuple[dict | None, list[str]]:
    """Error bars of the measured points and what hover says of them; nothing without bounds."""
    if "lower" not in one:
        return None, [""] * one.sizes["distance"]
    lower, upper, chi = (one[name].values for name in ("lower", "upper", "measured"))
    reach = {"array": np.maximum(upper - chi, 0.0), "arrayminus": np.maximum(chi - lower, 0.0)}
    asked = message("hover.between_blocks", language)
    texts = [
        f"<br>{hover((asked, f'{low:.3f} – {high:.3f}'))}"
        for low, high in zip(lower, upper, strict=True)
    ]
    return {**BAR, **reach, "color": colour}, texts


def _add_level(
    figure: go.Figure, data: xr.Dataset, period: float, colour: str, language: Language
) -> None:
    """Draw line, points and targets of one return period."""
    one = data.sel(return_period=period)
    own = one.isel(target=np.flatnonzero(data["target_return_period"].values == period))
    name = message("legend.level", language, years=f"{period:g}")
    bars, spread = _bars(one, colour, language)
    places = {"solved": "curve_distance", "measured": "distance", "target": "target_distance"}
    for key in KEYS:
        chi = own["target_chi" if key == "target" else key]
        distances = own[places[key]]
        texts = _texts(distances, chi, (name, message(f"legend.chi_{key}", language)), language)
        if key == "measured":
            texts = [text + more for text, more in zip(texts, spread, strict=True)]
        figure.add_scatter(
            x=distances.values,
            y=chi.values,
            name=name,
            legendgroup=name,
            showlegend=key == "solved",
            error_y=bars if key == "measured" else None,
            hovertext=texts,
            hoverinfo="text",
            cliponaxis=False,
            **_looks(colour)[key],
        )


def chi_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """Chance that a place at a distance reaches the T-year level in the same event.

    Parameters
    ----------
    data : xarray.Dataset
        Variables, all chi from 0 to 1: `measured` (return_period, distance; NaN where there are
        no pairs), its spread between blocks `lower` and `upper` on the same dims if known,
        `solved` (return_period, curve_distance), and on dim `target` `target_chi` with
        `target_distance` and `target_return_period`. Coordinates `distance` and `curve_distance`
        in km, `return_period` in years. Attrs `name_zh`, `name_en` of the source.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing or out of range, or a target has a return period of its own.
    """
    _check(data)
    periods = [float(period) for period in data["return_period"].values]
    keys = [message(f"legend.chi_{key}", language) for key in KEYS]
    levels = [message("legend.level", language, years=f"{period:g}") for period in periods]
    figure = new_figure(
        message("title.chi", language, source=data.attrs[f"name_{language}"]),
        subtitle=message("legend.between_blocks", language) if "lower" in data else "",
        legend=[*levels, *keys],
        height=HEIGHT,
    )
    for period, colour in zip(periods, COLORWAY, strict=False):
        _add_level(figure, data, period, colour, language)
    for (_, look), name in zip(_looks(MUTED).items(), keys, strict=True):
        figure.add_scatter(x=[None], y=[None], name=name, hoverinfo="skip", **look)
    figure.update_xaxes(rangemode="tozero", title_text=message("axis.distance", language))
    figure.update_yaxes(range=[0, 1], dtick=0.2, title_text=message("axis.chi", language))
    return figure
