"""What compiling does to exposure, thresholds and depths that vary inside a cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.lookup import mean_over_spread
from riskmodel.loss.response import Item
from tests.loss.conftest import CELLS, City, damage, response
from tests.loss.dense import block_results

STEPS = response("rain_flood", [0.35, 0.65, 1.15], [500.0, 1000.0, 2000.0], "step")


def flat_depths(depths: list[float]) -> IntensityCurves:
    """Cells whose depth is the same at every rate, as a map of classes or a flat tail gives it."""
    level = np.array(depths, dtype=np.float32)[:, None]
    return IntensityCurves(np.array([0, LAST_POSITION + 1]), level, level, 6.0, 30_000)


def compiled(city: City, curve: IntensityCurves, spread: float = 0.0) -> CompiledTable:
    items = [
        Item("contents", "benefit", "CNY", "households", {"rain_flood": STEPS}, "highest", 1.0)
    ]
    return compile_table(city.census, {"rain_flood": curve}, items, depth_spread=spread)


def test_a_cell_exactly_at_a_threshold_is_paid_whole(city: City) -> None:
    """Maps and benefit tables both hold round depths, so this is no rare case."""
    depths = [0.35, 0.65, 1.15, 0.64, 0.34, 0.0]
    table = compiled(city, flat_depths(depths))
    ratio = np.array([500.0, 1000.0, 2000.0, 500.0, 0.0, 0.0])
    ((first, _), _) = block_results(city.catalogue, table)
    paid = first[:, :, 0, 0].sum(axis=1)
    zones, exposure = city.census["zones"].to_dataset(), city.census["exposure"].to_dataset()
    households = exposure["value"].sel(exposure_class="households").values
    stored = np.diff(city.catalogue["block_00/rain_flood"].to_dataset()["pointer"].values)
    cell = zones["entry_cell"].values
    expected = np.bincount(
        zones["entry_zone"].values, ratio[cell] * stored[cell] * households, minlength=3
    )
    np.testing.assert_allclose(paid, expected, rtol=1e-9)


def test_entries_are_put_in_order_of_zone_with_their_values(city: City, items: list[Item]) -> None:
    table = compile_table(city.census, city.curves, items, depth_spread=0.6)
    zones, exposure = city.census["zones"].to_dataset(), city.census["exposure"].to_dataset()
    original = {
        (int(z), int(c)): exposure["value"].values[e]
        for e, (z, c) in enumerate(
            zip(zones["entry_zone"].values, zones["entry_cell"].values, strict=True)
        )
    }
    seen = 0
    for zone in range(3):
        for entry in range(*table.entries.zone_pointer[zone : zone + 2]):
            values = dict(
                zip(
                    exposure["exposure_class"].values,
                    original[zone, int(table.entries.cell[entry])],
                    strict=True,
                )
            )
            assert table.entries.value[entry].tolist() == [values[i.exposure] for i in items]
            seen += 1
    assert seen == len(original)
    assert set(table.entries.cell) == set(range(CELLS))


def test_columns_take_quantity_and_unit_from_their_items(city: City, items: list[Item]) -> None:
    table = compile_table(city.census, city.curves, items, depth_spread=0.6)
    assert table.columns == ("residential", "industrial", "contents", "deaths")
    assert table.quantities == ("loss", "loss", "benefit", "benefit")
    assert table.item_column.tolist() == [0, 0, 1, 2, 3]
    assert table.item_highest.tolist() == [False, False, False, True, True]
    assert (table.currency, table.price_year) == ("CNY", 2022)


def test_perils_without_a_response_stay_zero_in_the_table(city: City, items: list[Item]) -> None:
    table = compile_table(city.census, city.curves, items, depth_spread=0.6)
    wind = table.perils.index("typhoon_wind")
    assert (table.of_layer(wind)[:, 3:] == 0.0).all()
    assert (table.of_layer(wind)[:, :3].max(axis=0) > 0.0).all()
    for layer in range(len(table.layers)):  # no outcome falls with intensity
        assert (np.diff(table.of_layer(layer), axis=0) >= -1e-6).all()


@settings(deadline=None)
@given(
    st.floats(0.01, 6.0), st.floats(0.05, 1.5), st.sampled_from(["line", "step"]),
)  # fmt: skip
def test_mean_over_spread_lies_between_nothing_and_the_most(
    depth: float, spread: float, kind: str
) -> None:
    curve = damage("rain_flood", 0.9) if kind == "line" else STEPS
    around = np.array([depth * 0.999, depth, depth * 1.001])
    found = mean_over_spread(curve, around, spread)
    assert (found >= 0.0).all()
    assert (found <= max(curve.value) * (1 + 1e-12)).all()
    assert (np.diff(found) >= -1e-12 * max(curve.value)).all()


def test_a_line_through_the_origin_keeps_its_mean_whatever_the_spread() -> None:
    """The spread has mean one, so that a response in proportion to depth does not see it."""
    line = response("rain_flood", [0.0, 1000.0], [0.0, 1.0], "linear")
    depth = np.array([0.1, 1.0, 3.0])
    for spread in (0.2, 0.6, 1.0):
        np.testing.assert_allclose(mean_over_spread(line, depth, spread), depth / 1000, rtol=1e-5)


def test_no_spread_is_the_response_itself() -> None:
    depth = np.linspace(0.0, 2.0, 41)
    np.testing.assert_array_equal(mean_over_spread(STEPS, depth, 0.0), STEPS.at(depth))
    almost = mean_over_spread(STEPS, depth + 0.001, 1e-6)
    np.testing.assert_allclose(almost, STEPS.at(depth + 0.001), atol=1e-6)


def test_concave_damage_falls_and_convex_damage_rises_with_the_spread() -> None:
    """Jensen: depth inside a cell that varies costs less where the curve bends down."""
    concave = response("rain_flood", [0.0, 1.0, 50.0], [0.0, 0.5, 1.0], "linear")
    convex = response("rain_flood", [0.0, 1.0, 50.0], [0.0, 0.0, 1.0], "linear")
    depth = np.array([1.0])
    assert mean_over_spread(concave, depth, 0.6)[0] < float(concave.at(1.0))
    assert mean_over_spread(convex, depth, 0.6)[0] > float(convex.at(1.0))


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_depth_spread_does_not_touch_wind(city: City, items: list[Item], spread: float) -> None:
    table = compile_table(city.census, city.curves, items, depth_spread=spread)
    wind = table.perils.index("typhoon_wind")
    bins = np.arange(table.layers[wind].bins) / table.layers[wind].density
    exact = items[0].responses["typhoon_wind"].at(bins)
    np.testing.assert_allclose(table.of_layer(wind)[:, 0, 0], exact, atol=1e-7)
