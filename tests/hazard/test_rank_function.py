"""The rank function against stored ranks and by hand; scaled indices against a closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION, STEP, position_of_rate
from riskmodel.hazard.rank_function import positions_of_index, scaled_curves
from tests.hazard.conftest import GRID, READING, STORAGE, curves_of, storm_block

DIMS = {"index": ("block", "cell", "knot"), "knot_position": ("block", "knot")}


def function_of(index: list, position: list) -> xr.Dataset:
    return xr.Dataset(
        {
            "index": (DIMS["index"], np.array(index, dtype=np.float32)),
            "knot_position": (DIMS["knot_position"], np.array(position, dtype=float)),
        }
    )


def read(function: xr.Dataset, *values: float, cell: int = 0) -> list[float]:
    index = np.zeros((function.sizes["cell"], len(values)))
    index[cell] = values
    return positions_of_index(function, index)[0, cell].tolist()


# --- reading ------------------------------------------------------------------------------------


def test_reading_by_hand() -> None:
    # between ranks a line; above the largest the line from 40 at 20,000 to 10 at 8,000
    # (20,000 - 8,000 = 12,000 positions are 20.09 times as rare): 400 positions a unit
    function = function_of([[[40.0, 20.0, 10.0, 5.0]]], [[20_000, 14_000, 8000, 5000]])
    assert read(function, 40.0, 30.0, 20.0, 10.0, 7.5, 5.0) == [
        20_000.0, 17_000.0, 14_000.0, 8000.0, 6500.0, 5000.0,
    ]  # fmt: skip
    assert read(function, 41.0, 50.0) == pytest.approx([20_400.0, 24_000.0])
    assert read(function, 1e6) == [LAST_POSITION]
    assert np.isnan(read(function, 4.999, 0.0)).all()


def test_the_tail_spans_twenty_times_the_rate() -> None:
    # ln 20 / 0.00025 = 11,983 positions: the knot at 8,016 is the last one not yet 20 times off
    near = function_of([[[40.0, 10.0, 9.0]]], [[20_000, 8018, 8016]])
    assert read(near, 41.0) == pytest.approx([20_000 + 11_984 / 31.0])
    far = function_of([[[40.0, 10.0, 9.0]]], [[20_000, 8016, 5000]])
    assert read(far, 41.0) == pytest.approx([20_000 + 11_984 / 30.0])


def test_a_cell_that_is_never_reached_has_no_positions() -> None:
    function = function_of([[[40.0, 20.0], [0.0, 0.0]]], [[9000, 6000]])
    assert np.isnan(read(function, 0.0, 30.0, 100.0, cell=1)).all()


def test_equal_indices_take_the_rarest_of_their_ranks() -> None:
    function = function_of([[[40.0, 20.0, 20.0, 5.0]]], [[20_000, 14_000, 8000, 5000]])
    assert read(function, 20.0) == [14_000.0]


def test_knots_missing_in_a_block_are_not_read() -> None:
    function = function_of([[[40.0, 20.0, np.nan]]], [[9000, 6000, 0]])
    assert read(function, 20.0) == [6000.0]
    assert np.isnan(read(function, 19.9)).all()


def test_stored_indices_come_back_as_stored_positions(catalogue: xr.DataTree) -> None:
    for peril in STORAGE:
        function = catalogue[f"rank_function/{peril}"].to_dataset()
        for block in range(3):
            values = function["index"].values[block].astype(np.float64)
            reached = values[:, 0] > 0
            found = positions_of_index(function, values)[block]
            knots = function["knot_position"].values[block]
            assert np.array_equal(found[reached], np.tile(knots, (reached.sum(), 1)))
            assert np.isnan(found[~reached]).all()


def test_every_stored_storm_is_read_between_its_knots(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    """Independent of ranking: the storm's index goes in, its stored position comes back."""
    zones = census["zones"].to_dataset()
    weights = GRID.interpolation(zones["latitude"].values, zones["longitude"].values)
    function = catalogue["rank_function/wind"].to_dataset()
    for block in range(3):
        index = storm_block(2000, block).indices["wind"].astype(np.float64)
        at_cell = np.einsum("ck,cks->cs", weights.weight, index[weights.node])
        found = positions_of_index(function, at_cell)[block]
        pairs = catalogue[f"block_{block:02d}/wind"].to_dataset()
        cell = np.repeat(np.arange(12), np.diff(pairs["pointer"].values))
        stored = pairs["position"].values.astype(float)
        reading = found[cell, pairs["occurrence"].values]
        knots = function["knot_position"].values[block].astype(float)[::-1]
        low = knots[np.clip(np.searchsorted(knots, stored, side="right") - 1, 0, None)]
        high = knots[np.clip(np.searchsorted(knots, stored), None, knots.size - 1)]
        # below the last knot, which all blocks have in common, at most two ranks are not read
        missing = np.isnan(reading)
        assert missing.sum() <= 24
        assert (stored[missing] <= knots[0]).all()
        # knots are kept as float32: five positions where two ranks are nearly tied
        assert (reading[~missing] >= low[~missing] - 5.0).all()
        assert (reading[~missing] <= high[~missing] + 5.0).all()
        # what is not stored is read as below storage, but for the same rounding
        absent = np.ones_like(found, dtype=bool)
        absent[cell, pairs["occurrence"].values] = False
        assert (~np.isnan(found[absent])).sum() <= 12


# --- scaled indices -----------------------------------------------------------------------------


def flood_curves(census: xr.DataTree, **changes: object) -> IntensityCurves:
    return curves_of(census, "flood", replace(READING, tail_cap=1e6, **changes))  # type: ignore[arg-type]


