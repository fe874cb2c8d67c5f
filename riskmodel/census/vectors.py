"""Read the zone polygons of a census: Shapefile (also zipped), GeoPackage, file geodatabase."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely

from riskmodel.census.boundaries import county_polygons
from riskmodel.census.crs import converted
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest import Zones
from riskmodel.census.tables import MOST_BYTES, code_of, wrongly_decoded

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
    path = folder / zones.file
    if not path.exists():
        raise FoundError(Finding("file_missing", zones.file))
    if path.is_file() and path.stat().st_size == 0:
        raise FoundError(Finding("file_empty", zones.file, found="0 bytes"))
    meta, shapes, columns = _read(path, zones)
    codes = columns[zones.code]
    if not meta["crs"]:
        raise FoundError(Finding("crs_missing", zones.file, expected=crs))
    _require_codes(codes, zones)
    polygons, findings = _valid(shapes, codes, zones.file)
    polygons = {code: _in_crs(shape, meta["crs"], crs) for code, shape in polygons.items()}
    for code, shape in polygons.items():
        if not np.isfinite(shape.bounds).all():
            place = f"zone {code}"
            raise FoundError(Finding("degrees_and_metres", zones.file, "", place, shape.bounds))
    if zones.longgang is not None:
        polygons = cut_longgang(polygons, crs, zones.file)
        findings.append(Finding("longgang_cut", zones.file, found=LONGGANG))
    elif CANGNAN in polygons and LONGGANG not in polygons:
        _require_split(polygons[CANGNAN], crs, zones.file)
    return polygons, findings + _overlaps(polygons, zones.file)


def read_texts(folder: Path, zones: Zones, field: str) -> dict[str, str]:
    """Texts of one field by division code, of a file that `read_polygons` reads.

    Raises
    ------
    FoundError
        If the file has no such field.
    """
    _, _, columns = _read(folder / zones.file, zones)
    if field not in columns:
        found = list(columns)
        raise FoundError(Finding("column_missing", zones.file, "", "", found, expected=field))
    pairs = zip(columns[zones.code], columns[field], strict=True)
    return {str(code_of(code)): str(text) for code, text in pairs}


def _read(
    path: Path, zones: Zones
) -> tuple[dict[str, str], npt.NDArray[np.object_], dict[str, list[object]]]:
    source = _zipped(path) if path.suffix.lower() == ".zip" else str(path)
    encoding = zones.encoding or _declared_encoding(path)
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(source)]
        layer = zones.layer or (layers[0] if len(layers) == 1 else None)
        if layers and layer not in layers:
            expected = zones.layer or "layer: a name"
            raise FoundError(Finding("layer_missing", zones.file, found=layers, expected=expected))
        meta, _, wkb, columns = pyogrio.raw.read(source, layer=layer, encoding=encoding)
        shapes = shapely.from_wkb(wkb)
    except FoundError:
        raise
    except UnicodeDecodeError as error:
        raise FoundError(Finding("encoding_wrong", zones.file, found=str(error))) from error
    except Exception as error:  # pyogrio lets many kinds through on a damaged file
        raise FoundError(Finding("file_unreadable", zones.file, found=str(error))) from error
    names = [str(name) for name in meta["fields"]]
    _require_text(names, columns, encoding, zones.file)
    if zones.code not in names:
        raise FoundError(
            Finding("column_missing", zones.file, "", "", found=names, expected=zones.code)
        )
    fields = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return {"crs": meta["crs"] or ""}, shapes, fields


def _zipped(path: Path) -> str:
    """GDAL's name of an archive, read in place: nothing is unpacked onto the disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise FoundError(Finding("file_unreadable", path.name, found=str(error))) from error
    for part in parts:
        name = PurePosixPath(part.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise FoundError(Finding("zip_path_outside", path.name, found=part.filename))
    size = sum(part.file_size for part in parts)
    if size > MOST_BYTES:
        found, expected = f"{size:,} bytes", f"at most {MOST_BYTES:,}"
        raise FoundError(Finding("too_large", path.name, found=found, expected=expected))
    return f"/vsizip/{path}"


def _declared_encoding(path: Path) -> str | None:
    """Latin-1 for a shapefile that declares none, so that its bytes can be looked at."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            declared = any(name.lower().endswith(".cpg") for name in archive.namelist())
            return None if declared else "ISO-8859-1"
    undeclared = path.suffix.lower() == ".shp" and not path.with_suffix(".cpg").exists()
    return "ISO-8859-1" if undeclared else None


def _require_text(
    names: list[str], columns: list[npt.NDArray[np.object_]], encoding: str | None, file: str
) -> None:
    texts = [*names, *(str(v) for c in columns if c.dtype == object for v in c[:200])]
    together = "".join(texts)
    if encoding == "ISO-8859-1" and not together.isascii():
        raise FoundError(Finding("encoding_missing", file, found="text beyond ASCII, no .cpg"))
    if encoding in ("gbk", "gb18030") and wrongly_decoded(together, encoding):
        raise FoundError(Finding("encoding_wrong", file, found=f"UTF-8 read as {encoding}"))
    if "\ufffd" in together:
        raise FoundError(Finding("encoding_wrong", file, found=f"not {encoding or 'as declared'}"))


def _require_codes(codes: list[object], zones: Zones) -> None:
    texts = [code_of(code) for code in codes]
    if None in texts:
        found = f"{texts.count(None)} polygons without a code"
        raise FoundError(Finding("code_missing", zones.file, zones.code, found=found))
    if repeated := sorted({c for c in texts if c and texts.count(c) > 1}):
        raise FoundError(Finding("code_twice", zones.file, zones.code, found=repeated))


def _valid(
    shapes: npt.NDArray[np.object_], codes: list[object], file: str
) -> tuple[Polygons, list[Finding]]:
    polygons, findings = {}, []
    for shape, value in zip(shapes, codes, strict=True):
        code = str(code_of(value))
        if shape is None or shape.is_empty or "Polygon" not in shape.geom_type:
            found = None if shape is None else shape.geom_type
            raise FoundError(Finding("geometry_missing", file, place=f"zone {code}", found=found))
        if not shape.is_valid:
            reason = shapely.is_valid_reason(shape)
            findings.append(Finding("geometry_repaired", file, place=f"zone {code}", found=reason))
            shape = shapely.make_valid(shape)
        polygons[code] = shapely.force_2d(shape)
    return polygons, findings


def _in_crs(shape: shapely.Geometry, source: str, target: str) -> shapely.Geometry:
    def move(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.stack(converted(points[:, 0], points[:, 1], source, target), axis=-1)

    return shapely.transform(shape, move)


def in_crs(polygons: Polygons, source: str, target: str) -> Polygons:
    """Polygons of one coordinate system in another."""
    return {code: _in_crs(shape, source, target) for code, shape in polygons.items()}


def _longgang(crs: str) -> shapely.Geometry:
    return _in_crs(county_polygons((LONGGANG,))[LONGGANG], "EPSG:4326", crs)


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
