"""Question 4: what should each tier cost, and who pays each yuan?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.cover.balance import check_balance, ledger_means, ledger_of_year
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.overview import programme_table
from riskmodel.cover.pay import pay
from riskmodel.cover.programme import Programme
from riskmodel.cover.years import tier_year_totals, year_totals
from riskmodel.exceedance.metrics import Metric, year_losses
from riskmodel.loss.occurrence_table import by_zone_and_item
from riskmodel.price.premiums import premiums
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import loads, principles
from riskmodel.run.stages import open_stage, save_stage
from riskmodel.run.work.records import interval_records, plain_record

TRIGGERS = ("minimum_pressure", "maximum_wind")
SHOWN = ("pure", "risk_load", "expenses", "tax")


class Paid(NamedTuple):
    """What one occurrence table leads to under a programme."""

    payouts: xr.Dataset
    ledger: xr.Dataset
    share_extrapolated: float


def pay_table(run: Run, programme: Programme, census: xr.DataTree, table: xr.Dataset) -> Paid:
    """Pay every occurrence of an occurrence table and book it."""
    triggers = open_stage(run, "catalogue")[list(TRIGGERS)].load()
    near = np.flatnonzero(np.isfinite(triggers["minimum_pressure"].values))
    numbers = np.union1d(np.unique(table["row_occurrence"].values), near)
    losses = by_zone_and_item(table, "loss", numbers).rename(item="sector")
    benefits = by_zone_and_item(table, "benefit", numbers).rename(item="benefit")
    exposure = census["exposure"]["total"].sel(exposure_class="population", drop=True)
    chosen = triggers.isel(occurrence=numbers).assign_coords(occurrence=numbers)
    payouts = pay(programme, losses, benefits, chosen, population=exposure)
    ledger = build_ledger(programme, losses, benefits, payouts)
    years = year_losses(table)
    return Paid(payouts, ledger, float(years.total_extrapolated.sum() / years.total.sum()))


def pay_all(
    run: Run,
    programme: Programme,
    census: xr.DataTree,
    table: xr.Dataset,
    variants: Mapping[str, xr.Dataset],
) -> tuple[Paid, list[Paid]]:
    """Pay the baseline and every variant; the baseline's ledger is kept as a stage."""
    baseline = pay_table(run, programme, census, table)
    check_balance(baseline.ledger)
    save_stage(run, "ledger", baseline.ledger)
    return baseline, [pay_table(run, programme, census, variant) for variant in variants.values()]


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
    limits = tier_limits(programme)
    return {
        "cover": premiums(year_losses_by_cover, limits=limits, **options),  # type: ignore[arg-type]
        "tier": premiums(tier_year_totals(year_losses_by_cover), limits=limits, **options),  # type: ignore[arg-type]
    }


def _figures(
    run: Run, programme: Programme, paid: Paid, block: int | None = None
) -> dict[str, Metric]:
    """Premiums and mean payments under their dotted names, of all years or of one block."""
    totals = year_totals(paid.payouts)
    if block is not None:
        totals = totals.isel(year=np.flatnonzero(totals["block"].values == block))
    made = premiums_of(run, programme, totals)
    headline, figures = run.params.price.headline, {}
    tier_of = dict(zip(totals["cover"].values, totals["tier"].values, strict=True))
    for dim, table in made.items():
        for label in table[dim].values:
            prefix = f"tier.{label}" if dim == "tier" else f"tier.{tier_of[label]}.{label}"
            one = table.sel({dim: label, "principle": headline})
            figures[f"{prefix}.pure_premium"] = float(one["pure"])
            figures[f"{prefix}.gross_premium"] = float(one["gross"])
            for principle in table["principle"].values:
                figures[f"{prefix}.gross_premium.{principle}"] = float(
                    table["gross"].sel({dim: label, "principle": principle})
                )
    return {
        name: Metric(value, paid.share_extrapolated) for name, value in figures.items()
    } | _ledger_figures(paid, block)


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
    return {name: Metric(value, paid.share_extrapolated) for name, value in figures.items()}


