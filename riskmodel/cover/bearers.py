"""Those who stand behind covers: their payments, booked in the ledger in place of the covers'."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.core.errors import ConservationError
from riskmodel.core.schema import check
from riskmodel.cover.balance import SMALLEST_NEED, TOLERANCE
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.ledger import LEDGER, PAYER_OF_TIER

REINSURERS, RESERVE = BEARERS = ("reinsurer", "reserve")


def book_bearer(ledger: xr.Dataset, payer: str, borne: xr.DataArray) -> xr.Dataset:
    """Book what a bearer pays for covers in place of what the covers paid.

    Each line of a cover, in both accounts and in every zone, is divided by the share of the
    cover's remaining payment of the occurrence that the bearer bears.

    Parameters
    ----------
    ledger : Dataset
        From `build_ledger`, or with other bearers booked before.
    payer : str
        One of `BEARERS`: reinsurers (net of reinstatement premiums), the reserve.
    borne : DataArray (occurrence, cover)
        What it pays for each cover, CNY; never more than the cover's lines still hold.

    Returns
    -------
    Dataset
        As the ledger, with lines of the bearer after the others.
    """
    check(ledger, LEDGER)
    borne = borne.transpose("occurrence", "cover")
    covers = borne["cover"].to_numpy()[borne.to_numpy().any(axis=0)]
    own = np.isin(ledger["payer"].to_numpy(), list(PAYER_OF_TIER.values()))
    lines = np.flatnonzero(own & np.isin(ledger["cover"].to_numpy(), covers))
    if not lines.size:
        return ledger
    names = [str(ledger["cover"][i].item()) for i in lines]
    of_cover = {name: _share(ledger, borne, name) for name in dict.fromkeys(names)}
    share = np.stack([of_cover[name] for name in names], axis=1)[:, :, None]
    ceded = ledger.isel(line=lines).copy()
    remaining = ledger.copy()
    for name in ("amount", "overpayment"):
        part = ledger[name].to_numpy()[:, lines, :]
        whole = ledger[name].to_numpy().copy()
        whole[:, lines, :] = part * (1.0 - share)
        remaining[name] = (ledger[name].dims, whole)
        ceded[name] = (ledger[name].dims, part * share)
    accounts = ceded["line_account"].to_numpy()
    ceded = ceded.drop_vars("need").assign_coords(
        line=[f"{a}.{payer}.{c}" for a, c in zip(accounts, names, strict=True)],
        payer=("line", [payer] * lines.size),
    )
    whole_ledger = xr.concat([remaining.drop_vars("need"), ceded], "line")
    return check(whole_ledger.assign(need=ledger["need"]).assign_attrs(ledger.attrs), LEDGER)


def _share(ledger: xr.Dataset, borne: xr.DataArray, cover: str) -> FloatArray:
    """Share of what a cover still pays that the bearer bears, array (occurrence,)."""
    own = np.isin(ledger["payer"].to_numpy(), list(PAYER_OF_TIER.values()))
    paid = _sums(ledger, own & (ledger["cover"].to_numpy() == cover))
    amount = borne.sel(cover=cover).to_numpy()
    share = np.divide(amount, paid, out=np.zeros_like(paid), where=paid > 0.0)
    return np.minimum(share, 1.0)  # rounding; more than rounding is found by check_bearer


def _sums(ledger: xr.Dataset, lines: np.ndarray) -> FloatArray:
    """Amounts and overpayments of some lines, zones together: array (occurrence,)."""
    both = (ledger[n].to_numpy()[:, lines, :].sum(axis=(1, 2)) for n in ("amount", "overpayment"))
    return np.asarray(sum(both))


def check_bearer(
    ledger: xr.Dataset, payer: str, paid: FloatArray, *, tolerance: float = TOLERANCE
) -> float:
    """Largest relative difference between what a bearer pays and what the ledger books for it.

    Parameters
    ----------
    ledger : Dataset
        With the bearer booked.
    payer : str
        One of `BEARERS`.
    paid : array (occurrence,)
        What it pays by its own terms, CNY: of reinsurers the recoveries of all layers less
        their reinstatement premiums; of the reserve what leaves its account.

    Raises
    ------
    ConservationError
        Naming payer and occurrence.
    """
    booked = _sums(ledger, ledger["payer"].to_numpy() == payer)
    residual = np.abs(booked - paid) / np.maximum(np.abs(paid), SMALLEST_NEED)
    if not (residual <= tolerance).all():
        row = int(np.nan_to_num(residual, nan=np.inf).argmax())
        raise ConservationError(
            "the ledger books another amount than its payer pays",
            where=f"occurrence {row}, payer {payer}",
            found=float(booked[row]),
            expected=float(paid[row]),
        )
    return float(residual.max(initial=0.0))
