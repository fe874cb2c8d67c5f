from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.typhoon.copula import (
    PROBABILITIES,
    draw_joint,
    from_quantiles,
    quantiles_of,
    score_correlation,
)
from riskmodel.hazard.typhoon.fit import fit_decay
from riskmodel.hazard.typhoon.geometry import destination, distance_and_bearing, land_at, on_taiwan
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml, values
from riskmodel.hazard.typhoon.summary import summarise_storms
from riskmodel.hazard.typhoon.tracks import TrackModel, load_track_model, simulate_storms
from tests.hazard.typhoon.conftest import POISSON


def record_statistics() -> dict:
    return read_yaml(FOLDER / "record_statistics.yml")


def test_margins_come_back_from_their_quantiles() -> None:
    sample = np.random.default_rng(1).gamma(2.0, 10.0, 5000)
    quantiles = quantiles_of(sample)
    np.testing.assert_allclose(from_quantiles(PROBABILITIES, quantiles), quantiles)
    drawn = draw_joint(np.random.default_rng(2), 20000, np.eye(1), [quantiles])[:, 0]
    np.testing.assert_allclose(np.quantile(drawn, PROBABILITIES[3:-3]), quantiles[3:-3], rtol=0.05)


def test_copula_gives_its_correlation_back() -> None:
    matrix = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.1], [-0.3, 0.1, 1.0]])
    margins = [quantiles_of(np.random.default_rng(k).normal(size=2000)) for k in range(3)]
    drawn = draw_joint(np.random.default_rng(5), 40000, matrix, margins)
    np.testing.assert_allclose(score_correlation(drawn), matrix, atol=0.02)


def test_copula_refuses_what_it_cannot_use() -> None:
    with pytest.raises(ParamError, match="rising"):
        from_quantiles(0.5, [1.0, 0.0])
    with pytest.raises(ParamError, match="positive definite"):
        draw_joint(np.random.default_rng(1), 3, [[1.0, 2.0], [2.0, 1.0]], [[0.0], [0.0]])


def test_annual_count_is_poisson_with_the_fitted_rate(
    model: TrackModel, storms: xr.Dataset
) -> None:
    counts = np.bincount(storms["year"].values, minlength=2000)
    assert abs(counts.mean() - model.rate) < 3.0 * np.sqrt(model.rate / 2000)
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=3.0 * np.sqrt(2.0 / 2000))


def test_storms_are_sorted_and_within_their_year(storms: xr.Dataset) -> None:
    order = np.lexsort((storms["start"].values, storms["year"].values))
    assert np.array_equal(order, np.arange(storms.sizes["storm"]))
    assert storms["start"].min() >= 1.0
    assert storms["end"].max() <= 366.0
    assert (storms["end"] >= storms["start"]).all()


def test_storms_stay_inside_the_circle_and_below_the_cap(storms: xr.Dataset) -> None:
    domain = values("domain")
    distance, _ = distance_and_bearing(
        28.0, 120.7, storms["latitude"].values, storms["longitude"].values
    )
    assert np.nanmax(distance) <= domain["leave_radius"]
    assert distance[:, 0].max() <= domain["entry_radius"] + 0.5
    assert np.nanmax(storms["deficit"].values) <= 120.0
    alive = np.isfinite(storms["latitude"].values)
    assert alive[:, 0].all()
    assert (np.diff(alive.astype(int), axis=1) <= 0).all()


def test_storms_weaken_over_land(storms: xr.Dataset) -> None:
    latitude, longitude = storms["latitude"].values, storms["longitude"].values
    alive = np.isfinite(latitude)
    lat, lon = np.where(alive, latitude, 20.0), np.where(alive, longitude, 130.0)
    ashore = (land_at(lat, lon) > 60.0) & ~on_taiwan(lat, lon)
    deficit = storms["deficit"].values
    stays = ashore[:, :-6] & ashore[:, 6:] & alive[:, 6:] & (deficit[:, :-6] > 30.0)
    ratio = (deficit[:, 6:] / deficit[:, :-6])[stays]
    fitted = read_yaml(FOLDER / "track_model.yml")["mainland"]
    mean = deficit[:, :-6][stays].mean()
    kept = np.exp(-6.0 * fitted["rate"])
    expected = (fitted["background"] + (mean - fitted["background"]) * kept) / mean
    assert ratio.mean() == pytest.approx(expected, abs=0.05)


