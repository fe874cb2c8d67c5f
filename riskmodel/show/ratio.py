"""The share of GDP lost in a year, and how likely it is to pass the target."""

from __future__ import annotations

from itertools import product

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.bands import add_band, add_band_keys, band_names, kinds_of
from riskmodel.show.frame import hover, new_figure
from riskmodel.show.inputs import require_attrs, require_variables
from riskmodel.show.theme import ACCENT, COLORWAY, INK, SMALL_SIZE
from riskmodel.show.units import number, per_cent

WHERE = "loss-to-GDP ratio"
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def _check(ratios: xr.Dataset, target: float) -> None:
    """Refuse ratios that lack what the figure shows, or that were judged on another target."""
    point = ("window", "exceedance_probability")
    variables = {"ratio": point, "breach_probability": ("window",)}
    require_variables(ratios, {**variables, **{dim: (dim,) for dim in point}}, where=WHERE)
    if "interval" in ratios.coords:
        bounds = dict.fromkeys(("lower", "upper"), ("interval", *point))
        require_variables(ratios, bounds, where=WHERE)
    require_attrs(ratios.attrs, ("target", "status", "source"), where=WHERE)
    if not np.isclose(float(ratios.attrs["target"]), target):
        raise FigureError(
            "the breach probabilities belong to another target",
            where=WHERE,
            found=ratios.attrs["target"],
            expected=target,
            remedy="compute the ratios for the target that is drawn",
        )
    probabilities = ratios["exceedance_probability"].values
    if not ((probabilities > 0) & (probabilities <= 1)).all():
        raise FigureError(
            "a probability is out of range",
            where=f"{WHERE}: exceedance_probability",
            found=[float(probabilities.min()), float(probabilities.max())],
            expected="fractions above 0, up to 1",
        )


def window_name(years: int, language: Language) -> str:
    """Name a window of years: a single year, or a mean over some."""
    if years == 1:
        return message("legend.window_one", language)
    return message("legend.window", language, years=years)


def _add_window(figure: go.Figure, one: xr.Dataset, colour: str, language: Language) -> None:
    """Draw the curve of one window."""
    name = window_name(int(one["window"]), language)
    probabilities = one["exceedance_probability"].values
    ratio = one["ratio"].values
    asked, answer = (message(f"hover.{key}", language) for key in ("exceedance", "loss_ratio"))
    texts = [
        hover((name, ""), (asked, per_cent(float(p))), (answer, per_cent(float(r))))
        for p, r in zip(probabilities, ratio, strict=True)
    ]
    figure.add_scatter(
        x=probabilities,
        y=100.0 * ratio,
        mode="lines",
        line={"color": colour, "width": 2.6},
        name=name,
        hovertext=texts,
        hoverinfo="text",
    )


def _add_breach(figure: go.Figure, one: xr.Dataset, target: float, colour: str) -> None:
    """Mark where the curve of one window meets the target."""
    chance = float(one["breach_probability"])
    if not chance > 0:
        return
    figure.add_scatter(
        x=[chance],
        y=[100.0 * target],
        mode="markers+text",
        marker={"color": colour, "size": 11, "line": {"color": "white", "width": 1.5}},
        text=[f"<b>{per_cent(chance, 2)}</b>"],
        textposition="top left",
        textfont={"size": SMALL_SIZE, "color": INK},
        hoverinfo="skip",
        showlegend=False,
    )


def ratio_figure(ratios: xr.Dataset, *, target: float, language: Language) -> go.Figure:
    """How likely the loss-to-GDP ratio of a year, or of a mean over years, is to exceed a target.

    Parameters
    ----------
    ratios : xarray.Dataset
        Dims `window` (years, such as 1 and 5) and `exceedance_probability` (fractions of 1, of a
        window); variables `ratio` (window, exceedance_probability; fraction of GDP exceeded with
        that probability) and `breach_probability` (window; chance that the ratio exceeds the
        target); optional `lower`, `upper` with the leading dim `interval` ("simulation",
        "model", "data"); attrs `target` (fraction, for which the breach probabilities hold),
        `status`, `source`, and `level` of the simulation interval if known.
    target : float
        The target as a fraction, such as 0.009.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, or the breach probabilities belong to another target.
    """
    _check(ratios, target)
    windows = [int(years) for years in ratios["window"].values]
    legend = [window_name(years, language) for years in windows] + band_names(ratios, language)
    note = message(
        "legend.breach", language, target=number(100.0 * target), chances=_chances(ratios, language)
    )
    figure = new_figure(message("title.ratio", language), subtitle=note, legend=legend)
    for index, kind in product(range(len(windows)), kinds_of(ratios)):
        band = 100.0 * ratios[["lower", "upper"]].isel(window=index).sel(interval=kind)
        name = f"{windows[index]} {kind}"
        colour = COLORWAY[index]
        add_band(figure, band["lower"], band["upper"], kind=kind, colour=colour, name=name)
    for index in range(len(windows)):
        one = ratios.isel(window=index)
        _add_window(figure, one, COLORWAY[index], language)
        _add_breach(figure, one, target, COLORWAY[index])
    add_band_keys(figure, ratios, language)
    _add_target(figure, target, language)
    _axes(figure, ratios, language)
    return figure


def _chances(ratios: xr.Dataset, language: Language) -> str:
    """List the breach probability of each window."""
    separator = "，" if language == "zh" else ", "
    return separator.join(
        f"{window_name(int(years), language)} {per_cent(float(chance), 2)}"
        for years, chance in zip(
            ratios["window"].values, ratios["breach_probability"].values, strict=True
        )
    )


def _add_target(figure: go.Figure, target: float, language: Language) -> None:
    """Draw the target as a line across, named at the rare end."""
    figure.add_hline(y=100.0 * target, line={"color": ACCENT, "width": 1.8, "dash": "dash"})
    figure.add_annotation(
        x=1,
        xref="x domain",
        y=100.0 * target,
        xanchor="right",
        yanchor="top",
        xshift=-6,
        text=message("legend.target", language, value=number(100.0 * target)),
        showarrow=False,
        font={"size": SMALL_SIZE, "color": ACCENT},
        bgcolor="rgba(255,255,255,0.7)",
    )


def _axes(figure: go.Figure, ratios: xr.Dataset, language: Language) -> None:
    """Logarithmic probability, frequent on the left; ratio in per cent from zero."""
    probabilities = ratios["exceedance_probability"].values
    low, high = float(probabilities.min()), float(probabilities.max())
    ticks = [tick for tick in TICKS if low <= tick <= high]
    figure.update_xaxes(
        type="log",
        range=[np.log10(high), np.log10(low)],
        tickvals=ticks,
        ticktext=[number(100.0 * tick) for tick in ticks],
        title_text=message("axis.exceedance_probability", language),
    )
    figure.update_yaxes(rangemode="tozero", title_text=message("axis.loss_ratio", language))
