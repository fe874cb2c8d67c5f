"""The account of a reserve over sequences of simulated years, and what it pays by occurrence."""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, stamp
from riskmodel.cover.contract import contract_calendar
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.inputs import calendar_of
from riskmodel.cover.reserve import Drawdown, Reserve
from riskmodel.cover.terms import IntArray

ENTRIES = ("opening", "interest", "contribution", "released", "drawn", "closing")
ACCOUNT = Schema(
    "ReserveAccount",
    {
        **{name: ("year",) for name in (*ENTRIES, "shortfall")},
        "asked": ("occurrence",),
        "payment": ("occurrence", "cover"),
        "sequence": ("year",),
        "year_of_sequence": ("year",),
        "block": ("year",),
    },
    attrs=("currency", "price_year", "years", "blocks", "horizon", "status"),
)


class _Rules(NamedTuple):
    opening: float
    share: float
    premium: float
    of_surplus: bool
    interest: float
    cap: float


def reserve_account(reserve: Reserve, payouts: xr.Dataset, recoveries: xr.Dataset) -> xr.Dataset:
    """Carry a reserve through the simulated years of each block, in stored order.

    Years are contract years, from the reserve's `policy_year_start` (`contract_calendar`).

    Parameters
    ----------
    reserve : Reserve
        Its terms.
    payouts, recoveries : Dataset
        From `pay` and `reinsure`; the reserve refunds what covers pay less what the treaties pay.

    Returns
    -------
    Dataset with, by ``year``, CNY: ``opening`` + ``interest`` + ``contribution`` = ``released``
    (above the cap) + ``drawn`` + ``closing``, and ``shortfall``, what was asked for and not
    there; ``asked`` (occurrence) and ``payment`` (occurrence, cover); coords of year:
    ``sequence``, ``year_of_sequence`` (1 … horizon; the last sequence of a block may be cut) and
    ``block``.

    Raises
    ------
    SchemaError
        If the years do not divide into the blocks.
    """
    years, blocks = (int(payouts.attrs[key]) for key in ("years", "blocks"))
    if years % blocks:
        raise SchemaError("blocks of unequal years", where="payouts", found=(years, blocks))
    net = _net(reserve, payouts, recoveries)
    calendar = contract_calendar(
        calendar_of(payouts), reserve.policy_year_start, years=years, blocks=blocks
    )
    total, year = net.sum(axis=1), calendar.year
    order = np.lexsort((calendar.start, year))
    asked, paid = np.zeros(year.size), np.zeros(year.size)
    asked[order] = _asked(total[order], year[order], reserve.drawdown)
    first = np.searchsorted(year[order], np.arange(years + 1))
    starts = np.arange(years) % (years // blocks) % reserve.horizon == 0
    entries, paid[order] = _carry(first, total[order], asked[order], starts, _rules(reserve))
    part = np.divide(net, total[:, None], out=np.zeros_like(net), where=net > 0.0)
    short = np.bincount(year, asked - paid, minlength=years).astype(np.float64)
    of_year = {name: ("year", entries[:, k]) for k, name in enumerate(ENTRIES)}
    of_occurrence = {
        "asked": ("occurrence", asked),
        "payment": (("occurrence", "cover"), part * paid[:, None]),
    }
    account = xr.Dataset({**of_year, "shortfall": ("year", short), **of_occurrence})
    return _stamped(account.assign_coords(cover=payouts["cover"]), reserve, payouts)


def _stamped(account: xr.Dataset, reserve: Reserve, payouts: xr.Dataset) -> xr.Dataset:
    """Name the years, and write the attributes."""
    kept = {key: payouts.attrs[key] for key in ("price_year", "years", "blocks", "status")}
    number = np.arange(int(kept["years"]))
    block = number * int(kept["blocks"]) // number.size
    of_sequence = number % (number.size // int(kept["blocks"])) % reserve.horizon
    dated = account.assign_coords(
        year=number,
        sequence=("year", np.cumsum(of_sequence == 0) - 1),
        year_of_sequence=("year", of_sequence + 1),
        block=("year", block),
    )
    return stamp(
        dated,
        ACCOUNT,
        source=reserve.source,
        history=f"reserve_account, reserve {reserve.reserve}",
        currency=CURRENCY,
        horizon=reserve.horizon,
        **kept,
    )


def _net(reserve: Reserve, payouts: xr.Dataset, recoveries: xr.Dataset) -> FloatArray:
    """Payments net of treaties (occurrence, cover), zero for covers that it does not refund."""
    paid = payouts["paid"].sum("zone").transpose("occurrence", "cover").to_numpy()
    net = np.maximum(paid - recoveries["net"].transpose("occurrence", "cover").to_numpy(), 0.0)
    return np.asarray(net * np.isin(payouts["cover"].to_numpy(), reserve.covers))


def _asked(net: FloatArray, year: IntArray, drawdown: Drawdown) -> FloatArray:
    """Find what each occurrence, in date order, asks of the reserve."""
    if drawdown.of == "occurrence":
        return np.maximum(net - drawdown.above, 0.0)
    return _above_in_order(net, year, drawdown.above)


@nb.njit(cache=True)
def _above_in_order(net: FloatArray, year: IntArray, above: float) -> FloatArray:
    asked = np.zeros_like(net)
    kept = 0.0
    for i in range(net.size):
        if i == 0 or year[i] != year[i - 1]:
            kept = 0.0
        retained = min(net[i], above - kept)
        kept += retained
        asked[i] = net[i] - retained
    return asked


def _rules(reserve: Reserve) -> _Rules:
    given = reserve.contribution
    return _Rules(
        reserve.opening_balance,
        given.share,
        given.premium,
        given.of == "surplus",
        reserve.interest,
        reserve.cap,
    )


@nb.njit(cache=True)
def _carry(
    first: IntArray, net: FloatArray, asked: FloatArray, starts: FloatArray, rules: _Rules
) -> tuple[FloatArray, FloatArray]:
    """Entries (year, entry) in the order of `ENTRIES`, and the payment of each occurrence."""
    entries, paid = np.zeros((first.size - 1, 6)), np.zeros_like(net)
    balance = 0.0
    for year in range(first.size - 1):
        if starts[year]:
            balance = rules.opening
        entries[year, 0] = balance
        entries[year, 1] = rules.interest * balance
        balance += entries[year, 1]
        if not rules.of_surplus:
            entries[year, 2] = rules.share * rules.premium
            balance += entries[year, 2]
        entries[year, 3] = max(balance - rules.cap, 0.0)
        balance = min(balance, rules.cap)
        borne = 0.0
        for i in range(first[year], first[year + 1]):
            paid[i] = min(asked[i], balance)
            balance -= paid[i]
            entries[year, 4] += paid[i]
            borne += net[i] - paid[i]
        if rules.of_surplus:
            entries[year, 2] = rules.share * max(rules.premium - borne, 0.0)
            balance += entries[year, 2]
            entries[year, 3] += max(balance - rules.cap, 0.0)
            balance = min(balance, rules.cap)
        entries[year, 5] = balance
    return entries, paid


def balance_path(account: xr.Dataset, *, quantiles: tuple[float, ...]) -> xr.Dataset:
    """Summarise the balance by year of a sequence, over the sequences that are whole.

    Returns
    -------
    Dataset on ``year_of_sequence``: ``mean`` and ``quantile_balance`` (quantile,
    year_of_sequence) of the balance at the end of the year, CNY, and ``exhausted``, the share of
    sequences in which the reserve could not pay in full at least once by then. Attrs
    ``sequences``, and those of the account.

    Raises
    ------
    SchemaError
        If no sequence is whole.
    """
    horizon, sequence = int(account.attrs["horizon"]), account["sequence"].to_numpy()
    whole = np.flatnonzero(np.bincount(sequence) == horizon)
    if not whole.size:
        raise SchemaError(
            "no block is as long as one sequence of the reserve",
            where="reserve.horizon",
            found=horizon,
            expected=f"at most {np.bincount(sequence).max()} years",
        )
    kept = np.isin(sequence, whole)
    closing, short = (
        account[name].to_numpy()[kept].reshape(-1, horizon) for name in ("closing", "shortfall")
    )
    exhausted = np.maximum.accumulate(short > 0.0, axis=1).mean(axis=0)
    along = "year_of_sequence"
    attrs = {k: account.attrs[k] for k in ("currency", "price_year", "status", "source")}
    return xr.Dataset(
        {
            "mean": (along, closing.mean(axis=0)),
            "quantile_balance": (("quantile", along), np.quantile(closing, quantiles, axis=0)),
            "exhausted": (along, exhausted),
        },
        {"quantile": list(quantiles), along: np.arange(1, horizon + 1)},
        {**attrs, "sequences": int(whole.size)},
    )


def share_fully_paid(account: xr.Dataset) -> float:
    """Share of the occurrences which ask for anything that get it in full; 1 where none asks."""
    asked, paid = account["asked"].to_numpy(), account["payment"].sum("cover").to_numpy()
    asks = asked > 0.0
    return float((paid >= asked * (1.0 - 1e-12))[asks].mean()) if asks.any() else 1.0
