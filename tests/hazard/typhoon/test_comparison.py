from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.typhoon.comparison import record_figures, record_table
from riskmodel.hazard.typhoon.figures import (
    SEATS,
    annual_maxima,
    figures,
    from_entry,
    seat_winds,
    spread_radius,
    storm_table,
)
from riskmodel.hazard.typhoon.parameters import FOLDER, read_yaml
from riskmodel.hazard.typhoon.record import read_cma_recut
from riskmodel.hazard.typhoon.stations import load_stations
from riskmodel.hazard.typhoon.tracks import storms_from_record
from tests.hazard.typhoon.conftest import still_storm

YEARS = 2000


def northward(longitude: float, hours: int = 60) -> xr.Dataset:
    """A storm that runs due north along a meridian at 8 m/s, from 22N on."""
    storm = still_storm(speed=8.0, hours=hours)
    storm["latitude"][:] = 22.0 + np.arange(hours) * 8.0 * 3.6 / 111.195
    storm["longitude"][:] = longitude
    return storm


def test_a_storm_along_a_meridian_is_closest_on_the_parallel() -> None:
    row = storm_table(northward(122.7)).iloc[0]
    # Two degrees of longitude at 28N: 2 x 111.195 x cos 28 = 196.4 km.
    assert row["closest"] == pytest.approx(196.4, abs=1.0)
    assert (row["heading"], row["speed"], row["pressure"]) == (0.0, 8.0, 950.0)
    assert np.isnan(row["landfall"])


def test_hours_before_entry_do_not_count() -> None:
    storm = northward(122.7)
    trimmed = from_entry(storm)
    distance = np.hypot(
        (trimmed["latitude"].values - 28.0) * 111.195,
        (trimmed["longitude"].values - 120.7) * 111.195 * np.cos(np.deg2rad(26.0)),
    )
    assert distance[0, 0] == pytest.approx(495.0, abs=15.0)
    lost = storm.sizes["step"] - int(np.isfinite(trimmed["latitude"].values).sum())
    assert trimmed["start"].item() == pytest.approx(200.0 + lost / 24.0)
    assert from_entry(northward(128.0)).sizes["storm"] == 0


def test_landfall_counts_on_its_own_coast() -> None:
    ashore = northward(121.0).assign(latitude=lambda d: d["latitude"] * 0 + 28.0)
    ashore["longitude"][:] = 122.0 - np.arange(60) * 0.05
    table = storm_table(ashore)
    maxima = pd.DataFrame(10.0, index=[0], columns=list(SEATS))
    found = figures(table, maxima, np.arange(1))
    assert table["landfall"].item() == pytest.approx(28.0)
    assert found["landfalls on the coast of Zhejiang a year"] == 1.0
    assert found["landfalls on the coast of Wenzhou a year"] == 1.0


def test_figures_by_hand() -> None:
    table = pd.DataFrame(
        {
            "year": [0, 0, 0, 2],
            "day": [150.0, 190.0, 220.0, 250.0],
            "closest": [100.0, 140.0, 280.0, 480.0],
            "pressure": [960.0, 980.0, 990.0, 1000.0],
            "wind": [40.0, 30.0, 20.0, 10.0],
            "heading": [-60.0, 0.0, 30.0, 60.0],
            "speed": [3.0, 5.0, 7.0, 9.0],
            "landfall": [27.5, 29.0, 25.0, np.nan],
        }
    )
    maxima = pd.DataFrame({seat: [30.0, 0.0, 10.0, 20.0] for seat in SEATS})
    found = figures(table, maxima, np.arange(4))
    assert found["storms within 500 km a year"] == 1.0
    assert found["storms within 150 km a year"] == 0.5
    assert found["landfalls on the coast of Zhejiang a year"] == 0.5
    assert found["landfalls on the coast of Wenzhou a year"] == 0.25
    # Counts 3, 0, 1, 0: mean 1, variance 6 / 3.
    assert found["variance over mean of the annual count"] == pytest.approx(2.0)
    assert found["pressure at closest approach within 150 km, 50% below, hPa"] == 970.0
    assert found["speed at closest approach within 300 km, 50% below, m/s"] == 5.0
    assert found["share of storms in january to june"] == 0.25
    # Maxima 0, 10, 20, 30; probability 0.8 lies at position 2.4 of 0 to 3.
    assert found["5-year wind at Taishun, m/s"] == pytest.approx(24.0)


