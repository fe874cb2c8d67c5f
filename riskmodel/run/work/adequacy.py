"""Adequacy of the programme, for question 4: what covers pay of the loss, where, and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language, message
from riskmodel.cover.adequacy import adequacy, income_groups, worst_years
from riskmodel.cover.ledger import PAYER_OF_TIER
from riskmodel.exceedance.metrics import Metric
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.records import interval_records
from riskmodel.run.work.scope import zone_words
from riskmodel.run.work.tiers import Paid
from riskmodel.show.tables import results_table

INCOME = ("low", "middle", "high")
RARE = 100.0  # years
VIEWS = ("mean", f"worst_{RARE:g}")
CITY = "city"
SOURCE = "riskmodel.cover.adequacy"
PREFIX = "ledger.adequacy."


def groups_of(census: xr.DataTree) -> dict[str, list[str]]:
    """Zones of the city, of the income groups, and of each county, under short names.

    A run of fewer counties than there are income groups has none of these, and one of a single
    county no other groups at all.
    """
    exposure = census["exposure"].to_dataset()
    zones = [str(zone) for zone in exposure["zone"].values]
    persons = exposure["total"].sel(exposure_class="population").to_numpy()
    gdp = dict(zip(zones, exposure["gdp"].to_numpy().tolist(), strict=True))
    population = dict(zip(zones, persons.tolist(), strict=True))
    if len(zones) == 1:
        return {CITY: zones}
    enough = len(zones) >= len(INCOME)
    income = income_groups(gdp, population, INCOME) if enough else {}
    return (
        {CITY: zones}
        | {f"by_income.{name}": part for name, part in income.items()}
        | {f"by_zone.{zone}": [zone] for zone in zones}
    )


def views_of(ledger: xr.Dataset, groups: Mapping[str, Sequence[str]]) -> list[xr.Dataset]:
    """Adequacy of the mean year, and of the worst 1 in 100 years."""
    return [
        adequacy(ledger, groups),
        adequacy(ledger, groups, years=worst_years(ledger, RARE)),
    ]


def _of_block(ledger: xr.Dataset, block: int) -> xr.Dataset:
    count = int(ledger.attrs["years"]) // int(ledger.attrs["blocks"])
    own = np.flatnonzero(ledger["year"].to_numpy() // count == block)
    part = ledger.isel(occurrence=own)
    year = part["year"].to_numpy() - block * count
    return part.assign_coords(year=("occurrence", year)).assign_attrs(years=count)


def _figures(ledger: xr.Dataset, groups: Mapping[str, Sequence[str]]) -> dict[str, float]:
    figures = {}
    for view, found in zip(VIEWS, views_of(ledger, groups), strict=True):
        for group in groups:
            one = found.sel(group=group)
            end = "" if group == CITY else f".{group}"
            figures[f"gap.{view}{end}"] = float(one["gap"])
            if group.startswith("by_zone"):
                continue
            for tier, payer in PAYER_OF_TIER.items():
                paid = float(one["paid"].sel(tier=tier) / one["loss"])
                figures[f"paid.{view}{end}.{payer}"] = paid
            figures[f"relief_met.{view}{end}"] = float(one["relief_met"])
    return {PREFIX + name: value for name, value in figures.items() if np.isfinite(value)}


def adequacy_records(
    run: Run, census: xr.DataTree, baseline: Paid, variants: Sequence[Paid]
) -> list[Record]:
    """Protection gap, shares paid by tier and relief met by view and group, with intervals."""
    groups = groups_of(census)
    base = _figures(baseline.ledger, groups)
    blocks = [
        _figures(_of_block(baseline.ledger, block), groups)
        for block in range(run.params.hazard.blocks)
    ]
    others = [_figures(variant.ledger, groups) for variant in variants]
    there = [name for name in base if all(name in f for f in (*blocks, *others))]
    named = [{name: Metric(f[name]) for name in there} for f in (base, *blocks, *others)]
    return interval_records(
        run, named[0], named[1 : 1 + len(blocks)], named[1 + len(blocks) :],
        unit="1", source=SOURCE, bounds=(0.0, 1.0),
    )  # fmt: skip


def persons_reached(
    census: xr.DataTree, table: xr.Dataset, block: int | None = None
) -> tuple[float, float]:
    """Persons with a benefit and persons affected, mean of a year.

    In an occurrence and county those with a benefit are the larger of the persons in households
    that get one and of the persons who get one themselves: the smaller group counts as part of the
    larger, so that this is a lower bound. Persons of a household are the county's mean.
    """
    exposure = census["exposure"].to_dataset()["total"]
    size = exposure.sel(exposure_class="population") / exposure.sel(exposure_class="households")
    years, rows = int(table.attrs["years"]), np.arange(table.sizes["row"])
    if block is not None:
        years //= int(table.attrs["blocks"])
        rows = np.flatnonzero(table["block"].values[table["row_occurrence"].values] == block)
    mean, unit = table["mean"].values[rows], table["unit"].values
    of_row = size.to_numpy()[table["row_zone"].values[rows]]
    reached = table["quantity"].values == "reached"
    persons = [
        _by_item(mean, table["item"].values, reached & (unit == "household")) * of_row[:, None],
        _by_item(mean, table["item"].values, reached & (unit == "person")),
    ]
    most = np.concatenate([*persons, np.zeros((rows.size, 1))], axis=1).max(axis=1)
    affected = table["item"].values == "people.affected"
    return float(most.sum()) / years, float(mean[:, affected].sum()) / years


def _by_item(
    mean: npt.NDArray[np.float64], item: npt.NDArray[np.str_], chosen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Sum the perils of each chosen item: array (row, item)."""
    names = dict.fromkeys(item[chosen].tolist())
    sums = [mean[:, chosen & (item == name)].sum(axis=1) for name in names]
    return np.stack(sums, axis=1) if sums else np.zeros((mean.shape[0], 0))


