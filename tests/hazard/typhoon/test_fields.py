from __future__ import annotations

import math

import numba
import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, SchemaError
from riskmodel.hazard.typhoon.fields import storm_indices, surface_factor, trigger_indices
from riskmodel.hazard.typhoon.geometry import destination, land_at, onshore_direction
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.wind import coriolis, gradient_wind, rain_rate, vortex
from tests.hazard.typhoon.conftest import still_storm

LATITUDE, LONGITUDE = (
    a.ravel() for a in np.meshgrid(np.arange(27.0, 28.71, 0.2), np.arange(119.6, 121.31, 0.2))
)


def ring(radius: float, count: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Nodes on a circle around the still storm, in the plane of the kernel."""
    angle = 2.0 * np.pi * np.arange(count) / count
    per_degree = 111.195
    latitude = 25.0 + radius * np.cos(angle) / per_degree
    longitude = 124.0 + radius * np.sin(angle) / (per_degree * math.cos(math.radians(25.0)))
    return latitude, longitude


@pytest.mark.parametrize("shape", [1.0, 1.4, 2.0])
def test_cyclostrophic_maximum_is_the_closed_form(shape: float) -> None:
    radii = np.linspace(5.0, 200.0, 3901)
    speed = [gradient_wind(r, 60.0, 40.0, shape, 1.15, 0.0) for r in radii]
    assert radii[int(np.argmax(speed))] == pytest.approx(40.0, abs=0.05)
    assert max(speed) == pytest.approx(math.sqrt(shape * 6000.0 / (1.15 * math.e)), rel=1e-6)


def test_gradient_wind_against_a_value_worked_by_hand() -> None:
    # r = 80 km, Rmax = 40 km, B = 1: x = 1/2, B dp / rho x exp(-x) = 6000 / 1.15 x 0.5 x 0.606531
    # = 1582.25; r f / 2 = 80000 x 6.8472e-5 / 2 = 2.7389; sqrt(1582.25 + 7.50) - 2.7389 = 37.133.
    assert coriolis(28.0) == pytest.approx(6.8468e-5, rel=1e-4)
    assert gradient_wind(80.0, 60.0, 40.0, 1.0, 1.15, coriolis(28.0)) == pytest.approx(
        37.133, abs=2e-3
    )


def test_vortex_pressure_is_full_at_the_centre_and_gone_far_away() -> None:
    assert vortex(0.0, 60.0, 40.0, 1.3, 1.15, 0.0) == (0.0, 60.0)
    assert vortex(40.0, 60.0, 40.0, 1.3, 1.15, 0.0)[1] == pytest.approx(60.0 * (1 - math.exp(-1)))
    assert vortex(4000.0, 60.0, 40.0, 1.3, 1.15, 0.0)[1] < 0.2


def test_rain_rate_rises_to_its_peak_and_decays_by_its_scale() -> None:
    assert rain_rate(0.0, 2.0, 6.0, 50.0, 130.0) == 2.0
    assert rain_rate(25.0, 2.0, 6.0, 50.0, 130.0) == 4.0
    assert rain_rate(50.0, 2.0, 6.0, 50.0, 130.0) == 6.0
    assert rain_rate(180.0, 2.0, 6.0, 50.0, 130.0) == pytest.approx(6.0 / math.e)


@pytest.mark.parametrize("radius", [20.0, 60.0, 140.0])
def test_storm_at_rest_is_axisymmetric(radius: float) -> None:
    indices = storm_indices(still_storm(), *ring(radius), seed=1, block=0, residual=False)
    for name in ("wind", "rain"):
        field = indices[name].values[:, 0]
        assert field.min() > 0
        np.testing.assert_allclose(field, field.mean(), rtol=2e-5)


def test_wind_at_a_node_is_the_profile_times_the_surface_factor() -> None:
    wind = values("wind")
    shape = wind["shape_constant"] + 40.0 * wind["shape_radius"] + 25.0 * wind["shape_latitude"]
    expected = gradient_wind(100.0, 60.0, 40.0, shape, wind["air_density"], coriolis(25.0))
    latitude, longitude = ring(100.0, 4)
    indices = storm_indices(still_storm(), latitude, longitude, seed=1, block=0, residual=False)
    np.testing.assert_allclose(
        indices["wind"].values[:, 0], wind["surface_factor"] * expected, rtol=1e-3
    )


def test_translation_strengthens_the_right_side() -> None:
    latitude, longitude = ring(60.0, 4)  # north, east, south, west of a storm that heads north
    moving = storm_indices(
        still_storm(speed=8.0), latitude, longitude, seed=1, block=0, residual=False
    )
    rest = storm_indices(still_storm(), latitude, longitude, seed=1, block=0, residual=False)
    change = (moving["wind"] - rest["wind"]).values[:, 0]
    assert change[1] > 2.0
    assert change[3] < -2.0


def test_deeper_storms_blow_and_rain_harder() -> None:
    weak, strong = (
        storm_indices(still_storm(deficit=d), *ring(50.0), seed=1, block=0, residual=False)
        for d in (20.0, 80.0)
    )
    assert (strong["wind"] > 1.7 * weak["wind"]).all()


def test_rain_adds_up_over_the_hours() -> None:
    one, three = (
        storm_indices(still_storm(hours=h), *ring(90.0), seed=1, block=0, residual=False)["rain"]
        for h in (1, 3)
    )
    np.testing.assert_allclose(three.values, 3.0 * one.values, rtol=1e-5)


def test_nothing_beyond_reach() -> None:
    latitude, longitude = destination(25.0, 124.0, np.array([300.0]), 520.0)
    indices = storm_indices(still_storm(), latitude, longitude, seed=1, block=0)
    assert all(indices[name].item() == 0.0 for name in ("wind", "rain", "surge"))


def test_surface_factor_falls_from_sea_to_inland() -> None:
    sea, coast, inland = surface_factor([27.5, 27.8, 28.0], [122.5, 120.7, 119.6])
    wind = values("wind")
    assert sea == pytest.approx(wind["surface_factor"])
    assert sea > coast > inland
    assert inland == pytest.approx(sea * (1.0 - wind["land_reduction"]), rel=0.01)


def test_onshore_points_from_sea_to_land() -> None:
    east, north = onshore_direction([27.7], [120.8], 30.0)
    assert east[0] < 0.0
    assert np.hypot(east, north) == pytest.approx(1.0)
    assert land_at(27.7 + 0.3 * north[0], 120.8 + 0.3 * east[0]) > land_at(27.7, 120.8)


def test_surge_only_near_the_coast_and_higher_with_onshore_wind(storms: xr.Dataset) -> None:
    some = storms.isel(storm=slice(0, 400))
    indices = storm_indices(some, LATITUDE, LONGITUDE, seed=1, block=0, residual=False)
    inland = land_at(LATITUDE, LONGITUDE)
    surge = indices["surge"].values
    assert (surge[inland > values("surge")["reach"]] == 0.0).all()
    assert surge[np.abs(inland) < 10.0].max() > 0.5


def test_enough_years_are_positive_everywhere(storms: xr.Dataset) -> None:
    indices = storm_indices(storms, LATITUDE, LONGITUDE, seed=1, block=0)
    near = np.abs(land_at(LATITUDE, LONGITUDE)) < values("surge")["reach"]
    for name, mask in (("wind", slice(None)), ("rain", slice(None)), ("surge", near)):
        maxima = np.zeros((2000, LATITUDE.size), np.float32)
        np.maximum.at(maxima, storms["year"].values, indices[name].values.T)
        maxima = maxima[:, mask]
        assert (maxima > 0).mean(axis=0).min() > 0.4, name
        for column in maxima.T:
            positive = column[column > 0]
            assert np.unique(positive).size > 0.999 * positive.size, name


def test_threads_do_not_change_a_bit(few_storms: xr.Dataset) -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one core only")
    found = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            found.append(storm_indices(few_storms, LATITUDE, LONGITUDE, seed=3, block=2))
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    xr.testing.assert_identical(*found)


def test_draws_are_keyed_by_seed_and_block(few_storms: xr.Dataset) -> None:
    def rain(seed: int, block: int, residual: bool = True) -> np.ndarray:
        return storm_indices(
            few_storms, [28.0], [120.7], seed=seed, block=block, residual=residual
        )["rain"].values

    assert np.array_equal(rain(1, 0), rain(1, 0))
    assert not np.array_equal(rain(1, 0), rain(1, 1))
    assert not np.array_equal(rain(1, 0), rain(2, 0))
    assert np.array_equal(rain(1, 0, False), rain(2, 5, False))


def test_nodes_do_not_influence_each_other(few_storms: xr.Dataset) -> None:
    whole = storm_indices(few_storms, LATITUDE, LONGITUDE, seed=3, block=0)
    pair = storm_indices(few_storms, LATITUDE[:2], LONGITUDE[:2], seed=3, block=0)
    # Only the sub-steps depend on the box of nodes.
    np.testing.assert_allclose(pair["wind"].values, whole["wind"].values[:2], rtol=0.05, atol=0.2)


def test_trigger_indices_of_a_storm_in_the_circle() -> None:
    still = still_storm(hours=3)
    still["latitude"][:], still["longitude"][:] = 27.6, 121.2
    found = trigger_indices(still)
    assert found["minimum_pressure"].sel(box="wenzhou_150km").item() == pytest.approx(950.0)
    assert found["maximum_wind"].sel(box="wenzhou_150km").item() == pytest.approx(35.0)
    assert np.isnan(found["landfall_latitude"].item())
    far = trigger_indices(still_storm())
    assert np.isnan(far["minimum_pressure"].values).all()


def test_landfall_is_where_the_track_crosses_the_coast() -> None:
    storm = still_storm(hours=3)
    storm["latitude"][:] = 27.78
    storm["longitude"][:] = np.array([[121.0, 120.8, 120.6]])
    storm["deficit"][:] = np.array([[50.0, 48.0, 40.0]])
    found = trigger_indices(storm)
    assert found["landfall_longitude"].item() == pytest.approx(120.75, abs=0.06)
    assert 962.0 <= found["landfall_pressure"].item() <= 970.0
    assert found["landfall_day"].item() == pytest.approx(200.0 + 1.25 / 24.0, abs=0.02)


def test_indices_refuse_other_input(few_storms: xr.Dataset) -> None:
    with pytest.raises(SchemaError, match="deficit"):
        storm_indices(few_storms.drop_vars("deficit"), [28.0], [120.7], seed=1, block=0)
    with pytest.raises(CatalogueError, match="finite"):
        storm_indices(few_storms, [np.nan], [120.7], seed=1, block=0)
