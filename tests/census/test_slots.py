"""Eleven slots and nine perils, each in both languages, and what is missing from a census."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
import xarray as xr

from riskmodel.census.manifest import read_manifest
from riskmodel.census.read import examine, load_census
from riskmodel.census.slots import completeness, slot_overview, tidy
from riskmodel.census.storage import import_census, open_census
from riskmodel.census.units import perils, slots
from riskmodel.core.messages import has_message
from tests.census.conftest import Draft


def test_there_are_eleven_slots_and_nine_perils() -> None:
    assert len(slots()) == 11
    assert len(perils()) == 9
    for peril, about in perils().items():
        assert has_message(f"peril.{peril}")
        assert next(iter(about["units"].values())) == 1.0  # the kept unit
        assert about["range"][0] == 0.0 < about["range"][1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_missing_slot_says_what_it_disables(language: str, draft: Draft, tmp_path: Path) -> None:
    classes = draft.manifest["exposure"]["classes"]
    classes["population"] = classes.pop("people")
    draft.manifest["exposure"]["columns"] = {"population": "people"}
    draft.manifest["slots"] = {"historical_disasters": {"workbook": "exposure.xlsx"}}
    folder = draft.write(tmp_path)
    table = completeness(read_manifest(folder), language).set_index("slot")  # type: ignore[arg-type]
    present = set(table.index[table["present"]])
    assert present == {"hazards", "population", "industry_gdp", "historical_disasters"}
    assert table.loc["houses", "disabled"]
    assert table.loc["industry_gdp", ["layers", "missing"]].tolist() == [
        "gdp",
        "commercial, industrial",
    ]
    words = {"zh": "商业损失; 工业损失", "en": "losses of trade; losses of industry"}
    assert table.loc["industry_gdp", "disabled"] == words[language]
    assert words["en" if language == "zh" else "zh"] not in table["disabled"].tolist()
    lacking = table.loc["hazards", "missing"].split(", ")
    assert sorted([*lacking, "typhoon_wind", "rain_flood"]) == sorted(perils())
    missing = {one.layer for one in examine(folder).findings if one.code == "slot_missing"}
    assert missing == set(slots()) - present


def dangers(folder: Path) -> None:
    """Points of danger in a projection, GB18030, with codes of villages."""
    points = [shapely.Point(500_000.0, 3_100_000.0), shapely.Point(510_000.0, 3_100_000.0)]
    fields = {
        "村码": np.array(["990001001001", "880002001001"], dtype=object),
        "类型": np.array(["滑坡", "泥石流"], dtype=object),
        "户数": np.array([12, 7]),
    }
    pyogrio.raw.write(
        folder / "隐患点.shp",
        shapely.to_wkb(np.array(points, dtype=object)),
        list(fields.values()),
        list(fields),
        geometry_type="Point",
        crs="EPSG:4549",
        encoding="GB18030",
    )


def history(folder: Path) -> None:
    """A title, a header of two rows, a unit in brackets, a total row, and an empty cell."""
    book = openpyxl.Workbook()
    for row in (
        ["历史灾害"],
        ["区划代码", "灾害", "损失", None],
        [None, None, "直接（万元）", "死亡/失踪"],
        ["990001000000", "台风", 1250.5, 3],
        ["990001000000", "洪水", None, 0],
        ["990002000000", "台风", 80, 1],
        ["合计", None, 1330.5, 4],
    ):
        book.active.append(row)
    for block in ("A1:D1", "A2:A3", "B2:B3", "C2:D2"):
        book.active.merge_cells(block)
    book.save(folder / "历史.xlsx")


def with_tables(draft: Draft, folder: Path) -> Path:
    dangers(folder)
    history(folder)
    draft.manifest["slots"] = {
        "hidden_dangers": {"workbook": "隐患点.shp", "encoding": "gb18030"},
        "historical_disasters": {"workbook": "历史.xlsx", "header_row": 2, "header_rows": 2},
    }
    return draft.write(folder)


def test_tables_of_slots_are_nodes_with_codes(draft: Draft, tmp_path: Path) -> None:
    tree = load_census(with_tables(draft, tmp_path))
    past = tree["slots/historical_disasters"].to_dataset()
    assert past["code"].values.tolist() == ["990001", "990001", "990002"]
    loss = past["损失_直接（万元）"]
    assert loss.dtype == np.float64
    np.testing.assert_equal(loss.values, [1250.5, np.nan, 80.0])
    assert (loss.attrs["long_name"], loss.attrs["units"]) == ("损失/直接（万元）", "万元")
    assert past["灾害"].values.tolist() == ["台风", "洪水", "台风"]
    assert past.attrs["rows_without_code"] == 1
    points = tree["slots/hidden_dangers"].to_dataset()
    assert points["code"].values.tolist() == ["990001001001", "880002001001"]
    assert points["户数"].values.tolist() == [12.0, 7.0]
    assert points["longitude"].values == pytest.approx([120.0, 120.1], abs=2e-3)
    assert points.attrs["status"] == "synthetic"


def test_odd_codes_are_warned_of_and_kept(draft: Draft, tmp_path: Path) -> None:
    found = {f.code: f for f in examine(with_tables(draft, tmp_path)).findings}
    one = found["slot_code_unknown"]
    assert (one.severity, one.file, one.found) == ("warning", "隐患点.shp", ["880002001001"])


def test_an_overview_has_a_row_a_table(draft: Draft, tmp_path: Path) -> None:
    table = slot_overview(load_census(with_tables(draft, tmp_path))).set_index("slot")
    assert table.loc["historical_disasters", ["rows", "zones"]].tolist() == [3, 2]
    assert table.loc["historical_disasters", "columns"] == "灾害, 损失/直接（万元）, 损失/死亡/失踪"
    assert table.loc["hidden_dangers", "file"] == "隐患点.shp"
    assert slot_overview(xr.DataTree()).empty


def test_slots_are_kept_in_the_file(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tree = import_census(with_tables(draft, tmp_path / "in"), tmp_path / "c.nc")
    with open_census(tmp_path / "c.nc") as kept:
        for slot in ("hidden_dangers", "historical_disasters"):
            one, other = (t[f"slots/{slot}"].to_dataset() for t in (kept, tree))
            xr.testing.assert_equal(one, other)
        assert "历史灾害" not in kept._repr_html_()
        assert "historical_disasters" in kept._repr_html_()


def test_a_table_without_codes_is_noted(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_text("预案,年份\n防台风,2021\n", encoding="gb18030")
    table = {"workbook": "plans.csv", "encoding": "gb18030"}
    draft.manifest["slots"] = {"capacity_government": table}
    folder = draft.write(tmp_path)
    assert "slot_without_codes" in {f.code for f in examine(folder).findings}
    node = load_census(folder)["slots/capacity_government"].to_dataset()
    assert node["code"].values.tolist() == [""]
    assert node["年份"].values.tolist() == [2021.0]


def test_a_column_with_one_text_stays_text() -> None:
    frame = pd.DataFrame({"code": ["330302", "330303"], "n": ["12", "约 5"]}, dtype=object)
    assert tidy(frame, "code")["n"].values.tolist() == ["12", "约 5"]
