"""Open Results Data as files: the tables of an analysis and its metadata, checked both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskmodel.core.errors import SchemaError
from riskmodel.core.files import write_json
from riskmodel.exchange.standard import (
    Columns,
    Standard,
    check_frame,
    load_standard,
    read_frame,
    require_yuan,
    write_frame,
)

Group = Literal["all", "zone", "peril"]
ORD = "ord_v1"
PERSPECTIVE = "gul"  # ground-up
METADATA = "metadata.json"
WEIGHT_DIGITS = 6e-7  # other tools write period weights with six decimals
# What makes a row of each table one of its kind.
KEYS = {
    "summary-info": ["summary"],
    "melt": ["event", "summary", "sample_type"],
    "mplt": ["period", "event", "summary", "sample_type"],
    "ept": ["summary", "ep_calculation", "ep_type", "return_period"],
    "palt": ["summary", "sample_type"],
}


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is true of all result tables of one analysis.

    Parameters
    ----------
    years : int
        Simulated years, the periods of the standard; years without loss have no row, but count.
    currency : str
        CNY.
    price_year : int
        Year of the prices.
    status : str
        How far the figures can be trusted, see `riskmodel.core.status`.
    source : str
        What made the losses.
    not_carried : tuple of str
        What the run holds and the standards have no place for.
    """

    years: int
    currency: str
    price_year: int
    status: str
    source: str
    not_carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """Result tables of one grouping as DataFrames under our column names (see ``ord_v1.yml``).

    Parameters
    ----------
    group : {"all", "zone", "peril"}
        What the summaries are.
    tables : mapping of str to DataFrame
        ``summary-info`` (summary, label, value exposed in CNY), ``melt`` (losses by event),
        ``mplt`` (by period and event), ``ept`` (exceedance points) and ``palt`` (averages).
    """

    group: Group
    tables: Mapping[str, pd.DataFrame]


def write_results(
    folder: Path, analysis: Analysis, results: Sequence[Results], *, version: str = ORD
) -> list[Path]:
    """Write result tables and their metadata; nothing is written unless all of it is sound.

    Files are ``gul_S<level>_<table>.csv``, levels as the version numbers the groupings, and
    ``metadata.json``, which is written last and removed first.

    Raises
    ------
    SchemaError
        If a table or column is missing, a value does not fit its column, a row is there twice, a
        summary is unknown, or a period lies outside the years.
    UnitsError
        If the currency is not CNY.
    """
    standard = load_standard(version)
    require_yuan(analysis.currency, where=METADATA)
    ready = [checked_results(r, analysis.years, standard) for r in results]
    (folder / METADATA).unlink(missing_ok=True)
    written = [
        write_frame(path, result.tables[name], columns)
        for result in ready
        for name, path, columns in _files(folder, result.group, standard)
    ]
    return [*written, write_json(folder / METADATA, _metadata(analysis, standard, ready))]


def read_results(folder: Path) -> tuple[Analysis, dict[Group, Results]]:
    """Read what `write_results` wrote, or another tool under the same names.

    Raises
    ------
    SchemaError
        If a file, a column or the number of years is missing, the version is unknown, or a table is
        not sound (see `write_results`).
    UnitsError
        If the currency is not CNY.
    """
    analysis, standard, groups = _read_metadata(folder / METADATA)
    found: dict[Group, Results] = {}
    for group in groups:
        files = _files(folder, group, standard)
        tables = {name: read_frame(path, columns) for name, path, columns in files}
        found[group] = checked_results(Results(group, tables), analysis.years, standard)
    return analysis, found


