"""Wind: the profile of 2010, and the step in time against a slow model that shares no code."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tcwindfields._fields import holland_wind_profile

from riskmodel.core.errors import ParamError
from riskmodel.hazard.typhoon.fields import storm_indices, surface_factor
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.wind import (
    coriolis,
    gradient_wind,
    highest_surface_wind,
    surface_shape,
    surface_wind,
)
from tests.hazard.typhoon.conftest import still_storm

VALIDATION = Path(__file__).parents[2] / "validation"
DENSITY = 1.15  # kg/m³


def test_shape_by_hand() -> None:
    # 60 hPa, deepening 1 hPa an hour, 25 N, 5 m/s: x = 0.6 (1 - 60 / 215) = 0.432558;
    # -0.1584 + 0.6 - 0.03 - 0.35 + 0.15 x 5^0.432558 (2.006062) + 1 = 1.362509.
    assert surface_shape(60.0, -1.0, 25.0, 5.0) == pytest.approx(1.362509, abs=1e-6)
    assert surface_shape(5.0, -30.0, 40.0, 0.0) == 1.0
    assert surface_shape(100.0, 60.0, 10.0, 10.0) == 2.5


def test_profile_of_2010_is_pinned_at_both_radii() -> None:
    shape, highest = 1.4, highest_surface_wind(60.0, 1.4, 1.15)
    assert highest == pytest.approx(math.sqrt(1.4 * 6000.0 / (1.15 * math.e)))
    assert surface_wind(40.0, highest, 40.0, shape, 300.0, 17.0) == pytest.approx(highest)
    assert surface_wind(300.0, highest, 40.0, shape, 300.0, 17.0) == pytest.approx(17.0)
    radii = np.linspace(1.0, 400.0, 800)
    speed = [surface_wind(r, highest, 40.0, shape, 300.0, 17.0) for r in radii]
    assert radii[int(np.argmax(speed))] == pytest.approx(40.0, abs=0.5)
    assert surface_wind(0.0, highest, 40.0, shape, 300.0, 17.0) == 0.0


def test_weak_storm_keeps_the_inner_exponent() -> None:
    inner = [surface_wind(r, 15.0, 40.0, 1.2, 300.0, 17.0) for r in (80.0, 300.0)]
    ratio = (40.0 / np.array([80.0, 300.0])) ** 1.2
    np.testing.assert_allclose(inner, 15.0 * np.sqrt(ratio * np.exp(1.0 - ratio)))


def test_profiles_against_the_figures_of_climada() -> None:
    figures = pd.read_csv(VALIDATION / "climada_profiles" / "figures.csv")
    for row in figures.itertuples():
        rotation = 2.0 * 7.29e-5 * math.sin(math.radians(row.latitude))  # their rounding
        old = gradient_wind(
            row.radius, row.deficit, row.radius_of_maximum_wind, 1.3, DENSITY, rotation
        )
        shape = surface_shape(row.deficit, row.change, row.latitude, row.translation)
        highest = highest_surface_wind(row.deficit, shape, DENSITY)
        new = surface_wind(row.radius, highest, row.radius_of_maximum_wind, shape, 300.0, 17.0)
        assert old == pytest.approx(row.wind_1980, rel=1e-10)
        assert shape == pytest.approx(row.shape_2008, rel=1e-10)
        assert highest == pytest.approx(row.highest_2008, rel=1e-10)
        assert new == pytest.approx(row.wind_2010, rel=1e-10)


@pytest.mark.parametrize(("deficit", "radius", "shape"), [(60.0, 40.0, 1.3), (25.0, 70.0, 1.05)])
def test_profile_of_1980_against_an_independent_package(
    deficit: float, radius: float, shape: float
) -> None:
    radii, theirs = holland_wind_profile(50.0, 1013.0 - deficit, radius, 28.0, shape)
    seen = (radii > 0.0) & (radii <= 500.0)
    ours = [gradient_wind(r, deficit, radius, shape, DENSITY, coriolis(28.0)) for r in radii[seen]]
    assert seen.sum() > 900
    # its rotation of the earth has other digits
    np.testing.assert_allclose(ours, theirs[seen], rtol=2e-4)


def test_field_of_2010_is_its_profile_over_the_sea() -> None:
    storm = still_storm()
    node = 25.0 + 100.0 / 111.195
    indices = storm_indices(storm, [node], [124.0], seed=1, block=0, profile="holland_2010")
    shape = surface_shape(60.0, 0.0, 25.0, 0.0)
    expected = surface_wind(
        100.0, highest_surface_wind(60.0, shape, values("wind")["air_density"]), 40.0, shape,
        values("wind")["outer_radius"], values("wind")["outer_wind"],
    )  # fmt: skip
    assert indices["wind"].item() == pytest.approx(expected, rel=2e-3)
    with pytest.raises(ParamError, match="profile"):
        storm_indices(storm, [node], [124.0], seed=1, block=0, profile="holland")


def continuous_wind(storm: xr.Dataset, latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Highest wind at each node with steps of one minute, in plain numpy."""
    wind = values("wind")
    hours = np.arange(int(np.isfinite(storm["latitude"].values).sum()))
    clock = np.arange(0.0, hours[-1] + 1e-9, 1.0 / 60.0)

    def between(name: str) -> np.ndarray:
        return np.interp(clock, hours, storm[name].values[: hours.size].astype(float))[:, None]

    def held(name: str) -> np.ndarray:
        return storm[name].values[clock.astype(int)].astype(float)[:, None]

    lat, radius = between("latitude"), between("radius_of_maximum_wind")
    turned = np.deg2rad(held("heading") - wind["translation_turn"])
    shape = np.clip(
        wind["shape_constant"] + wind["shape_radius"] * radius + wind["shape_latitude"] * lat,
        wind["shape_least"], wind["shape_most"],
    )  # fmt: skip
    half_f = 7.2921e-5 * np.sin(np.deg2rad(lat)) * 1000.0

    def gradient(r: np.ndarray) -> np.ndarray:
        x = (radius / r) ** shape
        force = shape * between("deficit") * 100.0 / wind["air_density"] * x * np.exp(-x)
        return np.sqrt(force + (half_f * r) ** 2) - half_f * r

    share = wind["translation_share"] * held("speed") / np.maximum(gradient(radius), 1.0)
    north = (latitude - lat) * 111.195
    east = (longitude - between("longitude")) * 111.195 * np.cos(np.deg2rad(lat))
    r = np.maximum(np.hypot(north, east), 1e-6)
    inflow = np.deg2rad(wind["inflow_angle"])
    u = (-north * np.cos(inflow) - east * np.sin(inflow)) / r + share * np.sin(turned)
    v = (east * np.cos(inflow) - north * np.sin(inflow)) / r + share * np.cos(turned)
    speed = gradient(r) * surface_factor(latitude, longitude) * np.hypot(u, v)
    return np.where(r < wind["reach"], speed, 0.0).max(axis=0)


def test_steps_in_time_lose_less_than_three_per_cent(storms: xr.Dataset) -> None:
    latitude, longitude = (
        a.ravel() for a in np.meshgrid(np.arange(27.1, 28.7, 0.3), np.arange(119.7, 121.3, 0.3))
    )
    some = storms.isel(storm=slice(0, 240, 2))
    found = storm_indices(some, latitude, longitude, seed=0, block=0)["wind"].values
    error = []
    for k in range(some.sizes["storm"]):
        exact = continuous_wind(some.isel(storm=k), latitude, longitude)
        error.append((found[:, k] / np.maximum(exact, 1e-9) - 1.0)[exact > 8.0])
    error = np.concatenate(error)
    assert error.size > 800
    # A sampled maximum is never above the continuous one.
    assert error.max() < 1e-3
    assert error.min() > -0.03
    assert np.quantile(error, 0.02) > -0.01
