"""How much of the loss the tiers pay, area by area."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import (
    LEGEND_ROW,
    hover,
    left_margin,
    legend_rows,
    name_rows,
    new_figure,
    row_height,
)
from riskmodel.show.inputs import require_attrs, require_variables
from riskmodel.show.theme import INK, TIER_COLOURS, WIDTH, colour_of
from riskmodel.show.units import own_name, per_cent

WHERE = "adequacy"
RIGHT = 30  # pixels, margin of the template


def adequacy_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """Share of the direct loss that each tier pays: bars of the mean year, one row an area.

    Parameters
    ----------
    data : xarray.Dataset
        Dims `view` ("mean", "worst"), `group` and `tier` ("1", "N", "X"): `share`, fractions of
        the group's direct loss; `gap` (view), the fraction of the first group that no cover pays;
        `name` (or `name_zh` and `name_en`) of the groups; attrs `return_period` (years that the
        worst years stand for). Drawn in the given order, the first on top.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a variable or attribute is missing, or a share is none.
    """
    name = own_name(data, "name", language)
    _check(data, name)
    worst = message("legend.worst_years", language)
    legend = [message(f"tier.{tier}", language) for tier in data["tier"].values] + [worst]
    note = message(
        "legend.adequacy", language, years=f"{float(data.attrs['return_period']):g}",
        **{view: per_cent(float(data["gap"].sel(view=view))) for view in ("mean", "worst")},
    )  # fmt: skip
    rows, title = [str(text) for text in data[name].values], message("title.adequacy", language)
    height = row_height(len(rows), legend=True) + 20
    figure = new_figure(title, subtitle=note, legend=legend, height=height)
    mean = data["share"].sel(view="mean").transpose("tier", "group")
    for label, one in zip(legend, mean, strict=False):
        _add_tier(figure, one, rows, label)
    total = data["share"].sel(view="worst").sum("tier").values
    figure.add_scatter(
        x=100.0 * total, y=rows, mode="markers", name=worst,
        marker={"symbol": "diamond", "size": 9, "color": INK},
        hovertext=[hover((row, per_cent(v))) for row, v in zip(rows, total, strict=True)],
        hoverinfo="text",
    )  # fmt: skip
    # long names of rows leave the legend less width than it is given by default
    width = WIDTH - RIGHT - left_margin(rows)
    more = LEGEND_ROW * (legend_rows(legend, width) - legend_rows(legend))
    figure.update_layout(
        barmode="stack", margin_t=figure.layout.margin.t + more, height=figure.layout.height + more
    )
    figure.update_xaxes(title_text=message("axis.share_paid", language), rangemode="tozero")
    name_rows(figure, rows, message("axis.group", language))
    figure.update_yaxes(categoryorder="array", categoryarray=rows[::-1])
    return figure


def _check(data: xr.Dataset, name: str) -> None:
    wanted = {"share": ("view", "group", "tier"), "gap": ("view",), name: ("group",)}
    require_variables(data, wanted, where=WHERE)
    require_attrs(data.attrs, ("return_period",), where=WHERE)
    if not ((data["share"] >= 0.0) & (data["share"].sum("tier") <= 1.0 + 1e-9)).all():
        raise FigureError("a share is no fraction", where=WHERE, expected="0 to 1, by group")


def _add_tier(figure: go.Figure, one: xr.DataArray, rows: list[str], label: str) -> None:
    values = np.asarray(one.values, dtype=np.float64)
    figure.add_bar(
        x=100.0 * values, y=rows, orientation="h", name=label,
        marker={
            "color": colour_of(TIER_COLOURS, str(one["tier"].item())),
            "line": {"color": "white", "width": 0.8},
        },
        hovertext=[
            hover((f"{row}, {label}", per_cent(v))) for row, v in zip(rows, values, strict=True)
        ],
        hoverinfo="text",
    )  # fmt: skip