def test_calm_years_count_as_zero() -> None:
    winds = pd.DataFrame({"Lucheng": [12.0, 9.0], "year": [3, 3]})
    assert annual_maxima(winds, np.arange(2, 5))["Lucheng"].tolist() == [0.0, 12.0, 0.0]


def test_drawn_radii_have_the_declared_spread(storms: xr.Dataset) -> None:
    some = storms.isel(storm=slice(0, 3000))
    drawn = np.log(spread_radius(some, seed=1, draw=0)["radius_of_maximum_wind"].values[:, 0])
    other = np.log(spread_radius(some, seed=1, draw=1)["radius_of_maximum_wind"].values[:, 0])
    # Two draws differ by a normal of sqrt(2) x 0.441; bounds cut a little off.
    assert np.std(drawn - other) == pytest.approx(np.sqrt(2.0) * 0.441, rel=0.1)


def own_statistics(folder: Path, storms: xr.Dataset, factor: float = 1.0) -> Path:
    """Statistics of a record of 76 years with the figures of the simulation itself."""
    years = np.arange(YEARS)
    found = figures(storm_table(storms), annual_maxima(seat_winds(storms), years), years)
    rows = {
        name: {"value": value * factor, "low": value, "high": value}
        for name, value in found.items()
    }
    path = folder / "statistics.yml"
    path.write_text(yaml.safe_dump({"years": 76, "figures": rows}))
    return path


def test_a_record_with_the_figures_of_the_model_lies_inside(
    tmp_path: Path, storms: xr.Dataset
) -> None:
    table = record_table(storms, years=YEARS, path=own_statistics(tmp_path, storms))
    assert (table["verdict"] == "inside").all()
    assert (table["model_low"] <= table["model_high"]).all()
    assert table[["record", "model", "model_low", "model_high"]].notna().all().all()


def test_a_record_of_another_climate_lies_outside(tmp_path: Path, storms: xr.Dataset) -> None:
    path = own_statistics(tmp_path, storms, factor=2.0)
    table = record_table(storms, years=YEARS, path=path).set_index("figure")
    for name in ("storms within 500 km a year", "20-year wind at Dongtou, m/s"):
        assert table.loc[name, "verdict"] == "outside"


def test_comparison_refuses_what_it_cannot_judge(tmp_path: Path, few_storms: xr.Dataset) -> None:
    with pytest.raises(CatalogueError, match="simulate more years"):
        record_table(few_storms, years=10)
    path = tmp_path / "old.yml"
    path.write_text("years: 76\n")
    with pytest.raises(ParamError, match="fit-tracks"):
        record_table(few_storms, years=2000, path=path)


def test_stations_are_one_a_county_and_refuse_gaps(tmp_path: Path) -> None:
    assert len(load_stations()) == 12
    path = tmp_path / "stations.yml"
    path.write_text("stations:\n- {code: '1', name_en: A, name_zh: A, latitude: 28}\n")
    with pytest.raises(ParamError, match=r"stations\.yml, 1"):
        load_stations(path)
    row = "- {code: '1', name_en: A, name_zh: A, latitude: 28, longitude: 120, rain_50: 400}\n"
    path = tmp_path / "twice.yml"
    path.write_text(f"stations:\n{row}{row}")
    with pytest.raises(ParamError, match="codes of their own"):
        load_stations(path)


def test_counts_agree_with_the_fixes_of_all_tracks(cma_path: Path) -> None:
    """The record's counts by its fixes alone: 369 storms within 500 km, 82 within 150 km."""
    fixes = pd.read_csv(cma_path, usecols=["sid", "dist_km"])
    closest = fixes.groupby(fixes["sid"].str.partition("-")[0])["dist_km"].min()
    table = storm_table(storms_from_record(read_cma_recut(cma_path)))
    assert (len(table), (closest <= 500.0).sum()) == (369, 369)
    assert (closest <= 150.0).sum() == 82
    # Straight lines between fixes bring two more near; two came near as sub-centres only.
    assert (table["closest"] <= 150.0).sum() == 82


def test_committed_figures_are_those_of_the_record(cma_path: Path) -> None:
    committed = read_yaml(FOLDER / "record_statistics.yml")["figures"]
    found = record_figures(storms_from_record(read_cma_recut(cma_path)))
    assert found.keys() == committed.keys()
    for name, row in found.items():
        assert committed[name] == pytest.approx(row, rel=1e-3, abs=1e-3), name
        if "years" not in name:
            assert row["low"] <= row["value"] <= row["high"], name
