"""Checks between layers: the same map twice, files that no layer names, periods in file names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.census.finding import Finding
from riskmodel.census.manifest import Manifest
from riskmodel.census.manifest_faults import leaves

FOLDERS = (".gdb", ".zarr")  # files that are folders
KINDS = (
    *(".tif", ".tiff", ".nc", ".nc4", ".xlsx", ".xls", ".csv"),
    *(".shp", ".zip", ".gpkg", ".geojson", *FOLDERS),
)
_PERIOD = re.compile(r"(?:rp|[Tt])0*(\d+)|(\d+)\s*年一遇|(\d+)a(?![a-zA-Z])|_0*(\d+)yr?")


def period_in_name(name: str) -> float | None:
    """Return period in years that a file name states, or None.

    Examples
    --------
    >>> period_in_name("typhoon_wind_rp050.tif"), period_in_name("洪水_100年一遇.tif")
    (50.0, 100.0)
    >>> period_in_name("dem.tif") is None
    True
    """
    match = _PERIOD.search(Path(name).stem)
    return float(next(part for part in match.groups() if part)) if match else None


def names_agree(manifest: Manifest) -> Iterator[Finding]:
    """Find a file named twice, and files whose name states another return period than their key."""
    seen: dict[str, str] = {}
    for place, period, name in _files(manifest):
        if name in seen:
            yield Finding("file_twice", name, place, found=seen[name])
        seen[name] = f"{place}, {period:g}"
        stated = period_in_name(name)
        if stated is not None and stated != period:
            yield Finding("period_in_name", name, place, found=stated, expected=period)


def _files(manifest: Manifest) -> Iterator[tuple[str, float, str]]:
    """Place in the manifest, return period and name of each raster, fine ones too."""
    for peril, layer in manifest.hazard.items():
        maps = {"files": layer.files, "fine.files": layer.fine.files if layer.fine else {}}
        for part, files in maps.items():
            for period, name in files.items():
                yield f"hazard.{peril}.{part}", period, name


def periods_agree(manifest: Manifest) -> Iterator[Finding]:
    """Note perils that lack a return period which others have, between their own first and last.

    Beyond these perils differ by nature: earthquakes are mapped for 2,475 years, floods are not.
    """
    every = sorted({t for layer in manifest.hazard.values() for t in layer.files})
    for peril, layer in manifest.hazard.items():
        own = layer.files.keys()
        first, last = min(own, default=0.0), max(own, default=0.0)
        if missing := [t for t in every if t not in own and first < t < last]:
            yield Finding("periods_differ", "census.yml", f"hazard.{peril}", found=missing)


def all_listed(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Find maps, tables and features of the folder that the manifest does not name."""
    listed = {str(value) for _, value in leaves(manifest.model_dump())}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        inside = any(one.suffix.lower() in FOLDERS for one in path.relative_to(folder).parents)
        if path.suffix.lower() in KINDS and not inside and name not in listed:
            yield Finding("file_unlisted", name)


def no_twins(grids: Mapping[str, xr.Dataset], manifest: Manifest) -> Iterator[Finding]:
    """Find maps that hold the very same numbers; maps of one number only are left out."""
    seen: dict[bytes, str] = {}
    for peril, grid in grids.items():
        files = manifest.hazard[peril].files
        for period in grid["return_period"].values:
            values = grid["intensity"].sel(return_period=period).values
            if np.isnan(values).all() or np.nanmin(values) == np.nanmax(values):
                continue
            name, key = files[float(period)], values.tobytes()
            if key in seen:
                yield Finding("duplicate_layer", name, f"hazard.{peril}", found=seen[key])
            seen[key] = name
