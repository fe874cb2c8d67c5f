"""Money carries its unit, and its price year is never guessed."""

from __future__ import annotations

import pytest
import xarray as xr

from riskmodel.core.errors import UnitsError
from riskmodel.core.money import parse_amount, require_same_price_year, stamp_money


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("3 亿元", 300_000_000.0),
        ("1.5 万元", 15_000.0),
        ("500元", 500.0),
        ("1,200 yuan", 1200.0),
        ("1,009.81 亿元", 1009.81e8),
        ("2_000_000 yuan", 2e6),
        (" 0 元 ", 0.0),
    ],
)
def test_amounts_by_hand(text: str, yuan: float) -> None:
    assert parse_amount(text, where="test") == yuan


@pytest.mark.parametrize("text", ["3", "3 亿", "3 dollars", "-3 元", "元", "1e6 元", "3 元 4"])
def test_an_amount_without_its_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitsError, match=r"tiers\.yml, limit: .*to do: write for example"):
        parse_amount(text, where="tiers.yml, limit")


def test_stamped_money_names_currency_and_year() -> None:
    loss = stamp_money(xr.DataArray([1.0]), price_year=2022)
    assert loss.attrs == {"units": "CNY", "currency": "CNY", "price_year": 2022}


def test_one_price_year_is_returned() -> None:
    assert require_same_price_year(("loss", 2022), ("GDP", 2022)) == 2022


@pytest.mark.parametrize("items", [(("loss", 2022), ("GDP", 2023)), (("x", 2022), ("x", 2023)), ()])
def test_different_price_years_are_refused(items: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(UnitsError, match="to do: bring the figures to one price year"):
        require_same_price_year(*items)
