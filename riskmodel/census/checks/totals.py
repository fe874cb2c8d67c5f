"""Checks of a county table: codes, total rows, units in headers, totals stated elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.census.finding import Finding
from riskmodel.census.manifest import Exposure
from riskmodel.census.tables import numbers_in
from riskmodel.census.units import AREAS, COUNTS
from riskmodel.core.money import MULTIPLIERS

TOTALS = re.compile(r"合\s*计|总\s*计|小\s*计|全市|\btotal\b|\bsum\b", re.IGNORECASE)
CODE = r"\d{6}|\d{9}|\d{12}"
ROUNDING = 1e-3  # of a stated total; totals are stated rounded


def codes_written_well(codes: pd.Series, file: str) -> Iterator[Finding]:
    """Find codes that are no division code, as after a spreadsheet made numbers of them."""
    good = codes.str.fullmatch(CODE)
    if not good.all():
        found = codes[~good].tolist()[:5]
        yield Finding("code_format", file, found=found, expected="6, 9 or 12 digits as text")
    if repeated := sorted(set(codes[codes.duplicated()])):
        yield Finding("code_twice", file, found=repeated)


def total_rows(table: pd.DataFrame, file: str) -> Iterator[Finding]:
    """Find a row that has a code but is named a total: it would be counted twice."""
    for code in table.index[_named_totals(table[["name_zh", "name_en"]])]:
        yield Finding("total_row", file, place=f"row of code {code}")


def index_row(cells: Sequence[object]) -> bool:
    """Whether a row beneath a header only numbers the columns, as statistical tables do.

    Examples
    --------
    >>> index_row(["甲", "乙", 1, 2, 3]), index_row(["甲县", 12.5, 100])
    (True, False)
    """
    texts = [str(cell).strip().strip("（()）") for cell in cells if cell is not None]
    numbers = [float(text) for text in texts if re.fullmatch(r"\d+(?:\.0)?", text)]
    letters = [text for text in texts if len(text) == 1 and text in "甲乙丙丁ABCDE栏"]
    counted = numbers == [float(n) for n in range(1, len(numbers) + 1)]
    return len(numbers) > 1 and counted and len(numbers) + len(letters) == len(texts)


def rows_left_out(rows: pd.DataFrame, columns: list[str], file: str) -> Iterator[Finding]:
    """Find rows without a code that hold numbers and are no total: they would be lost."""
    numbers = rows[columns].apply(numbers_in).notna().any(axis=1)
    counting = np.array([index_row(row) for row in rows.itertuples(index=False)], dtype=bool)
    for index in rows.index[numbers & ~_named_totals(rows) & ~counting]:
        found = [v for v in rows.loc[index].tolist() if v is not None][:4]
        yield Finding("row_without_code", file, place=f"row {index + 1} of the data", found=found)


def is_record(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether rows without a code are records, and no totals, units, column numbers or notes."""
    texts = [[str(v).strip("（()） ") for v in row if v is not None] for row in rows.values]
    other = [
        len(row) < 2 or index_row(row) or set(row) <= {*MULTIPLIERS, *AREAS, *COUNTS}
        for row in texts
    ]
    return ~(np.array(other, dtype=bool) | _named_totals(rows))


def codes_nested(codes: Sequence[str], file: str) -> Iterator[Finding]:
    """Find a row of a unit beside rows of its parts: what stands there would be counted twice.

    A code of GB/T 2260 begins with that of the unit above: province, city, county, township.
    """
    own = {_significant(code): code for code in codes}
    for code in codes:
        start = _significant(code)
        if above := [own[start[:n]] for n in (2, 4, 6, 9) if n < len(start) and start[:n] in own]:
            yield Finding("codes_nested", file, f"rows of code {above[-1]} and {code}")
            return


def _significant(code: str) -> str:
    return re.sub("(000){1,2}$" if len(code) > 6 else "(00){1,2}$", "", code)


def units_agree(rows: pd.DataFrame, exposure: Exposure, file: str) -> Iterator[Finding]:
    """Find a unit beneath or inside a column's header that is not that of the manifest."""
    known = {**MULTIPLIERS, **AREAS}
    own = {new: old for new, old in exposure.columns.items()}
    units = {name: one.unit for name, one in exposure.classes.items()}
    if exposure.gdp is not None:
        units[exposure.gdp.column] = exposure.gdp.unit
    for name, unit in units.items():
        header = re.findall(r"[（(]([^）)]+)[）)]", own.get(name, name))
        beneath = rows[name].tolist() if name in rows else []
        for text in [*header, *beneath]:
            if unit in known and isinstance(text, str) and text.strip() in {*known} - {unit}:
                yield Finding("unit_disagrees", file, f"column {name}", "", text, unit)


def totals_agree(
    totals: dict[str, float], left_out: pd.DataFrame, exposure: Exposure, files: Mapping[str, str]
) -> Iterator[Finding]:
    """Compare sums of columns, in the column's unit, with total rows and stated totals.

    `files` names the file of each column.
    """
    stated = left_out[_named_totals(left_out)]
    for name, total in totals.items():
        values = numbers_in(stated[name]).dropna().tolist() if name in stated else []
        if (one := exposure.classes.get(name)) and one.stated_total is not None:
            values.append(one.stated_total)
        for value in values:
            if not np.isclose(total, value, rtol=ROUNDING):
                place = f"column {name}"
                yield Finding("total_disagrees", files[name], place, "", total, value)


def _named_totals(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether any cell of a row says that it is a total."""
    texts = [[v for v in row if isinstance(v, str)] for row in rows.itertuples(index=False)]
    return np.array([any(TOTALS.search(text) for text in row) for row in texts], dtype=bool)
