"""Tables of a standard as CSV: our column names become the standard's, and back, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.core.errors import SchemaError, UnitsError
from riskmodel.core.files import whole_file
from riskmodel.core.money import CURRENCY
from riskmodel.core.yaml_file import read_mapping

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Column:
    """Name of a column in the standard, its kind, and its codes (our word to the standard's)."""

    name: str
    kind: str
    codes: Mapping[str, Any]


Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Standard:
    """One version of a standard: its tables by name, and whatever else its file declares."""

    name: str
    tables: Mapping[str, Columns]
    content: Mapping[str, Any]


def load_standard(name: str, folder: Path = FOLDER) -> Standard:
    """Load one version of a standard, such as ``"ord_v1"``, from the file that names its columns.

    Raises
    ------
    SchemaError
        If there is no file of this version.
    """
    path = folder / f"{name}.yml"
    if not path.is_file():
        raise SchemaError(
            "an unknown version of a standard",
            where="riskmodel.exchange",
            found=name,
            expected=sorted(p.stem for p in folder.glob("*_v*.yml")),
            remedy="choose one of these, or add a table of names",
        )
    content = read_mapping(path, SchemaError, missing="restore it from the checkout")
    tables = {
        table: {
            ours: Column(theirs, kind, content["codes"].get(kind, {}))
            for ours, (theirs, kind) in columns.items()
        }
        for table, columns in content["tables"].items()
    }
    return Standard(name, tables, content)


def check_frame(frame: pd.DataFrame, columns: Columns, *, where: str) -> pd.DataFrame:
    """Return the frame with our columns in the order of the standard, its values checked.

    Parameters
    ----------
    frame : DataFrame
        Columns under our names; optional ones may be absent, columns of no name are dropped.
    columns : mapping of str to Column
        From `load_standard`.
    where : str
        File or table, for messages.

    Raises
    ------
    SchemaError
        Naming the columns that are missing, or the first value that does not fit its column.
    """
    missing = [n for n, c in columns.items() if n not in frame and c.kind != "optional"]
    if missing:
        raise SchemaError(
            "columns are missing",
            where=where,
            found=[str(name) for name in frame.columns],
            expected=missing,
            remedy="add them; the tables of names are in riskmodel/exchange",
        )
    for name in (n for n in columns if n in frame):
        bad = _misfits(frame[name], columns[name])
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise SchemaError(
                "a value does not fit its column",
                where=f"{where}, column {columns[name].name}, row {row + 1}",
                found=frame[name].iloc[row],
                expected=list(columns[name].codes) or columns[name].kind,
                remedy="correct the value",
            )
    return frame[[n for n in columns if n in frame]].reset_index(drop=True)


def _misfits(values: pd.Series, column: Column) -> np.ndarray:
    if column.codes:
        return ~values.isin(list(column.codes)).to_numpy()
    if column.kind == "text":
        return (values.isna() | (values.astype(str) == "")).to_numpy()
    number = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    bad = ~np.isfinite(number)
    if column.kind != "degrees":
        bad |= number < 0
    if column.kind == "whole":
        bad |= number != np.floor(number)
    return bad & values.notna().to_numpy() if column.kind == "optional" else bad


def require_yuan(currency: object, *, where: str) -> None:
    """Refuse money in another currency.

    Raises
    ------
    UnitsError
        If the currency is not CNY.
    """
    if currency != CURRENCY:
        raise UnitsError(
            "money in another currency",
            where=where,
            found=currency,
            expected=CURRENCY,
            remedy="convert the amounts to yuan first, at a declared rate",
        )


def write_frame(path: Path, frame: pd.DataFrame, columns: Columns) -> Path:
    """Write a checked frame as CSV under the standard's names, as a whole file.

    Numbers are written with as many digits as give them back exactly; optional columns that the
    frame lacks are written blank, so that every column of the standard is in the file.
    """
    written = pd.DataFrame(
        {
            c.name: frame[ours].map(c.codes) if c.codes else frame[ours]
            for ours, c in columns.items()
            if ours in frame
        }
    ).reindex(columns=[c.name for c in columns.values()])
    with whole_file(path) as temporary:
        written.to_csv(temporary, index=False, lineterminator="\n")
    return path


def read_frame(path: Path, columns: Columns) -> pd.DataFrame:
    """Read a CSV of the standard under our names; wholly blank optional columns are left out.

    Raises
    ------
    SchemaError
        If the file or a column is missing, it is no CSV, or a value does not fit its column.
    """
    if not path.is_file():
        raise SchemaError(
            "a file of the standard is missing",
            where=str(path),
            remedy="export again, or ask the sender for it",
        )
    text = {c.name: str for c in columns.values() if c.kind == "text"}
    try:
        raw = pd.read_csv(path, dtype=text)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise SchemaError(
            "a file is no table",
            where=str(path),
            found=str(error),
            expected="CSV in UTF-8 with a line of column names",
            remedy="copy the file again",
        ) from error
    absent = [c.name for c in columns.values() if c.name not in raw]
    if absent:
        raise SchemaError(
            "columns are missing",
            where=str(path),
            found=list(raw),
            expected=absent,
            remedy="the file is of another version of the standard, or was cut",
        )
    frame = pd.DataFrame({ours: _decoded(raw[c.name], c) for ours, c in columns.items()})
    blank = [n for n, c in columns.items() if c.kind == "optional" and frame[n].isna().all()]
    checked = check_frame(frame.drop(columns=blank), columns, where=str(path))
    kinds = {"whole": np.int64, "amount": np.float64, "degrees": np.float64}
    return checked.astype({n: kinds[columns[n].kind] for n in checked if columns[n].kind in kinds})


def _decoded(values: pd.Series, column: Column) -> pd.Series:
    """Words for codes; an unknown code stays as it is, for the check to name."""
    words = {code: word for word, code in column.codes.items()}
    return values.map(lambda v: words.get(v, v)).astype(str) if words else values