def tier_records(
    run: Run, programme: Programme, baseline: Paid, variants: Sequence[Paid]
) -> list[Record]:
    """Premiums and ledger means with both intervals, and the residual of the balance."""
    base = _figures(run, programme, baseline)

    def same(figures: dict[str, Metric]) -> dict[str, Metric]:
        return {name: figures.get(name, Metric(0.0, 0.0)) for name in base}

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
    """Headline premium of each tier by component, for drawing; profit and fund join expenses."""
    table = premiums_of(run, programme, year_totals(paid.payouts))["tier"].sel(
        principle=run.params.price.headline
    )
    table = table.assign(expenses=table["expenses"] + table["profit"] + table["guarantee_fund"])
    data = xr.concat([table[name] for name in SHOWN], pd.Index(SHOWN, name="component"))
    return data.to_dataset(name="premium").assign_attrs(
        currency="CNY", price_year=run.params.census.price_year
    )


def premium_table(run: Run, programme: Programme, paid: Paid) -> pd.DataFrame:
    """Gross premium (万元 a year) of each tier and cover by principle, with pure premium and rate on line."""
    made = premiums_of(run, programme, year_totals(paid.payouts))
    rows = []
    for dim, table in made.items():
        for label in table[dim].values:
            one = table.sel({dim: label})
            row = {"tier or cover": f"tier {label}" if dim == "tier" else str(label)}
            row["pure (万元)"] = round(float(one["pure"].isel(principle=0)) / 1e4, 1)
            row |= {
                f"gross, {p} (万元)": round(float(one["gross"].sel(principle=p)) / 1e4, 1)
                for p in table["principle"].values
            }
            row["rate on line"] = round(
                float(one["rate_on_line"].sel(principle=run.params.price.headline)), 4
            )
            rows.append(row)
    return pd.DataFrame(rows)


def who_pays(run: Run, paid: Paid, table: xr.Dataset, return_period: float = 100.0) -> xr.DataArray:
    """Direct loss by payer (view, payer): the mean year and a year near the given return period."""
    total = year_losses(table).total
    rank = int(total.size / return_period)
    year = int(np.argsort(-total, kind="stable")[rank])
    mean = ledger_means(paid.ledger)["aal"].sel(account="direct_loss")
    rare = ledger_of_year(paid.ledger, year)["amount"].sel(account="direct_loss")
    amounts = (
        xr.concat([mean, rare], pd.Index(["mean", "rare"], name="view"))
        .fillna(0.0)
        .reset_coords(drop=True)
    )
    amounts = amounts.assign_coords(
        name_zh=("view", ["平均每年", f"{return_period:g} 年一遇的年份"]),
        name_en=("view", ["mean year", f"{return_period:g}-year year"]),
    )
    return amounts.assign_attrs(
        currency="CNY", price_year=run.params.census.price_year, units="CNY"
    )


def layers_of(programme: Programme, paid: Paid) -> xr.Dataset:
    """Covers with limit and expected annual payment, for drawing; attachments in CNY where they are money."""
    table = programme_table(programme)
    expected = year_totals(paid.payouts).mean("year")
    money = table["attachment_unit"].values == "CNY"
    return xr.Dataset(
        {
            "tier": table["tier"], "name_zh": table["name_zh"], "name_en": table["name"],
            "attachment": ("cover", np.where(money, table["attachment"].values, 0.0)),
            "limit": table["limit"], "expected": expected.sel(cover=table["cover"]).drop_vars("tier"),
        },
        attrs={"currency": "CNY", "price_year": paid.payouts.attrs["price_year"]},
    )  # fmt: skip


def programme_frame(programme: Programme) -> pd.DataFrame:
    """Programme as a readable table."""
    return programme_table(programme).to_dataframe().reset_index()
