"""What is read off a ledger: its balance and its means."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.core.errors import ConservationError
from riskmodel.core.schema import check
from riskmodel.cover.ledger import ACCOUNTS, LEDGER

TOLERANCE = 1e-9
SMALLEST_NEED = 0.01
"""CNY (one fen): residuals of smaller needs are judged against it."""


def check_balance(ledger: xr.Dataset, *, tolerance: float = TOLERANCE) -> float:
    """Largest residual |payments - need| / need over occurrences, accounts and zones.

    Parameters
    ----------
    ledger : Dataset
        From `build_ledger`.
    tolerance : float
        Largest permitted residual, relative.

    Returns
    -------
    float
        The largest relative residual, ≤ tolerance.

    Raises
    ------
    ConservationError
        Naming occurrence, account and zone of the largest residual, or of an amount that is
        negative or not a number.
    """
    check(ledger, LEDGER)
    for name in ("amount", "overpayment"):
        values = ledger[name].to_numpy()
        sound = np.isfinite(values) & (values >= 0.0)
        if not sound.all():
            row, line, zone = np.argwhere(~sound)[0]
            raise ConservationError(
                f"{name} is negative or not a number",
                where=_place(ledger, int(row), str(ledger["line_account"].to_numpy()[line]), zone),
                found=float(values[row, line, zone]),
                expected=f"CNY ≥ 0 on line {ledger['line'].to_numpy()[line]}",
            )
    largest = 0.0
    for account in ACCOUNTS:
        lines = ledger["line_account"].to_numpy() == account
        paid = ledger["amount"].to_numpy()[:, lines, :].sum(axis=1)
        need = ledger["need"].sel(account=account).to_numpy()
        with np.errstate(invalid="ignore"):  # an infinite need becomes NaN, and is refused
            residual = np.abs(paid - need) / np.maximum(np.abs(need), SMALLEST_NEED)
        if not (residual <= tolerance).all():
            row, zone = np.unravel_index(np.nan_to_num(residual, nan=np.inf).argmax(), need.shape)
            raise ConservationError(
                "payments do not sum to the need",
                where=_place(ledger, int(row), account, int(zone)),
                found=float(paid[row, zone]),
                expected=f"{float(need[row, zone])!r} CNY within {tolerance:g}",
            )
        largest = max(largest, float(residual.max(initial=0.0)))
    return largest


def _place(ledger: xr.Dataset, row: int, account: str, zone: int) -> str:
    number = ledger["occurrence"].to_numpy()[row] if "occurrence" in ledger.coords else row
    code = ledger["zone"].to_numpy()[zone]
    return f"occurrence {number}, account {account}, zone {code}"


def check_payouts(
    ledger: xr.Dataset, payouts: xr.Dataset, *, tolerance: float = TOLERANCE
) -> float:
    """Largest relative difference between what a cover pays and what the ledger books for it.

    Each cover's payout must be its amounts and overpayments in both accounts, by occurrence and
    zone.

    Raises
    ------
    ConservationError
        Naming the cover, occurrence and zone.
    """
    booked = ledger["amount"] + ledger["overpayment"]
    largest = 0.0
    for cover in payouts["cover"].to_numpy():
        lines = ledger["cover"].to_numpy() == cover
        sums = booked.to_numpy()[:, lines, :].sum(axis=1)
        paid = payouts["paid"].sel(cover=cover).to_numpy()
        residual = np.abs(sums - paid) / np.maximum(paid, SMALLEST_NEED)
        if not (residual <= tolerance).all():
            row, zone = np.unravel_index(np.nan_to_num(residual, nan=np.inf).argmax(), paid.shape)
            raise ConservationError(
                "the ledger books another amount than the cover pays",
                where=f"cover {cover}, {_place(ledger, int(row), 'both', int(zone))}",
                found=float(sums[row, zone]),
                expected=float(paid[row, zone]),
            )
        largest = max(largest, float(residual.max(initial=0.0)))
    return largest


def ledger_means(ledger: xr.Dataset) -> xr.Dataset:
    """Mean payment a simulated year by account and payer.

    Returns
    -------
    Dataset with ``aal`` and ``overpayment`` (account, payer), and ``aal_by_zone`` and
    ``overpayment_by_zone`` (account, payer, zone), CNY a year.
    """
    accounts, payers = ledger["line_account"].to_numpy(), ledger["payer"].to_numpy()
    labels = list(dict.fromkeys(payers.tolist()))
    dims, zones = ("account", "payer", "zone"), ledger["zone"]
    sums = {}
    for source, target in (("amount", "aal"), ("overpayment", "overpayment")):
        lines = ledger[source].to_numpy().sum(axis=0) / float(ledger.attrs["years"])
        table = np.zeros((len(ACCOUNTS), len(labels), zones.size))
        for line, values in enumerate(lines):
            table[ACCOUNTS.index(accounts[line]), labels.index(payers[line])] += values
        sums[target] = (dims, table, {"units": ledger.attrs["currency"]})
    coords = {"account": list(ACCOUNTS), "payer": labels, "zone": zones}
    kept = ("currency", "price_year", "status", "source")
    by_zone = xr.Dataset(sums, coords, attrs={k: ledger.attrs[k] for k in kept})
    totals = by_zone.sum("zone", keep_attrs=True)
    return totals.assign({f"{n}_by_zone": by_zone[n] for n in by_zone.data_vars})
