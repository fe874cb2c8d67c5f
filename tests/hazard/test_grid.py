"""Bilinear interpolation from nodes to cells."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.grid import WENZHOU, PhysicsGrid

GRID = PhysicsGrid(west=120.0, south=27.0, columns=4, rows=3, spacing=0.5)


def read(field: np.ndarray, latitude: list[float], longitude: list[float]) -> np.ndarray:
    weights = GRID.interpolation(np.array(latitude), np.array(longitude))
    return (weights.weight * field[weights.node]).sum(axis=1)


def test_nodes_run_from_the_south_west_row_by_row() -> None:
    latitude, longitude = GRID.nodes()
    assert latitude[:5].tolist() == [27.0, 27.0, 27.0, 27.0, 27.5]
    assert longitude[:5].tolist() == [120.0, 120.5, 121.0, 121.5, 120.0]
    assert latitude.size == 12


def test_a_quarter_of_the_way_by_hand() -> None:
    # field 1 at the node (27.5, 121.0), 0 elsewhere; 1/4 below it and 1/2 east of it
    field = np.zeros(12)
    field[4 + 2] = 1.0
    assert read(field, [27.375], [121.25]) == pytest.approx([0.75 * 0.5])


def test_planes_are_read_exactly_and_so_are_the_nodes() -> None:
    latitude, longitude = GRID.nodes()
    rng = np.random.default_rng(2)
    lat, lon = rng.uniform(27.0, 28.0, 50), rng.uniform(120.0, 121.5, 50)
    plane = 3.0 * latitude - 2.0 * longitude + 1.0
    assert read(plane, lat, lon) == pytest.approx(3.0 * lat - 2.0 * lon + 1.0, abs=1e-10)
    field = rng.random(12)
    assert read(field, latitude, longitude) == pytest.approx(field, abs=1e-12)


def test_weights_are_shares() -> None:
    rng = np.random.default_rng(3)
    found = GRID.interpolation(rng.uniform(27.0, 28.0, 200), rng.uniform(120.0, 121.5, 200))
    assert found.weight.min() >= -1e-12
    assert found.weight.sum(axis=1) == pytest.approx(np.ones(200))
    assert found.node.min() >= 0
    assert found.node.max() < 12


@pytest.mark.parametrize("place", [(26.99, 120.5), (28.01, 120.5), (27.5, 119.99), (27.5, 121.51)])
def test_a_cell_outside_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(CatalogueError, match=r"outside the physics grid.*to do: "):
        GRID.interpolation(np.array([27.5, place[0]]), np.array([120.5, place[1]]))


def test_the_grid_of_wenzhou_reaches_round_all_counties() -> None:
    latitude, longitude = WENZHOU.nodes()
    assert (latitude.min(), longitude.min()) == (27.0, 119.6)
    assert (round(latitude.max(), 9), round(longitude.max(), 9)) == (28.7, 121.4)
