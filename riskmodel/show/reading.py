"""How a return period becomes an intensity at one cell: curve, maps it goes through, storms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.core.returnperiod import probability_from_return_period
from riskmodel.show.curves import split_at_share
from riskmodel.show.frame import hover, log_ticks, new_figure, pixels
from riskmodel.show.inputs import require_attrs, require_variables
from riskmodel.show.theme import ACCENT, COLORWAY, INK, SMALL_SIZE, TEMPLATE, WIDTH, translucent
from riskmodel.show.units import number, per_cent

WHERE, HEIGHT = "reading of one cell", 480
ATTRS = ("units", "name_zh", "name_en", "cell_zh", "cell_en")
SHOWN = ("shown_return_period", "shown_intensity")
STRIP, HEADROOM = 0.05, 1.06  # room for strokes along the axes, and above, in parts of the range
LABEL_SHARE, LEFT_SHARE = 0.25, 0.6
TICK_GAP = 10  # pixels between two labels

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
        good = np.isfinite(values) & ((values > 1) if years else (values >= 0))
        if not good.all():
            raise FigureError(
                "a value is out of range",
                where=f"{WHERE}: {name}",
                found=values[~good][:3].tolist(),
                expected="years above 1" if years else "0 or more",
                remedy="give 1/annual probability; leave out storms not stored at this cell",
            )
    _check_order(data)


def _check_order(data: xr.Dataset) -> None:
    """Refuse a curve that turns back, or that no map shapes."""
    years = data["return_period"].values
    if len(years) < 2 or (np.diff(years) < 0).any():
        raise FigureError(
            "the curve is not in the order of return periods",
            where=f"{WHERE}: return_period",
            found=years[:5].tolist(),
            expected="two values or more, rising; one may stand twice, where the curve steps",
            remedy="sort the curve by return_period",
        )
    if not data.sizes["map"]:
        raise FigureError(
            "there is no map",
            where=f"{WHERE}: map_return_period",
            found=0,
            expected="one map or more",
            remedy="give the census maps at this cell",
        )


def _texts(name: str, years: FloatArray, values: FloatArray, units: str, to: Language) -> list[str]:
    """Hover texts of points or a line: what it is, return period, probability, intensity."""
    period, probability, strength = (
        message(f"hover.{key}", to) for key in ("return_period", "annual_probability", "intensity")
    )
    unit, chances = message("unit.years", to), probability_from_return_period(years)
    return [
        f"{name}<br>"
        + hover(
            (period, f"{number(float(t))} {unit}"),
            (probability, per_cent(float(chance))),
            (strength, f"{number(float(value))} {units}"),
        )
        for t, chance, value in zip(years, chances, values, strict=True)
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
    mapped = data["map_return_period"].values
    inside, tail = split_at_share(values, years.values > mapped.max())
    middle, head = split_at_share(inside, years.values < mapped.min())
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
    """Draw the stored storms as strokes along both axes: years come in, intensities go out."""
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


def _tick_texts(years: list[float], decades: float) -> list[str]:
    """Years of each tick, none where they would touch a power of ten; its probability below."""
    margin = TEMPLATE.layout.margin
    apart = np.log10(2.0) * (WIDTH - margin.l - margin.r) / decades  # of 1 and 2, of 5 and 10
    texts = []
    for year in years:
        text = f"{year:.0f}"
        if np.log10(year).is_integer():
            text += f"<br>{per_cent(float(probability_from_return_period(year)))}"
        elif pixels(text, SMALL_SIZE) + TICK_GAP > apart:
            text = ""
        texts.append(text)
    return texts


def _axes(figure: go.Figure, data: xr.Dataset, language: Language) -> None:
    """Logarithmic return periods with probabilities below powers of ten; intensity from zero."""
    names = [name for name in data.variables if str(name).endswith("return_period")]
    years = np.concatenate([np.atleast_1d(data[name].values) for name in names])
    low, high = np.log10(years.min()), np.log10(years.max())
    room = STRIP * (high - low)
    ends = low - 1.4 * room, high + 0.6 * room
    ticks = log_ticks(float(years.min()), float(years.max()))
    figure.update_xaxes(
        type="log",
        range=list(ends),
        tickvals=ticks,
        ticktext=_tick_texts(ticks, ends[1] - ends[0]),
        tickangle=0,
        title_text=message("axis.return_period", language),
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
    """How strong an occurrence of a given return period is at one cell: the curve of its maps.

    Parameters
    ----------
    data : xarray.Dataset
        All return periods are in years above 1, on the annual-probability basis; all intensities
        in the peril's unit, 0 or more.
        The curve as the loss engine reads it: `intensity` (return_period), with rising coordinate
        `return_period` that best holds the return periods of the maps too. The census maps at the
        cell: `map_return_period` and `map_intensity` (map). The stored occurrences of a block at
        the cell: `storm_return_period`, `storm_intensity` (storm), strokes along both axes. One
        of them as an example, if wished: scalars `shown_return_period` and `shown_intensity`.
        Attrs `units`; `name_zh`, `name_en` of the peril; `cell_zh`, `cell_en` of the place.
        Beyond the longest of the maps the curve is dashed.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If something is missing or out of range, the curve is not in order, or there is no map.
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
