"""Keep a checked census as one NetCDF-4 file that opens lazily, with CF attributes and CRS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.census.crs import crs_of
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.read import load_census
from riskmodel.core.files import write_dataset

CONVENTIONS = "CF-1.11"
MAPPING = "spatial_ref"


def import_census(place: Path, to: Path) -> xr.DataTree:
    """Read a census strictly and write it as a whole NetCDF-4 file outside its folder.

    Parameters
    ----------
    place : Path
        Folder of the census, or its ``census.yml``.
    to : Path
        File to write, ``.nc``.

    Raises
    ------
    FoundError
        With all errors that the checks find, or if `to` lies in the folder of the census.
    """
    require_outside(place if place.is_dir() else place.parent, to)
    tree = load_census(place)
    write_dataset(to, _with_mapping(tree))
    return tree


def require_outside(folder: Path, target: Path) -> None:
    """Refuse to write into the folder of a census.

    Raises
    ------
    FoundError
        If `target` lies in `folder`.
    """
    if folder.resolve() in target.resolve().parents:
        raise FoundError(Finding("target_inside", target.name))


def open_census(path: Path) -> xr.DataTree:
    """Open an imported census lazily; its values are those of `load_census`.

    Parameters
    ----------
    path : Path
        From `import_census`. Values are read when they are used.
    """
    tree = xr.open_datatree(path, engine="netcdf4")
    for name in {"perils", "not_available"} & set(tree.attrs):  # one text alone, if one
        tree.attrs[name] = np.atleast_1d(tree.attrs[name]).tolist()
    return tree


def _with_mapping(tree: xr.DataTree) -> xr.DataTree:
    """Copy with CF attributes: units and names of axes, grid mapping, Conventions."""
    nodes = {}
    for node in tree.descendants:
        data = node.to_dataset(inherit=False).copy()
        if node.path.strip("/") in tree.attrs["perils"]:
            data = _georeferenced(data)
        elif "return_period" in data:
            data["return_period"].attrs.update(units="year", long_name="return period")
            data["intensity"].attrs["units"] = data.attrs["units"]
        nodes[node.path] = data.assign_attrs(Conventions=CONVENTIONS)
    copy = xr.DataTree.from_dict(nodes)
    copy.attrs = {**tree.attrs, "Conventions": CONVENTIONS}
    return copy


def _georeferenced(data: xr.Dataset) -> xr.Dataset:
    crs = crs_of(data.attrs["crs"])
    data = data.assign_coords({MAPPING: ((), 0, crs.to_cf())})
    for name in ("intensity", "state"):
        data[name].attrs["grid_mapping"] = MAPPING
    data["intensity"].attrs["units"] = data.attrs["units"]
    data["return_period"].attrs.update(units="year", long_name="return period")
    axes = (
        {"x": ("longitude", "degrees_east"), "y": ("latitude", "degrees_north")}
        if crs.is_geographic
        else {n: (f"projection_{n}_coordinate", "m") for n in ("x", "y")}
    )
    for axis, (standard, unit) in axes.items():
        data[axis].attrs.update(standard_name=standard, units=unit, axis=axis.upper())
    return data
