"""Read one map of a census, from GeoTIFF, NetCDF or Zarr, or say what is wrong with the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr
from pyproj import CRS
from pyproj.exceptions import CRSError

from riskmodel.census.crs import misfit, same_crs
from riskmodel.census.finding import Finding, FoundError

FloatArray = npt.NDArray[np.float64]
MOST_CELLS = 100_000_000  # of one map; 0.8 GB as float64
SENTINELS = (-9999.0, -99999.0, -32768.0)


def read_raster(
    path: Path,
    crs: str,
    *,
    variable: str | None = None,
    nodata: float | None = None,
    dry: bool = False,
    zero: bool = False,
) -> xr.DataArray:
    """Read one map (y, x) as float64, rows from the north, with nodata as NaN; ``units`` as stated.

    Parameters
    ----------
    path : Path
        GeoTIFF of one band, NetCDF, or a Zarr folder.
    crs : str
        Coordinate system that the manifest states.
    variable : str, optional
        Name inside a NetCDF or Zarr that holds several variables.
    nodata : float, optional
        Value that means "not surveyed", where the file does not declare it.
    dry : bool
        Whether nodata means that the survey found nothing there: it is then read as zero.
    zero : bool
        Whether 0 may be declared as nodata, as in maps of classes that begin with 1.

    Raises
    ------
    FoundError
        If the file is missing, empty, too large, cannot be read whole, has several bands, no place
        on the ground, another system, swapped axes, complex numbers, or a nodata value that is not
        declared, is zero or everywhere.
    """
    _require_file(path)
    if path.suffix.lower() in (".nc", ".nc4", ".zarr"):
        data, found_crs = _from_array_file(path, variable)
    else:
        data, found_crs = _from_tiff(path, dry or zero)
    if min(data.shape) < 2:
        raise FoundError(Finding("grid_too_small", path.name, found=data.shape))
    _require_place(data, found_crs, crs, path.name)
    data = _known_nodata(data.sortby("y", ascending=False).sortby("x"), path.name, nodata)
    if dry:
        return data.fillna(0.0)
    if np.isnan(data.values).all():
        raise FoundError(Finding("all_nodata", path.name))
    return data


def _require_place(data: xr.DataArray, found: str, crs: str, name: str) -> None:
    """Refuse a map of no or another system, or of coordinates that are not of its system."""
    if not found:
        raise FoundError(Finding("crs_missing", name, expected=crs))
    if not same_crs(found, crs):
        other = CRS.from_user_input(found).to_string()[:60]
        raise FoundError(Finding("crs_other", name, found=other, expected=crs))
    x, y = float(data["x"].mean()), float(data["y"].mean())
    if code := misfit(x, y, crs):
        raise FoundError(Finding(code, name, found=(round(x, 4), round(y, 4)), expected=crs))


def stated_place(path: Path) -> tuple[str, float | None]:
    """Coordinate system (empty if none) and step along y of a raster, by its header alone.

    Raises
    ------
    FoundError
        If it cannot be read.
    """
    _require_file(path)
    try:
        if path.suffix.lower() in (".nc", ".nc4", ".zarr"):
            with open_array_file(path) as source:
                data = next(one for one in source.data_vars.values() if one.ndim >= 2)
                axis = data[data.dims[-2]].values
                return _stated_crs(source, data), abs(float(axis[1] - axis[0]))
        with rasterio.open(path) as source:
            return source.crs.to_wkt() if source.crs else "", abs(source.transform.e)
    except Exception as error:  # GDAL, NetCDF and Zarr let many kinds through
        raise FoundError(Finding("file_unreadable", path.name, found=str(error))) from error


def open_array_file(path: Path) -> xr.Dataset:
    """Open a NetCDF or a Zarr folder lazily; of Zarr the metadata of each array, always there."""
    if path.suffix.lower() == ".zarr":
        return xr.open_dataset(path, engine="zarr", consolidated=False, decode_coords="all")
    return xr.open_dataset(path, engine="netcdf4", decode_coords="all")


def _require_file(path: Path) -> None:
    if not path.exists():
        raise FoundError(Finding("file_missing", path.name))
    if path.is_file() and path.stat().st_size == 0:
        raise FoundError(Finding("file_empty", path.name, found="0 bytes"))


def _require_size(name: str, cells: int) -> None:
    if cells > MOST_CELLS:
        found, expected = f"{cells:,} cells", f"at most {MOST_CELLS:,}"
        raise FoundError(Finding("too_large", name, found=found, expected=expected))


def _from_tiff(path: Path, zero: bool) -> tuple[xr.DataArray, str]:
    try:
        with rasterio.open(path) as source:
            _require_size(path.name, source.width * source.height)
            if source.count != 1:
                raise FoundError(Finding("not_one_band", path.name, found=source.count, expected=1))
            if source.nodata == 0.0 and not zero:
                raise FoundError(Finding("nodata_is_zero", path.name, found=source.nodata))
            if source.dtypes[0].startswith("complex"):
                raise FoundError(Finding("values_complex", path.name, found=source.dtypes[0]))
            place = source.transform
            if place.is_identity:
                raise FoundError(Finding("not_georeferenced", path.name))
            if place.b != 0.0 or place.d != 0.0:
                raise FoundError(Finding("rotated", path.name, found=tuple(place)[:6]))
            band = source.read(1, masked=True).astype(np.float64).filled(np.nan)
            if (source.scales[0], source.offsets[0]) != (1.0, 0.0):  # packed, as whole centimetres
                band = band * source.scales[0] + source.offsets[0]
            crs = source.crs.to_wkt() if source.crs else ""
            attrs = {"units": source.units[0]}
    except FoundError:
        raise
    except Exception as error:  # GDAL lets many kinds through on a damaged file
        raise FoundError(Finding("file_unreadable", path.name, found=str(error))) from error
    x = (np.arange(band.shape[1]) + 0.5) * place.a + place.c
    y = (np.arange(band.shape[0]) + 0.5) * place.e + place.f
    return xr.DataArray(band, {"y": y, "x": x}, ("y", "x"), attrs=attrs), crs


def _from_array_file(path: Path, variable: str | None) -> tuple[xr.DataArray, str]:
    try:
        with open_array_file(path) as source:
            data = _one_variable(source, path.name, variable)
            _require_size(path.name, data.size)
            crs = _stated_crs(source, data)
            return _as_map(data.load(), path.name), crs
    except FoundError:
        raise
    except Exception as error:  # so do the NetCDF and Zarr libraries
        raise FoundError(Finding("file_unreadable", path.name, found=str(error))) from error


def _one_variable(source: xr.Dataset, name: str, variable: str | None) -> xr.DataArray:
    maps = [str(n) for n, one in source.data_vars.items() if one.ndim >= 2]
    if variable is None and len(maps) != 1:
        raise FoundError(Finding("not_one_band", name, found=maps, expected="one variable"))
    if variable is not None and variable not in maps:
        raise FoundError(Finding("variable_missing", name, found=maps, expected=variable))
    return source[variable or maps[0]]


def _stated_crs(source: xr.Dataset, data: xr.DataArray) -> str:
    """WKT of the grid mapping that the variable names; empty where there is none."""
    name = data.encoding.get("grid_mapping", data.attrs.get("grid_mapping"))
    if name is None or name not in source.variables:
        return ""
    try:
        return str(CRS.from_cf(dict(source[name].attrs)).to_wkt())
    except (CRSError, KeyError):
        return ""


def _as_map(data: xr.DataArray, name: str) -> xr.DataArray:
    """Rename the axes y and x, and refuse other dims and uneven steps."""
    known = {"lat": "y", "latitude": "y", "lon": "x", "longitude": "x"}
    data = data.squeeze(drop=True)
    data = data.rename({d: known[str(d)] for d in data.dims if str(d) in known})
    if set(data.dims) != {"y", "x"} or not {"y", "x"} <= set(data.coords):
        raise FoundError(Finding("not_one_band", name, found=data.dims, expected="y and x"))
    for axis in ("y", "x"):
        steps = np.diff(data[axis].values.astype(np.float64))
        if steps.size and (steps[0] == 0 or np.abs(steps / steps[0] - 1.0).max() > 1e-3):
            raise FoundError(Finding("axis_uneven", name, axis, found=(steps.min(), steps.max())))
    plain = {n: data[n].values.astype(np.float64) for n in ("y", "x")}
    values = data.transpose("y", "x").values
    attrs = {"units": data.attrs.get("units")}
    return xr.DataArray(values.astype(np.float64), plain, ("y", "x"), attrs=attrs)


def _known_nodata(data: xr.DataArray, name: str, nodata: float | None) -> xr.DataArray:
    if nodata is not None:
        data = data.where(~np.isclose(data, nodata, rtol=1e-6, atol=0.0))
    values = data.values
    odd = np.isinf(values) | (np.abs(values) > 1e30) | np.isin(values, SENTINELS)
    if odd.any():
        row, column = (int(i) for i in np.argwhere(odd)[0])
        place = f"row {row}, column {column}, the first of {int(odd.sum())} cells"
        cells = data.copy(data=odd)
        first = float(values[row, column])
        raise FoundError(Finding("nodata_undeclared", name, place=place, found=first, cells=cells))
    return data
