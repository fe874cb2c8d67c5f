"""The result beside its alternatives: one assumption at a time, and past storms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import hover, log_ticks, name_rows, new_figure, row_height
from riskmodel.show.inputs import require_attrs, require_money, require_variables
from riskmodel.show.theme import ACCENT, COLORWAY, INK, MUTED
from riskmodel.show.units import HUNDRED_MILLION, interval_name, money_title, number, own_name

FloatArray = npt.NDArray[np.float64]


def _reach(labels: list[str], shift: FloatArray) -> list[str]:
    """Labels by how far their variants move the result, the strongest last."""
    reach: dict[str, float] = {}
    for label, moved in zip(labels, shift, strict=True):
        reach[label] = max(reach.get(label, 0.0), abs(float(moved)))
    return sorted(reach, key=reach.__getitem__)


def _add_variants(
    figure: go.Figure, labels: list[str], shift: FloatArray, base: float, language: Language
) -> None:
    """Draw each variant as a bar that starts at the baseline."""
    word = message("unit.hundred_million_yuan_short", language)
    asked = message("hover.difference", language)
    figure.add_bar(
        y=labels,
        x=shift,
        base=base,
        orientation="h",
        marker={"color": np.where(shift < 0, COLORWAY[0], ACCENT).tolist()},
        hovertext=[
            hover((label, f"{number(base + moved)} {word}"), (asked, f"{number(moved)} {word}"))
            for label, moved in zip(labels, shift, strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_vline(x=base, line={"color": INK, "width": 1.4})
    figure.update_layout(barmode="overlay")


def tornado_figure(values: xr.Dataset, *, language: Language) -> go.Figure:
    """How far each assumption, changed alone, moves the mean annual loss.

    Parameters
    ----------
    values : xarray.Dataset
        Dim `variant`; variables `label` (or `label_zh` and `label_en`) and `aal` in CNY;
        attrs `baseline` in CNY, `currency`, `price_year`. Variants with the same label share a
        row: the low and the high choice of one assumption.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a variable or attribute is missing.
    """
    where = "tornado"
    name = own_name(values, "label", language)
    require_variables(values, {"aal": ("variant",), name: ("variant",)}, where=where)
    require_money(values.attrs, where=where)
    require_attrs(values.attrs, ("baseline",), where=where)
    labels = [str(label) for label in values[name].values]
    base = float(values.attrs["baseline"]) / HUNDRED_MILLION.factor
    shift = HUNDRED_MILLION.shown(values["aal"]).values - base
    rows = _reach(labels, shift)
    word = message("unit.hundred_million_yuan_short", language)
    note = message("legend.baseline", language, value=number(base), unit=word)
    height = row_height(len(rows), legend=False)
    figure = new_figure(message("title.tornado", language), subtitle=note, height=height)
    _add_variants(figure, labels, shift, base, language)
    figure.update_xaxes(title_text=money_title("axis.aal", values.attrs, language))
    name_rows(figure, rows, message("axis.variant", language))
    figure.update_yaxes(categoryorder="array", categoryarray=rows)
    return figure


def observed_modelled_figure(table: xr.Dataset, *, language: Language) -> go.Figure:
    """Draw reported and modelled loss of past storms side by side on a logarithmic axis.

    Parameters
    ----------
    table : xarray.Dataset
        Dim `storm`; variables `name` (or `name_zh` and `name_en`), `reported`, `modelled`,
        `modelled_lower`, `modelled_upper` in CNY of one price year (NaN where not known);
        attrs `currency`, `price_year`, `interval` (the kind that the bounds are) and `level` if
        known. Drawn in the given order, the first on top.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a variable is missing, or a loss is not positive.
    """
    where = "observed and modelled"
    amounts = ("reported", "modelled", "modelled_lower", "modelled_upper")
    name = own_name(table, "name", language)
    require_variables(table, dict.fromkeys((name, *amounts), ("storm",)), where=where)
    require_money(table.attrs, where=where)
    require_attrs(table.attrs, ("interval",), where=where)
    money = {key: HUNDRED_MILLION.shown(table[key]).values for key in amounts}
    if any((values <= 0).any() for values in money.values()):
        raise FigureError("a loss is not positive", where=where, expected="positive CNY or NaN")
    storms = [str(storm) for storm in table[name].values]
    words = {key: message(f"outcome.{key}", language) for key in ("reported", "modelled")}
    note = interval_name(str(table.attrs["interval"]), language, table.attrs.get("level"))
    figure = new_figure(
        message("title.observed_modelled", language),
        subtitle=note,
        legend=list(words.values()),
        height=row_height(len(storms), legend=True),
    )
    _add_pairs(figure, storms, money, words, language)
    _log_money_axis(figure, money)
    figure.update_xaxes(title_text=money_title("axis.loss", table.attrs, language))
    name_rows(figure, storms, message("axis.storm", language))
    figure.update_yaxes(categoryorder="array", categoryarray=storms[::-1])
    return figure


def _add_pairs(
    figure: go.Figure,
    storms: list[str],
    money: dict[str, FloatArray],
    words: dict[str, str],
    language: Language,
) -> None:
    """Draw a line between the two losses of each storm, then a dot for each, with its interval."""
    gap = np.full(len(storms), np.nan)
    figure.add_scatter(
        x=np.stack([money["reported"], money["modelled"], gap], axis=1).ravel(),
        y=np.repeat(storms, 3).tolist(),
        mode="lines",
        line={"color": MUTED, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    error = {
        "type": "data",
        "symmetric": False,
        "array": np.nan_to_num(money["modelled_upper"] - money["modelled"]),
        "arrayminus": np.nan_to_num(money["modelled"] - money["modelled_lower"]),
        "color": COLORWAY[0],
        "thickness": 1.6,
        "width": 5,
    }
    unit = message("unit.hundred_million_yuan_short", language)
    looks = {"modelled": ("circle", COLORWAY[0], error), "reported": ("diamond", ACCENT, None)}
    for key, (symbol, colour, bars) in looks.items():
        figure.add_scatter(
            x=money[key],
            y=storms,
            mode="markers",
            name=words[key],
            marker={"symbol": symbol, "color": colour, "size": 11},
            error_x=bars,
            legendrank=1 if key == "reported" else 2,
            hovertext=[
                hover((storm, words[key]), (message("axis.loss", language), f"{number(v)} {unit}"))
                for storm, v in zip(storms, money[key], strict=True)
            ],
            hoverinfo="text",
        )


def _log_money_axis(figure: go.Figure, money: dict[str, FloatArray]) -> None:
    """Set a logarithmic axis around all amounts, with ticks at 1, 2, 5, 10 and so on."""
    amounts = np.concatenate(list(money.values()))
    low, high = float(np.nanmin(amounts)) / 1.3, float(np.nanmax(amounts)) * 1.3
    ticks = log_ticks(low, high)
    figure.update_xaxes(
        type="log",
        range=[np.log10(low), np.log10(high)],
        tickvals=ticks,
        ticktext=[number(tick) for tick in ticks],
    )
