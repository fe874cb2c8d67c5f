"""Another outsider's census, in the formats that the first lacks, read back value by value.

Wind packed into whole numbers, surge as Zarr (stored from the south, in 厘米), shaking as NetCDF in
g, slides as classes without return periods, boundaries in a file geodatabase of another projection,
townships as a zipped shapefile in GBK without .cpg, a CSV with 12-digit codes and thousands in
quotes, a workbook whose codes are numbers, weights twice as fine as the grid. Truth is computed
here with numpy and shapely from what was written, not with the readers or the zones of the package.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
import yaml
from pyproj import CRS, Transformer
from rasterio import Affine

from riskmodel.census.storage import open_census
from riskmodel.core.files import sha256
from tests.run.test_outsider import call, open_questions

WEST, NORTH, SIZE, ROWS, COLUMNS = 120.30, 28.60, 1 / 60, 24, 30
Y, X = NORTH - SIZE * (np.arange(ROWS) + 0.5), WEST + SIZE * (np.arange(COLUMNS) + 0.5)
GRID = Affine(SIZE, 0, WEST, 0, -SIZE, NORTH)
ZONES = {
    "330324": shapely.box(120.325, 28.225, 120.531, 28.58),
    "330382": shapely.box(120.531, 28.225, 120.777, 28.58),
}
PEOPLE = {"330324": 869_548.0, "330382": 1_453_090.0}
HOMES = {"330324": 310.5e8, "330382": 820.0e8}
CHANCE = {1: 0.05, 2: 0.02, 3: 0.01}
SLIDE = {1: 0.4, 2: 0.3, 3: 0.2}
RANDOM = np.random.default_rng(2026)
WIND = {t: np.rint((80 + 30 * RANDOM.random((ROWS, COLUMNS)) + 99) * 10) for t in (10, 50)}
WIND[50] = WIND[10] + 150
DEEP = np.clip(RANDOM.normal(0, 60, (ROWS, COLUMNS)), 0, None).astype("float32")
SHAKE = 0.02 + 0.03 * RANDOM.random((ROWS, COLUMNS))
CLASSES = RANDOM.integers(1, 4, (ROWS, COLUMNS))
LIGHT = RANDOM.uniform(0.0, 3.0, (2 * ROWS, 2 * COLUMNS)).astype("float32")


def moved(shape: Any, target: str) -> Any:
    change = Transformer.from_crs("EPSG:4490", target, always_xy=True)
    return shapely.transform(
        shape.segmentize(0.004), lambda p: np.stack(change.transform(*p.T), axis=-1)
    )


def raster(path: Path, values: np.ndarray, dtype: str, place: Affine = GRID, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unit, scale = more.pop("unit", None), more.pop("scale", 1.0)
    profile = {"driver": "GTiff", "count": 1, "dtype": dtype, "crs": "EPSG:4490"} | more
    shape = {"height": values.shape[0], "width": values.shape[1], "transform": place}
    with rasterio.open(path, "w", **profile, **shape) as target:
        target.write(values.astype(dtype), 1)
        target.scales = (scale,)
        if unit:
            target.units = (unit,)


def arrays(values: np.ndarray, unit: str, names: tuple[str, str], step: int) -> xr.Dataset:
    attrs = {"units": unit, "grid_mapping": "crs"}
    data = {"value": (names, values[::step], attrs), "crs": ((), 0, CRS.from_epsg(4490).to_cf())}
    return xr.Dataset(data, {names[0]: Y[::step], names[1]: X})


def maps(folder: Path) -> None:
    for t, values in WIND.items():
        name, packed = f"台风/台风大风_{t}年一遇.tif", {"scale": 0.1, "unit": "公里/小时"}
        raster(folder / name, values, "int16", nodata=-32768, **packed)
    for t in (20, 100):
        surge = arrays(DEEP * t / 100, "厘米", ("lat", "lon"), -1)
        surge.to_zarr(folder / f"风暴潮_{t}年一遇.zarr", consolidated=False)
    for t, part in ((50, 0.2), (475, 1.0)):
        arrays(SHAKE * part, "g", ("y", "x"), 1).to_netcdf(folder / f"地震动_rp{t}.nc")
    raster(folder / "地质灾害危险性等级.tif", CLASSES, "uint8", nodata=255)
    half = Affine(SIZE / 2, 0, WEST, 0, -SIZE / 2, NORTH)
    raster(folder / "夜光.tif", LIGHT, "float32", half)


def features(path: Path, shapes: list[Any], fields: dict[str, list[str]], **how: Any) -> None:
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.array(values, dtype=object) for values in fields.values()], list(fields), **how,
    )  # fmt: skip


def boundaries(folder: Path) -> None:
    shapes = [shapely.MultiPolygon([moved(s, "EPSG:3857")]) for s in ZONES.values()]
    fields = {"PAC": [f"{code}000000" for code in ZONES], "NAME": ["永嘉县", "乐清市"]}
    how = {"driver": "OpenFileGDB", "geometry_type": "MultiPolygon", "layer": "XZQ"}
    features(folder / "行政区划.gdb", shapes, fields, crs="EPSG:3857", **how)
    (folder / "parts").mkdir()
    towns = {"代码": [f"{code}001" for code in ZONES], "名称": ["甲街道", "乙镇"]}
    how = {"geometry_type": "Polygon", "crs": "EPSG:4549", "encoding": "GB18030"}
    shapes = [moved(s, "EPSG:4549") for s in ZONES.values()]
    features(folder / "parts" / "乡镇界.shp", shapes, towns, **how)
    with zipfile.ZipFile(folder / "乡镇界.zip", "w") as archive:
        for part in (folder / "parts").iterdir():
            if part.suffix != ".cpg":
                archive.write(part, part.name)
    shutil.rmtree(folder / "parts")


def tables(folder: Path) -> None:
    lines = [
        "行政区划代码,名称,常住人口（万人）,户数（户）,地区生产总值（亿元）",
        '330324000000,永嘉县,86.9548,"298,311",520.4',
        '330382000000,乐清市,145.3090,"501,200",1457.6',
        '合计,,232.2638,"799,511",1978.0',
    ]
    (folder / "人口经济.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    book = openpyxl.Workbook()
    for row in (
        ["附表 房屋建筑价值"],
        ["行政区划代码", "县（市、区）", "住宅（亿元）", None],
        [None, None, "钢混", "砖混"],
        [330324000000, "永嘉县", 310.5, 120.25],
        [330382000000, "乐清市", 820.0, 260.75],
        ["合计", None, 1130.5, 381.0],
    ):
        book.active.append(row)
    for block in ("A1:D1", "A2:A3", "B2:B3", "C2:D2"):
        book.active.merge_cells(block)
    book.save(folder / "房屋价值.xlsx")


def answer(key: str) -> object:
    """Answer an open question of the draft; one that is not expected stops the test."""
    last = key.rpartition(".")[2]
    if key.startswith("class_maps.landslide.intensity"):
        return SLIDE[int(last)]
    if key.startswith("class_maps.landslide.annual_probability"):
        return CHANCE[int(last)]
    if last == "weight":
        return "by_area" if "户" in key else "夜光.tif"
    return {
        "status": "synthetic", "source": "an outsider", "currency": "CNY", "price_year": 2022,
        "valuation_basis": "replacement_cost", "return_period_basis": "annual_probability",
        "class_maps.landslide.direction": "1_is_highest", "class_maps.landslide.source": "made up",
        "exposure.gdp.year": 2022,
    }[key]  # fmt: skip


def answered(content: dict[str, Any]) -> dict[str, Any]:
    for key in open_questions(content):
        *path, last = key.split(".")
        part: dict[Any, Any] = content
        for name in path:
            part = part[name]
        part[int(last) if last.isdigit() else last] = answer(key)
    return content


@pytest.fixture
def census(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> xr.DataTree:
    folder = tmp_path / "乙市普查成果"
    folder.mkdir()
    for write in (maps, boundaries, tables):
        write(folder)
    before = {p: sha256(p) for p in folder.rglob("*") if p.is_file()}
    assert call(monkeypatch, "check", folder, "--draft", tmp_path / "draft.yml") == 1
    text = (tmp_path / "draft.yml").read_text(encoding="utf-8")
    assert "&id" not in text  # no anchors of YAML: readers know them not
    content = answered(yaml.safe_load(text))
    (folder / "census.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    assert call(monkeypatch, "check", folder) == 0
    assert "0 errors" in capsys.readouterr().out
    assert call(monkeypatch, "import", folder, "--to", tmp_path / "census.nc") == 0
    assert {p: sha256(p) for p in before} == before
    return open_census(tmp_path / "census.nc").load()


def parts_of(zone: Any, weight: np.ndarray) -> np.ndarray:
    """Weight times the part of each cell in a zone, by cos of latitude; sums to one."""
    boxes = shapely.box(
        *np.meshgrid(X - SIZE / 2, Y - SIZE / 2), *np.meshgrid(X + SIZE / 2, Y + SIZE / 2)
    )
    area = shapely.area(shapely.intersection(boxes, zone)) * np.cos(np.radians(Y))[:, None]
    return weight * area / (weight * area).sum()


def test_every_value_of_the_outsider_is_read_back(census: xr.DataTree) -> None:
    wind, surge = census["typhoon_wind"], census["storm_surge"]
    assert (wind.attrs["units"], surge.attrs["units"]) == ("m s-1", "m")
    for t, values in WIND.items():
        found = wind["intensity"].sel(return_period=t).values
        np.testing.assert_allclose(found, values / 10 / 3.6, rtol=2e-7)
    for t in (20, 100):  # stored from the south; rows of a census run from the north
        found = surge["intensity"].sel(return_period=t).values
        np.testing.assert_allclose(found, DEEP * t / 100 / 100, rtol=2e-7)
    shaking = census["earthquake"]["intensity"].sel(return_period=475).values
    np.testing.assert_allclose(shaking, SHAKE * 9.80665, rtol=2e-7)
    slides = census["landslide"]["intensity"]
    for period in slides["return_period"].values:
        expected = np.zeros(CLASSES.shape)
        for number, chance in CHANCE.items():
            if period >= 1 / chance - 1e-9:
                expected[number == CLASSES] = SLIDE[number]
        np.testing.assert_allclose(slides.sel(return_period=period), expected, rtol=2e-7)


def test_exposure_of_the_outsider_adds_up_and_stands_where_the_light_is(
    census: xr.DataTree,
) -> None:
    zones, exposure = census["zones"].to_dataset(), census["exposure"].to_dataset()
    assert zones["name_zh"].values.tolist() == ["永嘉县", "乐清市"]
    assert exposure["gdp"].values.tolist() == pytest.approx([520.4e8, 1457.6e8])
    flat = zones["row"].values * COLUMNS + zones["column"].values
    light = LIGHT.astype(float).reshape(ROWS, 2, COLUMNS, 2).sum(axis=(1, 3))
    for name, totals in (("常住人口（万人）", PEOPLE), ("住宅（亿元）/钢混", HOMES)):
        value = exposure["value"].sel(exposure_class=name).values
        for number, (code, zone) in enumerate(ZONES.items()):
            own = zones["entry_zone"].values == number
            cells = np.bincount(flat[zones["entry_cell"].values[own]], value[own], ROWS * COLUMNS)
            assert cells.sum() == pytest.approx(totals[code], rel=1e-9)
            expected = totals[code] * parts_of(zone, light).ravel()
            np.testing.assert_allclose(cells, expected, atol=1e-7 * expected.max())
