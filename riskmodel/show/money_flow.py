"""Who pays: the ledger, the make-up of premiums, the layers of cover."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import bottom_margin, dress, hover, new_figure, wrap_text
from riskmodel.show.inputs import require_dims, require_money, require_variables
from riskmodel.show.theme import COMPONENT_COLOURS, INK, PAYER_COLOURS, SMALL_SIZE, colour_of
from riskmodel.show.units import HUNDRED_MILLION, amount_text, money_title, number, per_cent

PANEL_HEIGHT, PANEL_GAP, PANEL_TITLE = 84, 78, 26
TEXT_SHARE = 0.075
HEADROOM = 1.1
TIER_UNITS = 21


def _view_names(amounts: xr.DataArray, language: Language) -> list[str]:
    """Titles of the views: a coordinate in the figure's language, or the labels themselves."""
    coord = f"name_{language}" if f"name_{language}" in amounts.coords else "view"
    return [str(name) for name in amounts[coord].values]


def _contrast(colour: str) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else INK


def _add_payers(
    figure: go.Figure, one: xr.DataArray, row: int, title: str, language: Language
) -> None:
    """One panel: the payers of one view, end to end."""
    total = float(one.sum())
    for payer in map(str, one["payer"].values):
        amount = float(one.sel(payer=payer))
        share = amount / total if total > 0 else 0.0
        name = message(f"payer.{payer}", language)
        colour = colour_of(PAYER_COLOURS, payer)
        shown = amount / HUNDRED_MILLION.factor
        text = hover(
            (title, name),
            (message("axis.paid", language), amount_text(amount, language)),
            (message("hover.share", language), per_cent(share, 3)),
        )
        figure.add_bar(
            x=[shown],
            y=[""],
            orientation="h",
            name=name,
            legendgroup=payer,
            showlegend=row == 1,
            marker={"color": colour, "line": {"color": "white", "width": 0.8}},
            text=[number(shown, 2)] if share >= TEXT_SHARE else None,
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"size": SMALL_SIZE, "color": _contrast(colour)},
            hovertext=[text],
            hoverinfo="text",
            row=row,
            col=1,
        )


def ledger_figure(amounts: xr.DataArray, *, language: Language) -> go.Figure:
    """Who pays how much, one panel a view, each with its own axis in 亿元.

    Payers who pay nothing in any view are left out.

    Parameters
    ----------
    amounts : xarray.DataArray
        Dims `view`, `payer` in CNY, not negative; `view` holds titles, or has coordinates
        `name_zh` and `name_en` that do ("平均每年", "100 年一遇的年份"); `payer` holds payers of
        the design (household … reinsurer); attrs `currency`, `price_year`. Payers of one
        account only: they sum to its total.
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
    legend = [message(f"payer.{payer}", language) for payer in paid["payer"].values]
    figure = _panels(len(titles), legend, language)
    for row, view in enumerate(titles, start=1):
        one = paid.isel(view=row - 1)
        _add_payers(figure, one, row, view, language)
        _add_view_title(figure, one, row, view, language)
        last = row == len(titles)
        full = money_title("axis.paid", amounts.attrs, language)
        short = HUNDRED_MILLION.name(language)
        figure.update_xaxes(title_text=full if last else short, row=row, col=1)
    return figure


def _panels(rows: int, legend: list[str], language: Language) -> go.Figure:
    """Empty panels one below another, each with room for its title and its axis."""
    drawn = rows * PANEL_HEIGHT + (rows - 1) * PANEL_GAP
    figure = make_subplots(rows=rows, cols=1, vertical_spacing=PANEL_GAP / drawn)
    dress(figure, message("title.ledger", language), legend=legend)
    margins = {"t": figure.layout.margin.t + PANEL_TITLE, "b": 60}
    figure.update_layout(
        barmode="stack",
        bargap=0.1,
        height=drawn + sum(margins.values()),
        margin={"l": 24, **margins},
        legend_y=1.0 + PANEL_TITLE / drawn,
    )
    figure.update_xaxes(title_standoff=4)
    figure.update_yaxes(showticklabels=False, ticks="", showgrid=False)
    return figure


def _add_view_title(
    figure: go.Figure, one: xr.DataArray, row: int, view: str, language: Language
) -> None:
    """Write the name and total of a view above its panel."""
    axis = str(row) if row > 1 else ""
    total = amount_text(float(one.sum()), language)
    figure.add_annotation(
        text=f"<b>{view}</b>  {message('hover.total', language)} {total}",
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
