"""Who pays: the ledger, the make-up of premiums, the layers of cover."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, has_message, message
from riskmodel.show.frame import (
    bottom_margin,
    dress,
    hover,
    left_margin,
    new_figure,
    wrap_text,
)
from riskmodel.show.inputs import require_dims, require_money, require_variables
from riskmodel.show.theme import COMPONENT_COLOURS, INK, PAYER_COLOURS, SMALL_SIZE, colour_of
from riskmodel.show.units import HUNDRED_MILLION, amount_text, money_title, per_cent

ROW, PANEL_GAP, PANEL_TITLE = 21, 46, 24
LABEL_ROOM = 1.38
HEADROOM = 1.1
TIER_UNITS = 21


def _view_names(amounts: xr.DataArray, language: Language) -> list[str]:
    """Titles of the views: a coordinate in the figure's language, or the labels themselves."""
    coord = f"name_{language}" if f"name_{language}" in amounts.coords else "view"
    return [str(name) for name in amounts[coord].values]


def waterfall_figure(amounts: xr.DataArray, *, language: Language) -> go.Figure:
    """Who pays each yuan: from the whole down to nothing, payer by payer, one panel a view.

    The first bar of a panel is the whole; each payer's bar begins where the one above it ends.
    Payers who pay nothing in any view are left out. Each panel has its own axis.

    Parameters
    ----------
    amounts : xarray.DataArray
        Dims `view`, `payer` in CNY, not negative; `view` holds titles, or has coordinates
        `name_zh` and `name_en` that do; `payer` holds payers of the design (household …
        reinsurer), in the order in which they are drawn; attrs `currency`, `price_year`, and
        `account` (direct_loss or benefits). Payers of one account only: they sum to its total.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If dims or attributes are missing, a payer is unknown, or an amount is negative.
    """
    require_dims(amounts, ("view", "payer"), where="ledger")
    require_money(amounts.attrs, where="ledger")
    if not (amounts >= 0).all():
        raise FigureError(
            "a payer's amount is negative or missing", where="ledger", expected="CNY, 0 or more"
        )
    paid = amounts.transpose("view", "payer")
    paid = paid.isel(payer=np.flatnonzero((paid > 0).any("view").values))
    titles = _view_names(paid, language)
    payers = [message(f"payer.{payer}", language) for payer in paid["payer"].values]
    rows = [message("hover.total", language), *payers]
    figure = _panels(len(titles), rows, _heading(paid, language), language)
    for row, view in enumerate(titles, start=1):
        one = paid.isel(view=row - 1)
        _add_steps(figure, one, row, rows, language)
        _add_view_title(figure, row, view)
        full = money_title("axis.paid", amounts.attrs, language)
        title = full if row == len(titles) else HUNDRED_MILLION.name(language)
        top = LABEL_ROOM * max(float(one.sum()), 1.0) / HUNDRED_MILLION.factor
        figure.update_xaxes(title_text=title, range=[0, top], row=row, col=1)
    return figure


def _heading(paid: xr.DataArray, language: Language) -> tuple[str, str]:
    """Title by the account, and a note where others stand behind the tiers."""
    account = str(paid.attrs.get("account"))
    if not has_message(f"title.ledger.{account}"):
        raise FigureError(
            "no such account", where="ledger.attrs.account", found=account,
            expected="direct_loss or benefits",
        )  # fmt: skip
    behind = np.isin(paid["payer"].values, ("reinsurer", "reserve")).any()
    note = message("note.ledger_net", language) if behind else ""
    return message(f"title.ledger.{account}", language), note


def _add_steps(
    figure: go.Figure, one: xr.DataArray, row: int, rows: list[str], language: Language
) -> None:
    """Bars of one panel: the whole, then what each payer takes of it, with amounts beside."""
    total = float(one.sum())
    each = [total, *map(float, one.values)]
    ends = [total, *(total - np.cumsum(one.values) + one.values)]
    colours = [INK, *(colour_of(PAYER_COLOURS, str(payer)) for payer in one["payer"].values)]
    texts, notes = [], []
    for name, amount in zip(rows, each, strict=True):
        share = per_cent(amount / total, 3) if total > 0 else "–"
        notes.append(f"{amount_text(amount, language)} · {share}" if amount > 0 else "0")
        texts.append(
            hover(
                (message("axis.payer", language), name),
                (message("axis.paid", language), amount_text(amount, language)),
                (message("hover.share", language), share),
            )
        )
    length = np.array(each) / HUNDRED_MILLION.factor
    end = np.array(ends) / HUNDRED_MILLION.factor
    figure.add_bar(
        x=length,
        y=rows,
        base=end - length,
        orientation="h",
        marker={"color": colours, "line": {"color": "white", "width": 0.5}},
        hovertext=texts,
        hoverinfo="text",
        row=row,
        col=1,
    )
    figure.add_scatter(
        x=end,
        y=rows,
        mode="text",
        text=[f" {note}" for note in notes],
        textposition="middle right",
        textfont={"size": SMALL_SIZE - 1},
        cliponaxis=False,
        hoverinfo="skip",
        row=row,
        col=1,
    )


