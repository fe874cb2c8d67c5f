"""The layers of cover, from attachment to exhaustion."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import hover, new_figure, wrap_text
from riskmodel.show.inputs import require_money, require_variables
from riskmodel.show.theme import SMALL_SIZE, TIER_COLOURS, colour_of
from riskmodel.show.units import HUNDRED_MILLION, amount_text, money_title, own_name

COVER_UNITS = 13
HEADROOM = 1.16


def layer_stack_figure(table: xr.Dataset, *, language: Language) -> go.Figure:
    """Which cover pays which part of a loss: a box from attachment to exhaustion for each.

    Parameters
    ----------
    table : xarray.Dataset
        Dim `cover`; variables `tier` ("1", "N", "X"), `name` (or `name_zh` and `name_en`),
        `attachment`, `limit` (finite, > 0) and `expected` (mean annual payment) in CNY; attrs
        `currency`, `price_year`. Drawn in the given order.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a variable is missing, a tier unknown, or a limit not positive and finite.
    """
    name = own_name(table, "name", language)
    _check(table, name)
    tiers = list(dict.fromkeys(str(tier) for tier in table["tier"].values))
    legend = [message(f"tier.{tier}", language) for tier in tiers]
    figure = new_figure(message("title.layer_stack", language), legend=legend, height=480)
    for tier, label in zip(tiers, legend, strict=True):
        own = table.isel(cover=np.flatnonzero(table["tier"].values == tier))
        _add_layers(figure, own, name, label, language)
    covers = [wrap_text(str(cover), COVER_UNITS) for cover in table[name].values]
    lines = max(cover.count("<br>") + 1 for cover in covers)
    figure.update_layout(barmode="overlay", bargap=0.25, margin_b=52 + 18 * lines)
    figure.update_xaxes(
        title_text=message("axis.cover", language),
        categoryorder="array",
        categoryarray=covers,
        showgrid=False,
        tickangle=0,
    )
    top = float(HUNDRED_MILLION.shown(table["attachment"] + table["limit"]).max())
    figure.update_yaxes(
        title_text=money_title("axis.layer", table.attrs, language), range=[0, HEADROOM * top]
    )
    return figure


def _check(table: xr.Dataset, name: str) -> None:
    """Refuse a table that lacks what the figure shows, and boxes without an end."""
    where = "layers of cover"
    wanted = ("tier", name, "attachment", "limit", "expected")
    require_variables(table, dict.fromkeys(wanted, ("cover",)), where=where)
    require_money(table.attrs, where=where)
    limits = table["limit"].values.astype(float)
    if not (np.isfinite(limits) & (limits > 0)).all():
        raise FigureError(
            "a box needs a limit", where=where, found=limits.tolist(), expected="finite, > 0"
        )


def _add_layers(
    figure: go.Figure, covers: xr.Dataset, name: str, label: str, language: Language
) -> None:
    """Boxes of the covers of one tier, with limit and mean payment above each."""
    colour = colour_of(TIER_COLOURS, str(covers["tier"].values[0]))
    names = [wrap_text(str(cover), COVER_UNITS) for cover in covers[name].values]
    base = HUNDRED_MILLION.shown(covers["attachment"]).values
    height = HUNDRED_MILLION.shown(covers["limit"]).values
    texts = []
    for index, cover in enumerate(names):
        amounts = (
            (
                message(f"hover.{key}", language),
                amount_text(float(covers[key].values[index]), language),
            )
            for key in ("attachment", "limit", "expected")
        )
        texts.append(hover((label, cover), *amounts))
    figure.add_bar(
        x=names,
        y=height,
        base=base,
        name=label,
        marker={"color": colour, "line": {"color": "white", "width": 0.8}},
        hovertext=texts,
        hoverinfo="text",
    )
    notes = [
        message("legend.expected", language, value=amount_text(float(value), language))
        for value in covers["expected"].values
    ]
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
