"""Who pays each yuan: the mean year, a rare year and a real storm, payer by payer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.messages import LANGUAGES, Language, message
from riskmodel.cover.balance import check_balance
from riskmodel.cover.bearers import REINSURERS, RESERVE
from riskmodel.cover.owners import OWNERS
from riskmodel.cover.programme import Programme
from riskmodel.exceedance.metrics import year_losses
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import Run
from riskmodel.run.work.losses import compiled
from riskmodel.run.work.replay import chinese_name
from riskmodel.run.work.storms import real_storms
from riskmodel.run.work.tiers import Paid, pay_table

STORM = "Saomai 2006"  # the strongest wind of the replayed storms
RETURN_PERIOD = 100.0  # years
SORTS = ("amount", "overpayment")
ORDER = (*OWNERS, "tier_1", RESERVE, REINSURERS, "tier_n", "tier_x", "city", "county", "province")
LABELS = ("line_account", "payer", "cover")


class StormPaid(NamedTuple):
    """A real storm at today's exposure: its ledger, and the year in it that is the storm."""

    name: str
    paid: Paid
    year: int


def pay_storm(
    run: Run, programme: Programme, census: xr.DataTree, catalogue: xr.DataTree, name: str = STORM
) -> StormPaid:
    """Pay a real storm, read through the blocks of the catalogue together.

    Every storm is the only one of its year, and finds the reserve with its opening balance and
    the first contribution.

    Parameters
    ----------
    run, programme, census, catalogue
        Of the run.
    name : str
        A storm of ``data/history/storms.yml`` with its year.
    """
    storms = real_storms(run, census, catalogue)
    perils = list(storms.attrs["perils"])
    table = occurrence_table(storms, compiled(run, run.params, census, catalogue, perils=perils))
    if programme.reserve is not None:
        anew = programme.reserve.model_copy(update={"horizon": 1})
        programme = programme.model_copy(update={"reserve": anew})
    dated = storms.to_dataset()
    paid = pay_table(run, programme, census, table, dated)
    check_balance(paid.ledger)
    count = int(storms.attrs["years_per_block"])  # the first reading is the pooled one
    number = dated["storm_name"].values[:count].tolist().index(name)
    return StormPaid(name, paid, int(dated["year"].values[number]))


def payments_by_line(
    run: Run, paid: Paid, table: xr.Dataset, storm: StormPaid | None = None
) -> xr.Dataset:
    """Amounts and overpayments (view, line) of the ledger, CNY, in the views that are shown.

    Views are the mean year, the simulated year whose total loss has the rank of `RETURN_PERIOD`,
    and the storm, if one is given.
    """
    total, years = year_losses(table).total, int(paid.ledger.attrs["years"])
    rare = int(np.argsort(-total, kind="stable")[int(total.size / RETURN_PERIOD)])
    views = {"mean": _sums(paid.ledger) / years, "rare": _sums(paid.ledger, rare)}
    if storm is not None:
        views["storm"] = _sums(storm.paid.ledger, storm.year)
    lines = list(dict.fromkeys(str(n) for one in views.values() for n in one["line"].values))
    joined = xr.concat(
        [one.reset_coords(LABELS, drop=True).reindex(line=lines, fill_value=0.0)
         for one in views.values()],
        pd.Index(list(views), name="view"),
    )  # fmt: skip
    labels = {n: str(v) for one in views.values() for n, v in _labels(one).items()}
    split = [labels[line].split("\t") for line in lines]
    names = {f"name_{c}": ("view", _names(list(views), storm, c)) for c in LANGUAGES}
    coords = {key: ("line", [s[k] for s in split]) for k, key in enumerate(LABELS)}
    return joined.assign_coords(names | coords).assign_attrs(
        currency="CNY", price_year=run.params.census.price_year, units="CNY"
    )


def _sums(ledger: xr.Dataset, year: int | None = None) -> xr.Dataset:
    rows = slice(None) if year is None else np.flatnonzero(ledger["year"].values == year)
    return ledger[list(SORTS)].isel(occurrence=rows).sum(("occurrence", "zone"))


def _labels(one: xr.Dataset) -> dict[str, str]:
    parts = zip(*(one[key].values for key in LABELS), strict=True)
    return dict(zip(map(str, one["line"].values), map("\t".join, parts), strict=True))


def _names(views: list[str], storm: StormPaid | None, language: Language) -> list[str]:
    own = "" if storm is None else storm.name
    shown = chinese_name(own) if own and language == "zh" else own
    words = {
        "mean": message("view.mean_year", language),
        "rare": message("view.simulated_year", language, years=f"{RETURN_PERIOD:g}"),
        "storm": message("view.storm", language, storm=shown),
    }
    return [words[view] for view in views]


def who_pays(lines: xr.Dataset, account: str) -> xr.DataArray:
    """Payments that meet the need of one account, by payer (view, payer), CNY."""
    own = lines["amount"].isel(line=np.flatnonzero(lines["line_account"].values == account))
    payers = [p for p in ORDER if p in own["payer"].values]
    by_payer = own.groupby("payer").sum().sel(payer=payers).transpose("view", "payer")
    return by_payer.assign_attrs(lines.attrs | {"account": account})


def who_pays_table(lines: xr.Dataset, programme: Programme, language: Language) -> pd.DataFrame:
    """Every line of both accounts with its cover, in 万元, and what is paid above a need."""
    names = {c.cover: c.name_zh if language == "zh" else c.name for c in programme.covers}
    rows = []
    for sort in SORTS:
        for line in range(lines.sizes["line"]):
            one = lines[sort].isel(line=line)
            if not float(one.sum()):
                continue
            account = message(f"account.{one['line_account'].item()}", language)
            above = message("column.overpayment", language)
            rows.append(
                {
                    message("column.account", language): above if sort == SORTS[1] else account,
                    message("column.payer", language): message(
                        f"payer.{one['payer'].item()}", language
                    ),
                    message("axis.cover", language): names.get(str(one["cover"].item()), ""),
                }
                | {
                    f"{name} (万元)": round(float(value) / 1e4, 1)
                    for name, value in zip(
                        lines[f"name_{language}"].values, one.values, strict=True
                    )
                }
            )
    return pd.DataFrame(rows)
