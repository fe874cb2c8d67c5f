"""How a rate becomes an intensity at one cell: its curve, the maps it goes through, the storms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.curves import split_at_share
from riskmodel.show.frame import hover, log_ticks, new_figure
from riskmodel.show.inputs import require_attrs, require_variables
from riskmodel.show.theme import ACCENT, COLORWAY, INK, SMALL_SIZE, translucent
from riskmodel.show.units import number

WHERE, HEIGHT = "reading of one cell", 480
ATTRS = ("units", "name_zh", "name_en", "cell_zh", "cell_en", "last_map")
SHOWN = ("shown_return_period", "shown_intensity")
LAST_MAP_TOLERANCE = 0.01  # 1/rate of a 1-in-T map is about T - 1/2 years
STRIP, HEADROOM = 0.05, 1.06  # room for strokes along the axes, and above, in parts of the range
LABEL_SHARE, LEFT_SHARE = 0.25, 0.6

FloatArray = npt.NDArray[np.float64]


def _check(data: xr.Dataset) -> None:
    """Refuse a Dataset that lacks what the figure shows, or whose numbers cannot be."""
    variables: dict[str, tuple[str, ...]] = {
        "intensity": ("return_period",),
        "return_period": ("return_period",),
        **dict.fromkeys(("map_return_period", "map_intensity"), ("map",)),
        **dict.fromkeys(("storm_return_period", "storm_intensity"), ("storm",)),
    }
    shown = SHOWN if set(SHOWN) & set(data.variables) else ()
    require_variables(data, {**variables, **dict.fromkeys(shown, ())}, where=WHERE)
    require_attrs(data.attrs, ATTRS, where=WHERE)
    for name in (*variables, *shown):
        values = np.atleast_1d(data[name].values)
        years = not name.endswith("intensity")
        good = np.isfinite(values) & ((values > 0) if years else (values >= 0))
        if not good.all():
            raise FigureError(
                "a value is out of range",
                where=f"{WHERE}: {name}",
                found=values[~good][:3].tolist(),
                expected="years above 0" if years else "0 or more",
                remedy="give 1/rate in years; leave out storms that are not stored at this cell",
            )
    _check_order(data)


def _check_order(data: xr.Dataset) -> None:
    """Refuse a curve that turns back, and a last map that is another."""
    years, mapped = data["return_period"].values, data["map_return_period"].values
    if len(years) < 2 or (np.diff(years) < 0).any():
        raise FigureError(
            "the curve is not in the order of return periods",
            where=f"{WHERE}: return_period",
            found=years[:5].tolist(),
            expected="two values or more, rising; one may stand twice, where the curve steps",
            remedy="sort the curve by return_period",
        )
    last = float(data.attrs["last_map"])
    if not len(mapped) or abs(last / mapped.max() - 1.0) > LAST_MAP_TOLERANCE:
        raise FigureError(
            "the last map is none of the maps",
            where=f"{WHERE}: last_map",
            found=last,
            expected=mapped.tolist(),
            remedy="give the longest of map_return_period",
        )


def _texts(name: str, years: FloatArray, values: FloatArray, units: str, to: Language) -> list[str]:
    """Hover texts of points or a line: what it is, return period, rate, intensity."""
    period, rate, strength = (
        message(f"hover.{key}", to) for key in ("return_period", "rate", "intensity")
    )
    unit, a_year = message("unit.years", to), message("unit.a_year", to)
    return [
        f"{name}<br>"
        + hover(
            (period, f"{number(float(t))} {unit}"),
            (rate, f"{number(1.0 / float(t))} {a_year}"),
            (strength, f"{number(float(value))} {units}"),
        )
        for t, value in zip(years, values, strict=True)
    ]


def _add(
    figure: go.Figure,
    key: str,
    points: tuple[xr.DataArray, xr.DataArray],
    units: str,
    language: Language,
    **look: object,
) -> None:
    """Draw one kind of thing with its name in the legend and its numbers in the hover."""
    name = message(f"legend.reading_{key}", language)
    years, values = (np.atleast_1d(one.values).astype(np.float64) for one in points)
    figure.add_scatter(
        x=years,
        y=values,
        name=name,
        hovertext=_texts(name, years, values, units, language),
        hoverinfo="text",
        **look,
    )


def _add_curve(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Draw the curve: thin below the first map, dashed beyond the last."""
    years, values = data["return_period"], data["intensity"].values.astype(np.float64)
    inside, tail = split_at_share(values, years.values > data.attrs["last_map"])
    middle, head = split_at_share(inside, years.values < data["map_return_period"].values.min())
    looks = {"head": (head, 1.2, "solid"), "between": (middle, 2.8, "solid")}
    for key, (part, width, dash) in {**looks, "beyond": (tail, 2.8, "dash")}.items():
        line = {"color": COLORWAY[0], "width": width, "dash": dash}
        points = years, data["intensity"].copy(data=part)
        _add(figure, key, points, data.attrs["units"], language, mode="lines", line=line)


