"""The covers that a programme is made of: benefit tables, index covers and indemnity covers."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from riskmodel.core.errors import TermsError
from riskmodel.core.status import Status
from riskmodel.core.vocabulary import Sector
from riskmodel.cover.benefit_table import Benefit
from riskmodel.cover.fields import (
    Frozen,
    Limit,
    Money,
    PremiumPayer,
    Share,
    ShareByZone,
    ZoneCode,
    check_sums_to_one,
)
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
        Most that one calendar year pays.
    year_rule : {"date_order", "pro_rata"}
        When a year exceeds its limit: paid in date order until it is exhausted, or every
        occurrence of the year scaled alike.
    """

    event: Limit
    year: Limit
    year_rule: YearRule


class IndemnityLimits(Limits):
    """Limits of an indemnity cover: `zone` is the most paid in one zone and occurrence."""

    zone: Limit


class _Cover(Frozen):
    cover: str = Field(pattern="^[a-z][a-z0-9_]*$")
    tier: Tier
    name: str
    name_zh: str
    policyholder: str
    payer_of_premium: dict[PremiumPayer, Share]
    zones: Literal["all"] | tuple[ZoneCode, ...] = "all"
    modelled_on: str
    source: str
    status: Status

    @model_validator(mode="after")
    def _check_payers(self) -> Self:
        check_sums_to_one(self.payer_of_premium, "shares of payer_of_premium")
        return self


class BenefitCover(_Cover):
    """A cover that pays by a benefit table; `benefits` maps their names to their terms."""

    kind: Literal["benefits"]
    benefits: dict[str, Benefit] = Field(min_length=1)
    limits: Limits


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
        return self


class IndemnityCover(_Cover):
    """A cover that pays for losses of the insured slice of sectors.

    Order of terms, printed here because it matters: slice of the sector's loss by take-up →
    deductible of each zone and occurrence → coinsurance → zone limit → event limit → year limit.

    Parameters
    ----------
    take_up : mapping of sector to share by zone
        Share of the sector's value in the zone that the cover insures.
    deductible : amount
        Yuan of each zone and occurrence that the owners bear first.
    coinsurance : float
        Share of what exceeds the deductible that the owners bear.
    limits : IndemnityLimits
        Zone, event and year limits.
    """

    kind: Literal["indemnity"]
    take_up: dict[Sector, ShareByZone] = Field(min_length=1)
    deductible: Money
    coinsurance: Share
    limits: IndemnityLimits


Cover = Annotated[BenefitCover | ParametricCover | IndemnityCover, Field(discriminator="kind")]
