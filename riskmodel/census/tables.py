"""Read the tables of a census: Excel with merged headers, CSV in UTF-8 or GB18030, attributes."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import shapely
from openpyxl.worksheet.worksheet import Worksheet

from riskmodel.census.archives import archive_parts
from riskmodel.census.crs import DEGREES
from riskmodel.census.encodings import wrongly_decoded
from riskmodel.census.features import VECTORS, moved, read_features
from riskmodel.census.finding import Finding, FoundError, naming
from riskmodel.census.manifest import Table, Vector

Rows = list[list[Any]]
TEXTS = (".csv", ".txt")
OLE = b"\xd0\xcf\x11\xe0"  # an .xls, or an .xlsx with a password


def read_table(folder: Path, table: Table) -> pd.DataFrame:
    """Rows of a table under one header row, as the file holds them; empty cells are None.

    A header of several rows becomes one name a column, its parts joined by ``/``; merged cells
    count for every column that they cover. A file of features gives its attributes, with a place in
    degrees for each.

    Raises
    ------
    FoundError
        If the file is missing, empty, cannot be read, has another encoding or no such sheet, or
        two columns have one name.
    """
    path = folder / table.workbook
    if path.suffix.lower() in VECTORS:
        return _attributes(folder, table)
    rows = raw_rows(folder, table)
    start, end = table.header_row - 1, table.header_row - 1 + table.header_rows
    if len(rows) <= end:
        found = f"{len(rows)} rows"
        raise FoundError(Finding("table_empty", table.workbook, found=found))
    names = _renamed(_joined(rows[start:end]), table)
    frame = pd.DataFrame(rows[end:], columns=names, dtype=object)
    if path.suffix.lower() in TEXTS:
        _require_width(frame, table)
    return frame


def raw_rows(folder: Path, table: Table) -> Rows:
    """Rows of a CSV or a sheet as they stand, merged cells of the header filled.

    Raises
    ------
    FoundError
        As `read_table` does.
    """
    path = folder / table.workbook
    if not path.is_file():
        raise FoundError(Finding("file_missing", table.workbook))
    if path.stat().st_size == 0:
        raise FoundError(Finding("file_empty", table.workbook, found="0 bytes"))
    return _csv(path, table) if path.suffix.lower() in TEXTS else _excel(path, table)


def _renamed(names: list[str], table: Table) -> list[str]:
    new = {own: name for name, own in table.columns.items()}
    names = [new.get(name, name) for name in names]
    repeated = sorted({n for n in names if n and names.count(n) > 1})
    if repeated:
        raise FoundError(Finding("column_twice", table.workbook, found=repeated))
    return names


def _attributes(folder: Path, table: Table) -> pd.DataFrame:
    """Attributes of features, and a point on each of them in degrees."""
    vector = Vector(file=table.workbook, layer=table.sheet, encoding=table.encoding)
    features = read_features(folder, vector)
    frame = features.table.set_axis(_renamed(list(features.table), table), axis="columns")
    there = [shape is not None and not shape.is_empty for shape in features.shapes]
    if not any(there):
        return frame
    if not all(there):
        found = f"{there.count(False)} features without a place"
        raise FoundError(Finding("geometry_missing", table.workbook, found=found))
    points = moved(shapely.point_on_surface(features.shapes), features.crs, DEGREES, table.workbook)
    place = {"longitude": shapely.get_x(points), "latitude": shapely.get_y(points)}
    return frame.assign(**{n: np.asarray(v) for n, v in place.items() if n not in frame})


def _csv(path: Path, table: Table) -> Rows:
    content = path.read_bytes()
    encoding = table.encoding or "utf-8"
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        found = f"not {encoding} at byte {error.start}"
        raise FoundError(Finding("encoding_wrong", table.workbook, found=found)) from error
    if wrongly_decoded(text, encoding):
        raise FoundError(
            Finding("encoding_wrong", table.workbook, found=f"UTF-8 read as {encoding}")
        )
    mark = max(",;\t", key=text.count)  # the comma where there is none of them
    lines = csv.reader(StringIO(text), delimiter=mark)
    rows: Rows = [[cell.strip() or None for cell in row] for row in lines]
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows if any(row)]


def _excel(path: Path, table: Table) -> Rows:
    with path.open("rb") as file:
        old = file.read(len(OLE)) == OLE
    if old or path.suffix.lower() in (".xls", ".et", ".wps"):
        raise FoundError(Finding("old_workbook", table.workbook, found=path.suffix))
    with naming(table.workbook):
        archive_parts(path)
    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except Exception as error:  # openpyxl lets many kinds through on a damaged file
        raise FoundError(Finding("file_unreadable", table.workbook, found=str(error))) from error
    several = table.sheet is None and len(book.sheetnames) > 1
    if several or (table.sheet is not None and table.sheet not in book.sheetnames):
        found, expected = book.sheetnames, table.sheet or "sheet: a name"
        raise FoundError(Finding("sheet_missing", table.workbook, found=found, expected=expected))
    sheet = book[table.sheet or book.sheetnames[0]]
    rows: Rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    _fill_merged(sheet, rows, table)
    return [[cell if cell != "" else None for cell in row] for row in rows]


def _require_width(frame: pd.DataFrame, table: Table) -> None:
    """Refuse rows of a CSV longer than its header: a comma inside a number shifts the others."""
    named = [place for place, name in enumerate(frame) if name]
    beyond = frame.iloc[:, max(named, default=-1) + 1 :].notna().any(axis=1)
    if beyond.any():
        row = int(np.flatnonzero(beyond)[0])
        place, found = f"row {row + 1} of the data", [v for v in frame.iloc[row] if v is not None]
        raise FoundError(Finding("row_too_long", table.workbook, "", place, found, len(named)))


def _fill_merged(sheet: Worksheet, rows: Rows, table: Table) -> None:
    """Repeat merged cells of the header; merged cells below it stay empty but for the first."""
    last = table.header_row + table.header_rows - 1
    for block in sheet.merged_cells.ranges:
        for row in range(block.min_row, min(block.max_row, last) + 1):
            for column in range(block.min_col, block.max_col + 1):
                rows[row - 1][column - 1] = rows[block.min_row - 1][block.min_col - 1]


def _joined(header: Sequence[Sequence[Any]]) -> list[str]:
    names = []
    for parts in zip(*header, strict=True):
        words = [str(part).strip() for part in parts if part is not None]
        names.append("/".join(dict.fromkeys(words)))
    return names


def numbers_in(column: pd.Series) -> pd.Series:
    """Numbers of a column, also those written with thousands separators; others are NaN.

    A cell that says true or false is no number.

    Examples
    --------
    >>> numbers_in(pd.Series(["1,250.5", 3, "12,50", "n/a", None])).tolist()
    [1250.5, 3.0, nan, nan, nan]
    """
    grouped = re.compile(r"\s*\d{1,3}([,，]\d{3})+(\.\d+)?\s*")
    plain = [
        re.sub("[,，]", "", v) if isinstance(v, str) and grouped.fullmatch(v) else v
        for v in (None if isinstance(v, bool | np.bool_) else v for v in column)
    ]
    return pd.to_numeric(pd.Series(plain, column.index, dtype=object), errors="coerce")


def code_of(value: object) -> str | None:
    """Division code of a cell as text; a county code of 12 digits is cut to its six.

    A text without a digit, such as a total or a note in that column, is none.

    Examples
    --------
    >>> code_of("330302000000"), code_of(330302.0), code_of("330302001000"), code_of("合计")
    ('330302', '330302', '330302001000', None)
    >>> code_of(330302.5)  # no code, and nothing is rounded away
    '330302.5'
    """
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return None
    text = unicodedata.normalize("NFKC", str(value)).strip()  # digits of full width are digits
    if isinstance(value, float) and value.is_integer():
        text = f"{value:.0f}"
    if not re.search(r"\d", text):
        return None
    return text[:6] if len(text) == 12 and text.endswith("000000") else text
