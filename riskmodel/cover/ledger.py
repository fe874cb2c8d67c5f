"""The ledger: who pays each yuan of each occurrence, in two accounts that must balance.

``direct_loss`` is paid by the owners (household, farm, enterprise, public body) and by covers;
``benefits`` (deaths, resettlement, claims that follow from damage) by covers, city, county and
province, and for such claims the owners. Each line is computed from its own terms, none as the
remainder of the others; what a cover pays above a need is `overpayment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from riskmodel.core.schema import Schema, stamp
from riskmodel.cover.benefit_table import ConsequentialBenefit
from riskmodel.cover.benefits import benefit_column, benefits_due, need_ratio
from riskmodel.cover.covers import BenefitCover, IndemnityCover, ParametricCover
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.owners import OWNER_OF_SECTOR, OWNERS
from riskmodel.cover.pay import CUTS_BEFORE_TERMS
from riskmodel.cover.programme import Programme, insured_shares, slices
from riskmodel.cover.terms import pay_in_order

DIRECT_LOSS, BENEFITS = ACCOUNTS = ("direct_loss", "benefits")
PAYER_OF_TIER: Mapping[str, str] = {"1": "tier_1", "N": "tier_n", "X": "tier_x"}
RETAINED = (
    "deductible", "coinsurance", "above_event_limit", "above_year_limit", *CUTS_BEFORE_TERMS,
)  # fmt: skip
LEDGER = Schema(
    "Ledger",
    {
        "amount": ("occurrence", "line", "zone"),
        "overpayment": ("occurrence", "line", "zone"),
        "need": ("occurrence", "account", "zone"),
        "year": ("occurrence",),
        "line_account": ("line",),
        "payer": ("line",),
        "tier": ("line",),
        "cover": ("line",),
    },
    attrs=("currency", "price_year", "years", "blocks", "status"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    account: str
    payer: str
    tier: str
    cover: str
    amount: FloatArray
    overpayment: FloatArray


def build_ledger(
    programme: Programme, losses: xr.DataArray, benefits: xr.DataArray, payouts: xr.Dataset
) -> xr.Dataset:
    """Book every payment of every occurrence.

    Parameters
    ----------
    programme, losses, benefits
        As given to `pay`.
    payouts : Dataset
        From `pay`.

    Returns
    -------
    Dataset with ``amount`` and ``overpayment`` (occurrence, line, zone), CNY, and ``need``
    (occurrence, account, zone), the latter straight from losses and benefits; coords of line:
    ``line_account``, ``payer``, ``tier`` and ``cover`` (empty for owners and public budgets).
    A benefit that is paid for a direct loss meets what the owners would otherwise bear; an index
    payout meets the relief that tier 1 leaves to its county; city, county and province share
    what no cover pays.
    """
    losses = losses.transpose("occurrence", "zone", "sector")
    benefits = benefits.sel(zone=losses["zone"])
    lines = [
        *_direct_loss_lines(programme, losses, payouts),
        *_benefit_lines(programme, benefits, payouts),
    ]
    need = [losses.sum("sector").to_numpy(), _relief_need(programme, benefits)]
    kept = ("currency", "price_year", "years", "blocks", "status")
    return stamp(
        _dataset(lines, np.stack(need, axis=1), payouts),
        LEDGER,
        source=programme.source,
        history=f"build_ledger, programme {programme.programme}",
        **{key: payouts.attrs[key] for key in kept},
    )


def _dataset(lines: list[_Line], need: FloatArray, payouts: xr.Dataset) -> xr.Dataset:
    dims = ("occurrence", "line", "zone")
    return xr.Dataset(
        {
            "amount": (dims, np.stack([x.amount for x in lines], axis=1)),
            "overpayment": (dims, np.stack([x.overpayment for x in lines], axis=1)),
            "need": (("occurrence", "account", "zone"), need),
        },
        coords={
            **{n: c for n, c in payouts.coords.items() if c.dims == ("occurrence",)},
            "zone": payouts["zone"],
            "account": list(ACCOUNTS),
            "line": [".".join(filter(None, (x.account, x.payer, x.cover))) for x in lines],
            "line_account": ("line", [x.account for x in lines]),
            "payer": ("line", [x.payer for x in lines]),
            "tier": ("line", [x.tier for x in lines]),
            "cover": ("line", [x.cover for x in lines]),
        },
    )


def _paid(payouts: xr.Dataset, cover: str) -> FloatArray:
    return np.asarray(payouts["paid"].sel(cover=cover).transpose("occurrence", "zone"))


def _retained(
    programme: Programme, losses: xr.DataArray, payouts: xr.Dataset
) -> dict[str, FloatArray]:
    """Sum what owners bear before benefits: uninsured slices, and what covers leave them."""
    zones, sectors = losses["zone"].to_numpy().tolist(), losses["sector"].to_numpy().tolist()
    uninsured = losses.to_numpy() * slices(programme, sectors, zones)["uninsured"].to_numpy()
    kept = {owner: np.zeros(losses.shape[:2]) for owner in OWNERS}
    for number, sector in enumerate(sectors):
        kept[OWNER_OF_SECTOR[sector]] += uninsured[:, :, number]
    names, dims = payouts["cover"].to_numpy().tolist(), ("cover", "occurrence", "zone")
    left = np.zeros((len(names), *losses.shape[:2]))
    for part in RETAINED:
        left += payouts[part].transpose(*dims).to_numpy()
    for cover in programme.covers:
        if not isinstance(cover, IndemnityCover):
            continue
        bears = left[names.index(cover.cover)]
        if cover.top_up_of is not None:  # bears a part of what the cover below left
            owner = OWNER_OF_SECTOR[next(iter(cover.take_up))]
            due = np.asarray(payouts["due"].sel(cover=cover.cover).transpose(*dims[1:]))
            kept[owner] = np.maximum(kept[owner] + bears - due, 0.0)
            continue
        insured = losses.to_numpy() * insured_shares(cover, sectors, zones)
        total = insured.sum(axis=2)
        each = np.divide(bears, total, out=np.zeros_like(total), where=total > 0.0)
        for number, sector in enumerate(sectors):
            kept[OWNER_OF_SECTOR[sector]] += insured[:, :, number] * each
    return kept


def _direct_loss_lines(
    programme: Programme, losses: xr.DataArray, payouts: xr.Dataset
) -> list[_Line]:
    kept = _retained(programme, losses, payouts)
    nothing = np.zeros(losses.shape[:2])
    of_covers: list[_Line] = []
    for cover in programme.covers:
        amount, over = nothing, nothing
        if isinstance(cover, BenefitCover):
            if not cover.direct:
                continue
            for name, benefit in cover.direct.items():
                offer = payouts["benefit_paid"].sel(benefit=benefit_column(cover.cover, name))
                owner = OWNER_OF_SECTOR[benefit.sector]
                used, above, kept[owner] = pay_in_order(kept[owner], [offer.to_numpy()])
                amount, over = amount + used[0], over + above[0]
        elif isinstance(cover, IndemnityCover):
            amount = _paid(payouts, cover.cover)
        else:
            continue
        payer = PAYER_OF_TIER[cover.tier]
        of_covers.append(_Line(DIRECT_LOSS, payer, cover.tier, cover.cover, amount, over))
    owners = [_Line(DIRECT_LOSS, owner, "", "", kept[owner], nothing) for owner in OWNERS]
    return owners + of_covers


def _benefit_lines(
    programme: Programme, benefits: xr.DataArray, payouts: xr.Dataset
) -> list[_Line]:
    zones = benefits["zone"].to_numpy().tolist()
    lines: list[_Line] = []
    unmet = np.zeros((payouts.sizes["occurrence"], len(zones)))
    owners: dict[str, FloatArray] = {}
    for cover in programme.covers:
        if not isinstance(cover, BenefitCover):
            continue
        due = benefits_due(cover, benefits, zones)
        amount = np.zeros_like(unmet)
        for number, (name, benefit) in enumerate(cover.benefits.items()):
            if name in cover.direct:
                continue
            column = payouts.sel(benefit=benefit_column(cover.cover, name))
            amount = amount + column["benefit_paid"].to_numpy()
            above_benefit = due[:, :, number] * (need_ratio(benefit) - 1.0)
            left = above_benefit + column["benefit_scaled_back"].to_numpy()
            if isinstance(benefit, ConsequentialBenefit):  # a duty of the owners, no relief
                owner = OWNER_OF_SECTOR[benefit.sector]
                owners[owner] = owners.get(owner, 0.0) + left
            else:
                unmet = unmet + left
        payer = PAYER_OF_TIER[cover.tier]
        lines.append(_Line(BENEFITS, payer, cover.tier, cover.cover, amount, np.zeros_like(unmet)))
    index = [c for c in programme.covers if isinstance(c, ParametricCover)]
    used, over, left = pay_in_order(unmet, [_paid(payouts, c.cover) for c in index])
    for c, amount, above in zip(index, used, over, strict=True):
        lines.append(_Line(BENEFITS, PAYER_OF_TIER[c.tier], c.tier, c.cover, amount, above))
    lines += [_Line(BENEFITS, o, "", "", x, np.zeros_like(x)) for o, x in owners.items()]
    for payer, share in programme.relief_backstop.model_dump().items():
        lines.append(_Line(BENEFITS, payer, "", "", share * left, np.zeros_like(left)))
    return lines


def _relief_need(programme: Programme, benefits: xr.DataArray) -> FloatArray:
    """Need of the benefits account (occurrence, zone), CNY, straight from the benefits due."""
    zones = benefits["zone"].to_numpy().tolist()
    need = np.zeros((benefits.sizes["occurrence"], len(zones)))
    for cover in programme.covers:
        if isinstance(cover, BenefitCover):
            ratio = np.array([need_ratio(b) for b in cover.benefits.values()])
            need = need + benefits_due(cover, benefits, zones) @ ratio
    return need
