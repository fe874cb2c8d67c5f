"""Read what stands in each zone, and spread it over cells by weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.census.checks.grids import refinement, same_grid, summed
from riskmodel.census.checks.totals import totals_agree
from riskmodel.census.county_table import CountyTable
from riskmodel.census.finding import Finding, FoundError, errors_of, gathered, naming
from riskmodel.census.manifest import BY_AREA, Gdp, Manifest
from riskmodel.census.rasters import read_raster
from riskmodel.census.tables import numbers_in
from riskmodel.census.units import column_unit
from riskmodel.census.updating import joined_basis
from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, stamp

FloatArray = npt.NDArray[np.float64]

EXPOSURE = Schema(
    "census.exposure",
    {
        "value": ("entry", "exposure_class"),
        "total": ("zone", "exposure_class"),
        "gdp": ("zone",),
        "unit": ("exposure_class",),
        "valuation_basis": ("exposure_class",),
    },
    ("currency", "price_year", "valuation_basis", "status"),
)


def read_exposure(
    folder: Path, manifest: Manifest, table: CountyTable, zones: xr.Dataset, grid: xr.Dataset
) -> tuple[xr.Dataset | None, list[Finding]]:
    """Exposure of each zone and its parts in the entries (cell of a zone), and what was found.

    Parameters
    ----------
    folder : Path
        Folder of the census.
    manifest : Manifest
        From `read_manifest`.
    table : CountyTable
        From `read_county_table`.
    zones : Dataset
        Entries, cells and zones.
    grid : Dataset
        Grid of the hazard maps, which the weights must share.
    """
    findings: list[Finding] = []
    stated = manifest.exposure
    classes: dict[str, tuple[str, FloatArray, FloatArray]] = {}
    sums: dict[str, float] = {}
    for name, layer in stated.classes.items():
        with gathered(findings):
            unit, factor = column_unit(layer.unit, where=name)
            column = _column(table.rows, name, table.file_of(name))
            sums[name] = float(column.sum())
            at_cell = _weight(folder, layer.weight, manifest.crs, grid, zones, findings)
            total = column * factor
            classes[name] = (unit, total, _spread(total, at_cell, zones, name))
    gdp = np.full(len(table.rows), np.nan)
    with gathered(findings):
        gdp = _gdp(table, stated.gdp, sums, findings)
    files = {name: table.file_of(name) for name in sums}
    findings += totals_agree(sums, table.left_out, stated, files)
    if errors_of(findings):
        return None, findings
    basis = [
        (one.valuation_basis or manifest.valuation_basis) if classes[name][0] == CURRENCY else ""
        for name, one in stated.classes.items()
    ]
    dataset = _dataset(classes, zones).assign(
        gdp=("zone", gdp),
        valuation_basis=("exposure_class", np.array(basis, dtype=object)),
    )
    return _stamped(dataset, manifest, joined_basis(basis)), findings


def _gdp(
    table: CountyTable, gdp: Gdp | None, sums: dict[str, float], findings: list[Finding]
) -> FloatArray:
    """GDP of each zone in CNY; nothing is known of it where the manifest names no column."""
    if gdp is None:
        findings.append(Finding("gdp_missing", "census.yml", "exposure.gdp"))
        return np.full(len(table.rows), np.nan)
    _, factor = column_unit(gdp.unit, where="gdp", money_only=True)
    column = _column(table.rows, gdp.column, table.file_of(gdp.column))
    sums[gdp.column] = float(column.sum())
    return column * factor


def _stamped(dataset: xr.Dataset, manifest: Manifest, basis: str) -> xr.Dataset:
    gdp = manifest.exposure.gdp
    rules = {"update": manifest.update, "valuation": manifest.valuation}
    return stamp(
        dataset,
        EXPOSURE,
        source=manifest.source,
        history="county totals spread by declared weights",
        currency=manifest.currency,
        price_year=manifest.price_year,
        valuation_basis=basis,
        status=manifest.status,
        **({} if gdp is None else {"gdp_year": gdp.year}),
        **{name: rule.model_dump_json() for name, rule in rules.items() if rule is not None},
    )


def _dataset(
    classes: dict[str, tuple[str, FloatArray, FloatArray]], zones: xr.Dataset
) -> xr.Dataset:
    units, totals, values = zip(*classes.values(), strict=True)
    return xr.Dataset(
        {
            "value": (("entry", "exposure_class"), np.stack(values, axis=1)),
            "total": (("zone", "exposure_class"), np.stack(totals, axis=1)),
            "unit": ("exposure_class", list(units)),
        },
        {"exposure_class": list(classes), "zone": zones.zone},
    )


def _weight(
    folder: Path,
    name: str,
    crs: str,
    grid: xr.Dataset,
    zones: xr.Dataset,
    findings: list[Finding],
) -> FloatArray:
    """Weights at the cells of the zones; nodata weighs nothing, finer weights are summed."""
    if name == BY_AREA:
        return np.ones(zones.sizes["cell"])
    with naming(name):
        weight = read_raster(folder / name, crs)
    if (weight < 0).any():
        raise FoundError(
            Finding("negative_weight", name, found=float(weight.min()), cells=weight < 0)
        )
    if (parts := refinement(weight, grid)) is not None:
        again = Finding("weight_summed", name, found=f"{parts[0]} x {parts[1]} cells to one")
        findings += [again] if again not in findings else []
        weight = summed(weight, grid)
    if faults := list(same_grid(weight, grid, file=name)):
        raise FoundError(*faults)
    return np.nan_to_num(weight.values[zones.row.values, zones.column.values])


def _column(table: pd.DataFrame, name: str, file: str) -> FloatArray:
    values = numbers_in(table[name]).to_numpy(dtype=np.float64)
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        place = f"column {name}, zone {table.index[bad][0]}"
        found = table[name].to_numpy()[bad][0]
        raise FoundError(Finding("not_a_number", file, place=place, found=found))
    return values


def _spread(total: FloatArray, weight: FloatArray, zones: xr.Dataset, name: str) -> FloatArray:
    """Spread zone totals over the zone's cells by weight × share of the zone's area."""
    zone = zones.entry_zone.values
    relative = weight[zones.entry_cell.values] * zones.zone_share.values
    norm = np.bincount(zone, relative, minlength=total.size)
    stranded = (norm == 0) & (total > 0)
    if stranded.any():
        place = f"{name}, zone {zones.zone.values[stranded][0]}"
        found = float(total[stranded][0])
        raise FoundError(Finding("zone_without_weight", place=place, found=found))
    return relative * (total / np.where(norm > 0, norm, 1.0))[zone]
