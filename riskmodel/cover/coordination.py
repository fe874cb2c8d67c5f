"""Covers of one loss in their stated order, so that nobody is paid twice for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from riskmodel.cover.benefits import benefits_due
from riskmodel.cover.covers import BenefitCover, IndemnityCover, ParametricCover
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.overlap import UNCOORDINATED
from riskmodel.cover.programme import Programme, insured_shares
from riskmodel.cover.single_cover import Given, Result, Slice, pay_benefits, pay_index, pay_slice

Results = dict[str, Result]


def pay_together(programme: Programme, given: Given) -> list[Result]:
    """Results of all covers in the programme's order, coordinated as the programme says.

    A benefit that is paid to all owners of a sector is paid to each insured slice in proportion
    to its share of the sector's value.
    """
    found: Results = {
        c.cover: pay_index(c, given) for c in programme.covers if isinstance(c, ParametricCover)
    }
    pay = _excess if programme.coordination == "excess" else _benefits_first
    found |= pay(programme, given)
    return [found[cover.cover] for cover in programme.covers]


def _benefits_first(programme: Programme, given: Given) -> Results:
    """`primary`, `contribution` and `none`: benefits up to the loss, or as the table says."""
    due, losses = _due(programme, given), given.losses.to_numpy()
    allowed = due
    if programme.coordination != UNCOORDINATED:
        total = _by_sector(programme, given, due)
        allowed = _scaled(programme, given, due, _ratio(np.minimum(total, losses), total))
    benefits = _pay_benefits(programme, given, due, allowed)
    paid = _by_sector(programme, given, {n: r.benefit_paid for n, r in benefits.items()})
    met = paid if programme.coordination == "primary" else np.zeros_like(paid)
    slices = _pay_slices(programme, given, met)
    if programme.coordination == "contribution":
        return _contribute(programme, given, benefits, slices)
    return benefits | {name: each.result for name, each in slices.items()}


def _excess(programme: Programme, given: Given) -> Results:
    """Indemnity covers pay as if alone; benefits pay for what each slice is left with."""
    due, losses = _due(programme, given), given.losses.to_numpy()
    slices = _pay_slices(programme, given, np.zeros_like(losses))
    total = _by_sector(programme, given, due)
    shares = _shares(programme, given)
    room = np.minimum(total, losses) * _uninsured(shares)
    for name, paid in _paid_in_slices(programme, slices).items():
        own = shares[name]
        room = room + np.minimum(total * own, np.maximum(losses * own - paid, 0.0))
    allowed = _scaled(programme, given, due, _ratio(room, total))
    benefits = _pay_benefits(programme, given, due, allowed)
    return benefits | {name: each.result for name, each in slices.items()}


def _contribute(
    programme: Programme, given: Given, benefits: Results, slices: Mapping[str, Slice]
) -> Results:
    """Cut what benefits and indemnity covers pay a slice to its loss, in proportion."""
    losses, shares = given.losses.to_numpy(), _shares(programme, given)
    paid = {name: result.benefit_paid for name, result in benefits.items()}
    by_sector = _by_sector(programme, given, paid)
    kept = np.zeros_like(losses) + _uninsured(shares)
    factor = {}
    for name, amount in _paid_in_slices(programme, slices).items():
        own = shares[name]
        together = by_sector * own + amount
        factor[name] = _ratio(np.minimum(together, losses * own), together)
        kept = kept + own * factor[name]
    scaled = _scaled(programme, given, paid, kept)
    found: Results = {n: _less(r, paid[n] - scaled[n]) for n, r in benefits.items()}
    for cover in programme.covers:
        if isinstance(cover, IndemnityCover):
            one = slices[cover.cover]
            cut = one.paid * (1.0 - factor[cover.top_up_of or cover.cover])
            found[cover.cover] = _less(one.result, cut)
    return found


def _less(result: Result, cut: FloatArray) -> Result:
    """Move an amount (occurrence, zone, sector or benefit) from what is paid to what others pay."""
    total = cut.sum(axis=2)
    detail = cut if result.columns else np.zeros_like(result.benefit_paid)
    return replace(
        result,
        parts=replace(result.parts, paid=result.parts.paid - total),
        coordination=result.coordination + total,
        benefit_paid=result.benefit_paid - detail,
        benefit_scaled_back=result.benefit_scaled_back + detail,
    )


def _due(programme: Programme, given: Given) -> dict[str, FloatArray]:
    return {
        c.cover: benefits_due(c, given.benefits, given.zones)
        for c in programme.covers
        if isinstance(c, BenefitCover)
    }


def _pay_benefits(
    programme: Programme, given: Given, due: Mapping[str, FloatArray],
    allowed: Mapping[str, FloatArray],
) -> Results:  # fmt: skip
    return {
        c.cover: pay_benefits(c, given, due[c.cover], allowed[c.cover])
        for c in programme.covers
        if isinstance(c, BenefitCover)
    }


def _pay_slices(programme: Programme, given: Given, met: FloatArray) -> dict[str, Slice]:
    """Pay indemnity covers for losses of which benefits meet a part; top-ups for what is left."""
    losses, found = given.losses.to_numpy(), dict[str, Slice]()
    for cover in programme.covers:
        if not isinstance(cover, IndemnityCover):
            continue
        share = insured_shares(cover, given.sectors, given.zones)
        if cover.top_up_of is None:
            one = pay_slice(cover, given, losses * share, met * share, share)
        else:
            insured = found[cover.top_up_of].left * share
            one = pay_slice(cover, given, insured, np.zeros_like(insured), share)
        found[cover.cover] = one
    return found


def _paid_in_slices(programme: Programme, slices: Mapping[str, Slice]) -> dict[str, FloatArray]:
    """Sum what covers and their top-ups pay for each slice (occurrence, zone, sector)."""
    found: dict[str, FloatArray] = {}
    for cover in programme.covers:
        if isinstance(cover, IndemnityCover):
            name = cover.top_up_of or cover.cover
            found[name] = found.get(name, 0.0) + slices[cover.cover].paid
    return found


def _shares(programme: Programme, given: Given) -> dict[str, FloatArray]:
    """Share (zone, sector) of each slice."""
    return {
        c.cover: insured_shares(c, given.sectors, given.zones)
        for c in programme.covers
        if isinstance(c, IndemnityCover) and c.top_up_of is None
    }


def _uninsured(shares: Mapping[str, FloatArray]) -> FloatArray | float:
    return np.maximum(1.0 - sum(shares.values()), 0.0)


def _by_sector(programme: Programme, given: Given, amounts: Mapping[str, FloatArray]) -> FloatArray:
    """Sum benefits for direct losses by sector (occurrence, zone, sector)."""
    total = np.zeros(given.losses.shape)
    for cover in programme.covers:
        if isinstance(cover, BenefitCover):
            names = list(cover.benefits)
            for name, benefit in cover.direct.items():
                sector = given.sectors.index(benefit.sector)
                total[:, :, sector] += amounts[cover.cover][:, :, names.index(name)]
    return total


def _scaled(
    programme: Programme, given: Given, amounts: Mapping[str, FloatArray], factor: FloatArray
) -> dict[str, FloatArray]:
    """Multiply benefits for direct losses by a factor of their sector."""
    found = {name: amount.copy() for name, amount in amounts.items()}
    for cover in programme.covers:
        if isinstance(cover, BenefitCover):
            names = list(cover.benefits)
            for name, benefit in cover.direct.items():
                sector = given.sectors.index(benefit.sector)
                found[cover.cover][:, :, names.index(name)] *= factor[:, :, sector]
    return found


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0.0)
