"""What the rasters of a folder say of themselves: peril, return period, grid, classes, nodata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from pyproj import CRS

from riskmodel.census.checks.layers import period_in_name
from riskmodel.census.crs import same_crs
from riskmodel.census.finding import FoundError
from riskmodel.census.manifest_faults import ASK
from riskmodel.census.rasters import open_array_file, stated_place
from riskmodel.census.units import perils, stated_unit

RASTERS = (".tif", ".tiff", ".nc", ".nc4", ".zarr")
METRES = 111_195.0  # of a degree of latitude, to compare steps
MOST_CLASSES = 10
FINER = 0.6  # of the coarsest step: below, a map is finer


@dataclass(frozen=True, slots=True)
class Raster:
    """A raster file by its name in the folder; ``step`` is in metres, None where unreadable."""

    name: str
    path: Path
    crs: str
    step: float | None
    peril: str | None
    period: float | None


def rasters_of(folder: Path) -> list[Raster]:
    """Rasters of a folder with what their names and headers say."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in RASTERS:
            continue
        name = path.relative_to(folder).as_posix()
        crs, step = _place(path)
        period = period_in_name(name)  # without one a folder of that name is not enough
        peril = peril_in_name(name if period else path.name)
        found.append(Raster(name, path, crs, step, peril, period))
    return found


def peril_in_name(name: str) -> str | None:
    """Peril that a file name states, by the longest word that fits.

    Examples
    --------
    >>> peril_in_name("风暴潮_50年一遇.tif"), peril_in_name("flash_flood_rp010.tif")
    ('storm_surge', 'flash_flood')
    """
    words = [(word, peril) for peril, about in perils().items() for word in about["words"]]
    fitting = [(len(w), peril) for w, peril in words if w.lower() in name.lower()]
    return max(fitting)[1] if fitting else None


def census_crs(rasters: list[Raster]) -> str:
    """System of the coarsest raster, that of the census grid; a question where none has one."""
    placed = [one for one in rasters if one.crs and one.step]
    if not placed:
        return f"{ASK}: EPSG code of the maps"
    return max(placed, key=lambda one: one.step or 0.0).crs


def hazard_part(rasters: list[Raster], crs: str) -> dict[str, Any]:
    """Draft of ``hazard``: maps on the census grid under files, finer ones under fine."""
    coarsest = max((one.step for one in rasters if one.step), default=None)
    layers: dict[str, Any] = {}
    for one in sorted(rasters, key=lambda one: (one.peril or "", one.period or 0.0)):
        if one.peril is None or _classes_alone(one):
            continue
        layer = layers.setdefault(one.peril, {"unit": _unit(one.peril), "files": {}})
        period = _period(one)
        if not _finer(one, coarsest):
            if not layer["files"]:
                layer.update(_seen(one))
            layer["files"][period] = one.name
            continue
        if "fine" not in layer:
            seen = _seen(one)
            layer["fine"] = {"files": {}, "spread": _spread()}
            if one.crs and not same_crs(one.crs, crs):
                layer["fine"]["crs"] = one.crs
            stated = {n: seen[n] for n in ("nodata_means", "variable", "unit") if n in seen}
            layer["fine"] |= {n: value for n, value in stated.items() if value != "class"}
            seen = {n: v for n, v in seen.items() if n not in ("nodata_means", "variable")}
            if not layer["files"]:
                layer.update(seen)
        layer["fine"]["files"][period] = one.name
    for peril, layer in layers.items():
        if "classes" in layer:
            own = [one.path for one in rasters if one.peril == peril and one.period is not None]
            present = sorted({number for path in own for number in classes_in(path) or ()})
            layer["classes"]["values"] = {c: _of_class(peril, c) for c in present}
        if not layer["files"]:
            del layer["files"]
        fine = layer.get("fine", {})
        if fine.get("unit") == layer["unit"]:
            del fine["unit"]
    return layers


def class_maps_part(rasters: list[Raster]) -> dict[str, Any]:
    """Draft of ``class_maps``: perils with one map of classes that names no return period."""
    return {
        one.peril: {
            "file": one.name,
            "direction": f"{ASK}: 1_is_lowest or 1_is_highest",
            "intensity": {c: _of_class(one.peril, c) for c in classes_in(one.path) or ()},
            "annual_probability": {
                c: f"{ASK}: chance of class {c} a year; unknown: take annual_probability out"
                for c in classes_in(one.path) or ()
            },
            "source": f"{ASK}: who says so",
        }
        for one in rasters
        if one.peril is not None and _classes_alone(one)
    }


