"""What a table says of itself: where its header stands, its codes, units and encoding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from riskmodel.census.checks.totals import CODE, index_row
from riskmodel.census.encodings import encoding_of
from riskmodel.census.finding import FoundError
from riskmodel.census.manifest import Table
from riskmodel.census.manifest_faults import ASK
from riskmodel.census.slots import code_column
from riskmodel.census.tables import code_of, numbers_in, raw_rows, read_table
from riskmodel.census.units import AREAS, COUNTS, unit_in_header
from riskmodel.core.money import MULTIPLIERS

UNITS = {*MULTIPLIERS, *AREAS, *COUNTS}
HEADER_ROWS = 3  # at most
NO_CLASS = re.compile(
    r"序号|编号|栏次|年份|^年$|^year$|^no\.?$|^id$|longitude|latitude|经度|纬度", re.IGNORECASE
)
GDP = re.compile(r"gdp|生产总值", re.I)
NAMES = re.compile(r"名称|行政区|^县|^区县|县（?市|^name", re.I)
ENGLISH = re.compile(r"英文|english|name_en", re.I)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its rows under their header, its column of codes, and the unit above it."""

    table: Table
    frame: pd.DataFrame
    code: str | None
    unit: str | None


def sheets_of(folder: Path, path: Path) -> list[Sheet]:
    """Tables of a file that can be read, those with division codes first."""
    found = []
    for name in _names(path):
        try:
            if sheet := _sheet(folder, path, name):
                found.append(sheet)
        except FoundError:
            continue  # damaged files are for the check to name
    return sorted(found, key=lambda one: one.code is None)


def exposure_part(sheet: Sheet, weights: list[str]) -> dict[str, Any]:
    """Draft of ``exposure`` from a table: columns of code and names, classes with units, GDP."""
    frame, code = sheet.frame, sheet.code
    columns = {} if code in (None, "code") else {"code": code}
    for own, words in (("name_en", ENGLISH), ("name_zh", NAMES)):
        fitting = [str(n) for n in frame if words.search(str(n)) and n not in columns.values()]
        if own not in frame and (fitting or own == "name_zh"):
            columns[own] = fitting[0] if fitting else f"{ASK}: column of names"
    classes: dict[str, Any] = {}
    part: dict[str, Any] = {}
    for name in map(str, frame):
        if name in {"", *columns, *columns.values()} or NO_CLASS.search(name.split("/")[-1]):
            continue
        if not _numbers(frame[name]):
            continue
        unit = _unit(name, frame[name], sheet.unit)
        if GDP.search(name):
            part["gdp"] = {"column": name, "unit": unit, "year": f"{ASK}: year of GDP"}
        else:
            classes[name] = {"unit": unit, "weight": _weight(weights)}
    return {**table_part(sheet.table), "columns": columns, "classes": classes, **part}


def add_own_tables(exposure: dict[str, Any], sheet: Sheet, weights: list[str]) -> None:
    """Add the classes of a further table to a draft of ``exposure``, each with its table."""
    more = exposure_part(sheet, weights)
    named = {"code": sheet.code} if sheet.code != "code" else {}
    table = table_part(sheet.table) | ({"columns": named} if named else {})
    for name, one in more["classes"].items():
        exposure["classes"].setdefault(name, one | {"table": dict(table)})
    if "gdp" in more and "gdp" not in exposure:
        exposure["gdp"] = more["gdp"] | {"table": dict(table)}


def table_part(table: Table) -> dict[str, Any]:
    """Content of a table in the manifest, without what is as usual."""
    usual = Table(workbook=table.workbook).model_dump()
    return {k: v for k, v in table.model_dump().items() if k == "workbook" or v != usual[k]}


def has_names(sheet: Sheet) -> bool:
    """Whether a table has a column of names of zones."""
    return any(str(name) == "name_zh" or NAMES.search(str(name)) for name in sheet.frame)


