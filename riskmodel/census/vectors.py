"""Zone polygons of a census: their codes, their validity, and the Longgang split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely

from riskmodel.census.boundaries import county_polygons
from riskmodel.census.features import Shapes, column_of, moved, read_features, valid_polygon
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest import Zones
from riskmodel.census.tables import code_of

CANGNAN, LONGGANG = "330327", "330383"
Polygons = dict[str, shapely.Geometry]


def read_polygons(folder: Path, zones: Zones, crs: str) -> tuple[Polygons, list[Finding]]:
    """Polygons by division code in the coordinate system of the maps, and what was odd.

    Raises
    ------
    FoundError
        If the file is missing, unsafe, cannot be read, lacks its system or the column of codes,
        has another encoding, or a code is missing or there twice.
    """
    features = read_features(folder, zones)
    codes = column_of(features, zones.code, zones.file).tolist()
    if not features.crs:
        raise FoundError(Finding("crs_missing", zones.file, expected=crs))
    _require_codes(codes, zones)
    polygons, findings = _valid(features.shapes, codes, zones.file)
    polygons = in_crs(polygons, features.crs, crs, zones.file)
    if zones.longgang is not None:
        polygons = cut_longgang(polygons, crs, zones.file)
        findings.append(Finding("longgang_cut", zones.file, found=LONGGANG))
    elif CANGNAN in polygons and LONGGANG not in polygons:
        _require_split(polygons[CANGNAN], crs, zones.file)
    return polygons, findings + _overlaps(polygons, zones.file)


def _require_codes(codes: Sequence[object], zones: Zones) -> None:
    texts = [code_of(code) for code in codes]
    if None in texts:
        found = f"{texts.count(None)} polygons without a code"
        raise FoundError(Finding("code_missing", zones.file, zones.code, found=found))
    if repeated := sorted({c for c in texts if c and texts.count(c) > 1}):
        raise FoundError(Finding("code_twice", zones.file, zones.code, found=repeated))


def _valid(shapes: Shapes, codes: Sequence[object], file: str) -> tuple[Polygons, list[Finding]]:
    polygons, findings = {}, []
    for shape, value in zip(shapes, codes, strict=True):
        code = str(code_of(value))
        polygons[code] = valid_polygon(shape, file, f"zone {code}")
        if not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            findings.append(Finding("geometry_repaired", file, place=f"zone {code}", found=reason))
    return polygons, findings


def in_crs(polygons: Polygons, source: str, target: str, file: str = "") -> Polygons:
    """Polygons of one coordinate system in another.

    Raises
    ------
    FoundError
        If coordinates lie outside what the source describes; `file` is for the message.
    """
    shapes = moved(np.array(list(polygons.values()), dtype=object), source, target, file)
    return dict(zip(polygons, shapes, strict=True))


def _longgang(crs: str) -> shapely.Geometry:
    return in_crs(county_polygons((LONGGANG,)), "EPSG:4326", crs)[LONGGANG]


def _require_split(cangnan: shapely.Geometry, crs: str, file: str) -> None:
    """Refuse boundaries of before 2019 unsaid: Cangnan then covered Longgang."""
    own = _longgang(crs)
    share = shapely.intersection(own, cangnan).area / own.area
    if share > 0.5:
        found = f"{CANGNAN} covers {share:.0%} of {LONGGANG}"
        raise FoundError(Finding("longgang_missing", file, found=found))


def cut_longgang(polygons: Polygons, crs: str, file: str) -> Polygons:
    """Cut Longgang (a city of its own since 2019) out of the older Cangnan.

    Raises
    ------
    FoundError
        If there is no Cangnan, or Longgang is there already.
    """
    if CANGNAN not in polygons or LONGGANG in polygons:
        raise FoundError(Finding("longgang_not_cuttable", file, found=sorted(polygons)))
    old, own = polygons[CANGNAN], _longgang(crs)
    parts = {CANGNAN: shapely.difference(old, own), LONGGANG: shapely.intersection(old, own)}
    return polygons | parts


def _overlaps(polygons: Polygons, file: str) -> list[Finding]:
    """Areas that two zones share, beyond slivers; their exposure would count twice on a map."""
    codes, shapes = list(polygons), np.array(list(polygons.values()), dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = np.stack([first, second])[:, first < second]
    common = shapely.area(shapely.intersection(shapes[pairs[0]], shapes[pairs[1]]))
    whole = float(shapely.area(shapes).sum())
    bad = np.flatnonzero(common > 1e-6 * whole)
    return [
        Finding(
            "zones_overlap",
            file,
            place=f"zones {codes[pairs[0, i]]} and {codes[pairs[1, i]]}",
            found=f"{common[i] / whole:.2%} of all area",
        )
        for i in bad
    ]
