"""Zones with their figures as layers of one GeoPackage, each with its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyogrio
import shapely

from riskmodel.core.errors import SchemaError
from riskmodel.core.files import whole_file


class Layer(NamedTuple):
    """Polygons with columns of text and numbers, a row each, and tags of the layer."""

    frame: pd.DataFrame
    polygons: list[shapely.Geometry]
    tags: Mapping[str, str]


def write_geopackage(path: Path, layers: Mapping[str, Layer], *, crs: str) -> Path:
    """Write layers by name into one GeoPackage, as a whole file.

    Parameters
    ----------
    path : Path
        File to write, ``.gpkg``.
    layers : mapping of str to Layer
        By name.
    crs : str
        EPSG code of all polygons.

    Raises
    ------
    SchemaError
        If a layer has no rows, or another number of polygons than rows.
    """
    for name, layer in layers.items():
        if not 0 < len(layer.frame) == len(layer.polygons):
            raise SchemaError(
                "not one polygon a row",
                where=f"{path.name}, layer {name}",
                found=(len(layer.frame), len(layer.polygons)),
                expected="as many polygons as rows, one or more",
            )
    with whole_file(path) as temporary:
        for number, (name, layer) in enumerate(layers.items()):
            columns = [layer.frame[column] for column in layer.frame]
            pyogrio.raw.write(
                temporary,
                geometry=shapely.to_wkb(np.array(layer.polygons, dtype=object)),
                field_data=[_field(column) for column in columns],
                fields=list(layer.frame.columns),
                layer=name,
                driver="GPKG",
                geometry_type="MultiPolygon",
                promote_to_multi=True,
                crs=crs,
                append=number > 0,
                layer_metadata=dict(layer.tags),
            )
    return path


def _field(column: pd.Series) -> np.ndarray:
    """Numbers as they are, all else as text."""
    if column.dtype.kind in "if":
        return column.to_numpy()
    return column.astype(str).to_numpy(dtype=object)
