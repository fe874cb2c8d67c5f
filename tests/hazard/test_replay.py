"""Replayed storms: read through the rank function, never ranked again."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import probability_from_rate
from riskmodel.core.schema import check
from riskmodel.hazard import replay
from riskmodel.hazard.catalogue import OCCURRENCES, PAIRS, block_names
from riskmodel.hazard.position import position_of_rate, rate_of_position
from riskmodel.hazard.ranking import Interpolation
from riskmodel.hazard.replay import given_index, replay_catalogue
from tests.hazard.conftest import GRID, POISSON, storm_block

COUNT = 6


def interpolation(census: xr.DataTree) -> Interpolation:
    zones = census["zones"].to_dataset()
    return GRID.interpolation(zones["latitude"].values, zones["longitude"].values)


def storms(count: int = COUNT) -> xr.Dataset:
    return xr.Dataset(
        {
            "year": ("occurrence", 2000 + np.arange(count)),
            "start": ("occurrence", np.full(count, 200.0)),
            "end": ("occurrence", np.full(count, 202.0)),
            "name": ("occurrence", np.array([f"storm {i}" for i in range(count)], dtype=object)),
        }
    )


def dense(tree: xr.DataTree, block: int, peril: str = "wind", count: int = COUNT) -> np.ndarray:
    """Stored positions (cell, storm); NaN where nothing is stored."""
    pairs = tree[f"block_{block:02d}/{peril}"].to_dataset()
    table = np.full((12, count), np.nan)
    cell = np.repeat(np.arange(12), np.diff(pairs["pointer"].values))
    table[cell, pairs["occurrence"].values] = pairs["position"].values
    return table


@pytest.fixture(scope="module")
def strongest() -> np.ndarray:
    """Numbers of strong storms of block 1."""
    wind = storm_block(2000, 1).indices["wind"]
    return np.argsort(-wind.max(axis=0))[5 : 5 + COUNT]


@pytest.fixture(scope="module")
def replayed(catalogue: xr.DataTree, census: xr.DataTree, strongest: np.ndarray) -> xr.DataTree:
    """The same storms as in block 1, given back as if they were real."""
    made = storm_block(2000, 1)
    indices = {p: np.ascontiguousarray(i[:, strongest]) for p, i in made.indices.items()}
    return replay_catalogue(catalogue, storms(), indices, interpolation(census))


def test_a_replay_is_a_catalogue_of_its_own(replayed: xr.DataTree) -> None:
    check(replayed.to_dataset(), OCCURRENCES)
    assert block_names(replayed) == [f"block_{b:02d}" for b in range(4)]
    for name in block_names(replayed):
        for peril in ("wind", "flood"):
            check(replayed[f"{name}/{peril}"].to_dataset(), PAIRS)
    table = replayed.to_dataset()
    assert table["year"].values.tolist() == list(range(4 * COUNT))
    assert table["calendar_year"].values.tolist() == list(range(2000, 2000 + COUNT)) * 4
    assert table["name"].values[:2].tolist() == ["storm 0", "storm 1"]
    assert table["block"].values.tolist() == np.repeat(range(4), COUNT).tolist()
    assert replayed.attrs["years_per_block"] == COUNT
    assert table["parent_event"].values.tolist() == ["typhoon"] * 4 * COUNT
    assert "parent_event" not in replayed.attrs


def test_a_storm_of_block_1_is_read_there_as_it_was_ranked(
    replayed: xr.DataTree, catalogue: xr.DataTree, strongest: np.ndarray
) -> None:
    pairs = catalogue["block_01/wind"].to_dataset()
    stored = np.full((12, storm_block(2000, 1).occurrences.sizes["occurrence"]), np.nan)
    cell = np.repeat(np.arange(12), np.diff(pairs["pointer"].values))
    stored[cell, pairs["occurrence"].values] = pairs["position"].values
    found, expected = dense(replayed, 2), stored[:, strongest]  # block 0 is the pooled reading
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    # every rank is a knot up to rank 9, later knots are 12 % of the rank apart: 0.12 / STEP
    assert np.nanmax(np.abs(found - expected)) <= 0.12 / 2.5e-4
    top = expected >= position_of_rate(7.0 / 2000)
    assert top.any()
    assert np.abs(found - expected)[top].max() <= 1.0


def test_the_pooled_rate_lies_within_the_spread_of_the_blocks(replayed: xr.DataTree) -> None:
    single = np.stack([dense(replayed, b) for b in (1, 2, 3)])
    pooled = dense(replayed, 0)
    everywhere = ~np.isnan(single).any(axis=0)
    assert everywhere.mean() > 0.5
    # half a step each for the two roundings
    assert (pooled[everywhere] >= single.min(axis=0)[everywhere] - 1).all()
    assert (pooled[everywhere] <= single.max(axis=0)[everywhere] + 1).all()


def test_the_pooled_rate_is_that_of_the_mean_annual_probability(replayed: xr.DataTree) -> None:
    single = np.stack([dense(replayed, b) for b in (1, 2, 3)])
    probability = probability_from_rate(rate_of_position(np.nan_to_num(single)), POISSON)
    expected = -np.log(-np.log1p(-probability.mean(axis=0))) / 2.5e-4
    everywhere = ~np.isnan(single).any(axis=0)
    assert np.abs(dense(replayed, 0) - expected)[everywhere].max() <= 1.0


def test_storms_below_storage_are_counted(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    # calm, beyond every simulated storm, and strong at the western nodes only
    wind = np.zeros((9, 3), dtype=np.float32)
    wind[:, 1] = 500.0
    wind[::3, 2] = 500.0
    tree = replay_catalogue(catalogue, storms(3), {"wind": wind}, interpolation(census))
    calm, strong, western = tree.attrs["below_storage_wind"]
    assert (calm, strong) == (1.0, 0.0)
    found = dense(tree, 0, count=3)
    assert np.isnan(found[:, 0]).all()
    assert not np.isnan(found[:, 1]).any()
    assert western == pytest.approx(np.isnan(found[:, 2]).mean())
    assert 0.0 < western < 1.0


def test_a_storm_that_most_blocks_do_not_store_is_below_storage(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    lowest = catalogue["rank_function/wind"].to_dataset()["index"].values[:, 0, -1]
    order = np.sort(lowest)
    nodes = np.ones((9, 2), dtype=np.float32)
    wind = nodes * np.array([(order[0] + order[1]) / 2, (order[1] + order[2]) / 2], np.float32)
    tree = replay_catalogue(catalogue, storms(2), {"wind": wind}, interpolation(census))
    at_first_cell = [np.isnan(dense(tree, b, count=2)[0]).tolist() for b in range(4)]
    assert np.sum(at_first_cell[1:], axis=0).tolist() == [2, 1]
    assert at_first_cell[0] == [True, False]


def test_cells_that_no_map_reaches_are_not_counted(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    reached = catalogue["rank_function/flood"].to_dataset()["index"].values[0, :, 0] > 0
    rain = np.full((9, 1), 1e4, dtype=np.float32)
    tree = replay_catalogue(catalogue, storms(1), {"flood": rain}, interpolation(census))
    assert tree.attrs["below_storage_flood"] == [0.0]
    assert np.array_equal(~np.isnan(dense(tree, 0, "flood", 1)[:, 0]), reached)
    assert tree.attrs["perils"] == ["flood"]


def test_what_is_not_read_in_full_is_counted(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    behind_dykes = catalogue.copy(deep=True)  # the last two cells are never reached
    behind_dykes["rank_function/flood"]["index"].values[:, 10:] = 0.0
    # nothing, a drizzle, and rain that no storm of the source brings
    rain = np.ones((9, 3), dtype=np.float32) * np.array([0.0, 0.01, 1e9], np.float32)
    tree = replay_catalogue(behind_dykes, storms(3), {"flood": rain}, interpolation(census))
    assert tree.attrs["pairs_below_storage_flood"] == 10
    assert tree.attrs["pairs_dry_flood"] == 2 * 2
    assert tree.attrs["pairs_at_last_position_flood"] == 10
    assert tree.attrs["below_storage_flood"] == [1.0, 1.0, 0.0]


def test_reading_cell_by_cell_changes_nothing(
    replayed: xr.DataTree,
    catalogue: xr.DataTree,
    census: xr.DataTree,
    strongest: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay, "VALUES_TOGETHER", 1)
    made = storm_block(2000, 1)
    indices = {p: np.ascontiguousarray(i[:, strongest]) for p, i in made.indices.items()}
    again = replay_catalogue(catalogue, storms(), indices, interpolation(census))
    xr.testing.assert_identical(again, replayed)


def test_an_index_of_other_cells_is_refused(catalogue: xr.DataTree) -> None:
    with pytest.raises(CatalogueError, match=r"rank_function/wind.*11 cells.*to do: read the"):
        given_index(catalogue, "wind", np.ones((11, 2)))


def test_perils_that_the_baseline_lacks_are_left_out(
    catalogue: xr.DataTree, census: xr.DataTree
) -> None:
    index = np.full((9, COUNT), 50.0, dtype=np.float32)
    found = replay_catalogue(
        catalogue, storms(), {"wind": index, "landslide": index}, interpolation(census)
    )
    assert found.attrs["perils"] == ["wind"]
