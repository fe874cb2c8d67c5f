"""Rows, columns and dates of the occurrence table, and the dense view by zone and item."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.schema import check
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.occurrence_table import SCHEMA, by_zone_and_item, occurrence_table
from riskmodel.loss.response import Item
from tests.loss.conftest import BLOCKS, STORMS, UNITS, YEARS, City
from tests.loss.dense import block_results


@pytest.fixture(scope="module")
def table(city: City, items: list[Item]) -> xr.Dataset:
    compiled = compile_table(city.census, city.curves, items, depth_spread=0.6)
    return occurrence_table(city.catalogue, compiled)


@pytest.fixture(scope="module")
def dense(city: City, items: list[Item]) -> np.ndarray:
    """Means (zone, occurrence, column, peril), straight from the pass."""
    compiled = compile_table(city.census, city.curves, items, depth_spread=0.6)
    return np.concatenate([mean for mean, _ in block_results(city.catalogue, compiled)], axis=1)


def test_table_keeps_its_schema_and_the_facts_of_the_run(table: xr.Dataset) -> None:
    check(table, SCHEMA)
    facts = {k: table.attrs[k] for k in ("years", "blocks", "currency", "price_year")}
    assert facts == {
        "years": BLOCKS * YEARS, "blocks": BLOCKS, "currency": "CNY", "price_year": 2022,
    }  # fmt: skip
    assert set(table["parent_event"].values) == {"typhoon"}
    assert table["zone"].values.tolist() == ["330302", "330303", "330304"]


def test_columns_are_items_times_the_perils_that_act_on_them(table: xr.Dataset) -> None:
    columns = zip(*(table[n].values for n in ("quantity", "unit", "item", "peril")), strict=True)
    expected = [
        (quantity, "CNY", item, peril)
        for item, quantity in (
            ("residential", "loss"),
            ("industrial", "loss"),
            ("contents", "benefit"),
            ("deaths", "benefit"),
        )
        for peril in UNITS
        if quantity == "loss" or peril != "typhoon_wind"  # wind pays no benefit here
    ]
    assert list(columns) == expected


def test_rows_are_all_that_is_not_zero_and_each_once(table: xr.Dataset, dense: np.ndarray) -> None:
    rows = list(zip(table["row_occurrence"].values, table["row_zone"].values, strict=True))
    assert len(set(rows)) == len(rows)
    assert set(rows) == {(o, z) for z, o in np.argwhere(dense.any(axis=(2, 3)))}
    assert 0 < len(rows) < dense.shape[0] * dense.shape[1]
    for row in (0, len(rows) // 2, len(rows) - 1):
        occurrence, zone = rows[row]
        column, peril = np.divmod(np.arange(12), 3)
        acts = (column < 2) | (peril > 0)
        np.testing.assert_array_equal(
            table["mean"].values[row], dense[zone, occurrence].ravel()[acts]
        )


def test_occurrences_keep_the_dates_of_the_catalogue(table: xr.Dataset, city: City) -> None:
    root = city.catalogue.to_dataset()
    assert table.sizes["occurrence"] == BLOCKS * STORMS
    for name in ("year", "block", "start", "end"):
        np.testing.assert_array_equal(table[name].values, root[name].values)
    assert (table["year"].values // YEARS == table["block"].values).all()


@pytest.mark.parametrize(
    ("quantity", "columns", "names"),
    [("loss", [0, 1], ["residential", "industrial"]), ("benefit", [2, 3], ["contents", "deaths"])],
)
def test_dense_view_sums_perils_and_nothing_else(
    table: xr.Dataset, dense: np.ndarray, quantity: str, columns: list[int], names: list[str]
) -> None:
    found = by_zone_and_item(table, quantity)
    assert found.dims == ("occurrence", "zone", "item")
    assert found["item"].values.tolist() == names
    numbers = found["occurrence"].values
    expected = dense[:, numbers][:, :, columns].sum(axis=3).transpose(1, 0, 2)
    np.testing.assert_allclose(found.values, expected, rtol=1e-14)
    assert found.sum() == pytest.approx(dense[:, :, columns].sum(), rel=1e-12)
    np.testing.assert_array_equal(found["year"].values, table["year"].values[numbers])


def test_dense_view_of_chosen_occurrences_has_zeros_where_nothing_happened(
    table: xr.Dataset,
) -> None:
    everything = np.arange(BLOCKS * STORMS)
    hit = np.unique(table["row_occurrence"].values)
    assert hit.size < everything.size
    wide = by_zone_and_item(table, "loss", everything)
    assert wide.shape[0] == everything.size
    assert (wide.values[np.setdiff1d(everything, hit)] == 0.0).all()
    np.testing.assert_array_equal(wide.values[hit], by_zone_and_item(table, "loss").values)


def test_dense_view_refuses_to_drop_a_loss(table: xr.Dataset) -> None:
    hit = np.unique(table["row_occurrence"].values)
    with pytest.raises(SchemaError, match="left out"):
        by_zone_and_item(table, "loss", hit[1:])
    with pytest.raises(SchemaError, match="do not rise"):
        by_zone_and_item(table, "loss", hit[::-1])


def test_progress_is_told_of_each_block(city: City, items: list[Item]) -> None:
    said: list[str] = []
    compiled = compile_table(city.census, city.curves, items, depth_spread=0.6)
    occurrence_table(city.catalogue, compiled, progress=said.append)
    assert said[0].startswith("memory ")
    assert said[1:] == ["block 1", "block 2"]
