"""Which parent events make the catalogue: by return period and by month."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message, names
from riskmodel.show.frame import hover, new_figure
from riskmodel.show.inputs import require_variables
from riskmodel.show.theme import EVENT_COLOURS, SMALL_SIZE, colour_of
from riskmodel.show.units import number, per_cent

SHARES, SEASON = "shares of parent events", "season of parent events"
TEXT_SHARE = 0.06
MONTHS = range(1, 13)


def _events(data: xr.Dataset, language: Language, where: str) -> dict[str, str]:
    """Names of the parent events of a Dataset, or a refusal of those without a name."""
    known = names("parent_event", language)
    found = [str(event) for event in data["parent_event"].values]
    unknown = [event for event in found if event not in known]
    if unknown:
        raise FigureError(
            "a parent event has no name",
            where=f"{where}: parent_event",
            found=unknown,
            expected=tuple(known),
            remedy="add parent_event.<name> with its zh and en texts to messages.yml",
        )
    return {event: known[event] for event in found}


def _pieces(
    data: xr.Dataset, name: str, events: dict[str, str]
) -> Iterator[tuple[xr.DataArray, dict[str, object]]]:
    """Values of each parent event with the look of its bars, one colour in all figures."""
    for event, label in events.items():
        colour = colour_of(EVENT_COLOURS, event)
        marker = {"color": colour, "line": {"color": "white", "width": 0.8}}
        yield data[name].sel(parent_event=event), {"name": label, "marker": marker}


def _check_shares(data: xr.Dataset) -> None:
    """Refuse shares that are none, or do not make a whole at each return period."""
    dims = ("parent_event", "return_period")
    require_variables(data, {"share": dims, **{dim: (dim,) for dim in dims}}, where=SHARES)
    share = data["share"]
    totals = share.sum("parent_event", skipna=False)
    if not ((share >= 0).all() and np.allclose(totals, 1.0, rtol=0.0, atol=1e-6)):
        raise FigureError(
            "shares do not make a whole",
            where=f"{SHARES}: share",
            found=totals.values.tolist(),
            expected="0 or more each, with a sum of 1 at each return period",
            remedy="divide by all occurrences that reach the rate of the return period",
        )
    if not (data["return_period"].values > 0).all():
        raise FigureError(
            "a return period is not positive",
            where=f"{SHARES}: return_period",
            found=data["return_period"].values.tolist(),
            expected="years above 0",
        )


def source_shares_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """Which parent events reach the mapped rate of each return period, as stacked bars.

    Parameters
    ----------
    data : xarray.Dataset
        Variable `share` (0 to 1, summing to 1 at each return period) on dims `parent_event`
        ("typhoon", "plum_rain", …; names of `parent_event.*` in the message table) and
        `return_period` (years); attr `peril` (a name of the design) if it is of one peril.
        Stacked in the given order, the first at the bottom.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, shares do not sum to 1, or a parent event is unknown.
    """
    _check_shares(data)
    events = _events(data, language, SHARES)
    peril = message(f"peril.{data.attrs['peril']}", language) if "peril" in data.attrs else ""
    title = message("title.source_shares", language, peril=peril)
    figure = new_figure(title, legend=list(events.values()))
    periods = data["return_period"].values.astype(np.float64)
    # plotly widens bars on a logarithmic axis to one side only, so the axis is linear in log T
    places = np.log10(periods)
    gap = float(np.diff(np.sort(places)).min()) if len(places) > 1 else 1.0
    for one, look in _pieces(data, "share", events):
        _add_shares(figure, one, places, look, width=0.72 * gap, language=language)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(
        tickvals=places,
        ticktext=[f"{period:g}" for period in periods],
        showgrid=False,
        title_text=message("axis.return_period_mapped", language),
    )
    figure.update_yaxes(range=[0, 100], title_text=message("axis.source_share", language))
    return figure


def _add_shares(
    figure: go.Figure,
    one: xr.DataArray,
    places: np.ndarray,
    look: dict[str, object],
    *,
    width: float,
    language: Language,
) -> None:
    """Draw the pieces of one parent event, each with its share inside if there is room."""
    asked, years = message("hover.return_period", language), message("unit.years", language)
    shares = [float(share) for share in one.values]
    figure.add_bar(
        x=places,
        y=100.0 * one.values,
        width=width,
        text=[f"{100.0 * share:.0f}" if share >= TEXT_SHARE else "" for share in shares],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        insidetextfont={"size": SMALL_SIZE},
        hovertext=[
            hover((str(look["name"]), per_cent(share)), (asked, f"{period:g} {years}"))
            for share, period in zip(shares, one["return_period"].values, strict=True)
        ],
        hoverinfo="text",
        **look,
    )


def season_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """In which months the parent events occur, as stacked bars.

    Parameters
    ----------
    data : xarray.Dataset
        Variable `occurrences_a_year` (mean number a year that starts in the month, 0 or more)
        on dims `parent_event` (names of `parent_event.*` in the message table) and `month`
        (1 to 12, months without occurrences may be left out). Stacked in the given order.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, a month or number is out of range, or a parent event is unknown.
    """
    dims, name = ("parent_event", "month"), "occurrences_a_year"
    require_variables(data, {name: dims, **{dim: (dim,) for dim in dims}}, where=SEASON)
    months = data["month"].values
    if not (np.isin(months, MONTHS).all() and (data[name] >= 0).all()):
        raise FigureError(
            "a month or a number of occurrences is out of range",
            where=f"{SEASON}: {name}",
            found={"month": months.tolist(), "lowest": float(data[name].min(skipna=False))},
            expected="months 1 to 12; numbers 0 or more",
            remedy="leave out occurrences without dates, such as rearranged ones",
        )
    events = _events(data, language, SEASON)
    figure = new_figure(message("title.season", language), legend=list(events.values()))
    words = names("month", language)
    asked = message("axis.occurrences_a_year", language)
    for one, look in _pieces(data, name, events):
        texts = [
            hover((str(look["name"]), words[str(int(month))]), (asked, number(float(value))))
            for month, value in zip(months, one.values, strict=True)
        ]
        figure.add_bar(x=months, y=one.values, hovertext=texts, hoverinfo="text", **look)
    figure.update_layout(barmode="stack")
    figure.update_xaxes(
        range=[0.4, 12.6],
        tickvals=list(MONTHS),
        ticktext=list(words.values()),
        showgrid=False,
        title_text=message("axis.month", language),
    )
    figure.update_yaxes(rangemode="tozero", title_text=asked)
    return figure
