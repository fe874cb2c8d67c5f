"""Read the rasters of a census: maps by return period of each peril, and weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import xarray as xr

from riskmodel.core.errors import CensusError

FloatArray = npt.NDArray[np.float64]


def read_raster(path: Path, crs: str) -> xr.DataArray:
    """One band as DataArray (y, x), nodata as NaN.

    Raises
    ------
    CensusError
        If the file is missing, cannot be read whole, has several bands, or another CRS.
    """
    if not path.is_file():
        raise CensusError(
            "a file of the manifest is missing",
            where=str(path),
            remedy="restore it or correct census.yml",
        )
    try:
        with rasterio.open(path) as source:
            if source.count != 1 or source.crs is None or source.crs.to_string() != crs:
                raise CensusError(
                    "not one band in the CRS of the manifest",
                    where=str(path),
                    found=(source.count, str(source.crs)),
                    expected=(1, crs),
                    remedy="reproject the file, or correct crs in census.yml",
                )
            band = source.read(1, masked=True).astype(np.float64).filled(np.nan)
            x, y = _cell_centres(source.transform, source.width, source.height, str(path))
    except rasterio.errors.RasterioError as error:
        raise CensusError(
            "the raster cannot be read",
            where=str(path),
            found=str(error),
            expected="a whole GeoTIFF",
            remedy="copy the file again; it may be truncated",
        ) from error
    return xr.DataArray(band, {"y": y, "x": x}, ("y", "x"))


def _cell_centres(
    transform: rasterio.Affine, width: int, height: int, where: str
) -> tuple[FloatArray, FloatArray]:
    if transform.b != 0.0 or transform.d != 0.0:
        raise CensusError(
            "a rotated raster",
            where=where,
            found=tuple(transform)[:6],
            expected="rows along parallels and columns along meridians",
            remedy="resample the file to a grid without rotation",
        )
    x = (np.arange(width) + 0.5) * transform.a + transform.c
    y = (np.arange(height) + 0.5) * transform.e + transform.f
    return x, y


def require_same_grid(
    data: xr.DataArray | xr.Dataset, like: xr.DataArray | xr.Dataset, *, where: str
) -> None:
    """Refuse a raster whose cell centres are not those of another one.

    Raises
    ------
    CensusError
        If rows or columns differ in number or place.
    """
    if not (data["x"].equals(like["x"]) and data["y"].equals(like["y"])):
        raise CensusError(
            "another grid than the first map of the census",
            where=where,
            found={name: data.sizes[name] for name in ("y", "x")},
            expected={name: like.sizes[name] for name in ("y", "x")},
            remedy="resample the file to the grid of the other maps; depths must not be averaged",
        )


def read_hazard(folder: Path, peril: str, manifest: Mapping[str, Any]) -> xr.Dataset:
    """Read the maps of one peril as ``intensity`` (return_period, y, x), nodata as NaN.

    Return periods are on the annual-probability basis. Their order in the manifest does not
    matter: maps are sorted by return period.

    Raises
    ------
    CensusError
        If a return period is no number above one year, there are fewer than two maps, a file cannot
        be read or has another grid, or a value is negative, falls with return period, or is there
        in some of the maps only.
    """
    layer = manifest["hazard"][peril]
    for key, name in layer["files"].items():
        _require_period(key, f"{folder / 'census.yml'}, hazard.{peril}.files, {name}")
    files = {float(t): folder / name for t, name in layer["files"].items()}
    periods = sorted(files)
    if len(periods) < 2:
        raise CensusError(
            "one return period only",
            where=peril,
            found=periods,
            expected="two maps or more",
            remedy="add the map of another return period to census.yml",
        )
    maps = [read_raster(files[t], manifest["crs"]) for t in periods]
    for t, one in zip(periods, maps, strict=True):
        require_same_grid(one, maps[0], where=str(files[t]))
    intensity = xr.concat(maps, pd.Index(periods, name="return_period"), join="exact")
    _require_possible(intensity.values, [str(files[t]) for t in periods])
    return xr.Dataset(
        {"intensity": intensity.astype(np.float32)},
        attrs={"units": layer["unit"], "crs": manifest["crs"]},
    )


def _require_period(key: object, where: str) -> None:
    """Refuse a key that is no return period; texts too, for "5" beside 5 would be one map lost."""
    if not isinstance(key, int | float) or not 1.0 < key < np.inf:
        raise CensusError(
            "no return period of a map",
            where=where,
            found=key,
            expected="a number of years above 1, on the annual-probability basis",
            remedy="write the years as a plain number without quotes or unit; 1 / T is the chance "
            "that a year reaches the map",
        )


def _require_possible(intensity: FloatArray, names: list[str]) -> None:
    """Refuse maps that are negative, fall with return period, or differ in what they surveyed."""
    missing = np.isnan(intensity)
    faults = {
        "negative intensity": (intensity < 0, "values >= 0", "write 0 where there is none"),
        "surveyed in some return periods only": (
            missing & ~missing.all(axis=0),
            "a value in all maps, or nodata in all",
            "write 0 where the survey found nothing; nodata means not surveyed",
        ),
        "the map falls with return period": (
            np.diff(intensity, axis=0, prepend=intensity[:1]) < 0,
            "a map nowhere below that of a shorter return period",
            "repair the maps; the workbench never smooths them silently",
        ),
    }
    for what, (bad, expected, remedy) in faults.items():
        if bad.any():
            step, row, column = np.argwhere(bad)[0]
            raise CensusError(
                f"{what} in {int(bad.any(axis=0).sum())} cells",
                where=f"{names[step]}, row {row}, column {column}",
                found=intensity[:, row, column].tolist(),
                expected=expected,
                remedy=remedy,
            )
