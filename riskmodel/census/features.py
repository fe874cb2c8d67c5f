"""Read a file of features: Shapefile (also zipped), GeoPackage, file geodatabase, GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely

from riskmodel.census.archives import archive_parts, left_by_macos, vector_source
from riskmodel.census.crs import converted
from riskmodel.census.encodings import LATIN, wrongly_decoded
from riskmodel.census.finding import Finding, FoundError, naming
from riskmodel.census.manifest import Vector

VECTORS = (".shp", ".gpkg", ".gdb", ".geojson", ".zip")
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Features:
    """Shapes (feature,), their attributes with a row each, and their system, empty if unknown."""

    shapes: Shapes
    table: pd.DataFrame
    crs: str


def read_features(folder: Path, vector: Vector) -> Features:
    """Read all features of a file as it holds them.

    Raises
    ------
    FoundError
        If the file is missing, empty, unsafe or cannot be read, has several layers and none is
        named, or holds text of another encoding.
    """
    path = folder / vector.file
    if not path.exists():
        raise FoundError(Finding("file_missing", vector.file))
    if path.is_file() and path.stat().st_size == 0:
        raise FoundError(Finding("file_empty", vector.file, found="0 bytes"))
    _require_parts(path, vector.file)
    with naming(vector.file):
        source = vector_source(path)
    encoding = vector.encoding or _undeclared(path)
    try:
        layers = [str(name) for name, _ in pyogrio.list_layers(source)]
        layer = vector.layer or (layers[0] if len(layers) == 1 else None)
        if layers and layer not in layers:
            expected = vector.layer or "layer: a name"
            raise FoundError(Finding("layer_missing", vector.file, found=layers, expected=expected))
        meta, _, wkb, columns = pyogrio.raw.read(source, layer=layer, encoding=encoding)
        shapes = shapely.from_wkb(wkb) if wkb is not None else np.empty(0, dtype=object)
    except FoundError:
        raise
    except UnicodeDecodeError as error:
        raise FoundError(Finding("encoding_wrong", vector.file, found=str(error))) from error
    except Exception as error:  # pyogrio lets many kinds through on a damaged file
        raise FoundError(Finding("file_unreadable", vector.file, found=str(error))) from error
    names = [str(name) for name in meta["fields"]]
    _require_text(names, columns, encoding, vector.file)
    table = pd.DataFrame(dict(zip(names, columns, strict=True)), dtype=object)
    return Features(shapes, table, meta["crs"] or "")


def column_of(features: Features, name: str, file: str) -> pd.Series:
    """Column of attributes by name.

    Raises
    ------
    FoundError
        If there is none of that name.
    """
    if name not in features.table:
        found = list(features.table)
        raise FoundError(Finding("column_missing", file, found=found, expected=name))
    return features.table[name]


def valid_polygon(shape: shapely.Geometry | None, file: str, place: str) -> shapely.Geometry:
    """Polygon made valid and flat.

    Raises
    ------
    FoundError
        If it is none.
    """
    if shape is None or shape.is_empty or "Polygon" not in shape.geom_type:
        found = None if shape is None else shape.geom_type
        raise FoundError(Finding("geometry_missing", file, place=place, found=found))
    return shapely.force_2d(shape if shape.is_valid else shapely.make_valid(shape))


def moved(shapes: Shapes, source: str, target: str, file: str) -> Shapes:
    """Shapes of one coordinate system in another.

    Raises
    ------
    FoundError
        If the source is unknown, or coordinates lie outside what its system describes.
    """
    if not source:
        raise FoundError(Finding("crs_missing", file, expected=target))

    def move(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.stack(converted(points[:, 0], points[:, 1], source, target), axis=-1)

    new = np.asarray(shapely.transform(shapes, move))
    bad = ~np.isfinite(shapely.bounds(new)).all(axis=-1)
    if bad.any():
        bounds = shapely.bounds(shapes)[bad][0].tolist()
        place = f"feature {int(np.flatnonzero(bad)[0]) + 1}"
        raise FoundError(Finding("degrees_and_metres", file, "", place, bounds))
    return new


def _require_parts(path: Path, file: str) -> None:
    """Refuse a shapefile that was copied without its index or its attributes."""
    if path.suffix.lower() == ".zip":
        known = {name.lower() for name in archive_parts(path) if not left_by_macos(name)}
        own = [name for name in known if name.endswith(".shp")]
    elif path.suffix.lower() == ".shp":
        known = {one.name.lower() for one in path.parent.iterdir()}
        own = [path.name.lower()]
    else:
        return
    wanted = [name.removesuffix(".shp") + part for name in own for part in (".shx", ".dbf")]
    if lacking := sorted(set(wanted) - known):
        raise FoundError(Finding("shapefile_part_missing", file, found=lacking))


def _undeclared(path: Path) -> str | None:
    """Latin-1 for a shapefile that declares none, so that its bytes can be looked at."""
    if path.suffix.lower() == ".zip":
        names = [name.lower() for name in archive_parts(path)]
        shapefile = any(name.endswith(".dbf") for name in names)
        return LATIN if shapefile and not any(n.endswith(".cpg") for n in names) else None
    undeclared = path.suffix.lower() == ".shp" and not path.with_suffix(".cpg").exists()
    return LATIN if undeclared else None


def _require_text(
    names: list[str], columns: list[npt.NDArray[np.object_]], encoding: str | None, file: str
) -> None:
    texts = [*names, *(str(v) for c in columns if c.dtype == object for v in c[:200])]
    together = "".join(texts)
    if encoding == LATIN and not together.isascii():
        raise FoundError(Finding("encoding_missing", file, found="text beyond ASCII, no .cpg"))
    if encoding in ("gbk", "gb18030") and wrongly_decoded(together, encoding):
        raise FoundError(Finding("encoding_wrong", file, found=f"UTF-8 read as {encoding}"))
    if "\ufffd" in together:
        raise FoundError(Finding("encoding_wrong", file, found=f"not {encoding or 'as declared'}"))
