"""What all figures share: checked inputs, display units, wrapped titles, hover texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.core.money import CURRENCY, MULTIPLIERS
from riskmodel.show.theme import SMALL_SIZE, TEMPLATE, TITLE_SIZE, WIDTH

_TOKENS = re.compile(r"[\x21-\x7e]+|\s+|.")
_NO_LINE_START = frozenset("，。；：？！、）》」%")


@dataclass(frozen=True, slots=True)
class DisplayUnit:
    """How a quantity is shown: divided by a factor, in a unit with a name in each language."""

    factor: float
    key: str

    def shown(self, values: xr.DataArray) -> xr.DataArray:
        """Values in this unit."""
        return values / self.factor

    def name(self, language: Language) -> str:
        """Name of the unit, for an axis."""
        return message(self.key, language) if self.key else ""


HUNDRED_MILLION = DisplayUnit(MULTIPLIERS["亿元"], "unit.hundred_million_yuan")
TEN_THOUSAND = DisplayUnit(MULTIPLIERS["万元"], "unit.ten_thousand_yuan")


def require_variables(
    data: xr.Dataset, variables: Mapping[str, Sequence[str]], *, where: str
) -> None:
    """Refuse a Dataset that lacks a variable or coordinate, or holds it on other dims.

    Raises
    ------
    FigureError
        Naming the first variable that is missing or different.
    """
    for name, dims in variables.items():
        if name not in data.variables:
            raise FigureError(
                "a variable is missing",
                where=f"{where}: {name}",
                found=sorted(map(str, data.variables)),
                expected=f"dims {tuple(dims)}",
            )
        if set(data[name].dims) != set(dims):
            raise FigureError(
                "a variable has other dims",
                where=f"{where}: {name}",
                found=data[name].dims,
                expected=tuple(dims),
            )


def require_dims(values: xr.DataArray, dims: Sequence[str], *, where: str) -> None:
    """Refuse an array without exactly these dims, in any order, each with labels.

    Raises
    ------
    FigureError
        If a dim is missing, surplus or has no coordinate.
    """
    if set(values.dims) != set(dims):
        raise FigureError(
            "an array has other dims", where=where, found=values.dims, expected=tuple(dims)
        )
    bare = [dim for dim in dims if dim not in values.coords]
    if bare:
        raise FigureError("a dim has no labels", where=where, found=bare, expected="coordinates")


def require_attrs(attrs: Mapping[object, object], names: Sequence[str], *, where: str) -> None:
    """Refuse data without the attributes that the figure prints.

    Raises
    ------
    FigureError
        Naming the missing attributes.
    """
    missing = [name for name in names if name not in attrs]
    if missing:
        raise FigureError(
            "attributes are missing", where=where, found=missing, expected=tuple(names)
        )


def require_money(attrs: Mapping[object, object], *, where: str) -> None:
    """Refuse money that is not in yuan of a named price year.

    Raises
    ------
    FigureError
        If the currency is not CNY or the price year is missing.
    """
    require_attrs(attrs, ("currency", "price_year"), where=where)
    if attrs["currency"] != CURRENCY:
        raise FigureError(
            "money in another currency",
            where=where,
            found=attrs["currency"],
            expected=CURRENCY,
            remedy="convert to yuan before drawing",
        )


def is_money(values: xr.DataArray) -> bool:
    """Whether the array says that it is in yuan."""
    return CURRENCY in (values.attrs.get("units"), values.attrs.get("currency"))


def axis_title(
    what: str, unit: DisplayUnit, language: Language, *, price_year: object = None
) -> str:
    """Axis title with its unit and, for money, the price year."""
    parts = [unit.name(language)]
    if price_year is not None:
        parts.append(message("axis.price_year", language, year=price_year))
    separator = "，" if language == "zh" else ", "
    inside = separator.join(part for part in parts if part)
    return message("axis.with_unit", language, what=what, unit=inside) if inside else what


def axis_for(
    values: xr.DataArray, language: Language, *, key: str | None = None
) -> tuple[DisplayUnit, str]:
    """Display unit and axis title of an array, from its `units`, `long_name` and price year.

    Parameters
    ----------
    values : xarray.DataArray
        With attrs `units`, and `long_name` (or `long_name_zh`, `long_name_en`) unless `key` is
        given; money in CNY is shown in 亿元.
    language : {"zh", "en"}
        Language of the title.
    key : str, optional
        Message key of what is shown, instead of the array's own name.

    Raises
    ------
    FigureError
        If the array does not say what it measures.
    """
    where = "values" if values.name is None else str(values.name)
    names = (f"long_name_{language}", "long_name")
    own = next((str(values.attrs[n]) for n in names if n in values.attrs), None)
    what = message(key, language) if key else own
    if what is None:
        raise FigureError("nothing says what is shown", where=where, expected="attrs long_name")
    if is_money(values):
        require_money({"currency": CURRENCY, **values.attrs}, where=where)
        year = values.attrs["price_year"]
        return HUNDRED_MILLION, axis_title(what, HUNDRED_MILLION, language, price_year=year)
    require_attrs(values.attrs, ("units",), where=where)
    units = str(values.attrs["units"])
    unit = DisplayUnit(1.0, "")
    return unit, message(
        "axis.with_unit", language, what=what, unit=units
    ) if units != "1" else what


def text_width(text: str) -> int:
    """Width of a text in half-width units: Chinese characters count two.

    Examples
    --------
    >>> text_width("GDP 之比")
    8
    """
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrap_text(text: str, units: int) -> str:
    """Break a text into lines of at most so many half-width units, joined by ``<br>``.

    Latin words stay whole, Chinese breaks anywhere but before closing punctuation.

    Examples
    --------
    >>> wrap_text("one two three", 8)
    'one two<br>three'
    """
    lines = [""]
    for token in _TOKENS.findall(text):
        fits = text_width(lines[-1] + token.rstrip()) <= units
        if fits or token in _NO_LINE_START or not lines[-1]:
            lines[-1] += token
        else:
            lines.append(token.lstrip())
    return "<br>".join(line.rstrip() for line in lines)


def new_figure(title: str, *, legend_rows: int = 1, height: int | None = None) -> go.Figure:
    """Empty figure in the house style, its top margin sized for the title and the legend.

    Parameters
    ----------
    title : str
        A question, wrapped to the width.
    legend_rows : int
        Rows that the legend above the drawing area will need; 0 without legend.
    height : int, optional
        Height in pixels, the template's by default.
    """
    figure = go.Figure()
    dress(figure, title, legend_rows=legend_rows, height=height)
    return figure


def dress(
    figure: go.Figure, title: str, *, legend_rows: int = 1, height: int | None = None
) -> None:
    """Give a figure the house template, its title and room for both above the drawing area."""
    wrapped = wrap_text(title, int((WIDTH - 40) / TITLE_SIZE * 1.9))
    lines = 1 + wrapped.count("<br>")
    top = 26 + int(lines * TITLE_SIZE * 1.3) + legend_rows * (SMALL_SIZE + 9)
    figure.update_layout(
        template=TEMPLATE,
        title_text=wrapped,
        margin_t=top,
        showlegend=legend_rows > 0,
        width=WIDTH,
        height=height or TEMPLATE.layout.height,
    )


def interval_name(kind: str, language: Language, level: object = None) -> str:
    """Name of an interval that says what it covers."""
    word = message(f"interval.{kind}", language)
    if level is None:
        return message("interval.label", language, kind=word)
    text = f"{float(str(level)):.0%}"
    return message("interval.label_level", language, kind=word, level=text)


def number(value: float, digits: int = 3) -> str:
    """Write a number for people: significant digits, thousands apart, no exponent.

    Examples
    --------
    >>> number(12345.6), number(0.01234)
    ('12,346', '0.0123')
    """
    if not np.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - int(np.floor(np.log10(abs(value)))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def per_cent(value: float, digits: int = 3) -> str:
    """Write a fraction in per cent.

    Examples
    --------
    >>> per_cent(0.009)
    '0.9 %'
    """
    return f"{number(100.0 * value, digits)} %"


def hover(*lines: tuple[str, str]) -> str:
    """Hover text of (name, value) lines.

    Examples
    --------
    >>> hover(("T", "100"))
    'T: 100'
    """
    return "<br>".join(f"{name}: {value}" for name, value in lines)
