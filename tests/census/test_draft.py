"""A manifest drafted from a folder imports once its questions are answered, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import yaml

from riskmodel.census.draft import draft_manifest
from riskmodel.census.draft_maps import peril_in_name
from riskmodel.census.finding import FoundError
from riskmodel.census.read import examine, load_census
from tests.census.conftest import Draft, write_tif


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
