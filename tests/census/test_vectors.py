"""Zones of a census's own: formats, encodings, coordinate systems and the Longgang split."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from riskmodel.census.boundaries import county_polygons
from riskmodel.census.crs import DEGREES
from riskmodel.census.finding import FoundError
from riskmodel.census.manifest import Zones
from riskmodel.census.vectors import CANGNAN, LONGGANG, in_crs, read_polygons
from tests.census.conftest import SQUARES


def write(path: Path, shapes: dict[str, shapely.Geometry], crs: str, **options: str) -> None:
    if path.suffix == ".gdb":
        options["driver"] = "OpenFileGDB"
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(list(shapes.values()), dtype=object)),
        [np.array(list(shapes), dtype=object), np.array(["甲县", "乙县"][: len(shapes)], object)],
        ["PAC", "名称"],
        geometry_type="MultiPolygon" if path.suffix == ".gdb" else "Unknown",
        promote_to_multi=path.suffix == ".gdb",
        crs=crs,
        **options,
    )


def read(folder: Path, file: str, **keys: str) -> dict[str, shapely.Geometry]:
    return read_polygons(folder, Zones(file=file, code="PAC", **keys), DEGREES)[0]


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb", ".geojson"])
def test_formats(suffix: str, tmp_path: Path) -> None:
    write(tmp_path / f"z{suffix}", SQUARES, "EPSG:4490" if suffix != ".geojson" else "EPSG:4326")
    found = read(tmp_path, f"z{suffix}")
    assert list(found) == list(SQUARES)
    for code, shape in found.items():
        assert shapely.symmetric_difference(shape, SQUARES[code]).area < 1e-9


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_zipped_shapefile_is_read_in_place(encoding: str, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    shapes = {c: shapely.MultiPolygon([s]) for c, s in SQUARES.items()}
    pyogrio.raw.write(
        parts / "z.shp",
        shapely.to_wkb(np.array(list(shapes.values()), dtype=object)),
        [np.array(list(shapes), dtype=object)],
        ["PAC"],
        geometry_type="MultiPolygon",
        crs="EPSG:4490",
        encoding=encoding,
    )
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for part in sorted(parts.iterdir()):
            archive.write(part, part.name)
    shutil.rmtree(parts)
    assert list(read(tmp_path, "z.zip", encoding=encoding)) == list(SQUARES)
    assert [p.name for p in tmp_path.iterdir()] == ["z.zip"]


@pytest.mark.parametrize("inside", ["{}", "区县界/{}", "a/b/{}"])
def test_an_archive_with_folders_and_what_macos_adds(inside: str, tmp_path: Path) -> None:
    write(tmp_path / "z.shp", SQUARES, "EPSG:4490")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for part in sorted(tmp_path.glob("z.*")):
            if part.suffix != ".zip":
                archive.write(part, inside.format(part.name))
                archive.writestr(f"__MACOSX/{inside.format('._' + part.name)}", b"\x00\x05\x16\x07")
    assert list(read(tmp_path, "z.zip", encoding="utf-8")) == list(SQUARES)


def test_a_zipped_geodatabase(tmp_path: Path) -> None:
    write(tmp_path / "z.gdb", SQUARES, "EPSG:4490")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for part in sorted((tmp_path / "z.gdb").iterdir()):
            archive.write(part, f"成果/z.gdb/{part.name}")
    assert list(read(tmp_path, "z.zip")) == list(SQUARES)


@pytest.mark.parametrize("crs", ["EPSG:4528", "EPSG:4549", "EPSG:4326", "EPSG:3857"])
def test_other_systems_come_back_in_degrees(crs: str, tmp_path: Path) -> None:
    write(tmp_path / "z.gpkg", in_crs(SQUARES, DEGREES, crs), crs)
    for code, shape in read(tmp_path, "z.gpkg").items():
        corners = np.sort(np.asarray(SQUARES[code].exterior.coords), axis=0)
        # projections come back to a tenth of a millimetre
        assert np.allclose(np.sort(np.asarray(shape.exterior.coords), axis=0), corners, atol=1e-9)


def older() -> dict[str, shapely.Geometry]:
    """Cangnan as it was before 2019, with Longgang in it."""
    now = county_polygons((CANGNAN, LONGGANG))
    return {CANGNAN: shapely.union_all(list(now.values()))}


def test_older_cangnan_is_refused_unless_the_cut_is_asked(tmp_path: Path) -> None:
    write(tmp_path / "z.gpkg", older(), "EPSG:4326")
    with pytest.raises(FoundError, match=r"2019.*330327 covers 100% of 330383.*cut_from_330327"):
        read(tmp_path, "z.gpkg")


def test_longgang_is_cut_without_loss_of_area(tmp_path: Path) -> None:
    write(tmp_path / "z.gpkg", older(), "EPSG:4326")
    zones = Zones(file="z.gpkg", code="PAC", longgang="cut_from_330327")
    found, findings = read_polygons(tmp_path, zones, DEGREES)
    assert [one.code for one in findings] == ["longgang_cut"]
    assert set(found) == {CANGNAN, LONGGANG}
    whole = older()[CANGNAN].area
    assert sum(shape.area for shape in found.values()) == pytest.approx(whole, rel=1e-9)
    now = county_polygons((LONGGANG,))[LONGGANG]
    assert found[LONGGANG].area == pytest.approx(now.area, rel=1e-9)


def test_newer_boundaries_cannot_be_cut(tmp_path: Path) -> None:
    write(tmp_path / "z.gpkg", dict(county_polygons((CANGNAN, LONGGANG))), "EPSG:4326")
    with pytest.raises(FoundError, match="cannot be cut"):
        read(tmp_path, "z.gpkg", longgang="cut_from_330327")
