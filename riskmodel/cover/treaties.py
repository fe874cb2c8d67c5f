"""Reinsurance treaties as data: quota share, excess-of-loss towers and stop loss."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from riskmodel.core.errors import TermsError
from riskmodel.core.status import Status
from riskmodel.cover.contract import NEW_YEAR, MonthDay
from riskmodel.cover.fields import Frozen, Limit, Money, Number, Share, check_names

HOURS = (72, 168)
NONE: Literal["none"] = "none"
_TOGETHER = 1.0 + 1e-12


def _hours(value: object) -> object:
    if value != NONE and (isinstance(value, bool) or value not in HOURS):
        raise TermsError("an unknown hours clause", found=value, expected=f"none, {HOURS}")
    return value


HoursClause = Annotated[Literal["none", 72, 168], BeforeValidator(_hours)]
"""Length of the windows in hours, or ``none``: every occurrence is a loss of its own."""


class Reinstatements(Frozen):
    """How often a layer's limit is restored after losses, and at what price.

    Parameters
    ----------
    rates : sequence of float
        One for each reinstatement, in the order in which they are used: its price as a multiple
        of the layer's premium. 0 is free, 1 is the whole premium for the whole limit.
    pro_rata : {"amount", "amount_and_time"}
        Price in proportion to the amount restored, or to that and to the part of the contract
        year that is left.
    """

    rates: tuple[Number, ...] = Field(min_length=1)
    pro_rata: Literal["amount", "amount_and_time"]

    @model_validator(mode="after")
    def _check_rates(self) -> Self:
        if min(self.rates) < 0.0:
            raise TermsError("a negative rate", where="rates", found=self.rates, expected="≥ 0")
        return self


class _Placed(Frozen):
    """Something of which each reinsurer of a consortium takes a share; the rest is retained."""

    shares: dict[str, Share] = Field(min_length=1)

    @property
    def placed(self) -> float:
        """Sum of the reinsurers' shares."""
        return sum(self.shares.values())

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if not 0.0 < self.placed <= _TOGETHER:
            raise TermsError(
                "shares of reinsurers do not sum to more than 0 and at most 1",
                where="shares",
                found=dict(self.shares),
                expected=f"a sum above 0, at most 1, not {self.placed:g}",
            )
        return self


def _check_span(attachment: float, exhaustion: float) -> None:
    if attachment >= exhaustion:
        raise TermsError(
            "the attachment is not below the exhaustion",
            where="attachment",
            found={"attachment": attachment, "exhaustion": exhaustion},
            expected="attachment < exhaustion",
        )


class Layer(_Placed):
    """A layer of a tower, for the whole of it (100 %); `shares` says which part is placed.

    Order of terms: the loss between attachment and exhaustion → annual deductible → what is left
    of the annual limit and of (1 + reinstatements) × limit, in date order → placed share.

    Parameters
    ----------
    layer : str
        Identifier, unique in its treaty.
    attachment, exhaustion : amount
        Part of each loss that the layer pays; the exhaustion may be ``unlimited``.
    annual_deductible : amount
        Retained of a year's losses to the layer first, in date order.
    annual_limit : amount or ``unlimited``
        Most that the layer pays a year, beside what its reinstatements allow.
    reinstatements : Reinstatements, ``none`` or ``unlimited``
        ``none``: the limit is there once a year; ``unlimited``: as often as wanted, free.
    premium : amount
        Premium of the whole layer, to which the rates of reinstatements refer.
    """

    layer: str = Field(pattern="^[a-z0-9][a-z0-9_]*$")
    attachment: Money
    exhaustion: Limit
    annual_deductible: Money
    annual_limit: Limit
    reinstatements: Reinstatements | Literal["none", "unlimited"]
    premium: Money

    @property
    def limit(self) -> float:
        """Most that one loss takes of the whole layer, CNY."""
        return self.exhaustion - self.attachment

    @property
    def rates(self) -> tuple[float, ...]:
        """Rates of the paid or free reinstatements that are counted."""
        return self.reinstatements.rates if isinstance(self.reinstatements, Reinstatements) else ()

    @property
    def yearly(self) -> float:
        """Most that the whole layer pays a year, CNY, infinite when unlimited."""
        if self.reinstatements == "unlimited":
            return self.annual_limit
        return min(self.annual_limit, (1 + len(self.rates)) * self.limit)

    @model_validator(mode="after")
    def _check_layer(self) -> Self:
        _check_span(self.attachment, self.exhaustion)
        if self.rates and math.isinf(self.limit):
            raise TermsError(
                "an unlimited layer has nothing to reinstate",
                where="reinstatements",
                found=list(self.rates),
                expected="none or unlimited, or an exhaustion",
            )
        if any(rate * self.premium > self.limit for rate in self.rates):
            raise TermsError(
                "a reinstatement costs more than the limit that it restores",
                where="reinstatements.rates",
                found={"rates": self.rates, "premium": self.premium},
                expected=f"rate × premium of at most {self.limit:g}",
            )
        if any(self.rates) and self.premium == 0.0:
            raise TermsError("paid reinstatements of a layer without premium", where="premium")
        return self


