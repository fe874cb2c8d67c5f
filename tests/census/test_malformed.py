"""Malformed inputs: each is named by its code, with a remedy; none crashes, none is changed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
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
from pyproj import CRS
from rasterio import Affine

from riskmodel.census.finding import FoundError, errors_of
from riskmodel.census.read import examine, load_census
from riskmodel.core.files import sha256
from tests.census.conftest import COLUMNS, NORTH, ROWS, SIZE, SQUARES, WEST, Draft, write_tif

FLOOD = "hazard/rain_flood_100.tif"
GRID = Affine(SIZE, 0.0, WEST, 0.0, -SIZE, NORTH)
Spoil = Callable[[Path], object]


def profile(**changes: Any) -> Spoil:
    """Rewrite the 100-year flood map with another profile."""
    return lambda folder: write_tif(folder / FLOOD, flood(folder), **changes)


def flood(folder: Path) -> np.ndarray:
    with rasterio.open(folder / FLOOD) as source:
        return source.read(1)


def values(change: Callable[[np.ndarray], Any], **changes: Any) -> Spoil:
    """Change the numbers of the 100-year flood map."""

    def spoil(folder: Path) -> None:
        band = flood(folder).astype(float)
        new = change(band)
        write_tif(folder / FLOOD, band if new is None else new, **changes)

    return spoil


def put(value: float, at: Any = (1, 2)) -> Callable[[np.ndarray], None]:
    return lambda band: band.__setitem__(at, value)


def manifest(change: Callable[[dict], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "census.yml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    return spoil


def sheet(change: Callable[[Any], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        book = openpyxl.load_workbook(folder / "exposure.xlsx")
        change(book["totals"])
        book.save(folder / "exposure.xlsx")

    return spoil


def truncated(name: str, part: float) -> Spoil:
    def spoil(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(part * len(whole))])

    return spoil


def huge(folder: Path) -> None:
    """A sparse file whose header claims a hundred gigabytes."""
    (folder / FLOOD).unlink()
    shape = {"height": 160_000, "width": 160_000, "tiled": True, "sparse_ok": True}
    given = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:4490"}
    with rasterio.open(folder / FLOOD, "w", transform=GRID, BIGTIFF="YES", **given, **shape):
        pass


def csv_table(content: bytes, **keys: object) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "exposure.csv").write_bytes(content)
        keep = {"workbook": "exposure.csv", "sheet": None, **keys}
        manifest(lambda m: m["exposure"].update(keep))(folder)

    return spoil


TABLE = """code,name_zh,name_en,homes,people,gdp
990001,甲县,Jia,12.5,100003,30.25
990002,乙县,Yi,7.25,77777,20.5
"""


def zones(
    spoil_after: Spoil = lambda _: None,
    *,
    crs: str | None = "EPSG:4490",
    codes: tuple[object, ...] = tuple(SQUARES),
    shapes: list[Any] | None = None,
    encoding: str = "GB18030",
    **keys: object,
) -> Spoil:
    """Write the squares as a shapefile of the census's own, and spoil it."""

    def spoil(folder: Path) -> None:
        wkb = shapely.to_wkb(np.array(shapes or list(SQUARES.values()), dtype=object))
        fields = [np.array(codes, dtype=object), np.array(["甲县", "乙县"], dtype=object)]
        pyogrio.raw.write(
            folder / "zones.shp", wkb, fields, ["PAC", "名称"], geometry_type="Unknown"
            if shapes and shapes[1] is None else "Polygon", crs=crs, encoding=encoding,
        )  # fmt: skip
        given = {"file": "zones.shp", "code": "PAC", "encoding": "gb18030", **keys}
        manifest(lambda m: m.update(zones=given))(folder)
        spoil_after(folder)

    return spoil


