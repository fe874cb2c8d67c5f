from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.core.returnperiod import exceedance_count
from riskmodel.hazard.grid import WENZHOU, PhysicsGrid
from riskmodel.hazard.typhoon.fields import _nodes, storm_indices
from riskmodel.hazard.typhoon.geometry import land_at
from riskmodel.hazard.typhoon.parameters import values
from riskmodel.hazard.typhoon.source import peril_indices
from riskmodel.hazard.typhoon.stations import (
    calibrated_rain,
    load_stations,
    rain_at,
    rain_variation,
    read_rain,
    station_indices,
)
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


@pytest.mark.parametrize("first_shift", [0.05, 0.3, 0.8])
def test_station_rain_is_passed_in_exactly_the_declared_years(first_shift: float) -> None:
    years, blocks = 230, 2
    draw = np.random.default_rng(5)
    year = np.sort(draw.integers(0, blocks * years, 900))
    rain = draw.gamma(2.0, 60.0, (900, 2)).astype(np.float32)
    occurrences = xr.Dataset(
        {
            "station_rain": (("occurrence", "station"), rain),
            "year": ("occurrence", year),
            "block": ("occurrence", year // years),
        },
        {"station": ["330302", "330328"]},
        {"blocks": blocks, "years_per_block": years},
    )
    found = calibrated_rain(occurrences, first_shift=first_shift)
    means = load_stations().loc[["330302", "330328"], "rain_50"].to_numpy()
    for block, period in product(range(blocks), (2.0, 5.0, 20.0, 50.0, 100.0)):
        level = rain_at(1.0 / period, means, rain_variation())
        own, maxima = year // years == block, np.zeros((years, 2))
        np.maximum.at(maxima, year[own] - block * years, found.values[own])
        beyond = (maxima > level).sum(axis=0)
        shift = (first_shift + 0.618034 * block) % 1.0
        assert (beyond == exceedance_count(years, period, shift)).all()


def test_station_rain_keeps_order_and_absence() -> None:
    rain = np.array([[10.0], [0.0], [30.0], [np.nan], [20.0]], dtype=np.float32)
    occurrences = xr.Dataset(
        {
            "station_rain": (("occurrence", "station"), rain),
            "year": ("occurrence", [0, 1, 2, 2, 2]),
            "block": ("occurrence", np.zeros(5, int)),
        },
        {"station": ["330302"]},
        {"blocks": 1, "years_per_block": 10},
    )
    found = calibrated_rain(occurrences, first_shift=0.5).values[:, 0]
    # annual maxima 30, 10 and eight zeros: EP 0.05 and 0.15; 20 lies half way between
    expected = rain_at([0.15, 0.05, 0.10], 400.0, rain_variation())
    np.testing.assert_allclose(found[[0, 2, 4]], expected)
    assert found[1] == 0.0
    assert np.isnan(found[3])
    with pytest.raises(CatalogueError, match="no rain at stations"):
        calibrated_rain(occurrences.drop_vars("station_rain"), first_shift=0.5)


def ranked_rain(blocks: int) -> tuple[xr.Dataset, xr.DataArray]:
    """Random rain of some blocks of 230 years, and the storms of the first block as given ones."""
    draw, years = np.random.default_rng(5), 230
    year = np.sort(draw.integers(0, blocks * years, 450 * blocks))
    rain = draw.gamma(2.0, 60.0, (year.size, 2)).astype(np.float32)
    occurrences = xr.Dataset(
        {
            "station_rain": (("occurrence", "station"), rain),
            "year": ("occurrence", year),
            "block": ("occurrence", year // years),
        },
        {"station": ["330302", "330328"]},
        {"blocks": blocks, "years_per_block": years},
    )
    return occurrences, occurrences["station_rain"].isel(occurrence=np.flatnonzero(year < years))


def test_storms_of_a_block_are_read_where_they_were_ranked() -> None:
    occurrences, given = ranked_rain(1)
    found = read_rain(occurrences, given, first_shift=0.3)
    np.testing.assert_allclose(found, calibrated_rain(occurrences, first_shift=0.3), rtol=1e-12)


def test_storms_are_read_through_the_blocks_together() -> None:
    """The mean of the blocks' probabilities, wetter storms never lower, none beyond a rank."""
    occurrences, given = ranked_rain(2)
    wetter = xr.concat([given, given * 1.2, given * 0.0, given * 1e6], "occurrence")
    found = read_rain(occurrences, wetter.isel(station=[1, 0]), first_shift=0.3)
    found = found.sel(station=given["station"]).values.reshape(4, -1, 2)
    assert (found[1] >= found[0]).all()
    assert (found[2] == 0.0).all()
    shifts = np.array([0.3, 0.918034])
    rarest = rain_at(((1.0 - shifts) / 230).mean(), load_stations().loc[given["station"].values,
                     "rain_50"].to_numpy(), rain_variation())  # fmt: skip
    np.testing.assert_allclose(found[3], np.broadcast_to(rarest, found[3].shape))
    one = given.values[7, 0]
    probability = []
    for block, shift in enumerate(shifts):
        own = occurrences["block"].values == block
        maxima = np.zeros(230)
        np.maximum.at(
            maxima, occurrences["year"].values[own] - 230 * block,
            occurrences["station_rain"].values[own, 0],
        )  # fmt: skip
        order = np.sort(maxima)[::-1]
        above = int((order > one).sum())  # between two ranks, or on one
        share = 0.0 if order[above] == one else (order[above - 1] - one) / (
            order[above - 1] - order[above]
        )  # fmt: skip
        rank = above + 1 if share == 0.0 else above + share
        probability.append((rank - shift) / 230)
    level = rain_at(np.mean(probability), 400.0, rain_variation())
    assert found[0][7, 0] == pytest.approx(float(level), rel=1e-6)


def test_rain_curves_need_law_and_variation(tmp_path: Path) -> None:
    path = tmp_path / "stations.yml"
    path.write_text("curve: {law: normal, variation: 0.5}", encoding="utf-8")
    with pytest.raises(ParamError, match="a known law"):
        rain_variation(path)


def test_the_law_of_rain_has_its_declared_moments() -> None:
    probability = (np.arange(200_000) + 0.5) / 200_000
    level = rain_at(probability, 500.0, 0.2)  # so low a variation that none is cut at zero
    assert level.std() / level.mean() == pytest.approx(0.2, rel=1e-3)
    assert np.quantile(level, 0.98) == pytest.approx(500.0, rel=1e-4)


def closed_form(hours: float) -> float:
    """Volume (km² mm) of the rain of the still storm: its rate over the disc of reach."""
    rain = values("rain")
    unit = 1.0 + (35.0 * values("averaging")["one_minute_over_10min"] / 0.514444 - 35.0) / 33.0
    centre, peak, rise, scale = (
        rain[f"{name}_constant"] + rain[f"{name}_slope"] * unit
        for name in ("centre", "peak", "peak_radius", "scale")
    )
    inner = rise**2 * (centre / 2.0 + (peak - centre) / 3.0)
    reach = rain["reach"]
    outer = peak * scale * (rise + scale - np.exp((rise - reach) / scale) * (reach + scale))
    return float(2.0 * np.pi * (inner + outer) * hours * 25.4 / 24.0)


@pytest.mark.parametrize("speed", [0.0, 6.0])
def test_rain_over_the_sea_adds_up_to_the_integral_of_its_rate(speed: float) -> None:
    """Wherever the storm goes: what falls is its rate over area and hours."""
    storm = still_storm(hours=7, speed=speed)
    km = 3.6 * speed * np.arange(7)
    storm["latitude"][:], storm["longitude"][:] = 15.0 + km / 111.195, 140.0
    step = 0.1
    latitude, longitude = np.meshgrid(
        np.arange(10.0, 21.5, step), np.arange(134.8, 145.2, step), indexing="ij"
    )
    found = storm_indices(storm, latitude, longitude, seed=1, block=0, residual=False)["rain"]
    # km in the plane of the kernel: a degree of longitude is as long as at the centre.
    centre = np.cos(np.deg2rad(15.0 + km.mean() / 111.195))
    area = (step * 111.195) ** 2 * centre
    assert found.values.sum() * area == pytest.approx(closed_form(7.0), rel=3e-3)


def test_rates_of_r_cliper_against_an_independent_reading() -> None:
    """A storm of 100 knots (1-minute) by the coefficients that CLIMADA Petals reads off table 2.

    U = 1 + 65 / 33 = 2.96970; T0 = 10.66 in/d, Tm = 12.6546 in/d, rm = 25.894 km,
    re = 102.485 km. At 130 km: 12.6546 exp(-104.106 / 102.485) = 4.58229 in/d = 4.84959 mm/h.
    """
    storm = still_storm()
    wind = 100.0 * 0.514444 / values("averaging")["one_minute_over_10min"]
    storm["maximum_wind"][:] = wind
    node = 25.0 + 130.0 / 111.195
    found = storm_indices(storm, [node], [124.0], seed=1, block=0, residual=False)["rain"]
    assert found.item() == pytest.approx(4.84959, rel=1e-4)


def test_interpolating_the_grid_converges() -> None:
    """Wind and day of rain at cells between the nodes: half the spacing, a third of the error."""
    storm = still_storm(hours=9, speed=6.0)
    storm["latitude"][:] = 15.0 + 3.6 * 6.0 * np.arange(9) / 111.195
    storm["longitude"][:] = 140.0
    rng = np.random.default_rng(3)
    latitude, longitude = rng.uniform(14.6, 16.9, 400), rng.uniform(139.1, 141.4, 400)
    exact = storm_indices(storm, latitude, longitude, seed=1, block=0)
    error = {}
    for spacing in (0.2, 0.1, 0.05):
        count = round(2.6 / spacing)
        grid = PhysicsGrid(139.0, 14.5, count, count, spacing)
        nodes = storm_indices(storm, *grid.nodes(), seed=1, block=0)
        read = grid.interpolation(latitude, longitude)
        error[spacing] = {
            name: np.abs((nodes[name].values[read.node, 0] * read.weight).sum(axis=1)
                         / exact[name].values[:, 0] - 1.0).mean()
            for name in ("wind", "rain_24h")
        }  # fmt: skip
    for name in ("wind", "rain_24h"):
        assert error[0.1][name] < error[0.2][name] / 2.0
        assert error[0.05][name] < error[0.1][name] / 2.0
        assert error[0.05][name] < 0.003