def test_a_block_does_not_depend_on_the_others(model: TrackModel) -> None:
    alone = simulate_storms(model, years=30, block=1, seed=11, frequency=POISSON)
    simulate_storms(model, years=30, block=0, seed=11, frequency=POISSON)
    again = simulate_storms(model, years=30, block=1, seed=11, frequency=POISSON)
    xr.testing.assert_identical(alone, again)
    other = simulate_storms(model, years=30, block=0, seed=11, frequency=POISSON)
    assert not np.array_equal(alone["start"].values[:20], other["start"].values[:20])


def test_threads_do_not_change_tracks(model: TrackModel) -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("one core only")
    found = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            found.append(simulate_storms(model, years=50, block=0, seed=5, frequency=POISSON))
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    xr.testing.assert_identical(*found)


def test_simulated_counts_agree_with_the_record(storms: xr.Dataset) -> None:
    record, model = record_statistics(), summarise_storms(storms, years=2000)
    for radius in (500, 300, 150):
        mean, error = record["storms_a_year"][radius].values()
        assert abs(model["storms_a_year"][radius]["mean"] - mean) < 3.0 * error, radius


def test_simulated_pressures_agree_with_the_record(storms: xr.Dataset) -> None:
    record, model = record_statistics(), summarise_storms(storms, years=2000)
    for radius in (300, 150):
        difference = np.subtract(
            model["minimum_pressure"][radius], record["minimum_pressure"][radius]
        )
        # Quantiles from 5 % up; the lowest of some 80 storms is hardly known.
        assert np.abs(difference[1:]).max() < 8.0, difference
        assert abs(difference[4]) < 4.0, difference


def test_simulated_motion_and_season_agree_with_the_record(storms: xr.Dataset) -> None:
    record, model = record_statistics(), summarise_storms(storms, years=2000)
    np.testing.assert_allclose(model["speed"][2:7], record["speed"][2:7], rtol=0.15)
    np.testing.assert_allclose(model["heading"][3:6], record["heading"][3:6], atol=15.0)
    for part, share in record["season"].items():
        assert model["season"][part] == pytest.approx(share, abs=0.05)


def test_simulation_refuses_impossible_blocks(model: TrackModel) -> None:
    with pytest.raises(CatalogueError, match="block"):
        simulate_storms(model, years=0, block=0, seed=1, frequency=POISSON)
    with pytest.raises(CatalogueError, match="block"):
        simulate_storms(model, years=1, block=-1, seed=1, frequency=POISSON)


def test_loading_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ParamError, match="does not exist"):
        load_track_model(tmp_path / "absent.yml")
    broken = tmp_path / "broken.yml"
    broken.write_text("counts: {rate: 4.8}\n")
    with pytest.raises(ParamError, match="pressure_wind"):
        load_track_model(broken)


def test_geometry_goes_there_and_back() -> None:
    latitude, longitude = destination(28.0, 120.7, np.array([30.0, 200.0]), np.array([500.0, 80.0]))
    distance, bearing = distance_and_bearing(28.0, 120.7, latitude, longitude)
    np.testing.assert_allclose(distance, [500.0, 80.0], rtol=1e-9)
    np.testing.assert_allclose(bearing, [30.0, 200.0], rtol=1e-9)


def test_fit_of_the_inland_decay_finds_the_published_law() -> None:
    """Six-hour steps of Kaplan & DeMaria 1995: towards a background at 0.095 an hour.

    The law is of the wind (background 26.7 kt); its form is taken for the deficit here, hPa.
    """
    rng = np.random.default_rng(8)
    now = rng.uniform(8.0, 90.0, 4000)
    following = 26.7 + (now - 26.7) * np.exp(-0.095 * 6.0) + rng.normal(0.0, 2.0, now.size)
    table = pd.DataFrame({"mainland": 1.0, "deficit": now, "next_deficit": following})
    sea = table.assign(mainland=0.0, next_deficit=now)
    found = fit_decay(pd.concat([table, sea]), "mainland")
    assert abs(found["rate"] - 0.095) < 3.0 * found["rate_standard_error"] < 0.003
    assert found["background"] == pytest.approx(26.7, abs=0.3)
    assert found["sample"] == 4000
