"""The share of an amount that rests on curves beyond their valid range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.response import Item
from riskmodel.loss.validity import outside_items, outside_shares
from tests.loss.conftest import City

DEEP = 0.8  # m, where the sources of the test stop


def limited(items: list[Item]) -> list[Item]:
    """Two sectors that answer to flood alone, one of them with a source that stops at 0.8 m."""
    flood = items[0].responses["rain_flood"]
    short = replace(flood, valid_range=(0.0, DEEP))
    return [
        Item("homes", "loss", "CNY", "brick", {"rain_flood": short}, "complement", 1.0),
        Item("works", "loss", "CNY", "works", {"rain_flood": flood}, "complement", 1.0),
    ]


def passed(city: City, items: list[Item]) -> xr.Dataset:
    """Occurrence table of some items under flood alone."""
    curves = {"rain_flood": city.curves["rain_flood"]}
    table = compile_table(city.census, curves, items, depth_spread=0.0)
    return occurrence_table(city.catalogue, table)


def test_share_is_that_of_the_deep_cells(city: City, items: list[Item]) -> None:
    """Against the pairs themselves: damage of depths beyond 0.8 m over all damage."""
    chosen = limited(items)
    shares = outside_shares(passed(city, chosen), passed(city, outside_items(chosen)))
    depth = city.intensity("rain_flood")
    damage = chosen[0].responses["rain_flood"].at(depth)
    exposure, zones = (city.census[n].to_dataset() for n in ("exposure", "zones"))
    value = np.zeros(depth.shape[0])
    brick = exposure["value"].sel(exposure_class="brick").values
    np.add.at(value, zones["entry_cell"].values, brick)
    whole, deep = (value @ part for part in (damage, damage * (depth > DEEP)))
    assert shares["homes"] == pytest.approx(deep.sum() / whole.sum(), rel=2e-3)
    assert 0.05 < shares["homes"] < 0.95
    assert shares["works"] == 0.0


def test_tables_of_other_cases_are_refused(city: City, items: list[Item]) -> None:
    chosen = limited(items)
    one, both = (passed(city, some) for some in (chosen[:1], chosen))
    with pytest.raises(SchemaError, match=r"not of one case.*works"):
        outside_shares(one, both)
