"""Apply treaties to what covers pay, and book the reinsurers in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from riskmodel.core.errors import ConservationError, SchemaError
from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.cover.balance import SMALLEST_NEED, TOLERANCE
from riskmodel.cover.contract import contract_calendar
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.hours_clause import Occurrences, Windows, windows
from riskmodel.cover.inputs import calendar_of
from riskmodel.cover.inuring import inuring_order
from riskmodel.cover.ledger import LEDGER
from riskmodel.cover.programme import Programme
from riskmodel.cover.treaties import NONE, ExcessOfLoss, Treaty
from riskmodel.cover.treaty_kernel import Recovered, layer_terms, recover

REINSURERS = "reinsurer"
RECOVERIES = Schema(
    "Recoveries",
    {
        "recovery": ("occurrence", "layer"),
        "reinstatement_premium": ("occurrence", "layer"),
        "remaining": ("occurrence", "layer"),
        "net": ("occurrence", "cover"),
        "year": ("occurrence",),
        "treaty": ("layer",),
        **{name: ("layer",) for name in ("attachment", "limit", "yearly_limit", "placed")},
    },
    attrs=("currency", "price_year", "years", "blocks", "status"),
)


@dataclass(frozen=True, slots=True)
class _Result:
    """What one treaty pays: arrays (occurrence, layer), and its net payment (occurrence, cover)."""

    recovered: Recovered
    ceded: FloatArray
    net: FloatArray


def reinsure(programme: Programme, payouts: xr.Dataset) -> xr.Dataset:
    """Let the treaties of a programme pay for what its covers pay, in inuring order.

    A treaty sees the payouts of its covers, all zones together, less what the treaties before it
    recover; it is applied on loss occurrences in date order, after its hours clause. What a
    window recovers is shared out among its occurrences and covers in proportion to their
    amounts. Years are contract years, from each treaty's `policy_year_start`.

    Parameters
    ----------
    programme : Programme
        With `treaties`, or without.
    payouts : Dataset
        From `pay`; with coords ``end`` and ``parent_event`` on occurrence where a treaty has an
        hours clause.

    Returns
    -------
    Dataset with ``recovery``, ``reinstatement_premium`` and ``remaining`` (occurrence, layer),
    CNY for the placed share, ``remaining`` after the occurrence's last window; ``net``
    (occurrence, cover): recoveries less reinstatement premiums; coords of layer: ``treaty``,
    ``attachment``, ``limit``, ``yearly_limit`` (of the whole layer) and ``placed``.

    Raises
    ------
    SchemaError
        If an hours clause lacks the dates or the parent event.
    """
    paid = payouts["paid"].sum("zone").transpose("occurrence", "cover").to_numpy()
    covers = payouts["cover"].to_numpy().tolist()
    ordered = inuring_order(programme.treaties)
    kept, net, results = paid.copy(), np.zeros_like(paid), []
    for treaty in ordered:
        columns = [covers.index(name) for name in treaty.covers]
        result = _apply(treaty, kept[:, columns], _windows(treaty, payouts))
        kept[:, columns] = np.maximum(kept[:, columns] - result.ceded, 0.0)
        net[:, columns] += result.net
        results.append(result.recovered)
    return _recoveries(programme, payouts, ordered, results, net)


def _windows(treaty: Treaty, payouts: xr.Dataset) -> Windows:
    hours = np.inf if treaty.hours_clause == NONE else float(treaty.hours_clause)
    contract = contract_calendar(
        calendar_of(payouts),
        treaty.policy_year_start,
        years=int(payouts.attrs["years"]),
        blocks=int(payouts.attrs["blocks"]),
    )
    year, start = contract.year, contract.start
    if np.isinf(hours):
        return windows(Occurrences(year, start, start, np.zeros_like(year)), hours)
    for name in ("end", "parent_event"):
        if name not in payouts.coords:
            raise SchemaError(
                "an hours clause needs a coordinate that is missing",
                where=f"treaty {treaty.treaty}: payouts.{name}",
                remedy="give the losses this coordinate, or write hours_clause: none",
            )
    parent = np.unique(payouts["parent_event"].to_numpy(), return_inverse=True)[1]
    duration = (payouts["end"] - payouts["start"]).to_numpy().astype(np.float64)
    return windows(Occurrences(year, start, start + duration, parent), hours)


def _apply(treaty: Treaty, subject: FloatArray, made: Windows) -> _Result:
    """Pay the subject losses (occurrence, cover) under one treaty."""
    total = subject.sum(axis=1)
    whole = recover(made.year, made.start, made.losses(total), layer_terms(treaty))

    def back(amounts: FloatArray) -> FloatArray:
        columns = [made.back(column, total) for column in amounts.T]
        return np.stack(columns, axis=1)

    mine = Recovered(
        back(whole.recovery),
        back(whole.reinstatement_premium),
        whole.remaining[made.last(total.size)] if total.size else whole.remaining,
    )
    part = np.divide(subject, total[:, None], out=np.zeros_like(subject), where=subject > 0.0)
    ceded = mine.recovery.sum(axis=1)
    net = ceded - mine.reinstatement_premium.sum(axis=1)
    return _Result(mine, part * ceded[:, None], part * net[:, None])


def _layers(treaty: Treaty) -> list[dict[str, str | float]]:
    terms = layer_terms(treaty)
    names = [x.layer for x in treaty.layers] if isinstance(treaty, ExcessOfLoss) else [""]
    premiums = [x.premium for x in treaty.layers] if isinstance(treaty, ExcessOfLoss) else [np.nan]
    return [
        {
            "layer": ".".join(filter(None, (treaty.treaty, name))),
            "treaty": treaty.treaty,
            "attachment": float(terms.attachment[k] + terms.deductible[k] * (not name)),
            "limit": float(terms.limit[k]),
            "yearly_limit": float(terms.yearly[k]),
            "placed": float(terms.share[k]),
            "premium": premiums[k],
        }
        for k, name in enumerate(names)
    ]


def _recoveries(
    programme: Programme,
    payouts: xr.Dataset,
    ordered: tuple[Treaty, ...],
    results: list[Recovered],
    net: FloatArray,
) -> xr.Dataset:
    rows = [row for treaty in ordered for row in _layers(treaty)]
    none = np.zeros((net.shape[0], 0))
    names = ("recovery", "reinstatement_premium", "remaining")
    parts = {n: np.concatenate([none, *(getattr(r, n) for r in results)], axis=1) for n in names}
    text: Mapping[str, type] = {"layer": str, "treaty": str}
    keys = ("layer", "treaty", "attachment", "limit", "yearly_limit", "placed", "premium")
    coords: dict[str, Any] = {
        k: ("layer", np.array([r[k] for r in rows], dtype=text.get(k, float))) for k in keys
    }
    on_occurrence = {n: c for n, c in payouts.coords.items() if c.dims == ("occurrence",)}
    kept = ("price_year", "years", "blocks", "status")
    return stamp(
        xr.Dataset(
            {
                **{n: (("occurrence", "layer"), values) for n, values in parts.items()},
                "net": (("occurrence", "cover"), net),
            },
            coords={**on_occurrence, "cover": payouts["cover"], **coords},
        ),
        RECOVERIES,
        source=programme.source,
        history=f"reinsure, programme {programme.programme}",
        currency=CURRENCY,
        **{key: payouts.attrs[key] for key in kept},
    )


def book_reinsurers(ledger: xr.Dataset, recoveries: xr.Dataset) -> xr.Dataset:
    """Book in a ledger what reinsurers pay, net of reinstatement premiums, in place of covers.

    Each line of a reinsured cover is divided by the share of the cover's payout of the
    occurrence that reinsurers bear; the new lines have the payer ``reinsurer``.

    Parameters
    ----------
    ledger : Dataset
        From `build_ledger`.
    recoveries : Dataset
        From `reinsure`.

    Returns
    -------
    Dataset
        As the ledger, with lines of reinsurers after the others.
    """
    check(ledger, LEDGER)
    covers = [
        c for c in recoveries["cover"].to_numpy() if float(recoveries["net"].sel(cover=c).sum())
    ]
    lines = np.flatnonzero(np.isin(ledger["cover"].to_numpy(), covers))
    if not lines.size:
        return ledger
    share = np.stack([_share(ledger, recoveries, str(ledger["cover"][i].item())) for i in lines], 1)
    ceded = ledger.isel(line=lines).copy()
    remaining = ledger.copy()
    for name in ("amount", "overpayment"):
        part = ledger[name].to_numpy()[:, lines, :]
        whole = ledger[name].to_numpy().copy()
        whole[:, lines, :] = part * (1.0 - share)[:, :, None]
        remaining[name] = (ledger[name].dims, whole)
        ceded[name] = (ledger[name].dims, part * share[:, :, None])
    accounts, names = ceded["line_account"].to_numpy(), ceded["cover"].to_numpy()
    ceded = ceded.drop_vars("need").assign_coords(
        line=[f"{a}.{REINSURERS}.{c}" for a, c in zip(accounts, names, strict=True)],
        payer=("line", [REINSURERS] * lines.size),
    )
    whole_ledger = xr.concat([remaining.drop_vars("need"), ceded], "line")
    return check(whole_ledger.assign(need=ledger["need"]).assign_attrs(ledger.attrs), LEDGER)


def _share(ledger: xr.Dataset, recoveries: xr.Dataset, cover: str) -> FloatArray:
    """Share of a cover's payout that reinsurers bear, array (occurrence,)."""
    lines = ledger["cover"].to_numpy() == cover
    paid = sum(
        ledger[n].to_numpy()[:, lines, :].sum(axis=(1, 2)) for n in ("amount", "overpayment")
    )
    net = recoveries["net"].sel(cover=cover).to_numpy()
    return np.divide(net, paid, out=np.zeros_like(net), where=np.asarray(paid) > 0.0)


def check_recoveries(
    ledger: xr.Dataset, recoveries: xr.Dataset, *, tolerance: float = TOLERANCE
) -> float:
    """Largest relative difference between what treaties pay and what the ledger books for them.

    For every occurrence, recoveries of all layers less reinstatement premiums must be the
    amounts and overpayments of the reinsurers' lines.

    Raises
    ------
    ConservationError
        Naming the occurrence.
    """
    lines = ledger["payer"].to_numpy() == REINSURERS
    booked = sum(
        ledger[n].to_numpy()[:, lines, :].sum(axis=(1, 2)) for n in ("amount", "overpayment")
    )
    paid = (recoveries["recovery"] - recoveries["reinstatement_premium"]).sum("layer").to_numpy()
    residual = np.abs(np.asarray(booked) - paid) / np.maximum(np.abs(paid), SMALLEST_NEED)
    if not (residual <= tolerance).all():
        row = int(np.nan_to_num(residual, nan=np.inf).argmax())
        raise ConservationError(
            "the ledger books another amount than the treaties pay",
            where=f"occurrence {row}, payer {REINSURERS}",
            found=float(np.asarray(booked)[row]),
            expected=float(paid[row]),
        )
    return float(residual.max(initial=0.0))
