"""The covers that a programme is made of: benefit tables, index covers and indemnity covers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from riskmodel.core.errors import TermsError
from riskmodel.core.status import Status
from riskmodel.core.vocabulary import Sector
from riskmodel.cover.benefit_table import (
    Benefit,
    DamageBenefit,
    HarmBenefit,
    ResettlementBenefit,
    StepBenefit,
)
from riskmodel.cover.contract import NEW_YEAR, Anchor, MonthDay, WaitingPeriod
from riskmodel.cover.fields import (
    Frozen,
    Limit,
    Money,
    PremiumPayer,
    Share,
    ZoneCode,
    check_names,
    check_sums_to_one,
)
from riskmodel.cover.object_terms import ObjectTerms
from riskmodel.cover.take_up import ShareByZone
from riskmodel.cover.trigger import Trigger

Tier = Literal["1", "N", "X"]
YearRule = Literal["date_order", "pro_rata"]


class Limits(Frozen):
    """Limits of a cover over all its zones.

    Parameters
    ----------
    event : amount or ``unlimited``
        Most that one occurrence pays; when exceeded, every zone and benefit is scaled alike.
    year : amount or ``unlimited``
        Most that one contract year pays.
    year_rule : {"date_order", "pro_rata"}
        When a year exceeds its limit: paid in date order until it is exhausted, or every
        occurrence of the year scaled alike.
    """

    event: Limit
    year: Limit
    year_rule: YearRule

    @model_validator(mode="after")
    def _check_year(self) -> Self:
        if math.isfinite(self.event) and self.year < self.event:
            raise TermsError(
                "a year limit below the event limit",
                where="year",
                found={"event": self.event, "year": self.year},
                expected="a year limit of at least the event limit, or event: unlimited",
            )
        return self


class IndemnityLimits(Limits):
    """Limits of an indemnity cover: `zone` is the most paid in one zone and occurrence."""

    zone: Limit


class BenefitLimits(Limits):
    """Limits of a benefit cover: also `person` and `household`, the most for one of them."""

    person: Limit = math.inf
    household: Limit = math.inf


class _Cover(Frozen):
    """What every cover states.

    Parameters
    ----------
    consortium : mapping of str to share
        Insurers and their shares of the cover, which sum to 1; empty when it is not known.
    policy_year_start : str
        ``MM-DD``, the first day of the contract year.
    waiting_period : WaitingPeriod, optional
        Days at its start in which new policies do not pay.
    claims_handling : float
        Cost of handling claims as a share of what is paid; the insurers' cost, not a payment.
    anchor : Anchor, optional
        Public figures of such a scheme.
    """

    cover: str = Field(pattern="^[a-z][a-z0-9_]*$")
    tier: Tier
    name: str
    name_zh: str
    policyholder: str
    payer_of_premium: dict[PremiumPayer, Share]
    zones: Literal["all"] | tuple[ZoneCode, ...] = "all"
    consortium: dict[str, Share] = Field(default_factory=dict)
    policy_year_start: MonthDay = NEW_YEAR
    waiting_period: WaitingPeriod | None = None
    claims_handling: Share = 0.0
    anchor: Anchor | None = None
    modelled_on: str
    source: str
    status: Status

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if self.zones != "all":
            check_names(self.zones, "zones")
        check_sums_to_one(self.payer_of_premium, "shares of payer_of_premium")
        if self.consortium:
            check_sums_to_one(self.consortium, "shares of consortium")
        return self


class BenefitCover(_Cover):
    """A cover that pays by a benefit table; `benefits` maps their names to their terms."""

    kind: Literal["benefits"]
    benefits: dict[str, Benefit] = Field(min_length=1)
    limits: BenefitLimits

    @property
    def steps(self) -> dict[str, StepBenefit]:
        """Benefits by water depth."""
        return {n: b for n, b in self.benefits.items() if isinstance(b, StepBenefit)}

    @property
    def direct(self) -> dict[str, StepBenefit | DamageBenefit]:
        """Benefits that meet a direct loss."""
        kinds = StepBenefit | DamageBenefit
        return {n: b for n, b in self.benefits.items() if isinstance(b, kinds)}

    @model_validator(mode="after")
    def _check_limits_of_one(self) -> Self:
        """Refuse benefits above the limit of one; a water table is cut to it instead."""
        for name, benefit in self.benefits.items():
            whose, most = "person", 0.0
            if isinstance(benefit, HarmBenefit):
                most = benefit.amount
            elif isinstance(benefit, ResettlementBenefit):
                most = benefit.days * benefit.amount
            elif isinstance(benefit, DamageBenefit):
                whose, most = "household", benefit.grades[-1].pays
            if most > (limit := getattr(self.limits, whose)):
                raise TermsError(
                    f"a benefit above the limit of a {whose}",
                    where=f"limits.{whose}",
                    found={name: most},
                    expected=f"at most {limit:g} CNY",
                )
        return self


class ParametricCover(_Cover):
    """A cover of county governments that pays by an index, whatever the loss.

    Parameters
    ----------
    trigger : Trigger
        Index, and its line or steps.
    split : {"equal", "population"} or mapping of zone code to share
        Share of the event limit that each of the cover's zones gets when its index is full.
    limits : Limits
        `event` is the full payout and must be an amount; the highest step pays it.
    """

    kind: Literal["parametric"]
    trigger: Trigger
    split: Literal["equal", "population"] | dict[ZoneCode, Share]
    limits: Limits

    @model_validator(mode="after")
    def _check_split(self) -> Self:
        if math.isinf(self.limits.event):
            raise TermsError(
                "an index cover pays a share of its event limit",
                where="limits.event",
                found="unlimited",
                expected="an amount",
            )
        steps = self.trigger.steps
        if steps and steps[-1].pays != self.limits.event:
            raise TermsError(
                "the last step is not the event limit",
                where="trigger.steps",
                found=steps[-1].pays,
                expected=f"{self.limits.event:.0f} CNY, as limits.event",
            )
        if not isinstance(self.split, str):
            check_sums_to_one(self.split, "shares of split")
            _check_inside(self.split, self.zones, "split")
        return self


class IndemnityCover(_Cover):
    """A cover that pays for losses of the insured slice of sectors.

    Order of terms, printed here because it matters: slice of the sector's loss by take-up → what
    other covers pay first (`coordination`) → terms of the single object → waiting period →
    franchise and deductible of each zone and occurrence → coinsurance → zone limit → event limit
    → year limit.

    Parameters
    ----------
    take_up : mapping of sector to share by zone
        Share of the sector's value in the zone that the cover insures; of a top-up, share of
        those insured by the cover below.
    deductible, franchise : amount
        Yuan of each zone and occurrence that the owners bear first, and below which they bear all.
    coinsurance : float
        Share of what exceeds the deductible that the owners bear.
    per_object : ObjectTerms, optional
        Perils, deductible, franchise and limit of each object.
    top_up_of : str, optional
        Cover on top of which this one pays: for what that one leaves to those it insures.
    limits : IndemnityLimits
        Zone, event and year limits.
    """

    kind: Literal["indemnity"]
    take_up: dict[Sector, ShareByZone] = Field(min_length=1)
    deductible: Money
    franchise: Money = 0.0
    coinsurance: Share
    per_object: ObjectTerms | None = None
    top_up_of: str | None = None
    limits: IndemnityLimits

    @model_validator(mode="after")
    def _check_zones(self) -> Self:
        for sector, share in self.take_up.items():
            _check_inside(share.zones, self.zones, f"take_up.{sector}")
        return self

    @model_validator(mode="after")
    def _check_top_up(self) -> Self:
        if self.top_up_of is not None and (self.per_object is not None or len(self.take_up) > 1):
            raise TermsError(
                "a top-up pays for one sector, without terms of the object",
                where="top_up_of",
                found=sorted(self.take_up),
                expected="one sector in take_up, no per_object",
            )
        return self


def _check_inside(named: Iterable[str], zones: str | tuple[str, ...], where: str) -> None:
    """Refuse zones that a cover names for its shares and is not for."""
    if zones != "all" and (lost := [zone for zone in named if zone not in zones]):
        raise TermsError(
            "a zone that the cover is not for", where=where, found=lost, expected=list(zones)
        )


Cover = Annotated[BenefitCover | ParametricCover | IndemnityCover, Field(discriminator="kind")]
