"""Results as tables for readers: names in words, money in 亿元, intervals that say their kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from riskmodel.core.errors import FigureError
from riskmodel.core.files import whole_file
from riskmodel.core.messages import Language, has_message, message
from riskmodel.core.money import CURRENCY
from riskmodel.show.units import (
    HUNDRED_MILLION,
    TEN_THOUSAND,
    DisplayUnit,
    interval_name,
    number,
    per_cent,
)

# From this amount on money is shown in 亿元, below it in 万元.
LARGE_AMOUNT = 0.01 * HUNDRED_MILLION.factor
FIELDS = ("name", "value", "unit", "status", "source")
SHARES = frozenset({"1", "fraction", "ratio", "probability"})

# Where the last part of a dotted name is itself something with a name.
ITEM_NAMES: Mapping[str, str] = {
    "by_peril": "peril",
    "by_cause": "cause",
    "by_sector": "sector",
    "direct_loss": "payer",
    "benefits": "payer",
    "overpayment": "payer",
    "mean": "payer",
    "worst_100": "payer",
    "10": "payer",
    "100": "payer",
}

Record = Mapping[str, Any]
NO_ZONES: Mapping[str, str] = {}


def item_name(
    group: str, item: str, language: Language, zones: Mapping[str, str] = NO_ZONES
) -> str:
    """Name of the last part of a dotted name; a part without a name is returned as it is.

    Parameters
    ----------
    group : str
        The part before it, such as ``by_peril``.
    item : str
        The part itself: a key of a peril, cause, sector or payer, or the code of a zone.
    language : {"zh", "en"}
        Language of the name.
    zones : mapping of str to str
        Code to name of zones, which no message knows.
    """
    if group == "by_zone":
        return zones.get(item, item)
    key = f"{ITEM_NAMES.get(group, '')}.{item}"
    return message(key, language) if has_message(key) else item


def result_label(name: str, language: Language, zones: Mapping[str, str] = NO_ZONES) -> str:
    """Name of a result in words; a name without words of its own is returned as it is.

    Examples
    --------
    >>> result_label("loss.oep.100", "en")
    '100-year largest event (OEP)'
    >>> result_label("loss.aal.by_zone.330381", "zh", {"330381": "瑞安市"})
    '年均损失：瑞安市'
    """
    if has_message(f"result.{name}"):
        return message(f"result.{name}", language)
    stem, _, item = name.rpartition(".")
    if not has_message(f"result.{stem}.item"):
        return name
    words = item_name(stem.rpartition(".")[2], item, language, zones)
    return message(f"result.{stem}.item", language, item=words)


def _display(record: Record, language: Language) -> tuple[DisplayUnit | None, str]:
    """Choose the unit in which a record is shown; None for a fraction, shown in per cent."""
    unit = str(record["unit"])
    if unit.startswith(CURRENCY):
        large = abs(float(record["value"])) >= LARGE_AMOUNT
        money = HUNDRED_MILLION if large else TEN_THOUSAND
        return money, money.name(language) + unit.removeprefix(CURRENCY)
    if unit in SHARES:
        return None, "%"
    known = f"unit.{unit}"
    return DisplayUnit(1.0, ""), message(known, language) if has_message(known) else unit


def _written(value: float, unit: DisplayUnit | None) -> str:
    """Write a number in its display unit."""
    if unit is None:
        return number(100.0 * value)
    return number(value / unit.factor, 4)


def _row(record: Record, label: str, language: Language) -> dict[str, str]:
    """One row of the table."""
    unit, unit_name = _display(record, language)
    row = {
        message("column.quantity", language): label,
        message("column.value", language): _written(float(record["value"]), unit),
        message("column.unit", language): unit_name,
    }
    for interval in record.get("intervals") or []:
        column = interval_name(str(interval["kind"]), language, interval.get("level"))
        bounds = [_written(float(interval[bound]), unit) for bound in ("lower", "upper")]
        row[column] = " – ".join(bounds)
    share = record.get("share_extrapolated")
    row |= {
        message("column.share_extrapolated", language): "" if share is None else per_cent(share, 2),
        message("column.status", language): message(f"status.{record['status']}", language),
        message("column.source", language): str(record["source"]),
    }
    return row


def _columns(rows: Iterable[Mapping[str, str]], language: Language) -> list[str]:
    """Columns in reading order: quantity, value, unit, the intervals that occur, the rest."""
    first = [message(f"column.{key}", language) for key in ("quantity", "value", "unit")]
    last = [
        message(f"column.{key}", language) for key in ("share_extrapolated", "status", "source")
    ]
    found = dict.fromkeys(column for row in rows for column in row)
    return [*first, *(column for column in found if column not in (*first, *last)), *last]


def _chosen(
    records: Sequence[Record],
    names: Sequence[str] | Mapping[str, str],
    language: Language,
    zones: Mapping[str, str],
) -> list[tuple[Record, str]]:
    """List records in the order of the names, each with its label."""
    by_name = {}
    for record in records:
        missing = [field for field in FIELDS if field not in record]
        if missing:
            raise FigureError(
                "a record is incomplete",
                where=str(record.get("name")),
                found=missing,
                expected=FIELDS,
            )
        by_name[record["name"]] = record
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise FigureError(
            "no record of this name",
            where="results table",
            found=unknown,
            expected="names in results.json",
            remedy="run the stage that writes it, or correct the name",
        )
    own = names if isinstance(names, Mapping) else {}
    return [(by_name[name], own.get(name) or result_label(name, language, zones)) for name in names]


def results_table(
    records: Sequence[Record],
    names: Sequence[str] | Mapping[str, str],
    *,
    language: Language,
    zones: Mapping[str, str] = NO_ZONES,
) -> pd.DataFrame:
    """Table of chosen results, all cells as text, ready to be shown or written.

    Parameters
    ----------
    records : sequence of mapping
        Records of ``results.json``: `name`, `value`, `unit`, `status`, `source`, and where known
        `share_extrapolated` and `intervals` (`kind`, `level`, `lower`, `upper`). Units "CNY…" are
        shown in 亿元 from one million yuan on, else in 万元; "1" (and fraction, ratio,
        probability) in per cent.
    names : sequence or mapping of str
        Names to show, in this order; a mapping gives the label of each.
    language : {"zh", "en"}
        Language of labels and columns.
    zones : mapping of str to str
        Code to name of the zones whose figures are shown.

    Returns
    -------
    pandas.DataFrame
        One row a name; a column for each kind and level of interval that occurs.

    Raises
    ------
    FigureError
        If a name has no record, or a record is incomplete.
    """
    chosen = _chosen(records, names, language, zones)
    rows = [_row(record, label, language) for record, label in chosen]
    return pd.DataFrame(rows, columns=_columns(rows, language)).fillna("")


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV that spreadsheets open with Chinese intact, as a whole file."""
    with whole_file(Path(path)) as temporary:
        frame.to_csv(temporary, index=False, encoding="utf-8-sig", lineterminator="\n")
    return Path(path)
