"""What question 4 needs: what should each tier cost, and who pays each yuan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from riskmodel.cover.balance import check_balance, check_payouts, ledger_means, ledger_of_year
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.overview import programme_table
from riskmodel.cover.pay import PARTS, pay
from riskmodel.cover.programme import Programme, has_uncertain_take_up, with_take_up
from riskmodel.cover.reinsurance import book_reinsurers, check_recoveries, reinsure
from riskmodel.cover.take_up import BOUNDS
from riskmodel.cover.years import tier_year_totals, year_totals
from riskmodel.exceedance.metrics import Metric, year_losses
from riskmodel.loss.occurrence_table import by_zone_and_item
from riskmodel.price.premiums import premiums
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import loads, principles
from riskmodel.run.stages import save_stage
from riskmodel.run.work.records import interval_records, plain_record
from riskmodel.run.work.triggers import paying_occurrences, triggers_of

TINY = 1e-9  # CNY; lets a cover that never pays be averaged
SHOWN = ("pure", "risk_load", "expenses", "tax")


class Paid(NamedTuple):
    """What one occurrence table leads to under a programme.

    `recoveries` are those of the treaties, booked in the ledger net of reinstatement premiums;
    `share` (cover) is the share of extrapolated loss in the occurrences that a cover pays for,
    each weighted by its payment.
    """

    payouts: xr.Dataset
    recoveries: xr.Dataset
    ledger: xr.Dataset
    share: xr.DataArray


def pay_table(run: Run, programme: Programme, census: xr.DataTree, table: xr.Dataset) -> Paid:
    """Pay every occurrence of an occurrence table and book it."""
    total = census["exposure"].to_dataset()["total"]
    population = total.sel(exposure_class="population", drop=True)
    triggers = triggers_of(run, programme)
    near = paying_occurrences(programme, triggers, [str(zone) for zone in table["zone"].values])
    numbers = np.union1d(np.unique(table["row_occurrence"].values), near)
    losses = by_zone_and_item(table, "loss", numbers).rename(item="sector")
    parents = ("occurrence", table["parent_event"].values[numbers])
    losses = losses.assign_coords(parent_event=parents)
    benefits = by_zone_and_item(table, "benefit", numbers).rename(item="benefit")
    chosen = triggers.isel(occurrence=numbers).assign_coords(occurrence=numbers)
    payouts = pay(programme, losses, benefits, chosen, population=population)
    recoveries = reinsure(programme, payouts)
    ledger = book_reinsurers(build_ledger(programme, losses, benefits, payouts), recoveries)
    check_payouts(ledger, payouts)
    check_recoveries(ledger, recoveries)
    return Paid(payouts, recoveries, ledger, _share_extrapolated(payouts, table, numbers))


def _share_extrapolated(
    payouts: xr.Dataset, table: xr.Dataset, numbers: npt.NDArray[np.int64]
) -> xr.DataArray:
    columns, rows = table["quantity"].values == "loss", table["row_occurrence"].values
    count = table.sizes["occurrence"]
    mean, beyond = (
        np.bincount(rows, table[name].values[:, columns].sum(axis=1), minlength=count)[numbers]
        for name in ("mean", "extrapolated")
    )
    share = xr.DataArray(beyond / np.where(mean > 0, mean, 1.0), dims="occurrence")
    paid = payouts["paid"].sum("zone")
    total = paid.sum("occurrence")
    return (paid * share).sum("occurrence") / total.where(total > 0, 1.0)


def pay_all(
    run: Run,
    programme: Programme,
    census: xr.DataTree,
    table: xr.Dataset,
    variants: Mapping[str, xr.Dataset],
) -> tuple[Paid, list[Paid]]:
    """Pay the baseline and every variant; the baseline's ledger is kept as a stage.

    Where the programme states take-up with a range, all of it low and all of it high are variants
    too. Of variants only what is paid is kept, for there are many of them.
    """
    baseline = pay_table(run, programme, census, table)
    check_balance(baseline.ledger)
    save_stage(run, "ledger", baseline.ledger)
    cases = [(programme, variant) for variant in variants.values()]
    if has_uncertain_take_up(programme):
        cases += [(with_take_up(programme, which), table) for which in BOUNDS]
    return baseline, [_only_paid(pay_table(run, one, census, of)) for one, of in cases]


def _only_paid(paid: Paid) -> Paid:
    return paid._replace(payouts=paid.payouts[["paid", "benefit_paid", "contract_year"]])


def tier_limits(programme: Programme) -> dict[str, float]:
    """Annual limit of each tier and cover in CNY; a tier with an unlimited cover has none."""
    table = programme_table(programme)
    limits = dict(
        zip(map(str, table["cover"].values), map(float, table["limit"].values), strict=True)
    )
    for tier in dict.fromkeys(map(str, table["tier"].values)):
        limits[tier] = float(table["limit"].values[table["tier"].values == tier].sum())
    return limits


def premiums_of(
    run: Run, programme: Programme, year_losses_by_cover: xr.DataArray
) -> dict[str, xr.Dataset]:
    """Premiums by cover and by tier, under every principle."""
    options = {
        "loads": loads(run.params),
        "principles": principles(run.params),
        "headline": run.params.price.headline,
    }
    options |= {
        "limits": tier_limits(programme),
        "claims_handling": _claims_handling(programme, year_losses_by_cover),
    }
    return {
        "cover": premiums(year_losses_by_cover, **options),  # type: ignore[arg-type]
        "tier": premiums(tier_year_totals(year_losses_by_cover), **options),  # type: ignore[arg-type]
    }


def _claims_handling(programme: Programme, year_losses_by_cover: xr.DataArray) -> dict[str, float]:
    """Mean cost of handling claims a year (CNY) by cover and by tier."""
    mean, found = year_losses_by_cover.mean("year"), dict[str, float]()
    for cover in programme.covers:
        found[cover.cover] = cover.claims_handling * float(mean.sel(cover=cover.cover))
        found[cover.tier] = found.get(cover.tier, 0.0) + found[cover.cover]
    return found


def _figures(
    run: Run, programme: Programme, paid: Paid, block: int | None = None
) -> dict[str, Metric]:
    """Premiums and mean payments under their dotted names, of all years or of one block."""
    totals = year_totals(paid.payouts)
    if block is not None:
        totals = totals.isel(year=np.flatnonzero(totals["block"].values == block))
    made = premiums_of(run, programme, totals)
    mean = totals.mean("year")
    headline, figures = run.params.price.headline, {}
    tier_of = dict(zip(totals["cover"].values, totals["tier"].values, strict=True))
    for dim, table in made.items():
        for label in table[dim].values:
            prefix = f"tier.{label}" if dim == "tier" else f"tier.{tier_of[label]}.{label}"
            one = table.sel({dim: label, "principle": headline})
            of = mean[dim].values == label
            share = float(np.average(paid.share.values[of], weights=mean.values[of] + TINY))
            figures[f"{prefix}.pure_premium"] = Metric(float(one["pure"]), share)
            figures[f"{prefix}.gross_premium"] = Metric(float(one["gross"]), share)
            for principle in table["principle"].values:
                gross = float(table["gross"].sel({dim: label, "principle": principle}))
                figures[f"{prefix}.gross_premium.{principle}"] = Metric(gross, share)
    return figures | _ledger_figures(paid, block)


def _ledger_figures(paid: Paid, block: int | None) -> dict[str, Metric]:
    ledger = paid.ledger
    if block is not None:
        years = int(ledger.attrs["years"]) // int(ledger.attrs["blocks"])
        inside = ledger["year"].values // years == block
        ledger = ledger.isel(occurrence=np.flatnonzero(inside)).assign_attrs(years=years)
    means = ledger_means(ledger)
    figures = {}
    for account in means["account"].values:
        for payer in means["payer"].values:
            value = float(means["aal"].sel(account=account, payer=payer))
            over = float(means["overpayment"].sel(account=account, payer=payer))
            if np.isfinite(value) and (value > 0 or over > 0):
                figures[f"ledger.aal.{account}.{payer}"] = value
                if over > 0:
                    figures[f"ledger.overpayment.{payer}"] = (
                        figures.get(f"ledger.overpayment.{payer}", 0.0) + over
                    )
    return {name: Metric(value) for name, value in figures.items()}


def tier_records(
    run: Run, programme: Programme, baseline: Paid, variants: Sequence[Paid]
) -> list[Record]:
    """Premiums and ledger means with both intervals, and the residual of the balance."""
    base = _figures(run, programme, baseline)

    def same(figures: dict[str, Metric]) -> dict[str, Metric]:
        return {name: figures.get(name, Metric(0.0)) for name in base}

    blocks = [same(_figures(run, programme, baseline, b)) for b in range(run.params.hazard.blocks)]
    others = [same(_figures(run, programme, v)) for v in variants]
    records = interval_records(
        run, base, blocks, others, unit="CNY", source="riskmodel.price and riskmodel.cover"
    )
    residual = check_balance(baseline.ledger)
    return [
        *records,
        plain_record("ledger.max_relative_residual", residual, "1", "riskmodel.cover.balance"),
    ]


def premium_components(run: Run, programme: Programme, paid: Paid) -> xr.Dataset:
    """Headline premium of each tier by component, for drawing; other costs join expenses."""
    table = premiums_of(run, programme, year_totals(paid.payouts))["tier"].sel(
        principle=run.params.price.headline
    )
    costs = ("claims_handling", "expenses", "profit", "guarantee_fund")
    table = table.assign(expenses=sum(table[name] for name in costs))
    data = xr.concat([table[name] for name in SHOWN], pd.Index(SHOWN, name="component"))
    return data.to_dataset(name="premium").assign_attrs(
        currency="CNY", price_year=run.params.census.price_year
    )


def premium_table(run: Run, programme: Programme, paid: Paid, census: xr.DataTree) -> pd.DataFrame:
    """Premium of each tier and cover: pure, and gross by principle (万元 a year), yuan a resident.

    A tier is priced on the sum of its covers, so that its premium is below the sum of theirs.
    """
    made = premiums_of(run, programme, year_totals(paid.payouts))
    total = census["exposure"].to_dataset()["total"]
    residents = float(total.sel(exposure_class="population").sum())
    headline = run.params.price.headline
    rows: list[dict[str, str | float]] = []
    for dim, table in made.items():
        for label in table[dim].values:
            one = table.sel({dim: label})
            row: dict[str, str | float] = {
                "priced": f"tier {label}" if dim == "tier" else str(label)
            }
            row["pure (万元)"] = round(float(one["pure"].isel(principle=0)) / 1e4, 1)
            for principle in table["principle"].values:
                gross = float(one["gross"].sel(principle=principle))
                row[f"gross, {principle} (万元)"] = round(gross / 1e4, 1)
            leading = one.sel(principle=headline)
            row["gross/pure"] = round(float(leading["gross"] / leading["pure"]), 2)
            row["yuan a resident"] = round(float(leading["gross"]) / residents, 2)
            row["rate on line"] = round(float(leading["rate_on_line"]), 4)
            rows.append(row)
    return pd.DataFrame(rows)


def who_pays(
    run: Run, paid: Paid, table: xr.Dataset, account: str, return_period: float = 100.0
) -> xr.DataArray:
    """Payments of one account by payer (view, payer): the mean year and one rare simulated year.

    The rare year is the simulated year whose total loss has the rank of the return period.
    """
    total = year_losses(table).total
    year = int(np.argsort(-total, kind="stable")[int(total.size / return_period)])
    mean = ledger_means(paid.ledger)["aal"].sel(account=account)
    rare = ledger_of_year(paid.ledger, year)["amount"].sel(account=account)
    views = pd.Index(["mean", "rare"], name="view")
    amounts = xr.concat([mean, rare], views).fillna(0.0).reset_coords(drop=True)
    amounts = amounts.assign_coords(
        name_zh=("view", ["平均每年", f"一个 {return_period:g} 年一遇的模拟年份"]),
        name_en=("view", ["mean year", f"one simulated year of rank 1 in {return_period:g}"]),
    )
    return amounts.assign_attrs(
        currency="CNY", price_year=run.params.census.price_year, units="CNY"
    )


def due_and_paid(paid: Paid) -> pd.DataFrame:
    """Show what each cover owes before limits, pays, and keeps back (万元 a year)."""
    parts = PARTS
    means = paid.payouts[list(parts)].sum(("occurrence", "zone")) / paid.payouts.attrs["years"]
    frame = (means.to_dataframe()[list(parts)] / 1e4).round(1)
    return frame.rename(columns={name: f"{name} (万元)" for name in parts}).reset_index()