def count_of_numbers(sheet: Sheet) -> int:
    """Count columns of numbers, by which the table of exposure is told from others."""
    return sum(_numbers(sheet.frame[name]) for name in sheet.frame)


def _names(path: Path) -> Sequence[str | None]:
    if path.suffix.lower() != ".xlsx":
        return [None]
    try:
        book = openpyxl.load_workbook(path, read_only=True)
        names = list(book.sheetnames)
        book.close()
    except Exception:  # damaged files are for the check to name
        return []
    return names if len(names) > 1 else [None]


def _sheet(folder: Path, path: Path, name: str | None) -> Sheet | None:
    workbook = path.relative_to(folder).as_posix()
    encoding = None
    if path.suffix.lower() in (".csv", ".txt"):
        found = encoding_of(path.read_bytes())
        encoding = None if found == "utf-8" else found
    bare = Table(workbook=workbook, sheet=name, encoding=encoding)  # type: ignore[arg-type]
    first = _first_coded(raw_rows(folder, bare))
    if first is None:
        frame = read_table(folder, bare)
        return Sheet(bare, frame, code_column(frame), None) if len(frame) else None
    above = raw_rows(folder, bare.model_copy(update={"header_row": max(first, 1)}))[:first]
    start, count = _header(above)
    table = bare.model_copy(update={"header_row": start + 1, "header_rows": count})
    frame = read_table(folder, table)
    return Sheet(table, frame, code_column(frame), _unit_above(above[:start]))


def _first_coded(rows: Sequence[Sequence[Any]]) -> int | None:
    """First row with a code, in the first column that holds codes mostly from there on."""
    width = max((len(row) for row in rows), default=0)
    for column in range(width):
        cells = [row[column] if column < len(row) else None for row in rows]
        coded = [bool((c := code_of(v)) and re.fullmatch(CODE, c)) for v in cells]
        if any(coded):
            first = coded.index(True)
            if 2 * sum(coded) >= sum(v is not None for v in cells[first:]):
                return first
    return None


def _header(above: Sequence[Sequence[Any]]) -> tuple[int, int]:
    """Start (from 0) and number of the header rows above the first row with a code.

    A title or a note fills its row with one text; rows of units and of numbered columns stand
    between the header and the data.
    """
    end = len(above) - 1
    while end > 0 and (_texts(above[end]) <= UNITS or index_row(above[end])):
        end -= 1
    start = end
    while start > 0 and end - start + 1 < HEADER_ROWS and len(_texts(above[start - 1])) > 1:
        start -= 1
    return max(start, 0), max(end, 0) - max(start, 0) + 1


def _texts(row: Sequence[Any]) -> set[str]:
    return {str(cell).strip().strip("（()）") for cell in row if cell is not None}


def _unit_above(rows: Sequence[Sequence[Any]]) -> str | None:
    """Read the unit that a note above the header states for the whole table, if it is one."""
    text = " ".join(str(cell) for row in rows for cell in dict.fromkeys(row) if cell is not None)
    found = re.findall(r"单位\s*[:：]\s*([^\s）)]+)", text)
    return found[0] if len(found) == 1 and found[0] in UNITS else None


def _numbers(column: pd.Series) -> bool:
    return bool(2 * numbers_in(column).notna().sum() >= max(len(column), 1))


def _unit(name: str, column: pd.Series, above: str | None) -> str:
    beneath = [text.strip().strip("（()）") for text in column if isinstance(text, str)]
    for text in [*unit_in_header(name).values(), *beneath]:
        if text in UNITS:
            return text
    if above is not None:
        return f"{ASK}: {above}, as the table says above its header, or another unit"
    return f"{ASK}: one of {', '.join(sorted(UNITS))}"


def _weight(weights: list[str]) -> str:
    maps = ", ".join(weights) or "a map that says where things stand"
    return f"{ASK}: what spreads the total over cells, {maps}, or by_area"
