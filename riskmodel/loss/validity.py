"""What part of a result rests on curves beyond the intensities that their sources hold for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.loss.response import Item, outside_range


def outside_items(items: Sequence[Item]) -> list[Item]:
    """Return the same items with what their responses do beyond the valid range, zero within.

    Compile and pass them as any other items; items that never leave their range are left out.
    """
    found = []
    for item in items:
        beyond = {peril: outside_range(r) for peril, r in item.responses.items()}
        responses = {peril: r for peril, r in beyond.items() if r is not None}
        if responses:
            found.append(replace(item, responses=responses))
    return found


def outside_shares(table: xr.Dataset, outside: xr.Dataset) -> dict[str, float]:
    """Share of each column's average annual amount from intensities outside the valid range.

    Perils of one storm combine in both tables, so the share is of combined amounts.

    Parameters
    ----------
    table, outside : Dataset
        Occurrence tables of the items and of their `outside_items`, on the same catalogue.

    Returns
    -------
    dict of str to float
        By item, 0 to 1; zero where an item is not in `outside` or costs nothing.

    Raises
    ------
    SchemaError
        If `outside` has an item that `table` lacks, or other years.
    """
    whole, part = _sums(table), _sums(outside)
    if set(part) - set(whole) or table.attrs["years"] != outside.attrs["years"]:
        raise SchemaError(
            "the two tables are not of one case", where="outside_shares",
            found=sorted(set(part) - set(whole)) or outside.attrs["years"],
            remedy="compile outside_items(items) beside items, on the same catalogue",
        )  # fmt: skip
    return {name: part.get(name, 0.0) / total if total else 0.0 for name, total in whole.items()}


def _sums(table: xr.Dataset) -> dict[str, float]:
    """Sum over occurrences and zones by item."""
    total = table["mean"].sum("row").values
    sums: dict[str, float] = {}
    for item, amount in zip(table["item"].values, total, strict=True):
        sums[str(item)] = sums.get(str(item), 0.0) + float(amount)
    return sums
