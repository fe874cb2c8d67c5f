"""Loss exceedance curves with intervals that say what they cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.core.returnperiod import (
    Frequency,
    probability_from_return_period,
    rate_from_return_period,
    recurrence_interval_from_rate,
)
from riskmodel.show.bands import add_band, add_band_keys, band_names, kinds_of, level_of
from riskmodel.show.frame import hover, new_figure
from riskmodel.show.inputs import require_attrs, require_money, require_variables
from riskmodel.show.references import add_references, check_references, reference_notes
from riskmodel.show.theme import KIND_COLOURS, MUTED, SMALL_SIZE, colour_of
from riskmodel.show.units import HUNDRED_MILLION, interval_name, money_title, number, per_cent

EXTRAPOLATED_SHARE = 0.5
TICK_YEARS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
WHERE = "exceedance curve"
POISSON = Frequency("poisson")

FloatArray = npt.NDArray[np.float64]


def split_at_share(
    values: FloatArray, dashed: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Parts of a line drawn solid and dashed, as two arrays with gaps.

    A point beyond the limit is dashed, and so is the piece of line that leads to it or from it.

    Examples
    --------
    >>> solid, dash = split_at_share(np.array([1.0, 2.0, 3.0]), np.array([False, False, True]))
    >>> solid.tolist(), dash.tolist()
    ([1.0, 2.0, nan], [nan, 2.0, 3.0])
    """
    near = dashed.copy()
    near[:-1] |= dashed[1:]
    near[1:] |= dashed[:-1]
    return np.where(dashed, np.nan, values), np.where(near, values, np.nan)


def _check(curve: xr.Dataset, kinds: Sequence[str]) -> None:
    """Refuse a curve that lacks what the figure shows."""
    point, band = ("kind", "return_period"), ("interval", "kind", "return_period")
    variables = {"value": point, "share_extrapolated": point, "lower": band, "upper": band}
    coords = {dim: (dim,) for dim in band}
    require_variables(curve, {**variables, **coords}, where=WHERE)
    require_money(curve.attrs, where=WHERE)
    wanted = ("status", "source", "longest_supported_return_period")
    require_attrs(curve.attrs, wanted, where=WHERE)
    unknown = [kind for kind in kinds if kind not in curve["kind"].values]
    if unknown or not kinds:
        raise FigureError(
            "a kind of curve is missing",
            where=WHERE,
            found=unknown or "none asked for",
            expected=curve["kind"].values.tolist(),
        )


def _point_texts(one: xr.Dataset, name: str, language: Language) -> list[str]:
    """Hover texts of a curve: money, both bases, intervals, extrapolated share."""
    unit = message("unit.hundred_million_yuan_short", language)
    periods = one["return_period"].values
    probabilities = probability_from_return_period(periods)
    intervals = recurrence_interval_from_rate(rate_from_return_period(periods, POISSON))
    # as arrays, for to index a dataset at each point takes longer than all the drawing
    value, share = HUNDRED_MILLION.shown(one["value"]).values, one["share_extrapolated"].values
    lower, upper = (
        HUNDRED_MILLION.shown(one[bound]).transpose("interval", "return_period").values
        for bound in ("lower", "upper")
    )
    kinds = [str(kind) for kind in one["interval"].values]
    names = [interval_name(kind, language, level_of(one, kind)) for kind in kinds]
    texts = []
    for index, period in enumerate(periods):
        lines = [
            (name, f"{number(float(value[index]))} {unit}"),
            (
                message("hover.return_period", language),
                f"{period:g} " + message("unit.years", language),
            ),
            (message("hover.annual_probability", language), per_cent(float(probabilities[index]))),
        ]
        if str(one["kind"].values) == "OEP":  # a year's total has no rate of events
            every = f"{number(float(intervals[index]))} " + message("unit.years", language)
            lines.append((message("hover.recurrence_interval", language), every))
        for words, least, most in zip(names, lower[:, index], upper[:, index], strict=True):
            lines.append((words, f"{number(float(least))} – {number(float(most))} {unit}"))
        beyond = per_cent(float(share[index]), 2)
        lines.append((message("hover.share_extrapolated", language), beyond))
        texts.append(hover(*lines))
    return texts


def _add_curve(
    figure: go.Figure, one: xr.Dataset, name: str, colour: str, language: Language
) -> None:
    """Draw a curve, dashed where more than half of it is extrapolated."""
    values = HUNDRED_MILLION.shown(one["value"]).values
    dashed = one["share_extrapolated"].values > EXTRAPOLATED_SHARE
    texts = _point_texts(one, name, language)
    for part, dash in zip(split_at_share(values, dashed), ("solid", "dash"), strict=True):
        if not np.isfinite(part).any():
            continue
        figure.add_scatter(
            x=one["return_period"].values,
            y=part,
            mode="lines",
            line={"color": colour, "width": 2.6, "dash": dash},
            name=name,
            legendgroup=name,
            showlegend=dash == "solid" or bool(dashed.all()),
            hovertext=texts,
            hoverinfo="text",
        )


