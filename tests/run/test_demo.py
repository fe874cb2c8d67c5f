"""The demo census: rebuilt bit for bit, true to public totals and to the written method."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
import xarray as xr
import yaml

from riskmodel.census.read import load_census
from riskmodel.run.demo import build_demo
from riskmodel.run.demo.hazard import gumbel_variate, wind_maps

ROOT = Path(__file__).resolve().parents[2]
COMMITTED, METHOD = ROOT / "data" / "demo", ROOT / "data" / "demo_method"
PERIODS = (5, 10, 20, 50, 100, 200)
PERILS = ("typhoon_wind", "rain_flood", "storm_surge")
FURTHER = ("flash_flood", "landslide", "drought", "forest_fire", "cold_snow", "earthquake")


def content(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def differing(a: dict[str, bytes], b: dict[str, bytes]) -> list[str]:
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_demo(tmp_path_factory.mktemp("demo")).parent


@pytest.fixture(scope="module")
def census() -> xr.DataTree:
    return load_census(COMMITTED)


@pytest.fixture(scope="module")
def method() -> dict:
    return yaml.safe_load((METHOD / "method.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_excel(COMMITTED / "exposure.xlsx", dtype={"code": str}).iloc[1:]


def maps(peril: str) -> np.ndarray:
    layers = []
    for t in PERIODS:
        with rasterio.open(COMMITTED / "hazard" / f"{peril}_rp{t:03d}.tif") as source:
            layers.append(source.read(1))
    return np.stack(layers)


# --- rebuilt bit for bit ------------------------------------------------------------------------


def test_two_builds_are_the_same_whatever_was_there(built: Path, tmp_path: Path) -> None:
    stale = tmp_path / "hazard" / "typhoon_wind_rp500.tif"
    stale.parent.mkdir()
    stale.write_bytes(b"a map that is no longer declared")
    build_demo(tmp_path)
    assert differing(content(tmp_path), content(built)) == []


def test_the_committed_census_is_what_the_method_builds(built: Path) -> None:
    assert differing(content(COMMITTED), content(built)) == []


def test_no_date_of_the_build_is_inside_the_workbook() -> None:
    book = openpyxl.load_workbook(COMMITTED / "exposure.xlsx")
    assert book.properties.created.isoformat() == "2022-12-31T00:00:00"
    assert book.properties.modified.isoformat() == "2022-12-31T00:00:00"


# --- true to public totals ----------------------------------------------------------------------


def test_gdp_sums_to_the_bulletin_of_the_city(census: xr.DataTree) -> None:
    # 8,029.8 亿元 in 2022; the workbook keeps four decimals of 亿元 for each of twelve counties
    gdp = census["exposure"].to_dataset()["gdp"]
    assert float(gdp.sum()) == pytest.approx(8029.8e8, abs=12 * 0.5e-4 * 1e8)


def test_published_county_gdp_is_kept(census: xr.DataTree) -> None:
    gdp = census["exposure"].to_dataset()["gdp"]
    assert float(gdp.sel(zone="330326")) == pytest.approx(653.05e8, rel=1e-12)
    assert float(gdp.sel(zone="330328")) == pytest.approx(126.55e8, rel=1e-12)


def test_population_is_that_of_the_seventh_census(census: xr.DataTree) -> None:
    exposure = census["exposure"].to_dataset()
    people = exposure["total"].sel(exposure_class="population")
    # city 9,572,903; one county value is slightly off, declared in params/assumptions.yml
    assert float(people.sum()) == 9_572_903 - 775
    assert people.sizes["zone"] == 12
    households = exposure["total"].sel(exposure_class="households")
    assert people.values / households.values == pytest.approx(np.full(12, 2.37), rel=1e-5)


def test_cells_conserve_the_totals(census: xr.DataTree) -> None:
    exposure, zones = census["exposure"].to_dataset(), census["zones"].to_dataset()
    for name in exposure["exposure_class"].values:
        by_zone = np.bincount(
            zones["entry_zone"].values,
            exposure["value"].sel(exposure_class=name).values,
            minlength=12,
        )
        assert by_zone == pytest.approx(
            exposure["total"].sel(exposure_class=name).values, rel=1e-9
        ), name


def test_city_outputs_of_farms_are_spread_whole(table: pd.DataFrame, method: dict) -> None:
    shares = method["exposure"]["timber_shares"].values()
    assert sum(shares) == pytest.approx(1.0)
    names = {"crops": "crop_output", "aquaculture": "aquaculture_output", "forest": "timber_value"}
    for column, key in names.items():
        assert table[column].astype(float).sum() == pytest.approx(method["exposure"][key], abs=6e-4)


def test_homes_of_one_county_by_hand(table: pd.DataFrame) -> None:
    # Lucheng, concrete: 1,167,164 people × 45 m2 × 0.58 × 2,600 yuan × 1.25 = 990.05 亿元
    lucheng = table.set_index("code").loc["330302"]
    assert float(lucheng["residential_rc"]) == pytest.approx(
        1_167_164 * 45 * 0.58 * 2600 * 1.25 / 1e8, abs=5e-5
    )


# --- true to the method -------------------------------------------------------------------------


def test_the_gumbel_variate_by_hand() -> None:
    assert gumbel_variate(50.0) == pytest.approx(-math.log(-math.log(0.98)), rel=1e-12)


def test_the_wind_of_the_method_at_the_anchor_is_exact(method: dict) -> None:
    climate = yaml.safe_load((ROOT / method["typhoon_wind"]["climate"]).read_text("utf-8"))
    anchor = method["typhoon_wind"]["anchor"]
    found = wind_maps(method, climate, np.array([anchor["lon"]]), np.array([anchor["lat"]]))
    assert float(found[50][0]) == pytest.approx(31.0, rel=1e-12)


def test_wind_at_the_anchor_is_the_design_wind(method: dict) -> None:
    anchor = method["typhoon_wind"]["anchor"]
    assert (anchor["return_period"], anchor["wind"]) == (50, 31.0)
    with rasterio.open(COMMITTED / "hazard" / "typhoon_wind_rp050.tif") as source:
        row, column = source.index(anchor["lon"], anchor["lat"])
        wind = source.read(1)
        around = wind[row - 1 : row + 2, column - 1 : column + 2]
    # the anchor is inside the cell, not at its centre: a cell's gradient, and half of 0.01 m/s
    gradient = float(np.abs(np.diff(around, axis=1)).max() + np.abs(np.diff(around, axis=0)).max())
    assert float(wind[row, column]) == pytest.approx(31.0, abs=gradient + 0.005)
    assert gradient < 0.3


def test_wind_is_gumbel_at_every_cell() -> None:
    variates = np.array([-math.log(-math.log(1 - 1 / t)) for t in PERIODS])
    wind = maps("typhoon_wind").reshape(len(PERIODS), -1).astype(float)
    line = np.polynomial.polynomial.polyfit(variates, wind, 1)
    fitted = line[0] + line[1] * variates[:, None]
    assert np.abs(fitted - wind).max() < 0.011  # maps are rounded to 0.01 m/s


@pytest.mark.parametrize("peril", PERILS)
def test_maps_never_fall_and_are_never_negative(peril: str) -> None:
    values = maps(peril)
    assert (np.diff(values, axis=0) >= 0).all()
    assert (values >= 0).all()
    assert (values[-1] > values[0]).any()


def test_wind_falls_inland_and_water_stays_near_it(census: xr.DataTree) -> None:
    zones = census["zones"].to_dataset()
    west = zones["longitude"].values < 120.0
    for peril in PERILS:
        layer = census[peril].to_dataset()["intensity"].sel(return_period=200).values
        at_cell = layer[zones["row"].values, zones["column"].values]
        assert at_cell[west].mean() < at_cell[~west].mean(), peril
    assert (at_cell[west] == 0).all()  # no surge in Taishun


def test_dykes_keep_their_standard(census: xr.DataTree, method: dict) -> None:
    depth = {p: census[p].to_dataset()["intensity"] for p in PERILS[1:]}
    for peril, layer in depth.items():
        standard = method[peril]["protected"]["standard"]
        within = layer.sel(return_period=standard) > 0
        beyond = layer.sel(return_period=layer["return_period"] > standard).max("return_period") > 0
        waking = (beyond & ~within).values
        assert waking.sum() > 100, peril


# --- the further perils -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "peril", ["flash_flood", "landslide", "drought", "cold_snow", "earthquake"]
)
def test_further_maps_never_fall_and_say_something(census: xr.DataTree, peril: str) -> None:
    values = census[peril].to_dataset()["intensity"].values
    assert (np.diff(values, axis=0) >= 0).all()
    assert (values >= 0).all()
    assert (values[-1] > values[0]).any()


def test_further_maps_meet_their_public_anchors(census: xr.DataTree, method: dict) -> None:
    layer = {p: census[p].to_dataset()["intensity"] for p in FURTHER}
    # 4 m of water in a valley, Morakot 2009; maps are whole centimetres
    assert float(layer["flash_flood"].sel(return_period=200).max()) == pytest.approx(4.0, abs=0.01)
    rain = method["landslide"]["rain"]
    at_50 = rain["location"] + rain["scale"] * gumbel_variate(50.0)
    assert at_50 == pytest.approx(532.0, abs=1.0)  # mm in 24 hours at Tianjing, 2016
    # 0.05 g in 475 years at 28° north; a third of it in 50 years, to a gal
    row = int(np.argmin(np.abs(layer["earthquake"]["y"].values - 28.0)))
    shaking = layer["earthquake"].values[:, row, 0]
    assert shaking[1] == pytest.approx(0.05 * 9.80665, abs=0.01)
    assert shaking[0] == pytest.approx(shaking[1] / 3.0, abs=0.01)


def test_no_water_is_drawn_twice(census: xr.DataTree, method: dict) -> None:
    valley, plain = (
        census[p].to_dataset()["intensity"].sel(return_period=200).values
        for p in ("flash_flood", "rain_flood")
    )
    apart = method["flash_flood"]["apart_from_flood"]
    assert plain[valley > 0].max() <= apart + method["rain_flood"]["precision"] / 2
    assert (valley > 0).sum() > 1000


def test_fire_classes_act_at_their_declared_probabilities(
    census: xr.DataTree, method: dict
) -> None:
    declared = method["forest_fire"]["classes"]
    with rasterio.open(COMMITTED / "hazard" / "forest_fire_classes.tif") as source:
        classes = source.read(1)
    layer = census["forest_fire"].to_dataset()["intensity"]
    acting = {c: p for c, p in declared["annual_probability"].items() if p > 0}
    assert layer["return_period"].values.tolist() == sorted(1.0 / p for p in acting.values())
    assert set(np.unique(classes)) == set(declared["intensity"])
    for one, probability in acting.items():
        steps = layer.values[:, classes == one]
        wet = layer["return_period"].values >= 1.0 / probability
        assert (steps[wet] == np.float32(declared["intensity"][one])).all()
        assert (steps[~wet] == 0).all()
    assert (layer.values[:, classes == 5] == 0).all()


def test_the_status_is_synthetic_everywhere(census: xr.DataTree) -> None:
    assert census.attrs["status"] == "synthetic"
    for node in (*PERILS, *FURTHER, "exposure"):
        assert census[node].attrs["status"] == "synthetic"