def zipped(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        with zipfile.ZipFile(folder / "zones.zip", "w") as archive:
            for path in sorted(folder.glob("zones.*")):
                if path.suffix != ".zip":
                    archive.write(path, name.format(path.name))
        manifest(lambda m: m["zones"].update(file="zones.zip"))(folder)

    return spoil


def netcdf(change: Callable[[xr.Dataset], xr.Dataset], name: str = "100.nc") -> Spoil:
    def spoil(folder: Path) -> None:
        x = WEST + SIZE * (np.arange(COLUMNS) + 0.5)
        y = NORTH - SIZE * (np.arange(ROWS) + 0.5)
        data = xr.Dataset({"depth": (("lat", "lon"), flood(folder))}, {"lat": y, "lon": x})
        change(data).to_netcdf(folder / "hazard" / name)
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({100: f"hazard/{name}"}))(
            folder
        )

    return spoil


def layer(**changes: object) -> Spoil:
    return manifest(lambda m: m["hazard"]["rain_flood"].update(changes))


def both(*spoils: Spoil) -> Spoil:
    return lambda folder: [spoil(folder) for spoil in spoils]


def swapped(m: dict) -> None:
    files = m["hazard"]["typhoon_wind"]["files"]
    files[50], files[200] = files[200], files[50]


def complex_map(folder: Path) -> None:
    given = {"driver": "GTiff", "count": 1, "dtype": "complex64", "crs": "EPSG:4490"}
    shape = {"height": ROWS, "width": COLUMNS, "transform": GRID}
    band = flood(folder).astype(np.complex64)
    with rasterio.open(folder / FLOOD, "w", **given, **shape) as target:
        target.write(band, 1)


def locked(folder: Path) -> None:
    """Set the bit of each part of an archive that says it needs a password."""
    content = bytearray((folder / "zones.zip").read_bytes())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.find(mark)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(mark, start + 4)
    (folder / "zones.zip").write_bytes(bytes(content))


HALVES = {
    "990001001": shapely.box(120.10, 27.60, 120.40, 28.40),
    "990001002": shapely.box(120.40, 27.60, 120.70, 28.40),
    "990002001": SQUARES["990002"],
}


def townships(shapes: dict[str, Any], **keys: str) -> Spoil:
    """Write a file of townships and name it in the manifest."""

    def spoil(folder: Path) -> None:
        text = np.array(list(shapes), dtype=object)
        pyogrio.raw.write(
            folder / "towns.gpkg", shapely.to_wkb(list(shapes.values())), [text, text],
            ["code", "name"], geometry_type="Polygon", crs="EPSG:4490",
        )  # fmt: skip
        given = {"file": "towns.gpkg", "code": "code", "name": "name", **keys}
        manifest(lambda m: m.update(townships=given))(folder)

    return spoil


def slot(content: str) -> Spoil:
    """Write a table of hidden dangers."""

    def spoil(folder: Path) -> None:
        (folder / "dangers.csv").write_text(content, encoding="utf-8")
        given = {"hidden_dangers": {"workbook": "dangers.csv"}}
        manifest(lambda m: m.update(slots=given))(folder)

    return spoil


CLASSES = {"unit": "class", "classes": {"direction": "1_is_lowest", "values": {0: 0.0, 1: 1.0}}}
BOWTIE = shapely.Polygon([(120.1, 27.6), (120.7, 28.4), (120.7, 27.6), (120.1, 28.4)])

