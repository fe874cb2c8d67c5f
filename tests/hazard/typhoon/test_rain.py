from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.grid import WENZHOU
from riskmodel.hazard.typhoon.fields import _nodes, storm_indices
from riskmodel.hazard.typhoon.geometry import land_at
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.source import peril_indices
from riskmodel.hazard.typhoon.stations import load_stations, station_indices, station_levels
from riskmodel.hazard.typhoon.upstream import upstream_rain, upstream_weights
from tests.hazard.typhoon.conftest import still_storm


@pytest.mark.parametrize(("hours", "expected"), [(1, 1.0), (24, 24.0), (60, 24.0)])
def test_a_steady_storm_rains_its_day(hours: int, expected: float) -> None:
    node = {"node_latitude": [25.5], "node_longitude": [124.0], "seed": 1, "block": 0}
    one = storm_indices(still_storm(), **node, residual=False)["rain"].item()
    found = storm_indices(still_storm(hours=hours), **node, residual=False)
    assert found["rain_24h"].item() == pytest.approx(expected * one, rel=1e-5)
    assert found["rain"].item() == pytest.approx(hours * one, rel=1e-5)


def test_highest_day_is_that_of_the_hourly_totals(few_storms: xr.Dataset) -> None:
    """Hourly rain from storms cut short, summed over running days in numpy."""
    storm = few_storms.isel(storm=[12])
    life = int(np.isfinite(storm["latitude"].values).sum())
    node = {"node_latitude": [27.8], "node_longitude": [121.5], "seed": 1, "block": 0}

    def total(hours: int) -> float:
        cut = storm.isel(step=slice(0, hours + 1))
        moving = storm_indices(cut, **node, residual=False)["rain"].item()
        last = storm_indices(storm.isel(step=slice(hours, hours + 1)), **node, residual=False)
        return moving - last["rain"].item()  # the last hour of a track stands still

    hourly = np.diff([0.0, *(total(h) for h in range(1, life))])
    days = np.convolve(hourly, np.ones(24))
    found = storm_indices(storm, **node, residual=False)["rain_24h"].item()
    assert life > 30
    assert found == pytest.approx(days.max(), rel=0.02)


def test_rain_grows_with_the_wind_up_the_declared_slope() -> None:
    storm = still_storm(hours=3)
    storm["latitude"][:], storm["longitude"][:] = 27.2, 119.6
    # North-east and south-east of the centre, as far: onshore wind on land, and open sea.
    land, sea = ([28.0], [120.3]), ([26.4], [120.3])
    on_land, at_sea = (
        storm_indices(storm, *place, seed=1, block=0, residual=False) for place in (land, sea)
    )
    assert np.hypot(*_nodes(*sea)[0, 5:7]) == 0.0
    north, east = 0.8, 0.7 * np.cos(np.deg2rad(27.2))
    inflow = np.deg2rad(values("wind")["inflow_angle"])
    direction = np.array(
        [
            -north * np.cos(inflow) - east * np.sin(inflow),
            east * np.cos(inflow) - north * np.sin(inflow),
        ]
    ) / np.hypot(north, east)
    ascent = on_land["wind"].item() * direction @ _nodes(*land)[0, 5:7]
    assert ascent > 0.1
    expected = at_sea["rain"].item() * (1.0 + values("rain")["terrain_gain"] * ascent)
    assert on_land["rain"].item() == pytest.approx(expected, rel=2e-3)


def test_wind_down_the_slope_takes_no_rain_away() -> None:
    storm = still_storm(hours=3)
    storm["latitude"][:], storm["longitude"][:] = 28.8, 121.0
    # South-west of the centre the wind blows off the land; east of it lies the open sea.
    off_land = storm_indices(storm, [28.0], [120.3], seed=1, block=0, residual=False)["rain"]
    at_sea = storm_indices(storm, [28.0], [121.7], seed=1, block=0, residual=False)["rain"]
    assert land_at(28.0, 121.7) < 0.0
    assert off_land.item() == pytest.approx(at_sea.item(), rel=1e-5)


def test_slope_is_the_declared_ground() -> None:
    rain, place = values("rain"), ([28.0], [119.9])
    inland = land_at(*place)[0]
    expected = rain["terrain_height"] / rain["terrain_width"] / 1000.0
    expected *= np.exp(-inland / rain["terrain_width"])
    assert np.hypot(*_nodes(*place)[0, 5:7]) == pytest.approx(expected)


def test_upstream_means_stay_within_what_they_average() -> None:
    latitude, longitude = WENZHOU.nodes()
    weights = upstream_weights(latitude, longitude)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    inland = land_at(latitude, longitude)
    used = weights.tocoo()
    land = inland[used.row] > 0.0
    assert (inland[used.col] >= inland[used.row])[land].all()
    assert (used.row == used.col)[~land].all()
    even = upstream_rain(np.full((latitude.size, 2), 7.0, np.float32), latitude, longitude)
    np.testing.assert_allclose(even, 7.0, rtol=1e-5)
    rising = upstream_rain(inland[:, None].astype(np.float32), latitude, longitude)[:, 0]
    assert (rising >= inland - 1e-3)[inland > 0.0].all()


def test_floods_rank_the_day_of_rain_upstream(few_storms: xr.Dataset) -> None:
    latitude, longitude = WENZHOU.nodes()
    indices = storm_indices(few_storms, latitude, longitude, seed=1, block=0)
    found = peril_indices(indices)
    expected = upstream_weights(latitude, longitude).toarray() @ indices["rain_24h"].values
    np.testing.assert_allclose(found["rain_flood"], expected, rtol=1e-4, atol=1e-3)
    assert np.array_equal(found["typhoon_wind"], indices["wind"].values)


def test_stations_see_the_storms_of_the_grid(few_storms: xr.Dataset) -> None:
    stations = station_indices(few_storms, seed=3, block=2)
    assert stations["rain"].dims == ("station", "storm")
    assert stations.attrs["status"] == "synthetic"
    table = load_stations()
    row = stations.sel(station="330302")
    assert row["name_en"].item() == "Lucheng"
    place = table.loc[["330302"], ["latitude", "longitude"]].to_numpy().T
    alone = storm_indices(few_storms, *place, seed=3, block=2)
    np.testing.assert_allclose(row["rain"].values, alone["rain"].values[0], rtol=0.05, atol=0.5)
    assert (stations["rain_24h"] <= stations["rain"] * (1.0 + 1e-5)).all()


def test_station_levels_by_hand() -> None:
    year = np.arange(40)
    column = np.arange(1.0, 41.0)[None, :]
    indices = xr.Dataset(
        {name: (("station", "storm"), column) for name in ("wind", "rain", "rain_24h")},
        coords={"station": ["330302"], "year": ("storm", year)},
    )
    levels = station_levels(indices, years=40, return_periods=[2.0, 4.0])
    # Medians and upper quartiles of 1 to 40.
    np.testing.assert_allclose(levels["rain_24h"].values, [[20.5, 30.25]])
    with pytest.raises(CatalogueError, match="simulate more years"):
        station_levels(indices, years=40, return_periods=[5.0])
