"""A programme limited to some zones: what it says of others goes, limits shrink with the people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from riskmodel.core.errors import TermsError
from riskmodel.cover.covers import Cover, IndemnityCover, ParametricCover
from riskmodel.cover.fields import Frozen
from riskmodel.cover.programme import Programme
from riskmodel.cover.reserve import Reserve
from riskmodel.cover.take_up import DEFAULT, ByZone
from riskmodel.cover.treaties import ExcessOfLoss, Treaty

AMOUNTS = (
    "event", "year", "attachment", "exhaustion", "annual_deductible", "annual_limit",
    "event_limit", "premium",
)  # fmt: skip
Terms = TypeVar("Terms", bound=Frozen)


def limited_to(programme: Programme, zones: Sequence[str], *, share: float) -> Programme:
    """Programme of some zones alone.

    Parameters
    ----------
    programme : Programme
        Of all zones.
    zones : sequence of str
        Codes of the zones that are kept; covers of other zones alone are left out.
    share : float
        Event and year limits, and all amounts of treaties and of the reserve, are multiplied by it,
        0 to 1: the part
        of the people covered, or 1 for terms that were written for these zones. Terms of one zone
        (deductible, coinsurance, zone limit, take-up) stay. A declared split of an index cover is
        taken instead, its rest shared among the zones kept. Treaties, top-ups and the reserve of
        covers that go, go too.

    Raises
    ------
    TermsError
        If the share is not above 0 and at most 1, or no cover is left.
    """
    if not 0.0 < share <= 1.0:
        raise TermsError(
            "no share to limit a programme to", where=programme.programme, found=share,
            expected="above 0, at most 1",
        )  # fmt: skip
    here = {c.cover for c in programme.covers if _kept(c, zones)}
    covers = [
        _limited(c, zones, share)
        for c in programme.covers
        if c.cover in here and not _tops_up_another(c, here)
    ]
    if not covers:
        raise TermsError(
            "no cover of the programme is for these zones",
            where=programme.programme,
            found=list(zones),
            remedy="take another programme in tiers.programme",
        )
    treaties = _treaties(programme.treaties, [cover.cover for cover in covers], share)
    changes = {
        "covers": tuple(covers),
        "treaties": tuple(treaties),
        "reserve": _reserve(programme.reserve, [cover.cover for cover in covers], share),
    }
    return programme.model_copy(update=changes)


def _kept(cover: Cover, zones: Sequence[str]) -> bool:
    named = zones if cover.zones == "all" else [z for z in cover.zones if z in zones]
    if isinstance(cover, ParametricCover) and not isinstance(cover.split, str):
        return any(cover.split.get(zone, 0.0) > 0.0 for zone in named)
    return bool(named)


def _tops_up_another(cover: Cover, here: set[str]) -> bool:
    """Tell whether a cover tops up one that is not here."""
    below = cover.top_up_of if isinstance(cover, IndemnityCover) else None
    return below is not None and below not in here


def _of_zones(share: ByZone, zones: Sequence[str]) -> ByZone:
    """Shares, with their low and high values, of some zones and of those not named."""
    kept = {*zones, DEFAULT}
    parts = (
        {zone: part for zone, part in by.items() if zone in kept}
        for by in (share.zones, share.low, share.high)
    )
    return ByZone(share.default, *parts)


def _reserve(reserve: Reserve | None, covers: Sequence[str], share: float) -> Reserve | None:
    """Reserve of the covers that are left, its amounts times a share."""
    if reserve is None or not set(reserve.covers) & set(covers):
        return None
    own, drawdown = reserve.contribution, reserve.drawdown
    changes = {
        "covers": tuple(name for name in reserve.covers if name in covers),
        "opening_balance": reserve.opening_balance * share,
        "cap": reserve.cap * share,
        "contribution": own.model_copy(update={"premium": own.premium * share}),
        "drawdown": drawdown.model_copy(update={"above": drawdown.above * share}),
    }
    return reserve.model_copy(update=changes)


def _limited(cover: Cover, zones: Sequence[str], share: float) -> Cover:
    changes: dict[str, object] = {}
    if cover.zones != "all":
        changes["zones"] = tuple(zone for zone in cover.zones if zone in zones)
    if isinstance(cover, ParametricCover) and not isinstance(cover.split, str):
        parts = {zone: part for zone, part in cover.split.items() if zone in zones}
        share = share if share == 1.0 else sum(parts.values())
        changes["split"] = {zone: part / sum(parts.values()) for zone, part in parts.items()}
    if isinstance(cover, ParametricCover) and cover.trigger.steps:
        steps = tuple(s.model_copy(update={"pays": s.pays * share}) for s in cover.trigger.steps)
        changes["trigger"] = cover.trigger.model_copy(update={"steps": steps})
    if isinstance(cover, IndemnityCover):
        changes["take_up"] = {sector: _of_zones(by, zones) for sector, by in cover.take_up.items()}
    changes["limits"] = _scaled(cover.limits, share)
    return cover.model_copy(update=changes)


def _treaties(treaties: Sequence[Treaty], covers: Sequence[str], share: float) -> list[Treaty]:
    kept = [t for t in treaties if set(t.covers) & set(covers)]
    names = [treaty.treaty for treaty in kept]
    result: list[Treaty] = []
    for treaty in kept:
        changes: dict[str, object] = {
            "covers": tuple(name for name in treaty.covers if name in covers),
            "after": tuple(name for name in treaty.after if name in names),
        }
        if isinstance(treaty, ExcessOfLoss):
            changes["layers"] = tuple(_scaled(layer, share) for layer in treaty.layers)
            result.append(treaty.model_copy(update=changes))
        else:
            result.append(_scaled(treaty, share).model_copy(update=changes))
    return result


def _scaled(terms: Terms, share: float) -> Terms:
    """Terms with every amount of money times a share; unlimited stays unlimited."""
    own = [name for name in AMOUNTS if name in type(terms).model_fields]
    return terms.model_copy(update={name: getattr(terms, name) * share for name in own})