def _add_longest(figure: go.Figure, years: float, language: Language) -> None:
    """Mark the longest return period that the maps support."""
    text = message("legend.longest_supported", language, years=f"{years:g}")
    figure.add_vline(x=years, line={"color": MUTED, "width": 1.2, "dash": "dot"})
    figure.add_annotation(
        x=np.log10(years),
        y=1.0,
        yref="paper",
        yanchor="top",
        xanchor="right",
        xshift=-4,
        text=text,
        showarrow=False,
        font={"size": SMALL_SIZE, "color": MUTED},
    )


def _add_bands(figure: go.Figure, curve: xr.Dataset, kinds: Sequence[str]) -> None:
    """Draw the intervals of all curves, to lie below the curves."""
    for kind in kinds:
        for interval in kinds_of(curve):
            band = curve[["lower", "upper"]].sel(kind=kind, interval=interval)
            band = band / HUNDRED_MILLION.factor
            colour = colour_of(KIND_COLOURS, kind)
            name = f"{kind} {interval}"
            add_band(figure, band["lower"], band["upper"], kind=interval, colour=colour, name=name)


def _notes(share: xr.DataArray, references: xr.Dataset | None, language: Language) -> str:
    """Say what dashes and thin lines mean, where there are any."""
    dashed = bool((share > EXTRAPOLATED_SHARE).any())
    notes = [message("legend.extrapolated", language)] if dashed else []
    notes += reference_notes(references, language)
    return ("。" if language == "zh" else ". ").join(notes)


def exceedance_figure(
    curve: xr.Dataset,
    *,
    kinds: Sequence[str] = ("OEP", "AEP"),
    references: xr.Dataset | None = None,
    language: Language,
) -> go.Figure:
    """How large a loss comes how often, with simulation and model intervals apart.

    Parameters
    ----------
    curve : xarray.Dataset
        Dims `kind`, `return_period` (years, probability basis, rising) and `interval`; variables
        `value`, `lower`, `upper` in CNY and `share_extrapolated` (0 to 1), the bounds with the
        leading dim `interval` ("simulation", "model", "data"; NaN where unknown); attrs
        `currency`, `price_year`, `status`, `source`, `longest_supported_return_period`, and
        `level` of the simulation interval if known.
    kinds : sequence of str
        Curves to draw, out of "OEP" and "AEP".
    references : xarray.Dataset, optional
        Variable `value` in CNY on dims `case` ("comonotone", "independent", "sampled",
        "sampled_together"), `kind` and `return_period` (years, rising, within those of the curve;
        NaN where unknown); attrs `currency`, `price_year`. Drawn as thin lines, never as a band.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a Dataset lacks something of the above, or the references belong to another curve.
    """
    _check(curve, kinds)
    if references is not None:
        check_references(references, curve, kinds)
    names = [message(f"kind.{kind}", language) for kind in kinds]
    figure = new_figure(
        message("title.exceedance", language),
        subtitle=_notes(curve["share_extrapolated"].sel(kind=list(kinds)), references, language),
        legend=[*names, *band_names(curve, language)],
    )
    _add_bands(figure, curve, kinds)
    for kind, name in zip(kinds, names, strict=True):
        _add_curve(figure, curve.sel(kind=kind), name, colour_of(KIND_COLOURS, kind), language)
    add_band_keys(figure, curve, language)
    _add_longest(figure, float(curve.attrs["longest_supported_return_period"]), language)
    _axes(figure, curve, language)
    if references is not None:
        add_references(figure, references, language)
    return figure


def _axes(figure: go.Figure, curve: xr.Dataset, language: Language) -> None:
    """Logarithmic return periods with the annual probability below each, money in 亿元."""
    periods = curve["return_period"].values
    low, high = float(periods.min()), float(periods.max())
    ticks = [year for year in TICK_YEARS if low <= year <= high]
    probabilities = probability_from_return_period(np.asarray(ticks, dtype=np.float64))
    labels = [f"{t}<br>{per_cent(float(p))}" for t, p in zip(ticks, probabilities, strict=True)]
    figure.update_xaxes(
        type="log",
        range=[np.log10(low), np.log10(high)],
        tickvals=ticks,
        ticktext=labels,
        title_text=message("axis.return_period", language),
    )
    title = money_title("axis.loss", curve.attrs, language)
    figure.update_yaxes(rangemode="tozero", title_text=title)
    figure.update_layout(margin_b=80)