def test_factor_one_is_the_same_object(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    curves = flood_curves(census)
    function = catalogue["rank_function/flood"].to_dataset()
    assert scaled_curves(curves, function, 1.0, storage_rate=0.45, peril="flood") is curves


def test_a_factor_of_nearly_one_is_nearly_the_same_curve(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    curves = flood_curves(census)
    function = catalogue["rank_function/flood"].to_dataset()
    near = scaled_curves(curves, function, 1.0 + 1e-7, storage_rate=0.45, peril="flood")
    positions = np.arange(0, LAST_POSITION + 1, 7)
    cells = np.arange(12)[:, None]
    difference = np.abs(near.at(cells, positions) - curves.at(cells, positions))
    assert difference.max() < 1e-3 * curves.at(cells, positions).max()
    assert abs(near.first_extrapolated - curves.first_extrapolated) <= LAST_POSITION / 100


@pytest.mark.parametrize("factor", [0.8, 1.05, 1.3])
def test_scaling_a_gumbel_index_has_a_closed_form(factor: float) -> None:
    # index c + d p at position p: the index of p scaled is that of f p + (f - 1) c / d
    c, d = -10.0, 0.01
    knots = np.unique(np.linspace(4000, 30_000, 60).astype(int))[::-1]
    function = function_of([[c + d * knots]], [knots])
    edges = np.array([0, 12_000, 24_000, LAST_POSITION + 1])
    slope = 1e-3
    left = np.array([[0.0, 0.0, 12.0]], np.float32)
    right = np.array([[0.0, 12.0, slope * (LAST_POSITION + 1 - 12_000)]], np.float32)
    curves = IntensityCurves(edges, left, right, 1e6, 24_001)
    scaled = scaled_curves(
        curves, function, factor, storage_rate=float(np.exp(-5000 * STEP)), peril="flood"
    )
    p = np.arange(8000, 50_000)
    expected = np.maximum(slope * (factor * p + (factor - 1.0) * c / d - 12_000), 0.0)
    found = scaled.at(np.array([0]), p)
    away = np.abs(factor * p + (factor - 1.0) * c / d - 12_000) > 800  # not where it bends
    np.testing.assert_allclose(found[away], expected[away], atol=2e-3)


@pytest.mark.parametrize("passage", ["loglinear", "step_at_wet", "step_at_dry"])
def test_a_larger_factor_never_lowers_an_intensity(
    passage: str, catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    curves = flood_curves(census, passage=passage)
    function = catalogue["rank_function/flood"].to_dataset()
    positions = np.arange(int(position_of_rate(0.45)), LAST_POSITION + 1, 7)
    before = np.zeros((12, positions.size))
    for factor in (0.5, 0.8, 0.99, 1.01, 1.03, 1.05):
        scaled = scaled_curves(curves, function, factor, storage_rate=0.45, peril="flood")
        found = scaled.at(np.arange(12)[:, None], positions)
        assert (found >= before - 1e-4).all(), factor
        before = found


def moved_directly(function: xr.Dataset, cell: int, p: np.ndarray, factor: float) -> np.ndarray:
    """Mean over blocks of where a position goes, with numpy's own interpolation."""
    moved = []
    for block in range(function.sizes["block"]):
        value = function["index"].values[block, cell].astype(np.float64)
        ranks = function["knot_position"].values[block].astype(np.float64)
        far = np.argmax(ranks[0] - ranks >= np.log(20.0) / STEP)
        slope = (ranks[0] - ranks[far]) / (value[0] - value[far])
        index = np.interp(p, ranks[::-1], value[::-1])
        index = factor * np.where(p > ranks[0], value[0] + (p - ranks[0]) / slope, index)
        back = np.interp(index, value[::-1], ranks[::-1], left=0.0)
        back = np.where(index > value[0], ranks[0] + (index - value[0]) * slope, back)
        moved.append(np.minimum(back, LAST_POSITION))
    return np.mean(moved, axis=0)


@pytest.mark.parametrize("factor", [0.85, 1.05])
def test_a_factor_moves_the_curve_as_its_storms_move(
    factor: float, catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    curves = flood_curves(census)
    function = catalogue["rank_function/flood"].to_dataset()
    scaled = scaled_curves(curves, function, factor, storage_rate=0.45, peril="flood")
    first = int(position_of_rate(0.45))
    p = np.arange(first, LAST_POSITION + 1)
    at_nodes = np.isin(p, scaled.edges)
    assert at_nodes.sum() >= 96
    reached = np.flatnonzero(function["index"].values[0, :, 0] > 0)
    assert reached.size >= 9
    for cell in reached:
        direct = curves.at(np.array(cell), moved_directly(function, cell, p, factor))
        found = scaled.at(np.array(cell), p)
        np.testing.assert_allclose(found[at_nodes], direct[at_nodes], rtol=1e-5, atol=1e-5)
        # between the nodes the curve is a line: mean intensity a year, weighed by rate
        rate = np.exp(-p * STEP)
        assert (found * rate).sum() == pytest.approx((direct * rate).sum(), rel=1e-3)


def test_events_below_storage_that_would_cost_are_refused(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    curves = flood_curves(census)
    function = catalogue["rank_function/flood"].to_dataset()
    told = r"flood, scenario factor 3, \d+ cells: events more frequent than the storage rate"
    with pytest.raises(CatalogueError, match=f"{told}.*to do: raise hazard.storage_rate.flood"):
        scaled_curves(curves, function, 3.0, storage_rate=0.45, peril="flood")


def test_what_is_not_refused_costs_nothing_at_storage(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    function = catalogue["rank_function/flood"].to_dataset()
    scaled = scaled_curves(flood_curves(census), function, 1.05, storage_rate=0.45, peril="flood")
    at_storage = int(position_of_rate(0.45))
    assert (scaled.at(np.arange(12)[:, None], np.arange(at_storage + 1)) == 0).all()
