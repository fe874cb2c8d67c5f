"""A manifest drafted from a folder imports once its questions are answered, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
import xarray as xr
import yaml

from riskmodel.census.draft import draft_manifest
from riskmodel.census.draft_maps import peril_in_name
from riskmodel.census.finding import FoundError
from riskmodel.census.read import examine, load_census
from tests.census.conftest import SQUARES, Draft, write_tif


def outsider(draft: Draft, folder: Path) -> Path:
    """A folder as a bureau might hold it: Chinese names, classes, a table with units in headers."""
    for t, values in draft.maps["typhoon_wind"].items():
        write_tif(folder / f"图件/台风大风_{t}年一遇.tif", values)
    for t in (10, 100):
        classes = np.where(draft.maps["rain_flood"][t] > 0, 1 if t == 10 else 2, 0)
        write_tif(folder / f"图件/flood_rp{t:03d}.tif", classes, dtype="uint8", nodata=255)
    write_tif(folder / "权重/towns.tif", draft.weights["towns"])
    book = openpyxl.Workbook()
    book.active.append(
        ["区划代码", "区划名称", "英文名", "房屋价值（亿元）", "人口", "生产总值（亿元）"]
    )
    for row in draft.table[2:]:
        book.active.append([f"{row[0]}000000", *row[1:]])
    book.save(folder / "统计表.xlsx")
    return folder


def answered(text: str) -> dict[str, Any]:
    """The draft with each open question answered as a reader would."""
    content = yaml.safe_load(text)
    content.update(status="synthetic", source="test", currency="CNY", price_year=2022)
    content["valuation_basis"] = "replacement_cost"
    content["return_period_basis"] = "annual_probability"
    content["hazard"]["typhoon_wind"]["unit"] = "m s-1"
    classes = content["hazard"]["rain_flood"]["classes"]
    classes.update(direction="1_is_lowest", values={0: 0.0, 1: 0.5, 2: 1.5})
    exposure = content["exposure"]
    exposure["columns"]["name_en"] = "英文名"
    for one in exposure["classes"].values():
        one["weight"] = "权重/towns.tif"
    exposure["classes"]["人口"]["unit"] = "person"
    exposure["gdp"]["year"] = 2022
    return content


def write_manifest(folder: Path, content: object) -> None:
    text = yaml.safe_dump(content, allow_unicode=True)
    (folder / "census.yml").write_text(text, encoding="utf-8")


def test_a_draft_finds_what_the_files_say(draft: Draft, tmp_path: Path) -> None:
    content = yaml.safe_load(draft_manifest(outsider(draft, tmp_path)))
    assert content["crs"] == "EPSG:4490"
    assert content["hazard"]["typhoon_wind"]["files"] == {
        t: f"图件/台风大风_{t}年一遇.tif" for t in (5, 50, 200)
    }
    flood = content["hazard"]["rain_flood"]
    assert flood["unit"] == "class"
    assert flood["classes"]["direction"].startswith("ASK")
    assert content["hazard"]["typhoon_wind"]["unit"].startswith("ASK")
    exposure = content["exposure"]
    assert exposure["columns"]["code"] == "区划代码"
    assert exposure["classes"]["房屋价值（亿元）"]["unit"] == "亿元"
    assert exposure["gdp"]["column"] == "生产总值（亿元）"


def test_classes_are_those_of_all_maps(draft: Draft, tmp_path: Path) -> None:
    content = yaml.safe_load(draft_manifest(outsider(draft, tmp_path)))
    values = content["hazard"]["rain_flood"]["classes"]["values"]
    assert list(values) == [0, 1, 2]  # 1 only in one map, 2 only in the other
    assert all(one.startswith("ASK") for one in values.values())


def test_a_map_of_classes_without_return_periods_is_asked_for(draft: Draft, tmp_path: Path) -> None:
    """Classes 1 and 2, and 0 as nodata where nothing was surveyed, as GIS programs write it."""
    folder = outsider(draft, tmp_path)
    classes = np.where(draft.maps["rain_flood"][10] > 0, 2, 1)
    write_tif(folder / "图件/森林火灾等级.tif", classes, dtype="uint8", nodata=0)
    content = yaml.safe_load(draft_manifest(folder))
    fire = content["class_maps"]["forest_fire"]
    assert fire["file"] == "图件/森林火灾等级.tif"
    assert fire["direction"].startswith("ASK")
    assert [*fire["intensity"]] == [*fire["annual_probability"]] == [1, 2]
    weights = content["exposure"]["classes"]["人口"]["weight"]
    assert "towns.tif" in weights
    assert "森林火灾" not in weights
    whole = answered(yaml.safe_dump(content, allow_unicode=True))
    whole["class_maps"]["forest_fire"].update(
        direction="1_is_lowest", source="test",
        intensity={1: 0.0, 2: 0.2}, annual_probability={1: 0.0, 2: 0.01},
    )  # fmt: skip
    write_manifest(folder, whole)
    burned = load_census(folder)["forest_fire"]["intensity"].sel(return_period=100.0)
    np.testing.assert_array_equal(burned.values, np.where(classes == 2, np.float32(0.2), 0.0))


def test_a_period_that_no_name_states_is_asked_for(draft: Draft, tmp_path: Path) -> None:
    folder = outsider(draft, tmp_path)
    write_tif(folder / "图件/干旱.tif", draft.maps["typhoon_wind"][5])
    text = draft_manifest(folder)
    files = yaml.safe_load(text)["hazard"]["drought"]["files"]
    assert files == {"ASK: return period in years of 干旱.tif": "图件/干旱.tif"}
    (folder / "census.yml").write_text(text, encoding="utf-8")
    assert "hazard.drought.files" in {one.layer for one in examine(folder).findings}


def test_townships_are_told_from_zones_by_their_codes(draft: Draft, tmp_path: Path) -> None:
    folder = outsider(draft, tmp_path)
    towns = {f"{code}001000": shape for code, shape in SQUARES.items()}
    for file, field, shapes in (
        ("县界.gpkg", "区划码", SQUARES), ("乡镇界.gpkg", "乡镇码", towns)
    ):  # fmt: skip
        pyogrio.raw.write(
            folder / file, shapely.to_wkb(list(shapes.values())),
            [np.array(list(shapes), dtype=object), np.array(["甲镇", "乙镇"], dtype=object)],
            [field, "名称"], geometry_type="Polygon", crs="EPSG:4490",
        )  # fmt: skip
    content = yaml.safe_load(draft_manifest(folder))
    assert content["zones"] == {"file": "县界.gpkg", "code": "区划码"}
    assert content["townships"] == {"file": "乡镇界.gpkg", "code": "乡镇码", "name": "名称"}
    (folder / "县界.gpkg").unlink()  # townships alone are no zones of a table by county
    assert "zones" not in yaml.safe_load(draft_manifest(folder))


def test_open_questions_stop_the_import(draft: Draft, tmp_path: Path) -> None:
    folder = outsider(draft, tmp_path)
    (folder / "census.yml").write_text(draft_manifest(folder), encoding="utf-8")
    codes = {one.code for one in examine(folder).findings}
    assert codes == {"open_question"}
    places = {one.layer for one in examine(folder).findings}
    assert {"hazard.typhoon_wind.unit", "hazard.rain_flood.classes.direction"} <= places


def test_an_answered_draft_imports(draft: Draft, tmp_path: Path) -> None:
    folder = outsider(draft, tmp_path)
    write_manifest(folder, answered(draft_manifest(folder)))
    tree = load_census(folder)
    assert tree.attrs["perils"] == ["rain_flood", "typhoon_wind"]
    depth = tree["rain_flood"]["intensity"]
    assert sorted(np.unique(depth.sel(return_period=100.0).values).tolist()) == [0.0, 1.5]
    assert sorted(np.unique(depth.sel(return_period=10.0).values).tolist()) == [0.0, 0.5]
    totals = tree["exposure"]["total"]
    homes = totals.sel(exposure_class="房屋价值（亿元）").values
    assert homes == pytest.approx([12.5e8, 7.25e8])


def test_nothing_to_draft_from(tmp_path: Path) -> None:
    with pytest.raises(FoundError, match="nothing to draft from"):
        draft_manifest(tmp_path)


@pytest.mark.parametrize(
    ("name", "peril"),
    [
        ("山洪_rp010.tif", "flash_flood"),
        ("flash_flood_rp010.tif", "flash_flood"),
        ("洪水_rp010.tif", "rain_flood"),
        ("滑坡_100年一遇.tif", "landslide"),
        ("dem.tif", None),
    ],
)
def test_perils_by_name(name: str, peril: str | None) -> None:
    assert peril_in_name(name) == peril


def test_a_netcdf_says_its_unit_and_keeps_its_nodata(draft: Draft, tmp_path: Path) -> None:
    folder = outsider(draft, tmp_path)
    for t in (20, 100):
        values = np.where(draft.maps["typhoon_wind"][5] > 18.0, np.nan, 0.1)
        data = xr.Dataset({"snow": (("lat", "lon"), values, {"units": "cm"})})
        data.to_netcdf(folder / f"雪灾_{t}年一遇.nc")
    layer = yaml.safe_load(draft_manifest(folder))["hazard"]["cold_snow"]
    assert layer["unit"] == "cm"
    assert layer["nodata_means"].startswith("ASK")
