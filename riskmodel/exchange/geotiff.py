"""One map as a GeoTIFF that says by itself what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from rasterio.transform import from_origin

from riskmodel.core.errors import SchemaError
from riskmodel.core.files import whole_file

NODATA = -9999.0


def write_geotiff(path: Path, field: xr.DataArray, *, crs: str, tags: Mapping[str, str]) -> Path:
    """Write a map as a whole file: one band, deflated, in single precision.

    Parameters
    ----------
    path : Path
        File to write, ``.tif``.
    field : DataArray (y, x)
        Centres of equally spaced cells in `crs`, in either order; NaN becomes nodata (-9999).
        Attribute ``units`` and ``long_name`` become unit and description of the band.
    crs : str
        EPSG code.
    tags : mapping of str to str
        Written into the file: status, source, price year and what else its reader must know.

    Raises
    ------
    SchemaError
        If the field is no map, or has no ``units`` or ``long_name``.
    """
    missing = [name for name in ("units", "long_name") if name not in field.attrs]
    if field.dims != ("y", "x") or min(field.shape) < 2 or missing:
        raise SchemaError(
            "not a map with units and a name", where=path.name, found=(field.dims, missing),
            expected="dims y and x, two cells or more along each, units and long_name",
        )  # fmt: skip
    ordered = field.sortby("y", ascending=False).sortby("x")
    x, y = ordered["x"].values, ordered["y"].values
    dx, dy = (x[-1] - x[0]) / (x.size - 1), (y[0] - y[-1]) / (y.size - 1)
    values = ordered.values.astype(np.float32)
    profile = {
        "driver": "GTiff", "height": y.size, "width": x.size, "count": 1, "dtype": "float32",
        "crs": crs, "nodata": NODATA, "compress": "deflate", "predictor": 3,
        "transform": from_origin(x[0] - dx / 2, y[0] + dy / 2, dx, dy),
    }  # fmt: skip
    with whole_file(path) as temporary, rasterio.open(temporary, "w", **profile) as target:
        target.write(np.where(np.isnan(values), NODATA, values).astype(np.float32), 1)
        target.update_tags(**tags)
        target.set_band_description(1, str(field.attrs["long_name"]))
        target.set_band_unit(1, str(field.attrs["units"]))
    return path
