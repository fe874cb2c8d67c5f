"""The packaged county polygons: all of Wenzhou, of the right size, in the right place."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod

from riskmodel.census.boundaries import CACHE, cached_boundaries, county_polygons, outlines
from riskmodel.census.manifest import Zones
from riskmodel.census.vectors import read_polygons
from riskmodel.core.errors import CensusError

# km2 of the Tianditu polygons, measured apart with another reader and projection
AREA = {
    "330302": 294, "330303": 294, "330304": 466, "330305": 150, "330324": 2675, "330326": 971,
    "330327": 1019, "330328": 1300, "330329": 1770, "330381": 1261, "330382": 1294, "330383": 150,
}  # fmt: skip
CODES = tuple(AREA)
SEATS = Path(__file__).parents[2] / "data" / "demo_method" / "counties.csv"
GEOD = Geod(ellps="GRS80")


def area_km2(shape: shapely.Geometry) -> float:
    return sum(abs(GEOD.geometry_area_perimeter(p)[0]) for p in shapely.get_parts(shape)) / 1e6


def test_wenzhou_has_twelve_counties() -> None:
    assert list(county_polygons(CODES)) == list(CODES)
    assert len(CODES) == 12


@pytest.mark.parametrize("code", CODES)
def test_area_on_the_ellipsoid(code: str) -> None:
    shape = county_polygons(CODES)[code]
    assert shape.is_valid
    # the table is rounded to 1 km2
    assert area_km2(shape) == pytest.approx(AREA[code], rel=0.01)


def test_counties_do_not_overlap() -> None:
    shapes = list(county_polygons(CODES).values())
    common = sum(shapely.intersection(a, b).area for i, a in enumerate(shapes) for b in shapes[:i])
    assert common < 1e-4 * sum(s.area for s in shapes)


def test_each_seat_lies_in_its_county() -> None:
    rows = [line.split(",") for line in SEATS.read_text(encoding="utf-8").splitlines()[1:]]
    seats = {row[0]: shapely.Point(float(row[3]), float(row[4])) for row in rows}
    assert set(seats) == set(CODES)
    for code, shape in county_polygons(CODES).items():
        # island and town seats may stand on made land, a few hundred metres off the polygon
        assert shapely.distance(shape, seats[code]) < 0.01, code


def test_outlines_are_the_outer_rings() -> None:
    for code, rings in outlines(county_polygons(CODES)).items():
        outer = sum(shapely.Polygon(ring).area for ring in rings)
        holes = sum(
            shapely.Polygon(hole).area
            for part in shapely.get_parts(county_polygons(CODES)[code])
            for hole in part.interiors
        )
        assert outer - holes == pytest.approx(county_polygons(CODES)[code].area, rel=1e-12)
        assert all(np.array_equal(ring[0], ring[-1]) for ring in rings)


@pytest.mark.parametrize("code", ["330399", "3303", "", "330300"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(CensusError, match=rf"{re.escape(repr(code))}.*to do: correct the code"):
        county_polygons(("330302", code))


def test_the_cache_goes_through_the_reader_and_loses_nothing(tmp_path: Path) -> None:
    path = cached_boundaries(CODES, tmp_path)
    found, findings = read_polygons(tmp_path, Zones(file=path.name, code="code"), "EPSG:4490")
    assert findings == []
    assert list(found) == list(CODES)
    for code, shape in county_polygons(CODES).items():
        assert shapely.equals_exact(found[code], shape, tolerance=0.0)


def test_the_cache_is_written_once_for_a_choice_of_counties(tmp_path: Path) -> None:
    first = cached_boundaries(CODES, tmp_path)
    content = first.read_bytes(), first.stat().st_mtime_ns
    assert cached_boundaries(CODES, tmp_path) == first
    assert (first.read_bytes(), first.stat().st_mtime_ns) == content
    assert cached_boundaries(CODES[:2], tmp_path) != first
    assert [p.suffix for p in tmp_path.iterdir()] == [".gpkg", ".gpkg"]


def test_git_ignores_the_cache() -> None:
    root = Path(__file__).parents[2]
    assert CACHE.is_relative_to(root)
    ignored = (root / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert any(
        CACHE.is_relative_to(root / line.strip("/")) for line in ignored if line.endswith("/")
    )