class _Treaty(Frozen):
    treaty: str = Field(pattern="^[a-z][a-z0-9_]*$")
    name: str
    name_zh: str
    covers: tuple[str, ...] = Field(min_length=1)
    after: tuple[str, ...]
    hours_clause: HoursClause
    policy_year_start: MonthDay = NEW_YEAR
    modelled_on: str
    source: str
    status: Status

    @model_validator(mode="after")
    def _check_covers(self) -> Self:
        check_names(self.covers, "covers")
        return self


class QuotaShare(_Treaty, _Placed):
    """A share of every loss, up to a limit of the whole loss by occurrence and by year.

    Parameters
    ----------
    cession : float
        Part of each loss that the treaty covers (0 to 1), of which `shares` are placed.
    event_limit, annual_limit : amount or ``unlimited``
        Most of a loss, and of a year's losses in date order, of which the cession is taken.
    """

    kind: Literal["quota_share"]
    cession: Share
    event_limit: Limit
    annual_limit: Limit

    @model_validator(mode="after")
    def _check_cession(self) -> Self:
        if self.cession == 0.0:
            raise TermsError("a cession of 0 cedes nothing", where="cession", found=0.0)
        return self


class StopLoss(_Treaty, _Placed):
    """What a year's losses together exceed, paid in date order.

    Parameters
    ----------
    attachment, exhaustion : amount
        Part of the year's total that the treaty pays; the exhaustion may be ``unlimited``.
    """

    kind: Literal["stop_loss"]
    attachment: Money
    exhaustion: Limit

    @model_validator(mode="after")
    def _check_stop_loss(self) -> Self:
        _check_span(self.attachment, self.exhaustion)
        return self


class ExcessOfLoss(_Treaty):
    """A tower of layers, each paying a part of every loss.

    Parameters
    ----------
    layers : sequence of Layer
        From the lowest attachment to the highest.
    between_layers : {"contiguous", "as_written"}
        ``contiguous`` refuses a gap or an overlap; ``as_written`` lets them stand, and
        `tower_faults` names them. More than the whole of a band is never placed.
    """

    kind: Literal["excess_of_loss"]
    layers: tuple[Layer, ...] = Field(min_length=1)
    between_layers: Literal["contiguous", "as_written"]

    @model_validator(mode="after")
    def _check_tower(self) -> Self:
        if twice := [n for n, count in Counter(x.layer for x in self.layers).items() if count > 1]:
            raise TermsError("layers share a name", where="layers", found=twice)
        starts = [layer.attachment for layer in self.layers]
        if starts != sorted(starts):
            raise TermsError(
                "layers are out of order",
                where="layers",
                found=starts,
                expected="attachments that rise",
            )
        faults = tower_faults(self.layers)
        if faults and self.between_layers == "contiguous":
            raise TermsError(
                faults[0],
                where="layers",
                expected="each layer to attach where the one below it is exhausted",
                remedy="mend the tower, or write between_layers: as_written",
            )
        _check_placement(self.layers)
        return self


Treaty = Annotated[QuotaShare | ExcessOfLoss | StopLoss, Field(discriminator="kind")]


def tower_faults(layers: Sequence[Layer]) -> list[str]:
    """Name the gaps and overlaps of a tower, from below.

    Parameters
    ----------
    layers : sequence of Layer
        With attachments that rise.
    """
    faults = []
    top, below = layers[0].exhaustion, layers[0].layer
    for layer in layers[1:]:
        if layer.attachment != top:
            kind = "gap" if layer.attachment > top else "overlap"
            end = min(layer.exhaustion, top) if kind == "overlap" else layer.attachment
            start = layer.attachment if kind == "overlap" else top
            faults.append(
                f"{kind} between layers {below} and {layer.layer}: {start:,.0f} to {end:,.0f} CNY"
            )
        if layer.exhaustion > top:
            top, below = layer.exhaustion, layer.layer
    return faults


def _check_placement(layers: Sequence[Layer]) -> None:
    for start in [layer.attachment for layer in layers]:
        here = {x.layer: x.placed for x in layers if x.attachment <= start < x.exhaustion}
        if sum(here.values()) > _TOGETHER:
            raise TermsError(
                "more than the whole of a band is placed",
                where="layers",
                found=here,
                expected=f"shares from {start:,.0f} CNY on that sum to at most 1",
            )
