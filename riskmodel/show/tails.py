"""Tails of records: where to set a threshold, and how large an amount comes how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.core.returnperiod import probability_from_return_period
from riskmodel.show.bands import add_band, band_look
from riskmodel.show.curves import split_at_share
from riskmodel.show.frame import hover, log_ticks, new_figure
from riskmodel.show.inputs import require_attrs, require_variables
from riskmodel.show.theme import COLORWAY, INK, MUTED
from riskmodel.show.units import DisplayUnit, axis_for, interval_name, number, per_cent, unit_word

HEADROOM = 1.6  # of the largest amount shown: an upper bound may lie far beyond


def _check(data: xr.Dataset, variables: Mapping[str, Sequence[str]], where: str) -> None:
    """Refuse a Dataset without what the figure shows, or whose x axis does not rise."""
    along = next(iter(variables.values()))[-1]
    band = ("interval", *next(iter(variables.values())))
    wanted = {**variables, "lower": band, "upper": band, along: (along,)}
    require_variables(data, {**wanted, "interval": ("interval",)}, where=where)
    require_attrs(data.attrs, ("units", "source", "level"), where=where)
    values = data[along].values
    if "data" not in data["interval"].values or len(values) < 2 or (np.diff(values) <= 0).any():
        raise FigureError(
            "not a curve with an interval of kind data",
            where=f"{where}: {along}",
            found=(values[:5].tolist(), data["interval"].values.tolist()),
            expected="two values or more, rising, and the interval 'data'",
            remedy="make the Dataset with the functions of riskmodel.exceedance",
        )


def _measured(data: xr.Dataset, key: str, language: Language) -> tuple[DisplayUnit, str, str]:
    """Display unit, axis title and word of the unit, from the attributes of a Dataset."""
    kept = {name: data.attrs[name] for name in ("units", "price_year") if name in data.attrs}
    array = data["value"].drop_attrs().assign_attrs(kept)
    return *axis_for(array, language, key=key), unit_word(array, language)


def _band(data: xr.Dataset, unit: DisplayUnit) -> tuple[xr.DataArray, xr.DataArray]:
    one = data.sel(interval="data")
    return unit.shown(one["lower"]), unit.shown(one["upper"])


def _level(data: xr.Dataset, language: Language) -> str:
    return interval_name("data", language, data.attrs["level"])


def _add_band(figure: go.Figure, data: xr.Dataset, unit: DisplayUnit, language: Language) -> None:
    """Draw the interval and its key in the legend."""
    low, high = _band(data, unit)
    add_band(figure, low, high, kind="data", colour=COLORWAY[0], name=_level(data, language))
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="lines",
        hoverinfo="skip",
        name=_level(data, language),
        **band_look("data", MUTED),
    )


def _threshold_figure(
    data: xr.Dataset, title: str, what: tuple[DisplayUnit, str, str], language: Language
) -> go.Figure:
    """Draw a quantity and its interval by threshold."""
    unit, axis, word = what
    figure = new_figure(title, legend=[axis, _level(data, language)])
    low, high = _band(data, unit)
    _add_band(figure, data, unit, language)
    values = unit.shown(data["value"]).values
    thresholds = _measured(data, "axis.threshold", language)
    shown = thresholds[0].shown(data["threshold"]).values
    texts = [
        hover(
            (message("hover.threshold", language), f"{number(u)} {thresholds[2]}".strip()),
            (axis, f"{number(value)} {word}".strip()),
            (_level(data, language), f"{number(below)} – {number(above)} {word}".strip()),
            (message("hover.exceedances", language), str(count)),
        )
        for u, value, below, above, count in zip(
            shown, values, low.values, high.values, data["exceedances"].values, strict=True
        )
    ]
    figure.add_scatter(
        x=data["threshold"].values,
        y=values,
        mode="lines+markers",
        line={"color": COLORWAY[0], "width": 2.4},
        marker={"size": 7},
        name=axis,
        hovertext=texts,
        hoverinfo="text",
    )
    factor = thresholds[0].factor
    for trace in figure.data:
        trace.x = [None if x is None else x / factor for x in trace.x]
    figure.update_xaxes(title_text=thresholds[1])
    figure.update_yaxes(title_text=axis)
    return figure


def mean_excess_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """Mean excess by threshold: straight from where a generalised Pareto tail begins.

    Parameters
    ----------
    data : xarray.Dataset
        Variables `value`, `exceedances` (threshold) and `lower`, `upper` (interval, threshold),
        with a rising coordinate `threshold` and the interval "data"; attrs `units`, `source`,
        `level`, and `price_year` where the unit is CNY.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, or the thresholds do not rise.
    """
    where = "mean excess"
    _check(data, {"value": ("threshold",), "exceedances": ("threshold",)}, where)
    what = _measured(data, "axis.mean_excess", language)
    return _threshold_figure(data, message("title.mean_excess", language), what, language)


def threshold_stability_figure(
    data: xr.Dataset, *, parameter: str, language: Language
) -> go.Figure:
    """Draw a parameter by threshold: level from where a generalised Pareto tail begins.

    Parameters
    ----------
    data : xarray.Dataset
        As for `mean_excess_figure`, with the further dim `parameter` ("shape" without unit,
        "modified_scale" in the unit of the record) of `value`, `lower` and `upper`.
    parameter : {"shape", "modified_scale"}
        Which parameter to draw.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, the parameter is none of the Dataset, or the thresholds do not
        rise.
    """
    where = "threshold stability"
    _check(data, {"value": ("parameter", "threshold"), "parameter": ("parameter",)}, where)
    require_variables(data, {"exceedances": ("threshold",)}, where=where)
    if parameter not in data["parameter"].values:
        raise FigureError(
            "no such parameter",
            where=where,
            found=parameter,
            expected=data["parameter"].values.tolist(),
            remedy="choose one of these",
        )
    name = message(f"tail_parameter.{parameter}", language)
    title = message("title.threshold_stability", language, parameter=name)
    what = (DisplayUnit(1.0, ""), name, "")
    if parameter != "shape":
        what = _measured(data, f"tail_parameter.{parameter}", language)
    return _threshold_figure(data.sel(parameter=parameter), title, what, language)


def return_level_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """How large an amount comes how often: the fit, its interval and the record itself.

    Parameters
    ----------
    data : xarray.Dataset
        Variables `value`, `extrapolated` (return_period), `lower`, `upper` (interval,
        return_period), `observed`, `observed_return_period` (rank); rising coordinate
        `return_period` in years on the probability basis, and the interval "data"; attrs `units`,
        `source`, `level`, `years` (of the record), and `price_year` where the unit is CNY.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, or the return periods do not rise.
    """
    where = "return levels"
    _check(data, {"value": ("return_period",), "extrapolated": ("return_period",)}, where)
    require_variables(
        data, {"observed": ("rank",), "observed_return_period": ("rank",)}, where=where
    )
    require_attrs(data.attrs, ("years",), where=where)
    unit, axis, word = _measured(data, "axis.amount", language)
    fitted, record = (message(f"legend.{key}", language) for key in ("fitted", "observed"))
    beyond = bool(data["extrapolated"].any())
    years = number(data.attrs["years"])
    figure = new_figure(
        message("title.return_levels", language),
        subtitle=message("legend.beyond_record", language, years=years) if beyond else "",
        legend=[fitted, record, _level(data, language)],
    )
    _add_band(figure, data, unit, language)
    _add_fit(figure, data, unit, (fitted, word, language))
    _add_record(figure, data, unit, (record, word, language))
    _return_level_axes(figure, data, unit, axis, language)
    return figure


Words = tuple[str, str, Language]


def _add_fit(figure: go.Figure, data: xr.Dataset, unit: DisplayUnit, words: Words) -> None:
    """Draw the fitted curve, dashed where it is longer than the record."""
    name, word, language = words
    low, high = _band(data, unit)
    values = unit.shown(data["value"]).values
    period, long = message("hover.return_period", language), message("unit.years", language)
    texts = [
        hover(
            (name, f"{number(value)} {word}"),
            (period, f"{number(years)} {long}"),
            (_level(data, language), f"{number(below)} – {number(above)} {word}"),
        )
        for years, value, below, above in zip(
            data["return_period"].values, values, low.values, high.values, strict=True
        )
    ]
    parts = split_at_share(values, data["extrapolated"].values.astype(np.bool_))
    for part, dash in zip(parts, ("solid", "dash"), strict=True):
        if not np.isfinite(part).any():
            continue
        figure.add_scatter(
            x=data["return_period"].values,
            y=part,
            mode="lines",
            line={"color": COLORWAY[0], "width": 2.6, "dash": dash},
            name=name,
            legendgroup=name,
            showlegend=dash == "solid" or bool(data["extrapolated"].all()),
            hovertext=texts,
            hoverinfo="text",
        )


def _add_record(figure: go.Figure, data: xr.Dataset, unit: DisplayUnit, words: Words) -> None:
    """Draw the amounts of the record as rings."""
    name, word, language = words
    observed = unit.shown(data["observed"]).values
    period, long = message("hover.return_period", language), message("unit.years", language)
    figure.add_scatter(
        x=data["observed_return_period"].values,
        y=observed,
        mode="markers",
        marker={"symbol": "circle-open", "size": 8, "color": INK},
        name=name,
        hovertext=[
            hover((name, f"{number(value)} {word}"), (period, f"{number(years)} {long}"))
            for value, years in zip(observed, data["observed_return_period"].values, strict=True)
        ],
        hoverinfo="text",
    )


def _return_level_axes(
    figure: go.Figure, data: xr.Dataset, unit: DisplayUnit, axis: str, language: Language
) -> None:
    """Logarithmic return periods; amounts no higher than the fit needs, whatever its bound."""
    years = np.concatenate([data["return_period"].values, data["observed_return_period"].values])
    low, high = float(years.min()), float(years.max())
    ticks = [tick for tick in log_ticks(low, high) if tick > 1.0]
    chances = probability_from_return_period(ticks)
    figure.update_xaxes(
        type="log",
        range=[np.log10(low) - 0.03, np.log10(high) + 0.03],
        tickvals=ticks,
        ticktext=[f"{t:g}<br>{per_cent(float(p))}" for t, p in zip(ticks, chances, strict=True)],
        tickangle=0,
        title_text=message("axis.return_period", language),
    )
    figure.update_layout(margin_b=80)
    amounts = np.concatenate([data["value"].values, data["observed"].values])
    lowest = min(float(amounts.min()), float(data["lower"].min()))
    top = min(float(data["upper"].max()), HEADROOM * float(amounts.max()))
    room = 0.04 * (top - lowest)
    figure.update_yaxes(
        range=[(lowest - room) / unit.factor, (top + room) / unit.factor], title_text=axis
    )