def _panels(
    panels: int, rows: list[str], heading: tuple[str, str], language: Language
) -> go.Figure:
    """Empty panels one below another, each with room for its title and its axis."""
    each = ROW * len(rows)
    drawn = panels * each + (panels - 1) * (PANEL_GAP + PANEL_TITLE)
    gap = (PANEL_GAP + PANEL_TITLE) / drawn
    figure = make_subplots(rows=panels, cols=1, vertical_spacing=gap)
    dress(figure, heading[0], subtitle=heading[1])
    margins = {"t": figure.layout.margin.t + PANEL_TITLE, "b": 60}
    figure.update_layout(
        bargap=0.18,
        showlegend=False,
        height=drawn + sum(margins.values()),
        margin={"l": left_margin(rows), **margins},
    )
    figure.update_xaxes(title_standoff=4)
    figure.update_yaxes(
        title_text=message("axis.payer", language),
        autorange="reversed",
        showgrid=False,
        ticks="",
        categoryorder="array",
        categoryarray=rows,
    )
    return figure


def _add_view_title(figure: go.Figure, row: int, view: str) -> None:
    """Write the name of a view above its panel."""
    axis = str(row) if row > 1 else ""
    figure.add_annotation(
        text=f"<b>{view}</b>",
        x=0,
        y=1,
        xref=f"x{axis} domain",
        yref=f"y{axis} domain",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
    )


def premium_figure(premiums: xr.Dataset, *, language: Language) -> go.Figure:
    """Draw what each tier's annual premium is made of.

    Parameters
    ----------
    premiums : xarray.Dataset
        Variable `premium` in CNY a year on dims `tier` ("1", "N", "X") and `component` (out of
        "pure", "risk_load", "expenses", "tax"); attrs `currency`, `price_year`.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing, or a tier or component is unknown.
    """
    dims = ("tier", "component")
    variables = {"premium": dims, "tier": ("tier",), "component": ("component",)}
    require_variables(premiums, variables, where="premiums")
    require_money(premiums.attrs, where="premiums")
    values = premiums["premium"]
    components = [str(component) for component in values["component"].values]
    tiers = [str(tier) for tier in values["tier"].values]
    names = [wrap_text(message(f"tier.{tier}", language), TIER_UNITS) for tier in tiers]
    legend = [message(f"component.{component}", language) for component in components]
    figure = new_figure(message("title.premium", language), legend=legend)
    for component, name in zip(components, legend, strict=True):
        colour = colour_of(COMPONENT_COLOURS, component)
        amounts = values.sel(component=component).values
        texts = [hover((name, amount_text(float(a), language))) for a in amounts]
        figure.add_bar(
            x=names,
            y=amounts / HUNDRED_MILLION.factor,
            name=name,
            marker={"color": colour, "line": {"color": "white", "width": 0.8}},
            hovertext=texts,
            hoverinfo="text",
        )
    top = _add_totals(figure, names, values, language)
    figure.update_layout(barmode="stack", bargap=0.45, margin_b=bottom_margin(names))
    figure.update_xaxes(title_text=message("axis.tier", language), showgrid=False)
    title = money_title("axis.premium", premiums.attrs, language)
    figure.update_yaxes(title_text=title, range=[0, HEADROOM * top])
    return figure


def _add_totals(
    figure: go.Figure, names: list[str], values: xr.DataArray, language: Language
) -> float:
    """Write each tier's total above its bar; return the largest in 亿元."""
    totals = values.sum("component").values
    shown = totals / HUNDRED_MILLION.factor
    figure.add_scatter(
        x=names,
        y=shown,
        mode="text",
        text=[amount_text(float(total), language) for total in totals],
        textposition="top center",
        hoverinfo="skip",
        showlegend=False,
    )
    return float(shown.max())
