"""Rows of what stands in each zone: one table, and tables of their own for some classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from riskmodel.census.checks.totals import (
    CODE,
    codes_nested,
    codes_written_well,
    rows_left_out,
    total_rows,
    units_agree,
)
from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest import Exposure, Table
from riskmodel.census.tables import code_of, read_table

NAMES = ("code", "name_zh")


@dataclass(frozen=True, slots=True)
class CountyTable:
    """Rows of a county table by zone code, and the rows without a code: units, totals.

    ``own`` is the file of each column that stands in a table of its own.
    """

    rows: pd.DataFrame
    left_out: pd.DataFrame
    file: str
    own: Mapping[str, str]

    def file_of(self, column: str) -> str:
        """File that a column comes from."""
        return self.own.get(column, self.file)


def read_county_table(folder: Path, exposure: Exposure) -> tuple[CountyTable, list[Finding]]:
    """County table by zone code, columns of other tables joined to it, and what they show.

    The table of the exposure says which zones there are, and their names.

    Raises
    ------
    FoundError
        If a file or column is missing, a file cannot be read, no row has a code, or another table
        lacks a zone.
    """
    own = _own_tables(exposure)
    numbers = [name for name in _columns(exposure) if name not in own]
    whole, findings = _coded(folder, exposure, [*NAMES, *numbers], numbers)
    if nested := list(codes_nested([*whole.rows.index], whole.file)):
        raise FoundError(*nested)
    rows, left_out, told = whole.rows, [whole.left_out], list[Table]()
    if "name_en" not in rows:
        findings.append(Finding("name_en_missing", whole.file))
        rows = rows.assign(name_en=rows["name_zh"])
    findings += total_rows(rows, whole.file)
    findings += units_agree(whole.left_out, _part(exposure, exposure, numbers), whole.file)
    for name, table in own.items():
        other, found = _coded(folder, table, ["code", name], [name])
        findings += found
        findings += units_agree(other.left_out, _part(exposure, table, [name]), other.file)
        if lacking := sorted(set(rows.index) - set(other.rows.index)):
            place = f"column {name}"
            raise FoundError(Finding("zone_without_value", other.file, "", place, lacking))
        if more := sorted(set(other.rows.index) - set(rows.index)):
            findings.append(Finding("rows_elsewhere", other.file, f"column {name}", found=more[:5]))
        elif table not in told:  # totals of one table, once
            left_out.append(other.left_out)  # one of more zones than these says nothing of them
            told.append(table)
        rows = rows.assign(**{name: other.rows[name].reindex(rows.index)})
    files = {name: table.workbook for name, table in own.items()}
    return CountyTable(rows, pd.concat(left_out, ignore_index=True), whole.file, files), findings


def _columns(exposure: Exposure) -> list[str]:
    return [*exposure.classes, *([exposure.gdp.column] if exposure.gdp else [])]


def _own_tables(exposure: Exposure) -> Mapping[str, Table]:
    """Tables of classes and GDP that are not in the table of the exposure, by column."""
    stated = {name: one.table for name, one in exposure.classes.items()}
    if exposure.gdp is not None:
        stated[exposure.gdp.column] = exposure.gdp.table
    return {name: table for name, table in stated.items() if table is not None}


def _part(exposure: Exposure, table: Table, names: list[str]) -> Exposure:
    """Keep what the manifest says of some columns of one table."""
    gdp = exposure.gdp if exposure.gdp and exposure.gdp.column in names else None
    classes = {name: one for name, one in exposure.classes.items() if name in names}
    return exposure.model_copy(update={"columns": table.columns, "classes": classes, "gdp": gdp})


def _coded(
    folder: Path, table: Table, needed: list[str], numbers: list[str]
) -> tuple[CountyTable, list[Finding]]:
    """Rows of one table by code, and those without."""
    file = table.workbook
    frame = read_table(folder, table)
    faults = [
        Finding("column_missing", file, found=list(frame), expected=name)
        for name in needed
        if name not in frame
    ]
    if faults:
        raise FoundError(*faults)
    codes = frame["code"].map(code_of)
    written = codes.str.fullmatch(CODE).eq(True)
    codes = codes.where(written | frame[numbers].notna().any(axis=1))  # a note counts nothing
    coded, left_out = frame[codes.notna()], frame[codes.isna()]
    if coded.empty:
        raise FoundError(Finding("code_missing", file, found="no row with a code"))
    rows = coded.assign(code=codes[codes.notna()].astype(str))
    findings = list(codes_written_well(rows["code"], file))
    findings += rows_left_out(left_out, numbers, file)
    if any(one.code == "code_twice" for one in findings):
        raise FoundError(*findings)
    return CountyTable(rows.set_index("code"), left_out, file, {}), findings