def checked_results(results: Results, years: int, standard: Standard) -> Results:
    """Return the results with the standard's columns in order, every table checked.

    Raises
    ------
    SchemaError
        As `write_results` says.
    """
    where = f"results by {results.group}"
    if results.group not in standard.content["groups"] or set(results.tables) != set(KEYS):
        raise SchemaError(
            "a grouping or its tables are not those of the standard",
            where=where,
            found=sorted(results.tables),
            expected=f"{', '.join(KEYS)}; grouped by {', '.join(standard.content['groups'])}",
            remedy="hand in all tables of a known grouping",
        )
    tables = {
        name: check_frame(results.tables[name], columns, where=f"{where}, {name}")
        for name, columns in standard.tables.items()
    }
    known = tables["summary-info"]["summary"]
    for name, frame in tables.items():
        _refuse_rows(~frame["summary"].isin(known), frame, "an unknown summary", f"{where}, {name}")
        _refuse_rows(frame.duplicated(KEYS[name]), frame, "a row twice", f"{where}, {name}")
    periods = tables["mplt"]
    outside = ~periods["period"].between(1, years)
    _refuse_rows(outside, periods, f"a period outside the {years} years", f"{where}, mplt")
    uneven = (periods["period_weight"] - 1.0 / years).abs() > WEIGHT_DIGITS
    _refuse_rows(uneven, periods, f"a period weight other than 1 / {years}", f"{where}, mplt")
    return replace(results, tables=tables)


def _refuse_rows(bad: pd.Series, frame: pd.DataFrame, what: str, where: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise SchemaError(
            what,
            where=f"{where}, row {row + 1}",
            found={str(k): v for k, v in frame.iloc[row].items()},
            remedy="correct the table, or the metadata that it is read with",
        )


def _files(folder: Path, group: Group, standard: Standard) -> list[tuple[str, Path, Columns]]:
    """Table, path and columns of each file of a grouping."""
    level, field = standard.content["groups"][group]
    tables = dict(standard.tables)
    summaries = tables["summary-info"]
    tables["summary-info"] = {**summaries, "label": replace(summaries["label"], name=field)}
    return [
        (name, folder / f"{PERSPECTIVE}_S{level}_{name}.csv", columns)
        for name, columns in tables.items()
    ]


def _metadata(analysis: Analysis, standard: Standard, results: Sequence[Results]) -> dict[str, Any]:
    """Fields of the standard under its names, the rest as an object of our own."""
    names = standard.content["metadata"]
    own = asdict(analysis)
    fields = {
        names["years"]: own.pop("years"),
        names["period_length"]: 1,
        names["currency"]: own.pop("currency"),
    }
    return fields | {
        "riskmodel": {"version": standard.name, "groups": [r.group for r in results], **own}
    }


def _read_metadata(path: Path) -> tuple[Analysis, Standard, list[Group]]:
    content = _json_object(path)
    own = content.get("riskmodel", {})
    standard = load_standard(own.get("version", ORD))
    names = standard.content["metadata"]
    years = content.get(names["years"])
    if not isinstance(years, int) or years < 1:
        raise SchemaError(
            "the number of years is missing",
            where=f"{path}, {names['years']}",
            found=years,
            expected="a whole number of periods; years without loss have no row, but count",
            remedy="ask the sender for the number of periods and write it there",
        )
    if content.get(names["period_length"], 1) != 1:
        raise SchemaError(
            "periods are not years",
            where=f"{path}, {names['period_length']}",
            found=content[names["period_length"]],
            expected=1,
            remedy="bring the tables to periods of one year",
        )
    require_yuan(content.get(names["currency"]), where=f"{path}, {names['currency']}")
    needed = ("price_year", "status", "source", "groups")
    if missing := [key for key in needed if key not in own]:
        raise SchemaError(
            "metadata are missing",
            where=f"{path}, riskmodel",
            found=sorted(own),
            expected=missing,
            remedy="write them; they say what the amounts mean",
        )
    analysis = Analysis(
        years=years,
        currency=content[names["currency"]],
        price_year=own["price_year"],
        status=own["status"],
        source=own["source"],
        not_carried=tuple(own.get("not_carried", ())),
    )
    return analysis, standard, own["groups"]


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        content = str(error)
    if not isinstance(content, dict):
        raise SchemaError(
            "no metadata of an analysis",
            where=str(path),
            found=content,
            expected="a JSON object; tables without it do not say how many years they cover",
            remedy="export again, or write the metadata beside the tables",
        )
    return content
