"""The occurrence table: what each dated occurrence costs or pays in each zone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.engine import block_results

SCHEMA = Schema(
    "occurrence_table",
    {
        "mean": ("row", "column"), "extrapolated": ("row", "column"),
        "row_occurrence": ("row",), "row_zone": ("row",),
        "year": ("occurrence",), "block": ("occurrence",),
        "start": ("occurrence",), "end": ("occurrence",), "parent_event": ("occurrence",),
        "quantity": ("column",), "unit": ("column",), "item": ("column",), "peril": ("column",),
        "name_zh": ("zone",), "name_en": ("zone",),
    },
    ("years", "blocks", "currency", "price_year"),
)  # fmt: skip

DATES = ("year", "block", "start", "end")
LABELS = (*DATES, "parent_event")


def occurrence_table(
    catalogue: xr.DataTree,
    table: CompiledTable,
    *,
    progress: Callable[[str], None] = lambda text: None,
) -> xr.Dataset:
    """Run the pass and keep the (occurrence, zone) rows with any outcome.

    Returns
    -------
    Dataset with dims ``row`` (occurrence, zone), ``column`` (item × peril), ``occurrence`` and
    ``zone``: ``mean`` and its part ``extrapolated`` in the unit of the column;
    ``row_occurrence`` and ``row_zone`` are positions along ``occurrence`` and ``zone``.
    """
    means, extrapolated, occurrences, zones = [], [], [], []
    offset = 0
    for number, (mean, beyond) in enumerate(block_results(catalogue, table)):
        columns = mean.shape[2] * mean.shape[3]
        storm, zone = np.nonzero((mean > 0).any(axis=(2, 3)).T)
        means.append(mean[zone, storm].reshape(storm.size, columns))
        extrapolated.append(beyond[zone, storm].reshape(storm.size, columns))
        occurrences.append(storm + offset)
        zones.append(zone)
        offset += mean.shape[1]
        progress(f"block {number + 1}")
    perils = len(table.perils)
    result = xr.Dataset(
        {
            "mean": (("row", "column"), np.concatenate(means)),
            "extrapolated": (("row", "column"), np.concatenate(extrapolated)),
            "row_occurrence": ("row", np.concatenate(occurrences)),
            "row_zone": ("row", np.concatenate(zones).astype(np.int16)),
            "quantity": ("column", np.repeat(table.quantities, perils)),
            "unit": ("column", np.repeat(table.units, perils)),
            "item": ("column", np.repeat(table.columns, perils)),
            "peril": ("column", np.tile(table.perils, len(table.columns))),
            "name_zh": table.zones["name_zh"],
            "name_en": table.zones["name_en"],
        }
    )
    dates = catalogue.to_dataset()[list(LABELS)]
    return stamp(
        xr.merge([result, dates]), SCHEMA,
        source="riskmodel.loss.engine", history="occurrence_table",
        years=int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"]),
        blocks=int(catalogue.attrs["blocks"]), currency=table.currency, price_year=table.price_year,
    )  # fmt: skip


def repeated_table(table: xr.Dataset, occurrences: xr.Dataset) -> xr.Dataset:
    """Occurrence table of a scenario with more or fewer occurrences, without another pass.

    Parameters
    ----------
    table : Dataset
        Occurrence table of the catalogue as it is.
    occurrences : Dataset
        From `scenario_occurrences`; ``base`` says whose rows each occurrence has.
    """
    base = occurrences["base"].values
    rows = table["row_occurrence"].values
    first = np.searchsorted(rows, base)
    count = np.searchsorted(rows, base, side="right") - first
    of_row = np.repeat(np.arange(base.size), count)
    source = np.arange(of_row.size) - np.repeat(np.cumsum(count) - count, count) + first[of_row]
    result = table.drop_vars(LABELS).isel(row=source)
    result["row_occurrence"] = ("row", of_row)
    for name in LABELS:
        result[name] = ("occurrence", occurrences[name].values)
    return check(result, SCHEMA)


def by_zone_and_item(
    table: xr.Dataset, quantity: str, occurrences: npt.ArrayLike | None = None
) -> xr.DataArray:
    """Dense means (occurrence, zone, item) of one quantity, perils summed.

    Parameters
    ----------
    table : Dataset
        Occurrence table.
    quantity : str
        ``loss`` or ``benefit``.
    occurrences : array_like of int, optional
        Numbers of the occurrences to hold, rising; those with any row by default.

    Returns
    -------
    DataArray with the coords ``year``, ``block``, ``start`` and ``end`` on ``occurrence``.

    Raises
    ------
    SchemaError
        If the numbers do not rise, or leave out an occurrence that has an outcome.
    """
    columns = np.flatnonzero(table["quantity"].values == quantity)
    items = pd.unique(table["item"].values[columns])
    of_item = [columns[table["item"].values[columns] == item] for item in items]
    mean = table["mean"].values
    sums = np.stack([mean[:, chosen].sum(axis=1) for chosen in of_item], axis=1)
    rows = table["row_occurrence"].values
    number = np.unique(rows) if occurrences is None else np.asarray(occurrences)
    if (np.diff(number) <= 0).any():
        raise SchemaError("numbers of occurrences do not rise", where="by_zone_and_item")
    if not np.isin(rows, number).all():
        raise SchemaError(
            "occurrences with an outcome are left out",
            where=f"by_zone_and_item, {quantity}",
            found=np.setdiff1d(rows, number)[:3].tolist(),
            expected="all occurrences that have a row",
            remedy="hand in a list that holds them",
        )
    dense = np.zeros((number.size, table.sizes["zone"], len(items)))
    dense[np.searchsorted(number, rows), table["row_zone"].values] = sums
    coords = {name: ("occurrence", table[name].values[number]) for name in DATES}
    return xr.DataArray(
        dense,
        {"occurrence": number, "zone": table["zone"], "item": items, **coords},
        ("occurrence", "zone", "item"),
        name=quantity,
        attrs={key: table.attrs[key] for key in ("years", "blocks", "currency", "price_year")},
    )