def classes_in(path: Path) -> list[int] | None:
    """Classes of a map of few whole numbers; None for a map of another kind."""
    if path.suffix.lower() not in (".tif", ".tiff"):
        return None
    try:
        with rasterio.open(path) as source:
            if not source.dtypes[0].startswith(("int", "uint")):
                return None
            values = np.unique(source.read(1, masked=True).compressed())
    except Exception:  # damaged files are for the check to name
        return None
    return [int(one) for one in values] if 0 < values.size <= MOST_CLASSES else None


def weights_of(rasters: list[Raster]) -> list[str]:
    """Rasters that are no hazard map, which may say where things stand."""
    return [one.name for one in rasters if one.peril is None]


def _classes_alone(one: Raster) -> bool:
    return one.period is None and classes_in(one.path) is not None


def _period(one: Raster) -> float | str:
    """Return period as a key of the manifest; a question where the name states none."""
    if one.period is None:
        return f"{ASK}: return period in years of {one.path.name}"
    return int(one.period) if one.period.is_integer() else one.period


def _of_class(peril: str, number: int) -> str:
    about = perils()[peril]
    unit = next(iter(about["units"]))
    kept = "from 0 to 1" if unit == "1" else f"in {unit}"
    return f"{ASK}: number of class {number}, {about['measure']['en']} {kept}"


def _finer(one: Raster, coarsest: float | None) -> bool:
    return bool(one.step and coarsest and one.step < FINER * coarsest)


def _spread() -> str:
    return f"{ASK}: by_area, or a map of what stands where on the same fine grid"


def _unit(peril: str) -> str:
    return f"{ASK}: one of {', '.join(perils()[peril]['units'])}"


def _place(path: Path) -> tuple[str, float | None]:
    try:
        crs, step = stated_place(path)
    except FoundError:  # damaged files are for the check to name
        return "", None
    if not crs:
        return "", None  # a step of no known unit
    system = CRS.from_user_input(crs)
    degrees = step is not None and system.is_geographic
    code = system.to_epsg(min_confidence=70)  # as `same_crs` reads the WKT of other programs
    name = f"EPSG:{code}" if code else system.to_string()
    return name, step * METRES if degrees and step else step


def _seen(one: Raster) -> dict[str, Any]:
    """Read unit and classes of a map, and ask of nodata where it may mean dry."""
    tiff = one.path.suffix.lower() in (".tif", ".tiff")
    try:
        values, unit, zero_is_nodata = _of_tiff(one.path) if tiff else _of_variable(one.path)
    except _SeveralError as several:
        return {"variable": f"{ASK}: one of {', '.join(several.names)}"}
    except Exception:  # damaged files are for the check to name
        return {}
    known = perils()[one.peril]["units"] if one.peril else {}
    unit = stated_unit(unit)[0] if unit else None
    seen: dict[str, Any] = {"unit": unit} if unit in known else {}
    if classes_in(one.path):
        seen["unit"] = "class"
        seen["classes"] = {"direction": f"{ASK}: 1_is_lowest or 1_is_highest"}
    if zero_is_nodata or (np.isnan(values).any() and not (values == 0).any()):
        seen["nodata_means"] = f"{ASK}: outside (not surveyed) or dry (surveyed, nothing found)"
    return seen


class _SeveralError(Exception):
    """A file that holds several maps, and their names."""

    def __init__(self, names: list[str]) -> None:
        self.names = names


def _of_tiff(path: Path) -> tuple[npt.NDArray[np.float64], str | None, bool]:
    with rasterio.open(path) as source:
        band = source.read(1, masked=True).astype(np.float64).filled(np.nan)
        return band, source.units[0], source.nodata == 0.0


def _of_variable(path: Path) -> tuple[npt.NDArray[np.float64], str | None, bool]:
    with open_array_file(path) as source:
        maps = [str(n) for n, one in source.data_vars.items() if one.ndim >= 2]
        if len(maps) != 1:
            raise _SeveralError(maps)
        data = source[maps[0]].load()
        zero_is_nodata = data.encoding.get("_FillValue") == 0.0
        return data.values.astype(np.float64), data.attrs.get("units"), zero_is_nodata
