"""Read the tables of a census: Excel with merged headers, CSV in UTF-8 or GB18030, DBF."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.worksheet.worksheet import Worksheet

from riskmodel.census.finding import Finding, FoundError
from riskmodel.census.manifest import Table

MOST_BYTES = 2_000_000_000  # of what an archive unpacks to
Rows = list[list[Any]]


def read_table(folder: Path, table: Table) -> pd.DataFrame:
    """Rows of a table under one header row, as the file holds them; empty cells are None.

    A header of several rows becomes one name a column, its parts joined by ``/``; merged cells
    count for every column that they cover.

    Raises
    ------
    FoundError
        If the file is missing, empty, cannot be read, has another encoding or no such sheet, or
        two columns have one name.
    """
    path = folder / table.workbook
    if not path.is_file():
        raise FoundError(Finding("file_missing", table.workbook))
    if path.stat().st_size == 0:
        raise FoundError(Finding("file_empty", table.workbook, found="0 bytes"))
    rows = _csv(path, table) if path.suffix.lower() in (".csv", ".txt") else _excel(path, table)
    start, end = table.header_row - 1, table.header_row - 1 + table.header_rows
    if len(rows) <= end:
        found = f"{len(rows)} rows"
        raise FoundError(Finding("table_empty", table.workbook, found=found))
    names = _joined(rows[start:end])
    new = {own: name for name, own in table.columns.items()}
    names = [new.get(name, name) for name in names]
    repeated = sorted({n for n in names if n and names.count(n) > 1})
    if repeated:
        raise FoundError(Finding("column_twice", table.workbook, found=repeated))
    return pd.DataFrame(rows[end:], columns=names, dtype=object)


def _csv(path: Path, table: Table) -> Rows:
    content = path.read_bytes()
    encoding = table.encoding or "utf-8"
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        found = f"not {encoding} at byte {error.start}"
        raise FoundError(Finding("encoding_wrong", path.name, found=found)) from error
    if wrongly_decoded(text, encoding):
        raise FoundError(Finding("encoding_wrong", path.name, found=f"UTF-8 read as {encoding}"))
    rows: Rows = [[cell.strip() or None for cell in row] for row in csv.reader(StringIO(text))]
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows if any(row)]


def wrongly_decoded(text: str, encoding: str) -> bool:
    """Whether a text that was read as GBK is UTF-8 in truth; GBK hardly ever is by chance.

    Examples
    --------
    >>> wrongly_decoded("温州市".encode("utf-8").decode("gb18030", "replace"), "gb18030")
    True
    >>> wrongly_decoded("温州市", "gb18030")
    False
    """
    if encoding == "utf-8" or text.isascii():
        return False
    try:
        raw = text.encode(encoding)
        return len(raw.decode("utf-8", "strict")) > 0
    except UnicodeError:
        return "\ufffd" in text


def _excel(path: Path, table: Table) -> Rows:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
        if size > MOST_BYTES:
            found, expected = f"{size:,} bytes", f"at most {MOST_BYTES:,}"
            raise FoundError(Finding("too_large", path.name, found=found, expected=expected))
        book = openpyxl.load_workbook(path, data_only=True)
    except FoundError:
        raise
    except Exception as error:  # openpyxl lets many kinds through on a damaged file
        raise FoundError(Finding("file_unreadable", path.name, found=str(error))) from error
    if table.sheet is None and len(book.sheetnames) > 1:
        found = book.sheetnames
        raise FoundError(Finding("sheet_missing", path.name, found=found, expected="sheet: a name"))
    if table.sheet is not None and table.sheet not in book.sheetnames:
        found = book.sheetnames
        raise FoundError(Finding("sheet_missing", path.name, found=found, expected=table.sheet))
    sheet = book[table.sheet or book.sheetnames[0]]
    rows: Rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    _fill_merged(sheet, rows, table)
    return [[cell if cell != "" else None for cell in row] for row in rows]


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


def code_of(value: object) -> str | None:
    """Division code of a cell as text; a county code of 12 digits is cut to its six.

    Examples
    --------
    >>> code_of("330302000000"), code_of(330302), code_of("330302001000"), code_of(None)
    ('330302', '330302', '330302001000', None)
    """
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return None
    text = str(value).strip()
    if isinstance(value, int | float):
        text = f"{value:.0f}"
    return text[:6] if len(text) == 12 and text.endswith("000000") else text or None
