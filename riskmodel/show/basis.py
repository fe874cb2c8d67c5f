"""How often an index cover misses a need, by how rare the need is."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import dress, hover
from riskmodel.show.inputs import require_variables
from riskmodel.show.theme import COLORWAY, INK, SMALL_SIZE, translucent
from riskmodel.show.units import own_name, per_cent

WHERE = "basis risk"
FIGURES = ("no_payment", "shortfall")
PANEL, GAP, BELOW, TITLE = 190, 96, 66, 26  # pixels


def basis_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """One panel a cover: how likely a county gets nothing, and how much of its need is not paid.

    Parameters
    ----------
    data : xarray.Dataset
        Dims `cover`, `figure` ("no_payment", "shortfall") and `return_period` (years of the
        need): `value`, fractions, NaN where not known; `lower` and `upper` (interval, …) with
        `interval` "simulation" and "model", NaN where there is none; `name` (or `name_zh` and
        `name_en`) and `sampled` (cover), whether measured indices were drawn.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a variable is missing, or a value is no fraction.
    """
    name = own_name(data, "name", language)
    _check(data, name)
    legend = [message(f"legend.{figure}", language) for figure in FIGURES]
    titles = [str(cover) for cover in data[name].values]
    drawn = len(titles) * PANEL + (len(titles) - 1) * GAP
    figure = make_subplots(rows=len(titles), cols=1, vertical_spacing=GAP / drawn)
    words = "basis_drawn" if bool(data["sampled"].all()) else "basis_lower_bound"
    note = message(
        "legend.basis", language,
        bands=message("legend.basis_bands", language),
        residual=message(f"legend.{words}", language),
    )  # fmt: skip
    dress(figure, message("title.basis", language), subtitle=note, legend=legend)
    top = figure.layout.margin.t + TITLE
    figure.update_layout(height=top + drawn + BELOW, margin_t=top, margin_b=BELOW)
    figure.update_layout(legend_y=1.0 + TITLE / drawn)
    for row, title in enumerate(titles, start=1):
        one = data.isel(cover=row - 1)
        for number, label in enumerate(legend):
            _add_line(figure, one.sel(figure=FIGURES[number]), number, label, row, language)
        _add_title(figure, one, title, row, language)
    _axes(figure, data, len(titles), language)
    return figure


def _check(data: xr.Dataset, name: str) -> None:
    point = ("cover", "figure", "return_period")
    band = ("interval", *point)
    require_variables(
        data,
        {"value": point, "lower": band, "upper": band, name: ("cover",), "sampled": ("cover",)},
        where=WHERE,
    )
    values = data["value"].values
    if not ((values >= 0.0) & (values <= 1.0) | np.isnan(values)).all():
        raise FigureError("a value is no fraction", where=WHERE, expected="0 to 1, or NaN")


def _add_line(
    figure: go.Figure, one: xr.Dataset, number: int, label: str, row: int, language: Language
) -> None:
    """Draw one line with its model range as a band and its simulation interval as bars."""
    colour, periods = COLORWAY[number], one["return_period"].values.astype(np.float64)
    value = 100.0 * one["value"].values
    low, high = (100.0 * one[bound].sel(interval="model").values for bound in ("lower", "upper"))
    known = np.isfinite(low) & np.isfinite(high)
    if known.any():
        figure.add_scatter(
            x=np.concatenate([periods[known], periods[known][::-1]]),
            y=np.concatenate([high[known], low[known][::-1]]),
            fill="toself", fillcolor=translucent(colour, 0.18), line={"width": 0},
            hoverinfo="skip", showlegend=False, mode="lines", row=row, col=1,
        )  # fmt: skip
    below, above = (one[bound].sel(interval="simulation").values for bound in ("lower", "upper"))
    figure.add_scatter(
        x=periods, y=value, name=label, legendgroup=label, showlegend=row == 1,
        mode="lines+markers", line={"color": colour, "width": 2},
        marker={"symbol": ("circle", "diamond")[number], "size": 8},
        error_y={
            "type": "data", "symmetric": False, "color": colour, "thickness": 1.4, "width": 4,
            "array": np.nan_to_num(100.0 * above - value),
            "arrayminus": np.nan_to_num(value - 100.0 * below),
        },
        hovertext=[
            hover(
                (message("hover.return_period", language), f"{period:g}"), (label, per_cent(v))
            )
            for period, v in zip(periods, one["value"].values, strict=True)
        ],
        hoverinfo="text", row=row, col=1,
    )  # fmt: skip


def _add_title(
    figure: go.Figure, one: xr.Dataset, title: str, row: int, language: Language
) -> None:
    """Name of the cover above its panel; a lower bound says so."""
    bound = "" if bool(one["sampled"]) else f" ({message('legend.basis_lower_bound', language)})"
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        text=f"<b>{title}</b>{bound}", x=0, xref=f"x{axis} domain", xanchor="left",
        y=1, yref=f"y{axis} domain", yanchor="bottom", showarrow=False,
        font={"size": SMALL_SIZE, "color": INK},
    )  # fmt: skip


def _axes(figure: go.Figure, data: xr.Dataset, rows: int, language: Language) -> None:
    periods = data["return_period"].values.astype(np.float64)
    for row in range(1, rows + 1):
        figure.update_xaxes(
            type="log", tickvals=periods, ticktext=[f"{p:g}" for p in periods],
            title_text=message("axis.need_period", language), row=row, col=1,
        )  # fmt: skip
        figure.update_yaxes(
            title_text=message("axis.basis", language), range=[0, 104], row=row, col=1
        )
