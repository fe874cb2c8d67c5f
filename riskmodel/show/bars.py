"""Bars: zones, zones by peril, months by peril."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message, names
from riskmodel.show.frame import hover, name_rows, new_figure, row_height
from riskmodel.show.inputs import require_attrs, require_dims
from riskmodel.show.theme import COLORWAY, INK, PERIL_COLOURS, colour_of
from riskmodel.show.units import DisplayUnit, axis_for, interval_name, number, unit_word

FloatArray = npt.NDArray[np.float64]


def zone_names(values: xr.DataArray, language: Language) -> list[str]:
    """Names of the zones, or a refusal when they are missing or repeated."""
    coord = f"name_{language}"
    if coord not in values.coords or values[coord].dims != ("zone",):
        raise FigureError(
            "zones have no names",
            where=str(values.name),
            found=sorted(map(str, values.coords)),
            expected=f"coordinate {coord} on dim zone",
        )
    found = [str(name) for name in values[coord].values]
    if len(set(found)) < len(found):
        raise FigureError("two zones have one name", where=str(values.name), found=found)
    return found


def _error_bars(
    values: xr.DataArray, lower: xr.DataArray, upper: xr.DataArray, unit: DisplayUnit
) -> dict[str, object]:
    """Interval around bars, as distances from the value."""
    low, high = (bound.sel(zone=values["zone"]) for bound in (lower, upper))
    return {
        "type": "data",
        "symmetric": False,
        "array": np.maximum(unit.shown(high - values).values, 0.0),
        "arrayminus": np.maximum(unit.shown(values - low).values, 0.0),
        "color": INK,
        "thickness": 1.4,
        "width": 4,
    }


def _interval(
    ranked: xr.DataArray,
    lower: xr.DataArray | None,
    upper: xr.DataArray | None,
    unit: DisplayUnit,
    language: Language,
) -> tuple[str, dict[str, object] | None]:
    """Name and error bars of the interval around the zones; nothing without bounds."""
    if (lower is None) != (upper is None):
        raise FigureError("one bound of the interval is missing", where="zone bars")
    if lower is None or upper is None:
        return "", None
    require_attrs(lower.attrs, ("interval",), where="zone bars lower")
    name = interval_name(str(lower.attrs["interval"]), language, lower.attrs.get("level"))
    return name, _error_bars(ranked, lower, upper, unit)


def zone_bar_figure(
    values: xr.DataArray,
    *,
    language: Language,
    lower: xr.DataArray | None = None,
    upper: xr.DataArray | None = None,
    title_key: str = "title.aal_by_zone",
) -> go.Figure:
    """One bar a zone, the largest on top.

    Parameters
    ----------
    values : xarray.DataArray
        Dim `zone` with coordinates `name_zh` and `name_en`; attrs `units` and `long_name`
        (or `long_name_zh`, `long_name_en`), for money units CNY and `price_year`.
    language : {"zh", "en"}
        Language of all texts.
    lower, upper : xarray.DataArray, optional
        Interval on the same zones; `lower` says in attrs `interval` what it covers and,
        if known, its `level`.
    title_key : str
        Message key of the question.

    Raises
    ------
    FigureError
        If names, units or one of the bounds are missing.
    """
    require_dims(values, ("zone",), where="zone bars")
    unit, title = axis_for(values, language)
    ranked = values.isel(zone=np.argsort(values.values, kind="stable"))
    note, error = _interval(ranked, lower, upper, unit, language)
    names = zone_names(ranked, language)
    height = row_height(len(names), legend=False)
    figure = new_figure(message(title_key, language), subtitle=note, height=height)
    _add_zones(figure, ranked, names, unit, language, color=COLORWAY[0])
    figure.update_traces(error_x=error, showlegend=False)
    figure.update_xaxes(title_text=title, rangemode="tozero")
    name_rows(figure, names, message("axis.zone", language))
    return figure


def _add_zones(
    figure: go.Figure,
    ranked: xr.DataArray,
    names: list[str],
    unit: DisplayUnit,
    language: Language,
    **look: object,
) -> None:
    """Draw a bar, or a piece of a bar, for each zone."""
    word = unit_word(ranked, language)
    shown = unit.shown(ranked).values
    label = str(look.pop("name", ""))
    figure.add_bar(
        y=names,
        x=shown,
        orientation="h",
        name=label,
        marker={"line": {"color": "white", "width": 0.5}, **look},
        hovertext=[
            hover((f"{name} {label}".strip(), f"{number(value)} {word}"))
            for name, value in zip(names, shown, strict=True)
        ],
        hoverinfo="text",
    )


def stacked_zone_figure(
    values: xr.DataArray, *, language: Language, title_key: str = "title.aal_by_zone_and_peril"
) -> go.Figure:
    """One bar a zone, in pieces by peril, the largest total on top.

    Parameters
    ----------
    values : xarray.DataArray
        Dims `zone`, `peril` (names of the design); coordinates `name_zh` and `name_en` on
        `zone`; units as for `zone_bar_figure`. The pieces must be such as may be added (AAL).
    language : {"zh", "en"}
        Language of all texts.
    title_key : str
        Message key of the question.

    Raises
    ------
    FigureError
        If names or units are missing, or a peril is unknown.
    """
    require_dims(values, ("zone", "peril"), where="stacked zones")
    unit, title = axis_for(values, language)
    order = np.argsort(values.sum("peril").values, kind="stable")
    ranked = values.isel(zone=order)
    names = zone_names(ranked, language)
    colours = {str(p): colour_of(PERIL_COLOURS, str(p)) for p in values["peril"].values}
    legend = [message(f"peril.{peril}", language) for peril in colours]
    height = row_height(len(names), legend=True)
    figure = new_figure(message(title_key, language), legend=legend, height=height)
    for (peril, colour), label in zip(colours.items(), legend, strict=True):
        one = ranked.sel(peril=peril)
        _add_zones(figure, one, names, unit, language, name=label, color=colour)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(title_text=title)
    name_rows(figure, names, message("axis.zone", language))
    return figure


def stacked_month_figure(
    values: xr.DataArray, *, language: Language, title_key: str = "title.loss_season"
) -> go.Figure:
    """One bar a month, in pieces by peril in the given order, the first at the bottom.

    Parameters
    ----------
    values : xarray.DataArray
        Dims `month` (1 to 12, months without a loss may be left out) and `peril` (names of the
        design); units as for `zone_bar_figure`. The pieces must be such as may be added (AAL).
    language : {"zh", "en"}
        Language of all texts.
    title_key : str
        Message key of the question.

    Raises
    ------
    FigureError
        If units are missing, a month is none, or a peril is unknown.
    """
    require_dims(values, ("month", "peril"), where="stacked months")
    unit, title = axis_for(values, language)
    months, words = values["month"].values, names("month", language)
    if not np.isin(months, range(1, 13)).all():
        raise FigureError(
            "a month is out of range", where="stacked months", found=months.tolist(),
            expected="1 to 12", remedy="number the months of the year",
        )  # fmt: skip
    colours = {str(p): colour_of(PERIL_COLOURS, str(p)) for p in values["peril"].values}
    legend = [message(f"peril.{peril}", language) for peril in colours]
    figure = new_figure(message(title_key, language), legend=legend)
    word = unit_word(values, language)
    for (peril, colour), label in zip(colours.items(), legend, strict=True):
        shown = unit.shown(values.sel(peril=peril)).values
        texts = [
            hover((f"{words[str(int(month))]} {label}", f"{number(float(value))} {word}"))
            for month, value in zip(months, shown, strict=True)
        ]
        marker = {"color": colour, "line": {"color": "white", "width": 0.5}}
        figure.add_bar(
            x=months, y=shown, name=label, marker=marker, hovertext=texts, hoverinfo="text"
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(
        range=[0.4, 12.6], tickvals=list(range(1, 13)), ticktext=list(words.values()),
        showgrid=False, title_text=message("axis.month", language),
    )  # fmt: skip
    figure.update_yaxes(rangemode="tozero", title_text=title)
    return figure
