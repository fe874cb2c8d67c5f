"""Rows of imported loss tables: amounts and identifiers are checked, labels select rows.

A label is a coordinate along the rows (peril, zone, sector …), whatever the tables call it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import SchemaError

FloatArray = npt.NDArray[np.float64]
Labels = Mapping[str, Sequence[str]]


def checked_amounts(values: npt.ArrayLike, where: str) -> FloatArray:
    """Return one-dimensional amounts as floats.

    Raises
    ------
    SchemaError
        If an amount is NaN, infinite or negative, naming the first rows.
    """
    amounts = np.asarray(values, dtype=np.float64)
    bad = ~((amounts >= 0) & (amounts < np.inf))
    if amounts.ndim != 1 or bad.any():
        raise SchemaError(
            "amounts that are missing, negative or not in one column",
            where=where,
            found={int(i): float(amounts[i]) for i in np.flatnonzero(bad)[:3]}
            if amounts.ndim == 1
            else f"{amounts.ndim} dims",
            expected="finite numbers of at least zero, one a row",
            remedy="correct or drop these rows; a recovery is no negative loss",
        )
    return amounts


def checked_identifiers(values: Sequence[object] | npt.NDArray, where: str) -> npt.NDArray:
    """Return identifiers that name one row each.

    Raises
    ------
    SchemaError
        If an identifier occurs more than once.
    """
    identifiers, counts = np.unique(np.asarray(values), return_counts=True)
    if (counts > 1).any():
        raise SchemaError(
            "identifiers that occur more than once",
            where=where,
            found=identifiers[counts > 1][:3].tolist(),
            expected="one row for each identifier",
            remedy="sum the rows of one occurrence, or import its parts as labels of other tables",
        )
    return np.asarray(values)


def rows(columns: Mapping[str, npt.NDArray], labels: Labels, row: str) -> xr.Dataset:
    """Dataset of columns along one dimension, with the labels as coordinates.

    Raises
    ------
    SchemaError
        If columns or labels have other numbers of rows.
    """
    sizes = {name: len(values) for name, values in columns.items()}
    sizes |= {name: len(values) for name, values in labels.items()}
    if len(set(sizes.values())) > 1 or not all(sizes.values()):
        raise SchemaError(
            "columns of other lengths, or without rows",
            found=sizes,
            expected="as many rows in each, at least one",
            remedy="give every column and label for each row",
        )
    variables = {name: (row, values) for name, values in columns.items() if name != row}
    coordinates = {name: (row, np.asarray(values)) for name, values in labels.items()}
    return xr.Dataset(variables, {row: columns[row], **coordinates})


def label_values(table: xr.Dataset, label: str) -> list[str]:
    """Return the values that a label takes in an imported table, sorted.

    Raises
    ------
    SchemaError
        If the table has no such label.
    """
    (row,) = table.dims
    known = sorted(str(name) for name in table.coords if name != row)
    if label not in known:
        raise SchemaError(
            "grouping by an unknown label",
            where=str(table.attrs.get("schema", "")),
            found=label,
            expected=f"one of {known}",
            remedy="import the table with this label, or group by one that it has",
        )
    return sorted(set(table[label].values.tolist()))


def with_label(table: xr.Dataset, label: str, value: str) -> xr.Dataset:
    """Rows of an imported table that carry a label's value; attributes (and so the years) stay.

    Raises
    ------
    SchemaError
        If the label or its value is unknown.
    """
    (row,) = table.dims
    if value not in (known := label_values(table, label)):
        raise SchemaError(
            "an unknown value of a label",
            where=label,
            found=value,
            expected=f"one of {known}",
            remedy="choose a value that the table has",
        )
    return table.isel({row: np.flatnonzero(table[label].values == value)})
