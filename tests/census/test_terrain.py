"""Distances to the declared coast and rivers."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.census.terrain import KM_PER_DEGREE, inland_km, proxies, river_km


def test_a_degree_is_that_of_a_sphere_of_6371_km() -> None:
    assert pytest.approx(np.pi * 6371.0 / 180.0, abs=5e-4) == KM_PER_DEGREE


def test_sign_of_the_coast() -> None:
    # Taishun and Wencheng are inland, the East China Sea is not
    assert (inland_km([119.72, 120.09], [27.56, 27.79]) > 10.0).all()
    assert (inland_km([122.5, 123.0], [27.5, 28.0]) < -50.0).all()


def test_vertices_of_the_coast_lie_on_it() -> None:
    lon, lat = np.array(proxies()["mainland_coast"]).T
    assert inland_km(lon, lat) == pytest.approx(np.zeros(lon.size), abs=1e-6)


def test_a_step_moves_the_distance_by_no_more_than_the_step() -> None:
    lon, lat = np.meshgrid(np.linspace(119.6, 121.4, 37), np.linspace(27.0, 28.7, 35))
    step_km = 0.05 * KM_PER_DEGREE
    for distance in (inland_km(lon, lat), river_km(lon, lat)):
        assert np.abs(np.diff(distance, axis=0)).max() <= step_km * (1 + 1e-9)
        assert np.abs(np.diff(distance, axis=1)).max() <= step_km * np.cos(np.deg2rad(28.0)) + 1e-9


def test_rivers_are_where_they_are_declared() -> None:
    for name, line in proxies()["rivers"].items():
        lon, lat = np.array(line).T
        assert river_km(lon, lat) == pytest.approx(np.zeros(lon.size), abs=1e-9), name
    assert (river_km(123.0, 27.0) > 100.0).all()
