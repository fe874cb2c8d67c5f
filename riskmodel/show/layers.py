"""The layers of cover, from attachment to exhaustion."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import (
    LEGEND_ROW,
    bottom_margin,
    hover,
    legend_rows,
    name_rows,
    new_figure,
    row_height,
    wrap_text,
)
from riskmodel.show.inputs import require_money, require_variables
from riskmodel.show.theme import SMALL_SIZE, TIER_COLOURS, colour_of
from riskmodel.show.units import HUNDRED_MILLION, amount_text, money_title, own_name

COVER_UNITS, ROW_UNITS = 13, 24
MOST_COLUMNS = 6
HEADROOM, ROW_HEADROOM = 1.2, 1.7
UNLIMITED = 4 / 3


COVERS = ("title.layer_stack", "axis.cover", "axis.layer")
TREATIES = ("title.treaty_layers", "axis.treaty", "axis.treaty_layers")


def layer_stack_figure(
    table: xr.Dataset, *, language: Language, words: tuple[str, str, str] = COVERS
) -> go.Figure:
    """Which cover pays which part of a loss: a box from attachment to exhaustion for each.

    Parameters
    ----------
    table : xarray.Dataset
        Dim `cover`; variables `tier` ("1", "N", "X"), `name` (or `name_zh` and `name_en`),
        `attachment`, `limit` (> 0, infinite when unlimited) and `expected` (mean annual
        payment) in CNY; attrs `currency`, `price_year`. Drawn in the given order; many lie down.
    language : {"zh", "en"}
        Language of all texts.
    words : tuple of str
        Messages of title and axes: `COVERS`, boxes of a year, or `TREATIES`, boxes of a loss.

    Raises
    ------
    FigureError
        If a variable is missing, a tier unknown, or a limit not positive and finite.
    """
    title, across, upwards = words
    name = own_name(table, "name", language)
    _check(table, name)
    drawn = table.assign(end=_ends(table))
    tiers = dict.fromkeys(str(tier) for tier in table["tier"].values)
    legend = [message(f"tier.{tier}", language) for tier in tiers]
    sideways = table.sizes["cover"] > MOST_COLUMNS
    names = [_wrapped(cover, sideways) for cover in table[name].values]
    lines = [line for cover in names for line in cover.split("<br>")]
    height = row_height(len(lines), legend=True) + 40 if sideways else 480
    figure = new_figure(message(title, language), legend=legend, height=height)
    for tier, label in zip(tiers, legend, strict=True):
        own = drawn.isel(cover=np.flatnonzero(table["tier"].values == tier))
        _add_layers(figure, own, name, label, language, sideways=sideways)
    figure.update_layout(barmode="overlay", bargap=0.25)
    categories = {"categoryorder": "array", "categoryarray": names, "showgrid": False}
    room = ROW_HEADROOM if sideways else HEADROOM
    top = room * float(HUNDRED_MILLION.shown(drawn["end"]).max())
    money = {"title_text": money_title(upwards, table.attrs, language), "range": [0, top]}
    if sideways:
        _lay_down(figure, lines, legend, message(across, language))
        figure.update_yaxes(autorange="reversed", **categories)
        figure.update_xaxes(**money)
    else:
        figure.update_layout(margin_b=bottom_margin(names))
        figure.update_xaxes(title_text=message(across, language), tickangle=0, **categories)
        figure.update_yaxes(**money)
    return figure


def _lay_down(figure: go.Figure, lines: list[str], legend: list[str], title: str) -> None:
    """Give names room on the left, and the narrower figure a legend of one entry a row."""
    name_rows(figure, lines, title)
    top = figure.layout.margin.t + (len(legend) - legend_rows(legend)) * LEGEND_ROW
    figure.update_layout(legend_orientation="v", margin_t=top)


def _wrapped(cover: object, sideways: bool) -> str:
    return wrap_text(str(cover), ROW_UNITS if sideways else COVER_UNITS)


def _check(table: xr.Dataset, name: str) -> None:
    """Refuse a table that lacks what the figure shows, and boxes without an end."""
    where = "layers of cover"
    wanted = ("tier", name, "attachment", "limit", "expected")
    require_variables(table, dict.fromkeys(wanted, ("cover",)), where=where)
    require_money(table.attrs, where=where)
    limits = table["limit"].values.astype(float)
    starts = table["attachment"].values.astype(float)
    if not ((limits > 0) & np.isfinite(starts) & (starts >= 0)).all():
        raise FigureError(
            "a box needs a start and a limit in CNY",
            where=where,
            found={"attachment": starts.tolist(), "limit": limits.tolist()},
            expected="attachment finite, >= 0; limit > 0, infinite when unlimited",
        )


def _ends(table: xr.Dataset) -> xr.DataArray:
    """Where the boxes end; those without limit reach a third above all others."""
    ends = table["attachment"] + table["limit"]
    finite = ends.where(np.isfinite(ends))
    highest = max(
        float(finite.max()) if finite.notnull().any() else 0.0,
        float(table["attachment"].max()),
        1.0,
    )
    return ends.where(np.isfinite(ends), UNLIMITED * highest)


def _add_layers(
    figure: go.Figure,
    covers: xr.Dataset,
    name: str,
    label: str,
    language: Language,
    *,
    sideways: bool,
) -> None:
    """Boxes of the covers of one tier, with limit and mean payment beside each."""
    colour = colour_of(TIER_COLOURS, str(covers["tier"].values[0]))
    names = [_wrapped(cover, sideways) for cover in covers[name].values]
    base = HUNDRED_MILLION.shown(covers["attachment"]).values
    ends = HUNDRED_MILLION.shown(covers["end"]).values
    notes, texts = _words(covers, names, label, language)
    along, across = ("x", "y") if sideways else ("y", "x")
    figure.add_bar(
        **{along: ends - base, across: names},
        orientation="h" if sideways else "v",
        base=base,
        name=label,
        marker={"color": colour, "line": {"color": "white", "width": 0.8}},
        hovertext=texts,
        hoverinfo="text",
    )
    figure.add_scatter(
        **{along: ends, across: names},
        mode="text",
        text=[note.replace("<br>", " ") for note in notes] if sideways else notes,
        textposition="middle right" if sideways else "top center",
        textfont={"size": SMALL_SIZE - 1},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _words(
    covers: xr.Dataset, names: list[str], label: str, language: Language
) -> tuple[list[str], list[str]]:
    """Write the notes beside the boxes, and what is shown when one points at them."""
    no_limit = message("legend.no_limit", language)
    limited = np.isfinite(covers["limit"].values)
    notes, texts = [], []
    for index, cover in enumerate(names):
        amounts = {
            key: amount_text(float(covers[key].values[index]), language)
            for key in ("attachment", "limit", "expected")
        }
        note = message("legend.expected", language, value=amounts["expected"])
        if not limited[index]:
            amounts["limit"] = no_limit
            note = f"{no_limit}<br>{note}"
        notes.append(note)
        lines = ((message(f"hover.{key}", language), text) for key, text in amounts.items())
        texts.append(hover((label, cover), *lines))
    return notes, texts
