"""Bring occurrence tables of independent peril groups onto the years of one base table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.errors import SchemaError, UnitsError
from riskmodel.core.schema import check, stamp
from riskmodel.hazard.pairing import paired_years
from riskmodel.loss.occurrence_table import LABELS, SCHEMA

IntArray = npt.NDArray[np.int64]
COLUMN = ["quantity", "unit", "item", "peril"]


def join_tables(base: xr.Dataset, groups: Mapping[str, xr.Dataset], *, seed: int) -> xr.Dataset:
    """Occurrence table of the base with the occurrences of independent groups in its years.

    Parameters
    ----------
    base : Dataset
        Occurrence table whose years and blocks are kept.
    groups : mapping of str to Dataset
        Occurrence tables by name of the group, each with its own number of years. Each year of
        the base takes one of the group's by `paired_years`; an occurrence of the group comes once
        in every year that takes its year.
    seed : int
        Seed of the run.

    Returns
    -------
    Occurrence table in order of year and start; columns are those of the base, then those that
    only a group has, zero where a table lacks one. When the base's years are a multiple of the
    group's, its mean annual loss is the sum of both, up to rounding; otherwise each of the group's
    years weighs floor or ceil of the ratio. Attribute ``group_years`` says how many years each
    group has.

    Raises
    ------
    SchemaError
        If a group has other zones, or an occurrence outside its years.
    UnitsError
        If currency, price year, or the unit of an item differ.
    """
    check(base, SCHEMA)
    parts = [base]
    for name, group in groups.items():
        check(group, SCHEMA)
        _require_alike(base, group, name)
        parts.append(_paired(group, base, name, seed))
    columns = pd.MultiIndex.from_frame(pd.concat([_columns(p) for p in parts]).drop_duplicates())
    _require_one_unit(columns)
    joined = _in_order(parts, columns)
    joined = joined.assign({n: ("column", columns.get_level_values(n).to_numpy()) for n in COLUMN})
    joined = joined.assign({name: base[name] for name in ("name_zh", "name_en")})
    years = {name: int(group.attrs["years"]) for name, group in groups.items()}
    return stamp(
        joined.assign_attrs(base.attrs), SCHEMA,
        source=base.attrs["source"], history="join_tables",
        groups=list(years), group_years=list(years.values()), pairing_seed=seed,
    )  # fmt: skip


def _require_alike(base: xr.Dataset, group: xr.Dataset, name: str) -> None:
    if not base["zone"].equals(group["zone"]):
        raise SchemaError(
            "a group has other zones than the base",
            where=f"group {name}, zone",
            found=group["zone"].values.tolist(),
            expected=base["zone"].values.tolist(),
            remedy="make both tables with one census",
        )
    for key in ("currency", "price_year"):
        if group.attrs[key] != base.attrs[key]:
            raise UnitsError(
                "a group counts in other money than the base",
                where=f"group {name}, {key}",
                found=group.attrs[key],
                expected=base.attrs[key],
                remedy="bring the exposure of both to one price year and currency",
            )
    years = int(group.attrs["years"])
    outside = (group["year"].values < 0) | (group["year"].values >= years)
    if outside.any():
        raise SchemaError(
            "an occurrence lies outside the years of its table",
            where=f"group {name}, occurrence {int(np.argmax(outside))}",
            found=int(group["year"].values[outside][0]),
            expected=f"0 … {years - 1}",
            remedy="state in the attribute years how many years the table holds",
        )


def _paired(group: xr.Dataset, base: xr.Dataset, name: str, seed: int) -> xr.Dataset:
    """Repeat the occurrences and rows of a group in the years of the base that take them."""
    years, blocks = int(base.attrs["years"]), int(base.attrs["blocks"])
    taken = paired_years(years, int(group.attrs["years"]), seed=seed, group=name)
    takes = pd.DataFrame({"taken": taken, "year": np.arange(years)})
    source = pd.DataFrame({"taken": group["year"].values}).rename_axis("source").reset_index()
    placed = source.merge(takes, on="taken").rename_axis("number").reset_index()
    rows = pd.DataFrame({"source": group["row_occurrence"].values})
    rows = rows.rename_axis("row").reset_index().merge(placed, on="source")
    year = placed["year"].to_numpy()
    return group.isel(occurrence=placed["source"].to_numpy(), row=rows["row"].to_numpy()).assign(
        row_occurrence=("row", rows["number"].to_numpy()),
        year=("occurrence", year),
        block=("occurrence", (year // (years // blocks)).astype(base["block"].dtype)),
    )


def _columns(table: xr.Dataset) -> pd.DataFrame:
    return pd.DataFrame({name: table[name].values for name in COLUMN})


def _require_one_unit(columns: pd.MultiIndex) -> None:
    alike = columns.to_frame(index=False)
    twice = alike[alike.drop(columns="unit").duplicated(keep=False)]
    if len(twice):
        raise UnitsError(
            "one item is counted in two units",
            where=", ".join(twice.iloc[0][["quantity", "item", "peril"]]),
            found=twice["unit"].tolist(),
            expected="one unit",
            remedy="compile the tables with the same items",
        )


def _in_order(parts: list[xr.Dataset], columns: pd.MultiIndex) -> xr.Dataset:
    """Put all occurrences in order of year and start, and their rows by occurrence and zone."""
    labels = xr.concat([p[list(LABELS)].drop_vars("occurrence", errors="ignore") for p in parts],
                       "occurrence", combine_attrs="drop")  # fmt: skip
    order = np.lexsort((labels["start"].values, labels["year"].values))
    number = np.empty(order.size, dtype=np.int64)
    number[order] = np.arange(order.size)
    offset = np.cumsum([0] + [p.sizes["occurrence"] for p in parts[:-1]])
    occurrence = number[
        np.concatenate([p["row_occurrence"].values + o for p, o in zip(parts, offset, strict=True)])
    ]
    zone = np.concatenate([p["row_zone"].values for p in parts])
    by_row = np.lexsort((zone, occurrence))
    data = labels.isel(occurrence=order).assign(
        row_occurrence=("row", occurrence[by_row]), row_zone=("row", zone[by_row])
    )
    for name in ("mean", "extrapolated"):
        values = np.concatenate([_spread(p, name, columns) for p in parts])
        data[name] = (("row", "column"), values[by_row])
    return data


def _spread(table: xr.Dataset, name: str, columns: pd.MultiIndex) -> npt.NDArray[np.float64]:
    """Put the values of a table into the columns of all; zero where it lacks one."""
    values = np.zeros((table.sizes["row"], len(columns)))
    values[:, columns.get_indexer(pd.MultiIndex.from_frame(_columns(table)))] = table[name].values
    return values
