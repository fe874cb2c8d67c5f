"""Read the maps of one peril and check them: one stack by return period, in the kept unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.census.checks.grids import same_grid
from riskmodel.census.checks.maps import (
    classes_known,
    in_range,
    numbers_of_classes,
    raised,
    rising,
    surveyed_alike,
)
from riskmodel.census.finding import Finding, FoundError, errors_of, gathered, naming
from riskmodel.census.manifest import HazardLayer
from riskmodel.census.rasters import read_raster
from riskmodel.census.units import map_unit, perils, stated_unit


def read_hazard(
    folder: Path, peril: str, layer: HazardLayer, crs: str
) -> tuple[xr.Dataset | None, list[Finding]]:
    """Read the maps of one peril as ``intensity`` (return_period, y, x), nodata as NaN.

    Return periods are on the annual-probability basis. Their order in the manifest does not
    matter: maps are sorted by return period. Returned too is what was found; without all maps on
    one grid there is no Dataset.
    """
    findings: list[Finding] = []
    with gathered(findings):
        names = [layer.files[t] for t in sorted(layer.files)]
        _unit(peril, layer)
        if len(names) < 2:
            raise FoundError(
                Finding("one_return_period", "census.yml", f"hazard.{peril}", found=[*layer.files])
            )
        maps = _maps(folder, names, peril, layer, crs, findings)
        if len(maps) < len(names) or errors_of(findings):
            return None, findings
        return stacked(maps, sorted(layer.files), names, peril, layer, findings).assign_attrs(
            crs=crs
        ), findings
    return None, findings


def stacked(
    maps: Sequence[xr.DataArray],
    periods: Sequence[float],
    names: Sequence[str],
    peril: str,
    layer: HazardLayer,
    findings: list[Finding],
) -> xr.Dataset:
    """Stack maps (y, x) as ``intensity`` (return_period, y, x) in the kept unit, and check it.

    Attributes tell the unit, and of a repair or of nodata read as dry where there was one.

    Raises
    ------
    FoundError
        If the peril or its unit is unknown.
    """
    unit, factor = _unit(peril, layer)
    along = pd.Index(periods, name="return_period")
    stack = xr.concat(maps, along, join="override", combine_attrs="override") * factor
    stack.attrs = dict(maps[0].attrs)
    stack, repair = _checked(stack, list(names), peril, layer, findings)
    attrs = {"units": unit} | repair
    if layer.nodata_means == "dry":
        attrs["nodata_means"] = "dry"
        findings.append(Finding("nodata_is_dry", "census.yml", f"hazard.{peril}"))
    return xr.Dataset({"intensity": stack.drop_attrs().astype(np.float32)}, attrs=attrs)


def in_numbers(
    data: xr.DataArray, layer: HazardLayer, name: str, findings: list[Finding]
) -> xr.DataArray:
    """Put the numbers that stand for classes in their place, where a map holds classes."""
    if layer.unit != "class":
        return data
    findings += (odd := list(classes_known(data, layer.classes, name)))
    return data if odd or not layer.classes else numbers_of_classes(data, layer.classes)


def unit_agrees(
    stated: str | None, peril: str, layer: HazardLayer, file: str, place: str = ""
) -> Iterator[Finding]:
    """Find a map whose file states another unit than the manifest, or one that nobody can read.

    Maps of classes have no unit to compare; neither has a file that states none, or ``1``.
    """
    known, key = perils()[peril]["units"], f"hazard.{peril}.unit"
    if layer.unit not in known or not stated or str(stated) == "1":
        return
    unit, real = stated_unit(str(stated))
    if unit not in known:
        code = "unit_disagrees" if real else "unit_not_read"
        yield Finding(code, file, key, place, stated, layer.unit)
    elif known[unit] != known[layer.unit]:
        yield Finding("unit_disagrees", file, key, place, stated, layer.unit)


def _unit(peril: str, layer: HazardLayer) -> tuple[str, float]:
    """Kept unit and factor; maps of classes hold numbers of the kept unit already."""
    if layer.unit != "class":
        return map_unit(peril, layer.unit)
    if peril not in perils():
        return map_unit(peril, layer.unit)  # refuses the peril
    return str(next(iter(perils()[peril]["units"]))), 1.0


def _maps(
    folder: Path,
    names: list[str],
    peril: str,
    layer: HazardLayer,
    crs: str,
    findings: list[Finding],
) -> list[xr.DataArray]:
    maps: list[xr.DataArray] = []
    for name in names:
        with gathered(findings), naming(name, f"hazard.{peril}"):
            data = read_raster(
                folder / name,
                crs,
                variable=layer.variable,
                nodata=layer.nodata,
                dry=layer.nodata_means == "dry",
                zero=layer.classes is not None and 0 not in layer.classes.values,
            )
            findings += _once(unit_agrees(data.attrs["units"], peril, layer, name), findings)
            maps.append(in_numbers(data, layer, name, findings).drop_attrs())
            findings += same_grid(data, maps[0], file=name)
    return maps


def _once(found: Iterator[Finding], findings: Sequence[Finding]) -> list[Finding]:
    """Leave out warnings of a layer that an earlier map of it gave already."""
    told = {(one.code, one.layer, one.found) for one in findings if one.severity != "error"}
    return [one for one in found if (one.code, one.layer, one.found) not in told]


def _checked(
    stack: xr.DataArray, names: list[str], peril: str, layer: HazardLayer, findings: list[Finding]
) -> tuple[xr.DataArray, dict[str, object]]:
    low, high = perils()[peril]["range"]
    findings += in_range(stack, names, low, high)
    findings += surveyed_alike(stack, names)
    falling = list(rising(stack, names))
    if falling and falling[0].code == "not_monotone" and layer.repair:
        cells = falling[0].cells
        findings.append(
            Finding(
                "map_repaired", falling[0].file, f"hazard.{peril}.repair", falling[0].place,
                layer.repair, cells=cells,
            )
        )  # fmt: skip
        count = 0 if cells is None else int(cells.sum())
        return raised(stack), {"repair": layer.repair, "repaired_cells": count}
    findings += falling
    return stack, {}
