"""Display units, axis titles and numbers written for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.core.money import CURRENCY, MULTIPLIERS
from riskmodel.show.inputs import require_attrs, require_money


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


def unit_word(values: xr.DataArray, language: Language) -> str:
    """Name the unit to write behind a displayed number."""
    if is_money(values):
        return message("unit.hundred_million_yuan_short", language)
    return "" if values.attrs["units"] == "1" else str(values.attrs["units"])


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


def interval_name(kind: str, language: Language, level: object = None) -> str:
    """Name an interval by what it covers; level 1 is the full range of declared variants."""
    word = message(f"interval.{kind}", language)
    if level is None:
        text = message("interval.label", language, kind=word)
        return text[0].upper() + text[1:]
    if float(str(level)) == 1.0:
        text = message("interval.range", language, kind=word)
        return text[0].upper() + text[1:]
    covered = per_cent(float(str(level)))
    return message("interval.label_level", language, kind=word, level=covered)


def amount_text(value: float, language: Language) -> str:
    """Write an amount in yuan as 亿元."""
    word = message("unit.hundred_million_yuan_short", language)
    return f"{number(value / HUNDRED_MILLION.factor)} {word}"


def money_title(key: str, attrs: Mapping[Any, object], language: Language) -> str:
    """Axis title of money in 亿元 with the price year of the data."""
    year = attrs["price_year"]
    return axis_title(message(key, language), HUNDRED_MILLION, language, price_year=year)


def own_name(data: xr.Dataset, name: str, language: Language) -> str:
    """Variable that holds names: the one in the figure's language, else the common one."""
    return f"{name}_{language}" if f"{name}_{language}" in data.variables else name
