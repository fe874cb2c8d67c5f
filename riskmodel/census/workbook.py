"""Read what stands in each zone, and spread it over cells by weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.census.checks.grids import refinement, same_grid, summed
from riskmodel.census.checks.totals import (
    CODE,
    codes_written_well,
    rows_left_out,
    total_rows,
    totals_agree,
    units_agree,
)
from riskmodel.census.finding import Finding, FoundError, errors_of, gathered
from riskmodel.census.manifest import BY_AREA, Exposure, Gdp, Manifest
from riskmodel.census.rasters import read_raster
from riskmodel.census.tables import code_of, numbers_in, read_table
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
NAMES = ("code", "name_zh")


@dataclass(frozen=True, slots=True)
class CountyTable:
    """Rows of a county table by zone code, and the rows without a code: units, totals."""

    rows: pd.DataFrame
    left_out: pd.DataFrame
    file: str


def read_county_table(folder: Path, exposure: Exposure) -> tuple[CountyTable, list[Finding]]:
    """County table by zone code, and what its codes and rows show.

    Raises
    ------
    FoundError
        If the file or a column is missing, the file cannot be read, or no row has a code.
    """
    file = exposure.workbook
    table = read_table(folder, exposure)
    numbers = [*exposure.classes, *([exposure.gdp.column] if exposure.gdp else [])]
    faults = [
        Finding("column_missing", file, found=list(table), expected=name)
        for name in (*NAMES, *numbers)
        if name not in table
    ]
    if faults:
        raise FoundError(*faults)
    codes = table["code"].map(code_of)
    written = codes.str.fullmatch(CODE).eq(True)
    codes = codes.where(written | table[numbers].notna().any(axis=1))  # a note counts nothing
    coded, left_out = table[codes.notna()], table[codes.isna()]
    if coded.empty:
        raise FoundError(Finding("code_missing", file, found="no row with a code"))
    rows = coded.assign(code=codes[codes.notna()].astype(str))
    findings = list(codes_written_well(rows["code"], file))
    if "name_en" not in rows:
        findings.append(Finding("name_en_missing", file))
        rows = rows.assign(name_en=rows["name_zh"])
    rows = rows.set_index("code")
    findings += total_rows(rows, file)
    findings += rows_left_out(left_out, numbers, file)
    findings += units_agree(left_out, exposure, file)
    return CountyTable(rows, left_out, file), findings


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
    stated, file = manifest.exposure, table.file
    classes: dict[str, tuple[str, FloatArray, FloatArray]] = {}
    sums: dict[str, float] = {}
    for name, layer in stated.classes.items():
        with gathered(findings):
            unit, factor = column_unit(layer.unit, where=name)
            column = _column(table.rows, name, file)
            sums[name] = float(column.sum())
            at_cell = _weight(folder, layer.weight, manifest.crs, grid, zones, findings)
            total = column * factor
            classes[name] = (unit, total, _spread(total, at_cell, zones, name))
    gdp = np.full(len(table.rows), np.nan)
    with gathered(findings):
        gdp = _gdp(table, stated.gdp, sums, findings)
    findings += totals_agree(sums, table.left_out, stated, file)
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
    column = _column(table.rows, gdp.column, table.file)
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
