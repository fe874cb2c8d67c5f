"""A census as an outsider holds it: drafted, its questions answered, imported, without any code.

Wind on 1 km cells in one projection, flood depth on 100 m cells in another with nodata where it is
dry, boundaries as a zipped shapefile in a third with GBK text and no .cpg, a statistical table with
title, unit, merged header, numbered columns and a total, danger points in a file geodatabase, past
disasters as CSV in GBK.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import rasterio
import shapely
import yaml
from pyproj import Transformer
from rasterio import Affine

from riskmodel.census.draft import draft_manifest
from riskmodel.census.read import load_census
from riskmodel.census.storage import open_census
from riskmodel.core.files import sha256
from riskmodel.run import cli

GRID, FINE, BOUNDARIES, POINTS = "EPSG:4528", "EPSG:4549", "EPSG:3857", "EPSG:4490"
WEST, NORTH, SIZE, ROWS, COLUMNS = 40_555_000.0, 3_080_000.0, 1000.0, 10, 12
COUNTIES = {
    "330381": shapely.box(40_556_200, 3_071_000, 40_561_000, 3_079_500),
    "330326": shapely.box(40_561_000, 3_071_000, 40_566_300, 3_079_500),
}


def moved(shape: Any, source: str, target: str) -> Any:
    change = Transformer.from_crs(source, target, always_xy=True)
    return shapely.transform(shape, lambda p: np.stack(change.transform(*p.T), axis=-1))


def raster(path: Path, values: np.ndarray, crs: str, place: Affine, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": crs, "transform": place}
    shape = {"height": values.shape[0], "width": values.shape[1]}
    with rasterio.open(path, "w", **profile, **shape, **more) as target:
        target.write(values.astype(np.float32), 1)


def maps(folder: Path) -> None:
    coarse = Affine(SIZE, 0, WEST, 0, -SIZE, NORTH)
    east = np.tile(np.arange(COLUMNS, dtype=float), (ROWS, 1))
    for t in (10, 50, 100):
        name = f"台风大风/台风大风_{t}年一遇.tif"
        raster(folder / name, 20.0 + east + 3.0 * np.log(t), GRID, coarse, nodata=-9999.0)
    raster(folder / "底图/建筑面积.tif", 1.0 + east, GRID, coarse, nodata=-9999.0)
    area = shapely.box(WEST, NORTH - ROWS * SIZE, WEST + COLUMNS * SIZE, NORTH)
    low_x, low_y, high_x, high_y = moved(area.segmentize(500.0), GRID, FINE).buffer(300).bounds
    shape = (int((high_y - low_y) / 100) + 1, int((high_x - low_x) / 100) + 1)
    fine = Affine(100.0, 0, low_x, 0, -100.0, high_y)
    random = np.random.default_rng(5)
    deep = np.where(random.random(shape) < 0.3, random.uniform(20.0, 150.0, shape), -9999.0)
    for t, part in ((20, 0.6), (100, 1.0)):
        values = np.where(deep > 0, part * deep, -9999.0)
        raster(folder / f"暴雨洪涝/flood_rp{t:03d}.tif", values, FINE, fine, nodata=-9999.0)


def boundaries(folder: Path) -> None:
    parts = folder / "边界" / "parts"
    parts.mkdir(parents=True)
    shapes = [moved(s.segmentize(200.0), GRID, BOUNDARIES) for s in COUNTIES.values()]
    fields = {"XZQDM": [*COUNTIES], "XZQMC": ["瑞安市", "平阳县"]}
    pyogrio.raw.write(
        parts / "区县界.shp", shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.array(values, dtype=object) for values in fields.values()], list(fields),
        geometry_type="Polygon", crs=BOUNDARIES, encoding="GB18030",
    )  # fmt: skip
    with zipfile.ZipFile(folder / "边界" / "区县界.zip", "w") as archive:
        for part in sorted(parts.iterdir()):
            if part.suffix != ".cpg":
                archive.write(part, f"区县界/{part.name}")
    shutil.rmtree(parts)


def statistics(folder: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["填表说明：本表由各县填报"])
    sheet = book.create_sheet("承灾体")
    for row in (
        ["附表3  承灾体价值统计表"],
        [None, None, None, None, None, None, "单位：万元"],
        ["序号", "行政区划代码", "行政区划名称", "房屋价值", None, "人口（人）", "地区生产总值"],
        [None, None, None, "城镇", "农村", None, None],
        ["甲", "乙", "丙", 1, 2, 3, 4],
        [1, "330381000000", "瑞安市", 5_000_000, 1_250_000, 1_520_046, 11_490_000],
        [2, "330326000000", "平阳县", 2_500_000, 750_000, 863_166, 6_530_500],
        [None, "合计", None, 7_500_000, 2_000_000, 2_383_212, 18_020_500],
    ):
        sheet.append(row)
    for block in ("A1:G1", "A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:F4", "G3:G4"):
        sheet.merge_cells(block)
    (folder / "统计").mkdir()
    book.save(folder / "统计" / "承灾体价值.xlsx")
    lines = ["区划代码,年份,灾种,直接损失（万元）", "330381,2006,台风,125000", "330326,2006,台风,"]
    (folder / "统计" / "历史灾害.csv").write_bytes("\r\n".join(lines).encode("gbk"))


def dangers(folder: Path) -> None:
    where = Transformer.from_crs(GRID, POINTS, always_xy=True).transform
    points = [shapely.Point(*where(WEST + 3000.0 * n, NORTH - 4000.0)) for n in (1, 2, 3)]
    fields = {
        "代码": np.array(["330381001001", "330381001002", "330326100001"], dtype=object),
        "威胁人数": np.array([12, 40, 7]),
    }
    pyogrio.raw.write(
        folder / "隐患点.gdb", shapely.to_wkb(np.array(points, dtype=object)),
        list(fields.values()), list(fields), geometry_type="Point", crs=POINTS,
        driver="OpenFileGDB",
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "普查成果"
    place.mkdir()
    for write in (maps, boundaries, statistics, dangers):
        write(place)
    return place


ANSWERS: dict[str, object] = {
    "status": "synthetic",
    "source": "an outsider",
    "currency": "CNY",
    "price_year": 2020,
    "valuation_basis": "replacement_cost",
    "return_period_basis": "annual_probability",
    "hazard.typhoon_wind.unit": "m/s",
    "hazard.rain_flood.unit": "cm",
    "hazard.rain_flood.fine.spread": "by_area",
    "hazard.rain_flood.fine.nodata_means": "dry",
    "exposure.classes.房屋价值/城镇.unit": "万元",
    "exposure.classes.房屋价值/城镇.weight": "底图/建筑面积.tif",
    "exposure.classes.房屋价值/农村.unit": "万元",
    "exposure.classes.房屋价值/农村.weight": "by_area",
    "exposure.classes.人口（人）.weight": "底图/建筑面积.tif",
    "exposure.gdp.unit": "万元",
    "exposure.gdp.year": 2020,
}


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> object:
    monkeypatch.setattr(sys, "argv", ["riskmodel", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


def open_questions(content: object, key: str = "") -> list[str]:
    if isinstance(content, dict):
        inside = [open_questions(v, f"{key}.{k}" if key else str(k)) for k, v in content.items()]
        return [one for part in inside for one in part]
    return [key] if str(content).startswith("ASK") else []


def answered(text: str) -> dict[str, Any]:
    """The draft with each open question answered, and nothing else touched."""
    content = yaml.safe_load(text)
    assert sorted(open_questions(content)) == sorted(ANSWERS)
    for key, answer in ANSWERS.items():
        *path, last = key.split(".")
        part = content
        for name in path:
            part = part[name]
        part[last] = answer
    return content


def test_an_outsiders_census_imports_without_code(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {p: sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    assert call(monkeypatch, "check", folder, "--draft", tmp_path / "draft.yml") == 1
    assert "manifest_missing" in capsys.readouterr().out
    content = answered((tmp_path / "draft.yml").read_text(encoding="utf-8"))
    (folder / "census.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    assert call(monkeypatch, "check", folder, "--html", tmp_path / "page.html") == 0
    told = capsys.readouterr().out
    assert "error" not in told.replace("0 errors", "")
    assert call(monkeypatch, "import", folder, "--to", tmp_path / "census.nc") == 0
    assert {p: sha256(p) for p in before} == before
    with open_census(tmp_path / "census.nc") as census:
        check_what_it_holds(census)


def check_what_it_holds(census: Any) -> None:
    assert sorted(census.attrs["perils"]) == ["rain_flood", "typhoon_wind"]
    zones, exposure = census["zones"].to_dataset(), census["exposure"].to_dataset()
    assert zones["zone"].values.tolist() == [*COUNTIES]
    assert zones["name_zh"].values.tolist() == ["瑞安市", "平阳县"]
    total = exposure["total"].to_pandas()
    assert total["房屋价值/城镇"].tolist() == [5e10, 2.5e10]
    assert total["房屋价值/农村"].tolist() == [1.25e10, 7.5e9]
    assert total["人口（人）"].tolist() == [1_520_046.0, 863_166.0]
    assert exposure["gdp"].values.tolist() == [1.149e11, 6.5305e10]
    homes = exposure["value"].sel(exposure_class="房屋价值/城镇").values
    by_zone = np.bincount(zones["entry_zone"].values, homes)
    assert by_zone == pytest.approx([5e10, 2.5e10], rel=1e-9)
    depth = census["fine/rain_flood"].to_dataset()["intensity"]
    assert depth.sizes["return_period"] == 2
    assert 0.0 < float(depth.where(depth > 0).min()) < float(depth.max()) <= 1.5
    cells = census["fine"].to_dataset(inherit=False)
    assert np.bincount(cells["parent"], cells["share"]) == pytest.approx(1.0)
    wet = depth.sel(return_period=100.0).values > 0
    assert cells["share"].values[wet].sum() / zones.sizes["cell"] == pytest.approx(0.3, abs=0.02)
    past = census["slots/historical_disasters"].to_dataset()
    np.testing.assert_equal(past["直接损失（万元）"].values, [125000.0, np.nan])
    points = census["slots/hidden_dangers"].to_dataset()
    assert points["code"].values.tolist()[0] == "330381001001"
    assert points["威胁人数"].values.tolist() == [12.0, 40.0, 7.0]


def townships(folder: Path) -> None:
    """Townships and villages as layers of one GeoPackage, values as CSV, maps from the south up.

    Codes have nine digits and numbers thousands separators; there are no names in English, no GDP
    and no weights, and villages carry their depths as columns.
    """
    west, east = (shapely.box(x, 27.52, x + 0.04, 27.58) for x in (120.52, 120.56))
    pieces = [shapely.box(x, 27.52, x + 0.02, 27.58) for x in (120.52, 120.54, 120.56, 120.58)]
    layers = {
        "乡镇": ([west, east], {"乡镇码": ["330381101", "330381102"]}),
        "村_洪涝": (pieces, {"村码": [f"33038110{n}{m}" for n in (1, 2) for m in ("201", "202")]}),
    }
    depth = {"水深_10": [0.0, 0.2, 0.0, 0.0], "水深_100": [0.5, 1.2, 0.0, 0.9]}
    for name, (shapes, fields) in layers.items():
        columns = {n: np.array(v, dtype=object) for n, v in fields.items()}
        if name != "乡镇":
            columns |= {n: np.array(v) for n, v in depth.items()}
        pyogrio.raw.write(
            folder / "洪涝与区划.gpkg", shapely.to_wkb(np.array(shapes, dtype=object)),
            list(columns.values()), list(columns), geometry_type="Polygon", crs="EPSG:4326",
            layer=name, append=(folder / "洪涝与区划.gpkg").exists(),
        )  # fmt: skip
    south = Affine(0.01, 0, 120.5, 0, 0.01, 27.5)
    for t in (10, 100):
        values = np.tile(20.0 + np.arange(10)[:, None] + np.log(t), (1, 12))
        raster(folder / f"wind_T{t}.tif", values, "EPSG:4490", south, nodata=-9999.0)
    lines = ["街道代码,名称,房屋（万元）", '330381101,甲镇,"1,250,000"', "330381102,乙镇,80000"]
    lines.append('合计,,"1,330,000"')
    (folder / "房屋.csv").write_bytes("\n".join(lines).encode("gb18030"))
    people = ["街道代码,常住人口（万人）", "330381101,3.5", "330381102,1.25", "330381103,9"]
    (folder / "人口.csv").write_text("\n".join(people), encoding="utf-8-sig")


def test_townships_villages_and_maps_from_the_south(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    townships(folder)
    content = yaml.safe_load(draft_manifest(folder))
    flood = content["hazard"]["rain_flood"]["fine"]
    assert flood["polygons"]["columns"] == {10: "水深_10", 100: "水深_100"}
    assert content["zones"] == {
        "file": "洪涝与区划.gpkg", "layer": "乡镇", "code": "乡镇码",
    }  # fmt: skip
    homes, people = "房屋（万元）", "常住人口（万人）"
    classes = content["exposure"]["classes"]
    assert open_questions(classes) == [f"{name}.weight" for name in (homes, people)]
    classes[homes]["weight"] = classes[people]["weight"] = flood["spread"] = "by_area"
    content["hazard"]["rain_flood"]["unit"] = flood["unit"] = "m"
    content["hazard"]["typhoon_wind"]["unit"] = "m s-1"
    given = ("status", "source", "currency", "price_year", "valuation_basis", "return_period_basis")
    content |= {key: ANSWERS[key] for key in given}
    (folder / "census.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    tree = load_census(folder)
    total = tree["exposure"].to_dataset()["total"].to_pandas()
    assert total[homes].tolist() == [1.25e10, 8e8]
    assert total[people].tolist() == [35_000.0, 12_500.0]
    assert tree["zones"]["zone"].values.tolist() == ["330381101", "330381102"]
    wind = tree["typhoon_wind"].to_dataset()
    assert wind["y"].values[0] > wind["y"].values[-1]
    assert float(wind["intensity"].values[0, 0, 0]) == pytest.approx(29.0 + np.log(10))
    cells, water = (tree[n].to_dataset(inherit=False) for n in ("fine", "fine/rain_flood"))
    deepest = water["intensity"].sel(return_period=100.0).values
    zones = tree["zones"].to_dataset()
    column = zones["column"].values[cells["parent"].values]  # of 0.01 degrees, from 120.50 on
    for number, expected in {2: 0.5, 4: 1.2, 6: 0.0, 9: 0.9}.items():
        assert deepest[column == number] == pytest.approx(expected)


def test_the_draft_names_what_it_does_not_use(folder: Path) -> None:
    (folder / "旧表.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    first = [line for line in draft_manifest(folder).splitlines() if line.startswith("# Not used")]
    assert first == ["# Not used: 旧表.xls"]
