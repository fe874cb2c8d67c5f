"""The layers of cover, from attachment to exhaustion."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import bottom_margin, hover, new_figure, wrap_text
from riskmodel.show.inputs import require_money, require_variables
from riskmodel.show.theme import SMALL_SIZE, TIER_COLOURS, colour_of
from riskmodel.show.units import HUNDRED_MILLION, amount_text, money_title, own_name

COVER_UNITS = 13
HEADROOM = 1.2
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
        payment) in CNY; attrs `currency`, `price_year`. Drawn in the given order.
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
    tiers = list(dict.fromkeys(str(tier) for tier in table["tier"].values))
    legend = [message(f"tier.{tier}", language) for tier in tiers]
    figure = new_figure(message(title, language), legend=legend, height=480)
    for tier, label in zip(tiers, legend, strict=True):
        own = drawn.isel(cover=np.flatnonzero(table["tier"].values == tier))
        _add_layers(figure, own, name, label, language)
    covers = [wrap_text(str(cover), COVER_UNITS) for cover in table[name].values]
    figure.update_layout(barmode="overlay", bargap=0.25, margin_b=bottom_margin(covers))
    figure.update_xaxes(
        title_text=message(across, language),
        categoryorder="array",
        categoryarray=covers,
        showgrid=False,
        tickangle=0,
    )
    top = float(HUNDRED_MILLION.shown(drawn["end"]).max())
    figure.update_yaxes(
        title_text=money_title(upwards, table.attrs, language), range=[0, HEADROOM * top]
    )
    return figure


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
    figure: go.Figure, covers: xr.Dataset, name: str, label: str, language: Language
) -> None:
    """Boxes of the covers of one tier, with limit and mean payment above each."""
    colour = colour_of(TIER_COLOURS, str(covers["tier"].values[0]))
    names = [wrap_text(str(cover), COVER_UNITS) for cover in covers[name].values]
    base = HUNDRED_MILLION.shown(covers["attachment"]).values
    height = HUNDRED_MILLION.shown(covers["end"]).values - base
    no_limit = message("legend.no_limit", language)
    limited = np.isfinite(covers["limit"].values)
    texts, notes = [], []
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
    figure.add_bar(
        x=names,
        y=height,
        base=base,
        name=label,
        marker={"color": colour, "line": {"color": "white", "width": 0.8}},
        hovertext=texts,
        hoverinfo="text",
    )
    figure.add_scatter(
        x=names,
        y=base + height,
        mode="text",
        text=notes,
        textposition="top center",
        textfont={"size": SMALL_SIZE - 1},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
