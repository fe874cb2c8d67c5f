"""Money in yuan inside, 万元 and 亿元 at the edges, always with currency and price year."""

from __future__ import annotations

import re

import xarray as xr

from riskmodel.core.errors import UnitsError

CURRENCY = "CNY"
MULTIPLIERS = {"yuan": 1.0, "元": 1.0, "万元": 1e4, "亿元": 1e8}
_DIGITS = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:_[0-9]{3})+|[0-9]+"  # commas by thousands
_AMOUNT = re.compile(rf"^\s*((?:{_DIGITS})(?:\.[0-9]+)?)\s*(yuan|元|万元|亿元)\s*$")


def parse_amount(text: str, *, where: str) -> float:
    """Amount in yuan from text with its unit written, such as ``"500 元"`` or ``"3 亿元"``.

    Raises
    ------
    UnitsError
        If the unit is missing or unknown.

    Examples
    --------
    >>> parse_amount("1.5 万元", where="example")
    15000.0
    """
    match = _AMOUNT.match(str(text))
    if match is None:
        raise UnitsError(
            "an amount of money without a known unit",
            where=where,
            found=text,
            expected=f"a number (commas by thousands) followed by one of {', '.join(MULTIPLIERS)}",
            remedy="write for example '3 亿元'",
        )
    return float(match[1].replace(",", "").replace("_", "")) * MULTIPLIERS[match[2]]


def stamp_money(data: xr.DataArray, *, price_year: int) -> xr.DataArray:
    """Mark an array as yuan of one price year."""
    data.attrs.update(units=CURRENCY, currency=CURRENCY, price_year=price_year)
    return data


def require_same_price_year(*items: tuple[str, int]) -> int:
    """Price year shared by all named items.

    Raises
    ------
    UnitsError
        If two items differ: a ratio of different years is refused, never adjusted silently.
    """
    years = {year for _, year in items}
    if len(years) != 1:
        raise UnitsError(
            "price years differ",
            found=items,
            expected="one price year",
            remedy="bring the figures to one price year before dividing them",
        )
    return years.pop()