def reach_records(
    run: Run, census: xr.DataTree, table: xr.Dataset, variants: Mapping[str, xr.Dataset]
) -> list[Record]:
    """Persons with a benefit a year, and their share of those affected, with both intervals."""
    blocks = range(run.params.hazard.blocks)
    found = [
        persons_reached(census, table),
        *(persons_reached(census, table, block) for block in blocks),
        *(persons_reached(census, variant) for variant in variants.values()),
    ]
    records = []
    share = [(p / a if a else 0.0) for p, a in found]
    for name, unit, values, most in (
        ("persons", "person", [p for p, _ in found], float("inf")),
        ("of_affected", "1", share, 1.0),
    ):
        named = [{f"{PREFIX}reached.{name}": Metric(value)} for value in values]
        split = 1 + len(blocks)
        records += interval_records(
            run, named[0], named[1:split], named[split:], unit=unit, source=SOURCE,
            bounds=(0.0, most),
        )  # fmt: skip
    return records


def headline_table(run: Run, records: Sequence[Record]) -> pd.DataFrame:
    """Return gap, shares by tier, relief and persons of the whole city in words."""
    wanted = [
        *(f"gap.{view}" for view in VIEWS),
        *(f"paid.{view}.{payer}" for view in VIEWS for payer in PAYER_OF_TIER.values()),
        *(f"relief_met.{view}" for view in VIEWS),
        *("reached.persons", "reached.of_affected"),
    ]
    there = {record.name for record in records}
    return results_table(
        [record.model_dump() for record in records],
        [PREFIX + name for name in wanted if PREFIX + name in there],
        language=run.params.language,
    )


def group_names(census: xr.DataTree, language: Language) -> list[str]:
    """Names of the groups of `groups_of` for readers."""
    county = zone_words(census["zones"].to_dataset(), language)
    words: list[str] = []
    for group in groups_of(census):
        kind, _, name = group.partition(".")
        if kind == CITY and len(county) == 1:
            words += county.values()
        elif kind == CITY:
            part = "whole_zones" in census.attrs
            words.append(message("place.together" if part else "place.city", language))
        else:
            words.append(message(f"income.{name}", language) if kind == "by_income"
                         else county[name])  # fmt: skip
    return words


def adequacy_table(run: Run, census: xr.DataTree, paid: Paid) -> pd.DataFrame:
    """Loss and what tiers pay of it (per cent) by group, mean year and worst years."""
    groups, rows = groups_of(census), {"area": group_names(census, run.params.language)}
    for view, found in zip(VIEWS, views_of(paid.ledger, groups), strict=True):
        rows[f"loss, {view} (亿元 a year)"] = (found["loss"].values / 1e8).round(2).tolist()
        for tier in found["tier"].values:
            share = found["paid"].sel(tier=tier) / found["loss"]
            rows[f"tier {tier}, {view} (%)"] = (100.0 * share.values).round(2).tolist()
        rows[f"gap, {view} (%)"] = (100.0 * found["gap"].values).round(2).tolist()
    return pd.DataFrame(rows)


def adequacy_chart(census: xr.DataTree, paid: Paid) -> xr.Dataset:
    """Shares paid by tier, for drawing: the city, income groups, counties by their gap."""
    groups = groups_of(census)
    views = views_of(paid.ledger, groups)
    share = xr.concat(
        [v["paid"] / v["loss"] for v in views], pd.Index(["mean", "worst"], name="view")
    )
    gap = [float(v["gap"].sel(group=CITY)) for v in views]
    names = {f"name_{code}": ("group", group_names(census, code)) for code in ("zh", "en")}
    return xr.Dataset(
        {"share": share.fillna(0.0), "gap": ("view", gap), **names}, attrs={"return_period": RARE}
    )
