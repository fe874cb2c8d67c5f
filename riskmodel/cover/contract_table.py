"""The terms of each contract as a table that people read: who insures, when, how much of one."""

from __future__ import annotations

import math

import pandas as pd

from riskmodel.cover.benefit_table import HarmBenefit, ResettlementBenefit
from riskmodel.cover.contract import Anchor
from riskmodel.cover.covers import BenefitCover, Cover, IndemnityCover
from riskmodel.cover.programme import Programme
from riskmodel.cover.take_up import ByZone

UNITS = ((1e8, "亿元"), (1e4, "万元"), (1.0, "元"))


def _amount(value: float) -> str:
    if math.isinf(value):
        return "unlimited"
    factor, unit = next((f, u) for f, u in UNITS if value >= f or f == 1.0)
    return f"{value / factor:,.10g} {unit}"


def _share(by: ByZone) -> str:
    """Lowest to highest take-up of zones, with the range of what is uncertain."""
    shares = [by.default, *by.zones.values()]
    bounds = [*by.low.values(), *by.high.values()]
    middle = (
        f"{min(shares):.0%}" if len(set(shares)) == 1 else f"{min(shares):.0%}-{max(shares):.0%}"
    )
    return f"{middle} (range {min(bounds):.0%}-{max(bounds):.0%})" if bounds else middle


def take_up_words(cover: Cover) -> str:
    """Whom a cover insures, by sector, with the spread over zones and the stated range."""
    if not isinstance(cover, IndemnityCover):
        return "all" if isinstance(cover, BenefitCover) else ""
    of = f" of those in {cover.top_up_of}" if cover.top_up_of else ""
    return "; ".join(f"{sector} {_share(by)}{of}" for sector, by in cover.take_up.items())


def perils_words(cover: Cover) -> str:
    """Perils for which a cover pays; indemnity covers without terms of the object insure all."""
    if isinstance(cover, BenefitCover):
        perils = dict.fromkeys(p for b in cover.benefits.values() for p in b.perils)
    elif isinstance(cover, IndemnityCover) and cover.per_object is not None:
        perils = dict.fromkeys(cover.per_object.perils)
    else:
        return "all of the run" if isinstance(cover, IndemnityCover) else "index"
    return ", ".join(perils)


def limits_of_one(cover: Cover) -> str:
    """Limits, deductibles and franchises of one person, household, object or zone."""
    parts: list[str] = []
    if isinstance(cover, BenefitCover):
        for whose in ("person", "household"):
            if math.isfinite(limit := getattr(cover.limits, whose)):
                parts.append(f"{whose} {_amount(limit)}")
        for name, benefit in cover.benefits.items():
            if isinstance(benefit, ResettlementBenefit):
                parts.append(f"{name} {_amount(benefit.amount)} a day, {benefit.days:g} days")
            elif isinstance(benefit, HarmBenefit):
                parts.append(f"{name} {_amount(benefit.amount)}")
    elif isinstance(cover, IndemnityCover):
        if cover.per_object is not None:
            terms = cover.per_object
            parts.append(f"object {_amount(terms.limit)}")
            for key in ("deductible", "franchise"):
                if amount := getattr(terms, key):
                    parts.append(f"{key} {_amount(amount)}")
        for key in ("deductible", "franchise"):
            if amount := getattr(cover, key):
                parts.append(f"{key} of a zone {_amount(amount)}")
        if cover.coinsurance:
            parts.append(f"owners bear {cover.coinsurance:.0%}")
    return "; ".join(parts)


def anchor_words(anchor: Anchor | None) -> str:
    """Year and public figures of a scheme, empty where there are none."""
    if anchor is None:
        return ""
    parts = [
        f"{name} {_amount(amount)}"
        for name, amount in (("premium", anchor.premium), ("sum insured", anchor.sum_insured))
        if amount is not None
    ]
    parts += [f"policies {anchor.policies:,}"] if anchor.policies else []
    return f"{anchor.year}: " + ", ".join(parts)


def contract_table(programme: Programme) -> pd.DataFrame:
    """One row for each cover: perils, take-up, limits of one, consortium, contract year and so on.

    Which benefit pays for which peril is in the programme file; the anchor holds public figures.
    """
    rows = []
    for cover in programme.covers:
        waiting = cover.waiting_period
        insurers = ", ".join(f"{name} {share:.0%}" for name, share in cover.consortium.items())
        rows.append(
            {
                "tier": cover.tier,
                "cover": cover.cover,
                "zones": "all" if cover.zones == "all" else ", ".join(cover.zones),
                "perils": perils_words(cover),
                "take-up": take_up_words(cover),
                "limits of one": limits_of_one(cover),
                "consortium": insurers or "not stated",
                "contract year from": cover.policy_year_start,
                "waiting period": (
                    ""
                    if waiting is None
                    else f"{waiting.days:g} days, {waiting.new_policies:.0%} of policies"
                ),
                "claims handling": f"{cover.claims_handling:.0%}",
                "public figures": anchor_words(cover.anchor),
            }
        )
    return pd.DataFrame(rows)