def _add_maps(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Draw the census maps as rings on the curve."""
    ring = {"symbol": "circle-open", "size": 11, "color": INK, "line": {"width": 2}}
    points = data["map_return_period"], data["map_intensity"]
    _add(figure, "maps", points, data.attrs["units"], language, mode="markers", marker=ring)


def _add_storms(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Draw the stored storms as strokes along both axes: rates come in, intensities go out."""
    name = message("legend.reading_storms", language)
    years, values = data["storm_return_period"].values, data["storm_intensity"].values
    texts = _texts(name, years, values, data.attrs["units"], language)
    (low, high), bottom = figure.layout.xaxis.range, figure.layout.yaxis.range[0]
    side = low + STRIP / 2 * (high - low)
    rims = {
        "line-ns": (years, np.full(years.shape, bottom / 2)),
        "line-ew": (np.full(years.shape, 10.0**side), values),
    }
    for symbol, (x, y) in rims.items():
        line = {"width": 1, "color": translucent(COLORWAY[1], 0.5)}
        figure.add_scatter(
            x=x,
            y=y,
            mode="markers",
            marker={"symbol": symbol, "size": 7, "line": line},
            name=name,
            legendgroup=name,
            showlegend=symbol == "line-ns",
            hovertext=texts,
            hoverinfo="text",
        )


def _add_shown(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Draw one storm, with the way from its return period up to the curve and to its intensity."""
    low, high = figure.layout.xaxis.range
    years, value = (float(data[name]) for name in SHOWN)
    figure.add_scatter(
        x=[years, years, 10.0**low],
        y=[figure.layout.yaxis.range[0], value, value],
        mode="lines",
        line={"color": ACCENT, "width": 1.4, "dash": "dot"},
        showlegend=False,
        hoverinfo="skip",
    )
    look = {"symbol": "diamond", "size": 13, "color": ACCENT, "line": {"color": "white"}}
    points = data["shown_return_period"], data["shown_intensity"]
    _add(figure, "shown", points, data.attrs["units"], language, mode="markers", marker=look)
    words = {"years": number(years), "value": f"{number(value)} {data.attrs['units']}"}
    left = np.log10(years) - low > LEFT_SHARE * (high - low)
    figure.add_annotation(
        x=np.log10(years),
        y=LABEL_SHARE * value,
        xanchor="right" if left else "left",
        xshift=-6 if left else 6,
        text=message("legend.reading", language, **words),
        showarrow=False,
        font={"size": SMALL_SIZE, "color": ACCENT},
    )


def _axes(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Logarithmic return periods, the rate below each power of ten; intensity from zero."""
    names = [name for name in data.variables if str(name).endswith("return_period")]
    years = np.concatenate([np.atleast_1d(data[name].values) for name in names])
    low, high = np.log10(years.min()), np.log10(years.max())
    room = STRIP * (high - low)
    ticks = log_ticks(float(years.min()), float(years.max()))
    figure.update_xaxes(
        type="log",
        range=[low - 1.4 * room, high + 0.6 * room],
        tickvals=ticks,
        ticktext=[
            f"{t:g}<br>{number(1.0 / t)}" if np.log10(t).is_integer() else f"{t:g}" for t in ticks
        ],
        tickangle=0,
        title_text=message("axis.return_period_rate", language),
    )
    names = [name for name in data.variables if str(name).endswith("intensity")]
    top = max(float(data[name].max()) for name in names if data[name].size)
    what, unit = message("axis.intensity", language), data.attrs["units"]
    figure.update_yaxes(
        range=[-STRIP * top, HEADROOM * top] if top else [-STRIP, 1],
        title_text=message("axis.with_unit", language, what=what, unit=unit),
    )
    figure.update_layout(margin_b=80)


def reading_figure(data: xr.Dataset, *, language: Language) -> go.Figure:
    """How strong an occurrence of a given rate is at one cell: the curve between its maps.

    Parameters
    ----------
    data : xarray.Dataset
        All return periods are 1/rate in years, all intensities in the peril's unit, 0 or more.
        The curve as the loss engine reads it: `intensity` (return_period), with rising coordinate
        `return_period` that best holds the return periods of the maps too. The census maps at the
        cell: `map_return_period` and `map_intensity` (map). The stored occurrences of a block at
        the cell: `storm_return_period`, `storm_intensity` (storm), strokes along both axes. One
        of them as an example, if wished: scalars `shown_return_period` and `shown_intensity`.
        Attrs `units`; `name_zh`, `name_en` of the peril; `cell_zh`, `cell_en` of the place;
        `last_map`, the longest of `map_return_period`, beyond which the curve is dashed.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing or out of range, the curve is not in order, or `last_map` is none
        of the maps.
    """
    _check(data)
    shown = SHOWN[0] in data
    keys = ["maps", "between", "head", "beyond", "storms", *(["shown"] if shown else [])]
    words = {"peril": data.attrs[f"name_{language}"], "cell": data.attrs[f"cell_{language}"]}
    figure = new_figure(
        message("title.reading", language),
        subtitle=message("legend.reading_place", language, **words),
        legend=[message(f"legend.reading_{key}", language) for key in keys],
        height=HEIGHT,
    )
    _axes(figure, data, language)
    _add_curve(figure, data, language)
    _add_storms(figure, data, language)
    _add_maps(figure, data, language)
    if shown:
        _add_shown(figure, data, language)
    return figure
