"""Reference cases beside a loss exceedance curve: thin lines named at their ends, never a band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr
from scipy.optimize import isotonic_regression

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.core.returnperiod import probability_from_return_period
from riskmodel.show.frame import hover, pixels, wrap_text
from riskmodel.show.inputs import require_money, require_variables
from riskmodel.show.theme import KIND_COLOURS, MUTED, SMALL_SIZE, TEMPLATE, colour_of
from riskmodel.show.units import HUNDRED_MILLION, number, per_cent

NOTES = {  # which words say what a case does and does not tell
    "comonotone": "references",
    "independent": "references",
    "sampled": "sampled",
    "sampled_together": "sampled",
    "what_if": "what_if",
}
WHERE = "references of the exceedance curve"
LABEL_UNITS, LABEL_GAP, LEADER, HEADROOM = 11, 34, 8, 1.06
NOTE_UNITS = 44

FloatArray = npt.NDArray[np.float64]


def spread_apart(places: FloatArray, gap: float) -> FloatArray:
    """Rising places moved as little as possible (least squares) until a gap parts each two.

    With q_i = places_i − i·gap, the wanted places are the isotonic regression of q plus i·gap.

    Examples
    --------
    >>> spread_apart(np.array([0.0, 10.0, 10.0]), 4.0).tolist()
    [0.0, 8.0, 12.0]
    """
    steps = gap * np.arange(len(places))
    return np.asarray(isotonic_regression(places - steps).x + steps)


def reference_notes(references: xr.Dataset | None, language: Language) -> list[str]:
    """Say what the thin lines mean, where there are any."""
    if references is None:
        return []
    notes = dict.fromkeys(NOTES[case] for case in map(str, references["case"].values))
    return [message(f"legend.{note}", language) for note in notes]


def check_references(references: xr.Dataset, curve: xr.Dataset, kinds: Sequence[str]) -> None:
    """Refuse references that cannot stand beside the curve.

    Parameters
    ----------
    references, curve : xarray.Dataset
        As for `riskmodel.show.curves.exceedance_figure`.
    kinds : sequence of str
        Kinds of curve that are drawn.

    Raises
    ------
    FigureError
        If something is missing, a case is unknown, the money is of another year, or the return
        periods leave those of the curve.
    """
    dims = ("case", "kind", "return_period")
    require_variables(references, {"value": dims, **{d: (d,) for d in dims}}, where=WHERE)
    require_money(references.attrs, where=WHERE)
    ours, theirs = (data["return_period"].values for data in (references, curve))
    judged = {
        "case": (set(map(str, references["case"].values)) <= set(NOTES), tuple(NOTES)),
        "kind": (set(map(str, references["kind"].values)) <= set(kinds), tuple(kinds)),
        "return_period": (
            theirs.min() <= ours.min() and ours.max() <= theirs.max(),
            f"{theirs.min():g} to {theirs.max():g} years, as the curve",
        ),
    }
    for dim, (good, expected) in judged.items():
        if not good:
            raise FigureError(
                "labels do not fit the curve",
                where=f"{WHERE}: {dim}",
                found=references[dim].values.tolist(),
                expected=expected,
                remedy="compute the references for the kinds and return periods of the curve",
            )
    if references.attrs["price_year"] != curve.attrs["price_year"]:
        raise FigureError(
            "money of another price year",
            where=WHERE,
            found=references.attrs["price_year"],
            expected=curve.attrs["price_year"],
            remedy="compute curve and references from one exposure",
        )


def _texts(
    periods: FloatArray, money: FloatArray, names: tuple[str, str], note: str, language: Language
) -> list[str]:
    """Hover texts of a line, each with what it does and does not say."""
    unit = message("unit.hundred_million_yuan_short", language)
    asked = [message(f"hover.{key}", language) for key in ("return_period", "annual_probability")]
    loss, years = message("axis.loss", language), message("unit.years", language)
    note = wrap_text(message(f"hover.{note}", language), NOTE_UNITS)
    chances = probability_from_return_period(periods)
    return [
        hover(
            names,
            (loss, f"{number(float(amount))} {unit}"),
            (asked[0], f"{period:g} {years}"),
            (asked[1], per_cent(float(chance))),
        )
        + f"<br>{note}"
        for period, amount, chance in zip(periods, money, chances, strict=True)
    ]


def _add_line(figure: go.Figure, one: xr.DataArray, language: Language) -> tuple[float, float, str]:
    """Draw one case of one kind; return where it ends (years, 亿元) and its colour."""
    kind, case = str(one["kind"].values), str(one["case"].values)
    known = one.dropna("return_period")
    if not known.size:
        raise FigureError(
            "a reference has no value", where=f"{WHERE}: {kind} {case}", expected="CNY"
        )
    periods, money = known["return_period"].values, HUNDRED_MILLION.shown(known).values
    names = message(f"kind.{kind}", language), message(f"reference.{case}", language)
    colour = colour_of(KIND_COLOURS, kind)
    figure.add_scatter(
        x=periods,
        y=money,
        mode="lines",
        line={"color": colour, "width": 1.1},
        name=f"{kind} {case}",
        showlegend=False,
        hovertext=_texts(periods, money, names, NOTES[case], language),
        hoverinfo="text",
    )
    return float(periods[-1]), float(money[-1]), colour


def add_references(figure: go.Figure, references: xr.Dataset, language: Language) -> None:
    """Draw the reference cases and name each at its right end, the names kept apart.

    Comes after everything else is drawn and the margins are set, for the names need the scale.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Exceedance figure with a logarithmic axis of return periods and money in 亿元.
    references : xarray.Dataset
        As for `riskmodel.show.curves.exceedance_figure`, checked.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If a line has no value.
    """
    ends = []
    for case in map(str, references["case"].values):
        label = wrap_text(message(f"reference.{case}", language), LABEL_UNITS)
        for kind in map(str, references["kind"].values):
            one = references["value"].sel(case=case, kind=kind)
            ends.append((*_add_line(figure, one, language), label))
    lines = [line for *_, label in ends for line in label.split("<br>")]
    drawn = np.concatenate([np.asarray(trace.y, dtype=np.float64) for trace in figure.data])
    figure.update_yaxes(range=[0, HEADROOM * float(np.nanmax(drawn))])
    figure.update_layout(margin_r=max(pixels(line, SMALL_SIZE) for line in lines) + 2 * LEADER)
    _label_ends(figure, ends)


def _label_ends(figure: go.Figure, ends: list[tuple[float, float, str, str]]) -> None:
    """Name the lines in the right margin, each name led to the end of its line."""
    layout, margin = figure.layout, figure.layout.margin
    width = layout.width - TEMPLATE.layout.margin.l - margin.r
    across = np.ptp(layout.xaxis.range) / width
    up = np.ptp(layout.yaxis.range) / (layout.height - margin.t - margin.b)
    ends = sorted(ends, key=lambda end: end[1])
    places = spread_apart(np.array([amount for _, amount, _, _ in ends]) / up, LABEL_GAP)
    for (years, amount, colour, label), place in zip(ends, places, strict=True):
        figure.add_annotation(
            x=np.log10(years),
            y=amount,
            ax=LEADER + (layout.xaxis.range[1] - np.log10(years)) / across,
            ay=amount / up - place,
            xanchor="left",
            text=label,
            align="left",
            arrowhead=6,  # a dot, where the line ends and its grey leader begins
            arrowwidth=0.8,
            arrowcolor=MUTED,
            font={"size": SMALL_SIZE - 1, "color": colour},
        )
