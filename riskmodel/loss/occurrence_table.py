"""The occurrence table: what each dated occurrence costs or pays in each zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.hazard.catalogue import block_names
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.engine import Plan, new_room, pass_block, plan_pass
from riskmodel.loss.kernel_arrays import Pairs
from riskmodel.loss.layout import kernel_arrays
from riskmodel.loss.reading import stored_blocks
from riskmodel.loss.rows import Array, Progress, Rows, silent

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

MEMORY_LIMIT = 4 << 30  # bytes
DATES = ("year", "block", "start", "end")
LABELS = (*DATES, "parent_event")


def occurrence_table(
    catalogue: xr.DataTree,
    table: CompiledTable,
    *,
    blocks: Sequence[Pairs] | None = None,
    progress: Progress = silent,
    memory_limit: int = MEMORY_LIMIT,
) -> xr.Dataset:
    """Run the pass for a table of one scenario; see `occurrence_tables`."""
    (found,) = occurrence_tables(
        catalogue, [table], blocks=blocks, progress=progress, memory_limit=memory_limit
    ).values()
    return found


def occurrence_tables(
    catalogue: xr.DataTree,
    tables: Sequence[CompiledTable],
    *,
    blocks: Sequence[Pairs] | None = None,
    progress: Progress = silent,
    memory_limit: int = MEMORY_LIMIT,
) -> dict[str, xr.Dataset]:
    """Run the pass for all scenarios and keep the (occurrence, zone) rows with any outcome.

    Parameters
    ----------
    catalogue : DataTree
    tables : sequence of CompiledTable
        From `compile_scenarios`; all with the same perils.
    blocks : sequence of Pairs, optional
        Pairs that are in memory already; by default each block is read in its turn.
    progress : callable
        Told the memory of each table's pass before it is allocated, and each block when it is done.
    memory_limit : int
        Bytes that a pass, and the rows it keeps, may take.

    Returns
    -------
    dict of str to Dataset
        By scenario. Dims ``row`` (occurrence, zone), ``column`` (item × peril that acts on it),
        ``occurrence`` and ``zone``: ``mean`` and its part ``extrapolated`` (single precision, for
        it only makes shares) in the unit of the column;
        ``row_occurrence`` and ``row_zone`` are positions along ``occurrence`` and ``zone``. With
        moments also dim ``outcome`` (items, perils combined): ``variance_independent`` and
        ``sd_correlated``; `moments_of` hands them on.

    Raises
    ------
    MemoryLimitError
        If a pass, or the rows it has found, do not fit the limit.
    """
    plans = [plan_pass(catalogue, table, memory_limit=memory_limit) for table in tables]
    for plan in plans:
        progress(plan.words())
    rows = _passed(catalogue, tables, plans, blocks, Rows(memory_limit), progress)
    return {
        name: _dataset(catalogue, table, rows.of(name))
        for table in tables
        for name in table.scenarios
    }


def _passed(
    catalogue: xr.DataTree, tables: Sequence[CompiledTable], plans: Sequence[Plan],
    blocks: Sequence[Pairs] | None, rows: Rows, progress: Progress,
) -> Rows:  # fmt: skip
    """Put the rows of all tables, block by block, to those that are kept."""
    arrays = [kernel_arrays(table) for table in tables]
    counts = np.bincount(
        catalogue.to_dataset()["block"].values, minlength=len(block_names(catalogue))
    )
    offset, room = 0, new_room(plans)
    read = blocks or stored_blocks(catalogue, tables[0], ahead=all(plan.ahead for plan in plans))
    for block, pairs in enumerate(read):
        count = int(counts[block])
        for table, laid_out, plan in zip(tables, arrays, plans, strict=True):
            for chunk in pass_block(pairs, table, laid_out, plan, room, count=count):
                rows.keep(table, chunk.outcomes, chunk.run, offset + chunk.first)
        offset += count
        progress(f"block {block + 1}")
    return rows


def _dataset(catalogue: xr.DataTree, table: CompiledTable, rows: dict[str, Array]) -> xr.Dataset:
    """Make the occurrence table of one scenario, at once: xarray aligns at each step."""
    column, peril = np.divmod(table.acting, len(table.perils))
    dates = catalogue.to_dataset()
    variables: dict[str, Any] = {
        "mean": (("row", "column"), rows["mean"]),
        "extrapolated": (("row", "column"), rows["extrapolated"]),
        "row_occurrence": ("row", rows["occurrence"]),
        "row_zone": ("row", rows["zone"]),
        "quantity": ("column", np.array(table.quantities)[column]),
        "unit": ("column", np.array(table.units)[column]),
        "item": ("column", np.array(table.columns)[column]),
        "peril": ("column", np.array(table.perils)[peril]),
    }
    variables |= {name: table.zones.variables[name] for name in ("name_zh", "name_en")}
    variables |= {name: dates.variables[name] for name in LABELS}
    coordinates: dict[Any, Any] = dict(table.zones.coords) | dict(dates.coords)
    if "independent" in rows:
        coordinates["outcome"] = list(table.columns)
        variables |= {
            "variance_independent": (("row", "outcome"), rows["independent"]),
            "sd_correlated": (("row", "outcome"), rows["correlated"]),
            "value_exposed": (("zone", "outcome"), exposed(table)),
        }
    return stamp(
        xr.Dataset(variables, coordinates), SCHEMA,
        source="riskmodel.loss.engine", history="occurrence_table",
        years=int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"]),
        blocks=int(catalogue.attrs["blocks"]), currency=table.currency, price_year=table.price_year,
    )  # fmt: skip


def exposed(table: CompiledTable) -> npt.NDArray[np.float64]:
    """Sum what is exposed by zone and column (zone, outcome): the bound of a loss by damage ratio.

    Of other outcomes it is what the response multiplies: households, persons.
    """
    by_entry = np.zeros((table.entries.cell.size, len(table.columns)))
    np.add.at(by_entry.T, table.item_column, table.entries.value.T)
    found = np.zeros((table.entries.zone_pointer.size - 1, len(table.columns)))
    np.add.at(found, table.entries.zone(), by_entry)
    return found


def moments_of(table: xr.Dataset) -> xr.Dataset:
    """Mean and spread of each item in each (occurrence, zone), perils of a storm combined.

    Returns
    -------
    Dataset with dims ``row`` and ``item``: ``mean``, ``variance_independent`` and
    ``sd_correlated``; ``value_exposed`` (zone, item); ``row_occurrence`` and ``row_zone``, and the
    labels of occurrences. Var = variance_independent + (zone + event) sd_correlated², where zone
    and event are the shares of `Correlation`.

    Raises
    ------
    SchemaError
        If the table was made without correlation.
    """
    if "variance_independent" not in table:
        raise SchemaError(
            "the occurrence table has no moments", where="moments_of",
            remedy="compile with correlation; of several scenarios the first has moments",
        )  # fmt: skip
    items = table["outcome"].values
    of_item = [table["item"].values == item for item in items]
    mean = np.stack([table["mean"].values[:, chosen].sum(axis=1) for chosen in of_item], axis=1)
    kept = ["variance_independent", "sd_correlated", "value_exposed", "row_occurrence", "row_zone"]
    result = table[[*kept, *LABELS]].rename(outcome="item")
    result["mean"] = (("row", "item"), mean)
    first = [int(np.flatnonzero(chosen)[0]) for chosen in of_item]
    for name in ("quantity", "unit"):
        result[name] = ("item", table[name].values[first])
    return result.assign_attrs(table.attrs)


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
    if np.array_equal(base, np.arange(table.sizes["occurrence"])):
        return table
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
