"""Imported footprints in the catalogue's layout: positions, occurrences, and what is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import CatalogueError, UnitsError
from riskmodel.core.schema import check, stamp
from riskmodel.hazard.catalogue import OCCURRENCES, PAIRS
from riskmodel.hazard.footprints import FOOTPRINTS
from riskmodel.hazard.imported import (
    cells_at_last_position,
    event_catalogue,
    footprint_catalogue,
    positions_of_intensity,
)
from riskmodel.hazard.intensity import IntensityCurves, Reading
from riskmodel.hazard.position import LAST_POSITION, position_of_rate
from riskmodel.hazard.replay import replay_catalogue
from tests.hazard.conftest import (
    CELLS,
    CENSUSES,
    GRID,
    READING,
    STORAGE,
    census_named,
    curves_of,
    storm_block,
)

EVERY = np.arange(LAST_POSITION + 1)


def footprints(values: np.ndarray, peril: str = "wind", **changes: Any) -> xr.Dataset:
    """Set of intensities (event, cell) with the rates 0.2, 0.1 …, as `read_footprints` gives it."""
    kind = {"quantity": "intensity", "units": "m s-1"}
    data = xr.Dataset(
        {
            peril: (("event", "cell"), values, kind),
            "rate": ("event", 0.2 / np.arange(1, len(values) + 1)),
        },
        {"event": 10 + np.arange(len(values)), "cell": CELLS[: values.shape[1]]},
    )
    return stamp(
        data.assign(changes), FOOTPRINTS, source="imported footprints of a test", history="test",
        perils=[peril], parent_event="storm", cells_outside_zones=0,
    )  # fmt: skip


def yearly(values: np.ndarray, year: list[int], years: int, **changes: Any) -> xr.Dataset:
    data = footprints(values, year=("event", year), **changes)
    return data.drop_vars("rate").assign_attrs(years=years)


def dense(tree: xr.DataTree, block: int, peril: str = "wind") -> np.ndarray:
    """Stored positions (cell, occurrence); NaN where nothing is stored."""
    pairs = check(tree[f"block_{block:02d}/{peril}"].to_dataset(), PAIRS)
    count = tree.sizes["occurrence"] // int(tree.attrs["blocks"])
    table = np.full((CELLS.size, count), np.nan)
    cell = np.repeat(CELLS, np.diff(pairs["pointer"].values))
    table[cell, pairs["occurrence"].values] = pairs["position"].values
    return table


def assert_reached(curves: IntensityCurves, found: np.ndarray, intensity: np.ndarray) -> None:
    """Every position reaches its intensity, and the one before does not."""
    assert (curves.at(CELLS[:, None], found) >= intensity * (1.0 - 1e-6)).all()
    assert (curves.at(CELLS[:, None], found - 1) < intensity).all()


@pytest.fixture(scope="module")
def curves(census: xr.DataTree) -> dict[str, IntensityCurves]:
    return {"wind": curves_of(census, "wind"), "flood": curves_of(census, "flood")}


# --- from intensity to position ------------------------------------------------------------------

READINGS = {
    "line": READING,
    "zero below": Reading("zero_below", None, "flat", 200.0, "step_at_wet"),
    "wet early": Reading("zero_below", None, "gumbel", 110.0, "step_at_dry"),
}


@pytest.mark.parametrize("named", CENSUSES)
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("peril", ["wind", "flood"])
def test_positions_are_the_first_that_reach_the_intensity(
    named: str, reading: str, peril: str
) -> None:
    curves = curves_of(census_named(named), peril, READINGS[reading])
    cells = np.arange(curves.left.shape[0])
    random = np.random.default_rng(3)
    whole = curves.at(cells[:, None], EVERY)  # the plain way: look at every position there is
    anywhere = random.uniform(0.0, 1.1 * whole.max(), (cells.size, 60))
    of_curve = curves.at(cells[:, None], random.integers(0, LAST_POSITION, (cells.size, 60)))
    intensity = np.concatenate([anywhere, of_curve, curves.left, curves.right], axis=1)
    found = positions_of_intensity(curves, cells, intensity)
    for cell in cells:
        expected = np.searchsorted(whole[cell], intensity[cell] * (1.0 - 1e-6)).astype(float)
        expected[expected > LAST_POSITION] = LAST_POSITION
        expected[(intensity[cell] == 0) | (whole[cell].max() == 0)] = np.nan
        np.testing.assert_allclose(found[cell], expected, atol=1.0)  # a step, by rounding
        assert (np.nan_to_num(found[cell]) == np.nan_to_num(expected)).mean() > 0.99


def test_an_intensity_is_read_back_from_its_position(curves: dict[str, IntensityCurves]) -> None:
    wind = curves["wind"]
    # rising all the way: from the end of the head to the last position
    positions = np.linspace(wind.edges[1] + 1, 50_000, 300).astype(np.int64)
    intensity = wind.at(CELLS[:, None], positions)
    found = positions_of_intensity(wind, CELLS, intensity)
    np.testing.assert_allclose(wind.at(CELLS[:, None], found), intensity, rtol=1e-4)
    assert np.abs(found - positions).max() <= 1.0


def line(values: list[float], edges: list[int], cap: float = 100.0) -> IntensityCurves:
    """One cell whose curve runs through values at edges."""
    ends = np.array(values, dtype=np.float32)[None]
    return IntensityCurves(np.array(edges), ends[:, :-1], ends[:, 1:], cap, edges[-2])


def test_flats_jumps_and_ends_by_hand() -> None:
    # zero to 1000, 10 from 1000 (a jump), flat at 10 to 2000, a line to 20 at 3000, flat to the end
    curve = IntensityCurves(
        np.array([0, 1000, 2000, 3000, LAST_POSITION + 1]),
        np.array([[0, 10, 10, 20]], dtype=np.float32),
        np.array([[0, 10, 20, 20]], dtype=np.float32),
        100.0,
        3001,
    )
    intensity = [0.0, 1.0, 10.0, 10.01, 15.0, 20.0, 20.01, 500.0]
    found = positions_of_intensity(curve, np.array([0]), np.array([intensity]))[0]
    expected = [np.nan, 1000, 1000, 2001, 2500, 3000, LAST_POSITION, LAST_POSITION]
    np.testing.assert_array_equal(found, expected)


def test_above_the_cap_is_the_last_position() -> None:
    curve = line([0.0, 0.0, 80.0], [0, 1000, LAST_POSITION + 1], cap=40.0)
    at_cap = 1000 + np.ceil((LAST_POSITION + 1 - 1000) * 40.0 * (1 - 1e-6) / 80.0)
    found = positions_of_intensity(curve, np.array([0]), np.array([[40.0, 40.1]]))[0]
    np.testing.assert_array_equal(found, [at_cap, LAST_POSITION])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=3, max_size=6),
    st.lists(st.integers(1, 400), min_size=2, max_size=5),
    st.lists(st.floats(0.0, 40.0), min_size=1, max_size=8),
)
def test_more_intensity_is_never_more_frequent(
    rises: list[int], lengths: list[int], intensity: list[float]
) -> None:
    count = min(len(rises) - 1, len(lengths))
    values = np.cumsum([0.0, *rises[:count]]).tolist()
    edges = np.cumsum([0, *lengths[:count]]).tolist()
    curve = line(values, edges)
    found = positions_of_intensity(curve, np.array([0]), np.sort(intensity)[None])[0]
    known = found[~np.isnan(found)]
    assert (np.diff(known) >= 0).all()
    assert ((known <= edges[-1]) | (known == LAST_POSITION)).all()


# --- the catalogue -------------------------------------------------------------------------------


def test_an_index_is_read_as_a_replayed_storm_is(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    wind = storm_block(2000, 2).indices["wind"][:, 300:340]
    zones = census["zones"].to_dataset()
    interpolation = GRID.interpolation(zones["latitude"].values, zones["longitude"].values)
    at_cell = np.einsum("ck,cks->sc", interpolation.weight, wind[interpolation.node])
    count = wind.shape[1]
    data = yearly(at_cell, list(range(1, count + 1)), count)
    data["wind"].attrs["quantity"] = "index"
    tree = footprint_catalogue(catalogue, census, data, {}, years=count, seed=1)
    dates = {name: ("occurrence", np.zeros(count)) for name in ("year", "start", "end")}
    replayed = replay_catalogue(catalogue, xr.Dataset(dates), {"wind": wind}, interpolation)
    assert tree.attrs["blocks"] == 4
    assert (~np.isnan(dense(tree, 0))).mean() > 0.05
    for block in range(4):
        np.testing.assert_array_equal(dense(tree, block), dense(replayed, block))
    assert tree.attrs["below_storage_wind"] == replayed.attrs["below_storage_wind"]


def test_an_intensity_is_read_alike_in_every_block(
    catalogue: xr.DataTree, census: xr.DataTree, curves: dict[str, IntensityCurves]
) -> None:
    values = np.outer([20.0, 35.0], 1.0 + 0.02 * CELLS)
    tree = footprint_catalogue(
        catalogue, census, yearly(values, [3, 1], 5), curves, years=5, seed=1
    )
    check(tree.to_dataset(), OCCURRENCES)
    for block in range(4):
        found = dense(tree, block)
        # the second event comes first
        assert_reached(curves["wind"], found, values[::-1].T)
    assert tree["event"].values.tolist() == [11, 10] * 4
    assert tree["year"].values.tolist() == [0, 2, 5, 7, 10, 12, 15, 17]
    assert tree["block"].values.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert tree["parent_event"].values.tolist() == ["storm"] * 8
    assert "parent_event" not in tree.attrs
    assert tree.attrs["years_per_block"] == 5
    assert tree.attrs["storage_rate"] == [STORAGE["wind"]]


def test_what_is_not_read_in_full_is_counted(catalogue: xr.DataTree) -> None:
    behind_dykes = census_named("warped wind, dykes")
    flood = curves_of(behind_dykes, "flood")
    never = flood.at(CELLS, LAST_POSITION) == 0
    assert 0 < never.sum() < 12
    values = np.outer([0.0, 0.3, 1e6], np.ones(11))  # the last cell is not given
    data = footprints(values, "flood", year=("event", [1, 1, 1]), start=("event", [1.0, 2.0, 3.0]),
                      end=("event", [1.0, 4.0, 3.0])).assign_attrs(years=1)  # fmt: skip
    tree = footprint_catalogue(catalogue, behind_dykes, data, {"flood": flood}, years=1, seed=1)
    dry, given = int(never[:11].sum()), 11
    assert tree.attrs["pairs_dry_flood"] == 2 * dry
    assert tree.attrs["pairs_at_last_position_flood"] == given - dry
    assert tree.attrs["pairs_below_storage_flood"] == 0
    assert tree.attrs["cells_not_given"] == 1
    assert tree.attrs["cells_outside_zones"] == 0
    affected, given_affected = int((~never).sum()), int((~never[:11]).sum())
    share = 1.0 - given_affected / affected
    assert tree.attrs["below_storage_flood"] == pytest.approx([1.0, share, share])
    found = dense(tree, 0, "flood")
    assert np.isnan(found[:, 0]).all()
    np.testing.assert_array_equal(np.isnan(found[:11, 2]), never[:11])
    assert np.nanmin(found[:, 2]) == LAST_POSITION
    assert tree["end"].values[:3].tolist() == [1.0, 4.0, 3.0]


def test_cells_beyond_the_curve_are_counted_by_event(
    catalogue: xr.DataTree, census: xr.DataTree, curves: dict[str, IntensityCurves]
) -> None:
    values = np.full((4, 12), 30.0)
    values[1, [0, 5, 11]] = values[3] = 20_000.0  # m/s
    tree = event_catalogue(catalogue, census, footprints(values), curves)
    assert cells_at_last_position(tree, "wind").tolist() == [0, 3, 0, 12]


def test_frequent_intensities_fall_below_storage(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    # a curve that is wet long before the storage rate
    ends = np.tile(np.array([0.0, 100.0], dtype=np.float32), (CELLS.size, 1))
    early = IntensityCurves(
        np.array([0, LAST_POSITION + 1]), ends[:, :1], ends[:, 1:], 100.0, LAST_POSITION
    )
    first = int(position_of_rate(STORAGE["wind"]))
    at_storage = early.at(CELLS, first)
    values = np.stack([at_storage * 0.5, at_storage, at_storage * 2.0])
    data = yearly(values, [1, 2, 3], 3)
    tree = footprint_catalogue(catalogue, census, data, {"wind": early}, years=3, seed=1)
    stored = ~np.isnan(dense(tree, 0))
    assert stored.all(axis=0).tolist() == [False, True, True]
    assert not stored[:, 0].any()
    assert tree.attrs["pairs_below_storage_wind"] == CELLS.size
    assert tree.attrs["below_storage_wind"] == [1.0, 0.0, 0.0]


def occurrences(tree: xr.DataTree) -> list[tuple[int, int, float]]:
    """Event, year and start of the occurrences of the first reading."""
    root = tree.to_dataset().isel(occurrence=tree["block"].values == 0)
    columns = (root[name].values.tolist() for name in ("event", "year", "start"))
    return list(zip(*columns, strict=True))


@pytest.fixture(scope="module")
def rated(
    catalogue: xr.DataTree, census: xr.DataTree, curves: dict[str, IntensityCurves]
) -> xr.DataTree:
    values = np.outer([20.0, 30.0, 40.0], np.ones(12))
    return footprint_catalogue(catalogue, census, footprints(values), curves, years=8000, seed=7)


def test_rates_become_poisson_occurrences_with_dates(rated: xr.DataTree) -> None:
    drawn = occurrences(rated)
    event, year, start = (np.array(c) for c in zip(*drawn, strict=True))
    order = np.lexsort((start, year))
    assert np.array_equal(order, np.arange(order.size))
    assert year.min() >= 0 and year.max() < 8000
    assert start.min() >= 1.0 and start.max() < 366.0
    for number, rate in ((10, 0.2), (11, 0.1), (12, 0.2 / 3.0)):
        counts = np.bincount(year[event == number], minlength=8000)
        error = np.sqrt(rate / 8000)  # standard error of the mean of Poisson counts
        assert abs(counts.mean() - rate) < 4.0 * error
        assert abs(counts.var() - rate) < 6.0 * error
    # uniform days: mean 183.5, standard deviation 365 / sqrt(12)
    assert abs(start.mean() - 183.5) < 4.0 * 365.0 / np.sqrt(12.0 * start.size)


def test_every_occurrence_has_the_footprint_of_its_event(
    rated: xr.DataTree, curves: dict[str, IntensityCurves]
) -> None:
    expected = np.array([20.0, 30.0, 40.0])[[number - 10 for number, _, _ in occurrences(rated)]]
    for block in (0, 3):
        assert_reached(curves["wind"], dense(rated, block), np.tile(expected, (12, 1)))


def test_other_events_and_further_years_change_no_occurrence(
    rated: xr.DataTree,
    catalogue: xr.DataTree,
    census: xr.DataTree,
    curves: dict[str, IntensityCurves],
) -> None:
    def drawn(data: xr.Dataset, years: int, seed: int = 7) -> list[tuple[int, int, float]]:
        made = footprint_catalogue(catalogue, census, data, curves, years=years, seed=seed)
        return occurrences(made)

    data = footprints(np.outer([20.0, 30.0, 40.0], np.ones(12)))
    whole = occurrences(rated)
    assert drawn(data, 1000) == [o for o in whole if o[1] < 1000]
    assert drawn(data.isel(event=[2, 0]), 1000) == [o for o in whole if o[1] < 1000 and o[0] != 11]
    assert drawn(data, 1000, seed=8) != drawn(data, 1000)


def test_events_with_dates_keep_them(
    catalogue: xr.DataTree, census: xr.DataTree, curves: dict[str, IntensityCurves]
) -> None:
    data = footprints(
        np.outer([20.0, 30.0], np.ones(12)), start=("event", [200.0, 10.0]),
        end=("event", [203.0, 10.5]), name=("event", ["summer", "winter"]),
    )  # fmt: skip
    tree = footprint_catalogue(catalogue, census, data, curves, years=100, seed=7)
    root = tree.to_dataset()
    for number, start, end, name in ((10, 200.0, 203.0, "summer"), (11, 10.0, 10.5, "winter")):
        chosen = root.isel(occurrence=root["event"].values == number)
        assert chosen.sizes["occurrence"] > 4
        assert set(chosen["start"].values) == {start}
        assert set(chosen["end"].values) == {end}
        assert set(chosen["name"].values) == {name}


def with_index(unit: str) -> xr.Dataset:
    data = footprints(np.ones((1, 12)))
    data["wind"].attrs.update(quantity="index", units=unit)
    return data


ONE = np.full((1, 12), 30.0)


@pytest.mark.parametrize(
    ("data", "years", "error", "message"),
    [
        (
            footprints(ONE, "hail"), 10, CatalogueError,
            r"imported footprints, hail: another peril.*expected \['wind', 'flood'\].*to do: leave",
        ),
        (footprints(ONE, "flood"), 10, CatalogueError, r"flood: an intensity without curves"),
        (with_index("km h-1"), 10, UnitsError, r"wind: .*found 'km h-1'; expected m s-1; to do"),
        (footprints(ONE), 0, CatalogueError, r"years: .*found 0; expected 1 or more; to do: ask"),
        (yearly(ONE, [3], 10), 20, CatalogueError, r"years: .*found 20; expected 10; to do: ask"),
        (
            footprints(ONE, rate=("event", [1e-9])), 10, CatalogueError,
            r"rate: no event occurs.*1e-09 events a year, 10 years.*to do: ask for more years",
        ),
    ],
)  # fmt: skip
def test_a_set_that_does_not_fit_is_refused(
    data: xr.Dataset,
    years: int,
    error: type[Exception],
    message: str,
    catalogue: xr.DataTree,
    census: xr.DataTree,
    curves: dict[str, IntensityCurves],
) -> None:
    with pytest.raises(error, match=message):
        footprint_catalogue(catalogue, census, data, {"wind": curves["wind"]}, years=years, seed=1)