MALFORMED: dict[str, tuple[Spoil, str]] = {
    # files
    "a truncated TIFF": (truncated(FLOOD, 0.6), "file_unreadable"),
    "a TIFF of zero bytes": (truncated(FLOOD, 0.0), "file_empty"),
    "a missing TIFF": (lambda f: (f / FLOOD).unlink(), "file_missing"),
    "a text named .tif": (lambda f: (f / FLOOD).write_text("map"), "file_unreadable"),
    "a claim of 100 gigabytes": (huge, "too_large"),
    "a raster that is not listed": (
        lambda f: write_tif(f / "hazard/rain_flood_rp020.tif", np.ones((2, 2))),
        "file_unlisted",
    ),
    # one map
    "two bands": (profile(count=2), "not_one_band"),
    "no CRS": (profile(crs=None), "crs_missing"),
    "mixed CRS": (profile(crs="EPSG:3857"), "crs_other"),
    "WGS 84 beside CGCS2000": (profile(crs="EPSG:4326"), "crs_other"),
    "axes swapped": (
        profile(transform=Affine(SIZE, 0, 27.5, 0, -SIZE, 121.5)), "axes_swapped",
    ),
    "metres under degrees": (
        profile(transform=Affine(25_000, 0, 500_000, 0, -25_000, 3_150_000)), "degrees_and_metres",
    ),
    "degrees under metres": (
        both(
            manifest(lambda m: m.update(crs="EPSG:4549")),
            *(
                (lambda f, n=n: write_tif(f / n, np.ones((ROWS, COLUMNS)), crs="EPSG:4549"))
                for n in (FLOOD,)
            ),
        ),
        "degrees_and_metres",
    ),
    "rotated": (profile(transform=Affine(SIZE, 0.01, WEST, 0.01, -SIZE, NORTH)), "rotated"),
    "one row only": (values(lambda b: b[:1]), "grid_too_small"),
    "all nodata": (values(lambda b: np.full_like(b, -9999.0)), "all_nodata"),
    "3.4e38 undeclared": (values(put(3.4e38)), "nodata_undeclared"),
    "-9999 undeclared": (values(put(-9999.0), nodata=None), "nodata_undeclared"),
    "infinite": (values(put(np.inf)), "nodata_undeclared"),
    "nodata declared as 0": (profile(nodata=0.0), "nodata_is_zero"),
    # a stack of maps
    "half a cell off": (
        profile(transform=Affine(SIZE, 0, WEST + SIZE / 2, 0, -SIZE, NORTH)), "grid_other",
    ),
    "a thousandth of a cell off": (
        profile(transform=Affine(SIZE, 0, WEST + SIZE / 1000, 0, -SIZE, NORTH)), "grid_other",
    ),
    "another resolution": (
        profile(transform=Affine(SIZE / 1.5, 0, WEST, 0, -SIZE / 1.5, NORTH)), "resolution_other",
    ),
    "an exact refinement of the grid": (
        profile(transform=Affine(SIZE / 2, 0, WEST, 0, -SIZE / 2, NORTH)), "grid_finer",
    ),
    "a row more": (values(lambda b: np.vstack([b, b[:1]])), "grid_other"),
    "negative depth": (values(put(-0.5)), "negative"),
    "centimetres read as metres": (values(lambda b: b * 100), "out_of_range"),
    "surveyed in one map only": (values(put(-9999.0)), "surveyed_in_some"),
    "one cell falls": (values(put(0.5, (1, 2))), "not_monotone"),
    "two files swapped": (manifest(swapped), "periods_swapped"),
    "one return period": (
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].pop(100)), "one_return_period",
    ),
    "a return period that others have": (
        manifest(lambda m: m["hazard"]["typhoon_wind"]["files"].pop(50)), "periods_differ",
    ),
    "a return period of one year": (
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({1: FLOOD})),
        "return_period_invalid",
    ),
    "one file for two return periods": (
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({200: FLOOD})), "file_twice",
    ),
    "a copy under another name": (
        both(
            lambda f: (f / "hazard/copy.tif").write_bytes((f / FLOOD).read_bytes()),
            manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({200: "hazard/copy.tif"})),
        ),
        "duplicate_layer",
    ),
    "another period in the name": (
        both(
            lambda f: (f / FLOOD).rename(f / "hazard/rain_flood_rp050.tif"),
            manifest(
                lambda m: m["hazard"]["rain_flood"]["files"].update(
                    {100: "hazard/rain_flood_rp050.tif"}
                )
            ),
        ),
        "period_in_name",
    ),
    "nodata where something stands": (
        both(
            values(put(-9999.0)),
            lambda f: write_tif(
                f / "hazard/rain_flood_10.tif", np.where(np.arange(24).reshape(4, 6) == 8, -9999, 0)
            ),
        ),
        "exposure_outside_survey",
    ),
    # classes
    "classes without numbers": (layer(unit="class"), "classes_missing"),
    "an unknown class": (layer(**CLASSES), "class_unknown"),
    "numbers against the direction": (
        layer(
            unit="class",
            classes={"direction": "1_is_highest", "values": {0: 0.0, 1: 1.0, 10: 2.0}},
        ),
        "class_direction",
    ),
    # NetCDF
    "a NetCDF without CRS": (netcdf(lambda d: d), "crs_missing"),
    "a NetCDF of two variables": (netcdf(lambda d: d.assign(more=d["depth"])), "not_one_band"),
    "a NetCDF with uneven steps": (
        netcdf(lambda d: d.assign_coords(lon=d["lon"].values + 0.1 * np.arange(COLUMNS) ** 2)),
        "axis_uneven",
    ),
    "a truncated NetCDF": (both(netcdf(lambda d: d), truncated("hazard/100.nc", 0.5)),
                           "file_unreadable"),
    # the manifest
    "an open question": (layer(unit="ASK: m or cm"), "open_question"),
    "a unit missing": (
        manifest(lambda m: m["hazard"]["rain_flood"].pop("unit")), "manifest_key_missing",
    ),
    "an unknown key": (layer(units="m"), "manifest_key_unknown"),
    "a status that is none": (manifest(lambda m: m.update(status="good")), "manifest_value"),
    "an unknown unit": (layer(unit="feet"), "unit_unknown"),
    "an unknown peril": (
        manifest(lambda m: m["hazard"].update(hail=m["hazard"].pop("rain_flood"))), "peril_unknown",
    ),
    "an unknown CRS": (manifest(lambda m: m.update(crs="EPSG:1")), "crs_unknown"),
    "a path that leaves the folder": (
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({100: "../a.tif"})),
        "path_outside",
    ),
    "no manifest": (lambda f: (f / "census.yml").unlink(), "manifest_missing"),
    "no YAML": (lambda f: (f / "census.yml").write_text("a: [1"), "manifest_unreadable"),
    "an unknown slot": (
        manifest(lambda m: m.update(slots={"volcanoes": {"workbook": "exposure.xlsx"}})),
        "slot_unknown",
    ),
    # tables
    "a truncated workbook": (truncated("exposure.xlsx", 0.5), "file_unreadable"),
    "a total row with a code": (
        sheet(lambda s: s.append(["990009", "合计", "Total", 19.75, 177_780, 50.75])), "total_row",
    ),
    "a total that disagrees": (
        sheet(lambda s: s.append([None, "合计", "Total", 19.75, 200_000, 50.75])),
        "total_disagrees",
    ),
    "a stated total that disagrees": (
        manifest(lambda m: m["exposure"]["classes"]["homes"].update(stated_total=25.0)),
        "total_disagrees",
    ),
    "a row without a code": (
        sheet(lambda s: s.append([None, "丙县", "Bing", 1.0, 1, 1.0])), "row_without_code",
    ),
    "a code twice": (
        sheet(lambda s: s.append(["990002", "乙县", "Yi", 1, 1, 1])), "code_twice",
    ),
    "an unknown code": (sheet(lambda s: s.append(["990003", "丙", "C", 1, 1, 1])), "code_unknown"),
    "a code rounded by a spreadsheet": (
        sheet(lambda s: s.__setitem__("A3", "9.90E+05")), "code_format",
    ),
    "a unit that is not that of the header": (
        sheet(lambda s: s.__setitem__("D2", "万元")), "unit_disagrees",
    ),
    "text for a number": (sheet(lambda s: s.__setitem__("D3", "n/a")), "not_a_number"),
    "a formula that was never computed": (
        sheet(lambda s: s.__setitem__("D3", "=1+1")), "not_a_number",
    ),
    "two columns of one name": (sheet(lambda s: s.__setitem__("G1", "homes")), "column_twice"),
    "a header of two rows unsaid": (
        sheet(lambda s: s.insert_rows(1)), "column_missing",
    ),
    "GBK read as UTF-8": (csv_table(TABLE.encode("gbk")), "encoding_wrong"),
    "UTF-8 read as GBK": (csv_table(TABLE.encode(), encoding="gb18030"), "encoding_wrong"),
    "a CSV without rows": (csv_table(TABLE.splitlines()[0].encode()), "table_empty"),
    # zones
    "no .prj": (zones(lambda f: (f / "zones.prj").unlink()), "crs_missing"),
    "attributes without a stated encoding": (
        both(
            zones(lambda f: (f / "zones.cpg").unlink()),
            manifest(lambda m: m["zones"].pop("encoding")),
        ),
        "encoding_missing",
    ),
    "a zip with a path outside its folder": (
        both(zones(), zipped("../{}")), "zip_path_outside",
    ),
    "no field of codes": (
        both(zones(), manifest(lambda m: m["zones"].update(code="XZQDM"))), "column_missing",
    ),
    "a polygon twice": (zones(codes=("990001", "990001")), "code_twice"),
    "a polygon without a row": (zones(codes=("990001", "990003")), "code_unknown"),
    "a bow tie": (
        zones(shapes=[BOWTIE, SQUARES["990002"]]), "geometry_repaired",
    ),
    "overlapping zones": (
        zones(shapes=[shapely.box(120.1, 27.6, 120.9, 28.4), SQUARES["990002"]]), "zones_overlap",
    ),
    "a zone beyond the maps": (
        zones(shapes=[shapely.box(119.0, 27.6, 120.7, 28.4), SQUARES["990002"]]),
        "grid_misses_zone",
    ),
    "a damaged zip": (
        both(
            zones(),
            manifest(lambda m: m["zones"].update(file="zones.zip")),
            lambda f: (f / "zones.zip").write_bytes(b"PK\x03\x04 damaged"),
        ),
        "file_unreadable",
    ),
    # what a second look found
    "a NetCDF in centimetres under metres": (
        netcdf(
            lambda d: d.assign(
                depth=d["depth"].assign_attrs(units="cm", grid_mapping="crs"),
                crs=((), 0, CRS.from_epsg(4490).to_cf()),
            )
        ),
        "unit_disagrees",
    ),
    "complex numbers": (complex_map, "values_complex"),
    "no place on the ground": (profile(transform=Affine.identity()), "not_georeferenced"),
    "9999 undeclared": (values(put(9999.0)), "out_of_range"),
    "a return period left open": (
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({"ASK: years": FLOOD})),
        "open_question",
    ),
    "backslashes in a path": (
        manifest(
            lambda m: m["hazard"]["rain_flood"]["files"].update({100: FLOOD.replace("/", "\\")})
        ),
        "path_backslash",
    ),
    "a path with a drive": (
        manifest(lambda m: m["hazard"]["rain_flood"]["files"].update({100: "C:\\maps\\a.tif"})),
        "path_outside",
    ),
    "a price year of five digits": (manifest(lambda m: m.update(price_year=20222)),
                                    "manifest_value"),
    "another currency": (manifest(lambda m: m.update(currency="USD")), "manifest_value"),
    "another basis of return periods": (
        manifest(lambda m: m.update(return_period_basis="yearly")), "manifest_value",
    ),
    "a code with a fraction": (sheet(lambda s: s.__setitem__("A4", 990002.5)), "code_format"),
    "true for a number": (sheet(lambda s: s.__setitem__("D3", True)), "not_a_number"),
    "a workbook with a password": (
        lambda f: (f / "exposure.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600)),
        "old_workbook",
    ),
    "a row of the city above its counties": (
        sheet(lambda s: s.append(["990000", "某市", "City", 19.75, 177_780, 50.75])),
        "codes_nested",
    ),
    "rows of townships beneath their county": (
        sheet(lambda s: s.append(["990001001000", "某镇", "Town", 1.0, 1, 1.0])), "codes_nested",
    ),
    "a comma inside a number of a CSV": (
        csv_table(TABLE.replace("100003", "100,003").encode()), "row_too_long",
    ),
    "a CSV in UTF-16": (csv_table(TABLE.encode("utf-16")), "encoding_wrong"),
    "a table that is not named": (
        lambda f: (f / "more.csv").write_text("code,people"), "file_unlisted",
    ),
    "a shapefile without its index": (
        zones(lambda f: (f / "zones.shx").unlink()), "shapefile_part_missing",
    ),
    "a zipped shapefile without attributes": (
        both(zones(lambda f: (f / "zones.dbf").unlink()), zipped("{}")), "shapefile_part_missing",
    ),
    "a zip without features": (
        both(
            zones(),
            zipped("{}"),
            lambda f: zipfile.ZipFile(f / "zones.zip", "w").writestr("map.pdf", b"%PDF"),
        ),
        "archive_without_features",
    ),
    "a zip with a password": (both(zones(), zipped("{}"), locked), "archive_locked"),
    "townships that are not there": (
        both(townships(HALVES), lambda f: (f / "towns.gpkg").unlink()), "file_missing",
    ),
    "townships without a field of names": (townships(HALVES, name="NAME"), "column_missing"),
    "townships that overlap": (
        townships(HALVES | {"990001002": SQUARES["990001"]}), "townships_overlap",
    ),
    "codes of counties for townships": (
        townships({"990001": SQUARES["990001"], "990002001": SQUARES["990002"]}), "code_format",
    ),
    "a zone without townships": (
        townships({k: v for k, v in HALVES.items() if k != "990002001"}), "township_missing",
    ),
    "townships of a zone elsewhere": (
        townships(HALVES | {"990002001": shapely.box(121.31, 27.6, 121.4, 28.4)}),
        "township_elsewhere",
    ),
    "a township of no zone": (
        townships(HALVES | {"990003001": shapely.box(121.31, 27.6, 121.4, 28.4)}),
        "township_code_unknown",
    ),
    "a record without a code in a slot": (
        slot("code,kind,place\n990001,a,x\n,b,y\n"), "slot_row_without_code",
    ),
    "a column without a header in a slot": (
        slot("code,,kind\n990001,7,a\n990002,8,b\n"), "slot_column_unnamed",
    ),
    # weights, and what meets what
    "negative weights": (
        lambda f: write_tif(f / "weights/even.tif", np.full((ROWS, COLUMNS), -1.0)),
        "negative_weight",
    ),
    "no weight in a zone": (
        lambda f: write_tif(f / "weights/even.tif", np.zeros((ROWS, COLUMNS))),
        "zone_without_weight",
    ),
    "a zone with hazard and nothing in it": (
        sheet(lambda s: [s.__setitem__(c, 0) for c in ("D4", "E4")]), "hazard_without_exposure",
    ),
    "a peril that reaches nothing": (
        both(
            *(
                (lambda f, n=n: write_tif(f / f"hazard/rain_flood_{n}.tif", np.zeros((4, 6))))
                for n in (10, 100)
            )
        ),
        "peril_reaches_nothing",
    ),
}  # fmt: skip


def content(folder: Path) -> dict[str, str]:
    return {p.as_posix(): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_input_is_named_and_left_alone(fault: str, draft: Draft, tmp_path: Path) -> None:
    spoil, code = MALFORMED[fault]
    spoil(draft.write(tmp_path))
    before = content(tmp_path)
    examined = examine(tmp_path)
    found = {one.code: one for one in examined.findings}
    assert code in found, [one.line("en") for one in examined.findings]
    assert found[code].where
    assert found[code].remedy("zh")
    if found[code].severity == "error":
        assert examined.tree is None
        with pytest.raises(FoundError):
            load_census(tmp_path)
    assert content(tmp_path) == before


def test_the_unspoilt_census_has_no_error(draft: Draft, tmp_path: Path) -> None:
    examined = examine(draft.write(tmp_path))
    assert not errors_of(examined.findings)
    notes = {"slot_missing", "layer_missing_in_slot", "periods_differ", "class_name_unknown"}
    assert {one.code for one in examined.findings} == notes
    assert len(MALFORMED) >= 40
