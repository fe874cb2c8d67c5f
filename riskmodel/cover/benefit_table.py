"""Benefit tables: what a cover pays for each exposed object or person, by water depth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from riskmodel.core.errors import TermsError
from riskmodel.core.status import Status
from riskmodel.core.vocabulary import Peril, Sector
from riskmodel.cover.fields import Frozen, Money, Number


class Step(Frozen):
    """One step of a benefit table: pays `pays` from `from` (included) up to `to`."""

    start: Number = Field(alias="from")
    to: Number | None = None
    pays: Money


def check_steps(steps: Sequence[Step], *, falling: bool = False) -> None:
    """Refuse steps that overlap, leave a gap or fall, and a last step that is closed.

    Parameters
    ----------
    steps : sequence of Step
        From the mildest to the worst.
    falling : bool
        Whether a lower number is worse, as of a pressure: steps then go downwards.

    Raises
    ------
    TermsError
        Naming all steps.
    """
    table = [(s.start, s.to, s.pays) for s in steps]
    sign = -1.0 if falling else 1.0
    for (_, end, pays), (start, _, more) in pairwise(table):
        if end is None or sign * start < sign * end:
            raise TermsError("steps overlap", found=table, expected=f"a step from {end}")
        if start != end:
            raise TermsError("steps leave a gap", found=table, expected=f"a step from {end}")
        if more < pays:
            raise TermsError("amounts fall with the index", found=table)
    if any(end is not None and sign * end <= sign * start for start, end, _ in table):
        raise TermsError("a step ends before it starts", found=table)
    if table[-1][1] is not None:
        raise TermsError("the last step is closed", found=table, remedy="leave its `to` out")


class _DepthBenefit(Frozen):
    exposure: str
    perils: tuple[Peril, ...] = Field(min_length=1)
    intensity_unit: Literal["m"]
    source: str
    status: Status


class StepBenefit(_DepthBenefit):
    """An amount for each exposed object by water depth in the dwelling, paid for a direct loss.

    Parameters
    ----------
    sector : str
        Sector whose owners suffer the loss that it pays for.
    steps : sequence of Step
        Depth (m) above the ground floor, whose height is a parameter of the run; steps join without
        gap or overlap, amounts do not fall and the last is open.

    Raises
    ------
    TermsError
        If steps overlap, leave a gap or fall, or the last is closed.
    """

    kind: Literal["steps"]
    sector: Sector
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        check_steps(self.steps)
        return self


class DeathBenefit(_DepthBenefit):
    """An amount for each death; how many die is a response of the run's people.

    Parameters
    ----------
    amount : amount
        Yuan that the cover pays a death.
    need : amount
        Yuan that is needed a death, at least `amount`; what the cover does not pay falls to
        others.
    """

    kind: Literal["deaths"]
    amount: Money
    need: Money

    @model_validator(mode="after")
    def _check_amounts(self) -> Self:
        _check_need(self.amount, self.need)
        return self


class ResettlementBenefit(_DepthBenefit):
    """An amount for each person and day of resettlement.

    Parameters
    ----------
    depth_from : float
        Depth (m above ground) from which persons are resettled.
    days : float
        Days of resettlement, > 0.
    amount : amount
        Yuan that the cover pays a person and day.
    need : amount
        Yuan that a person and day cost, at least `amount`.
    """

    kind: Literal["resettlement"]
    depth_from: Number = Field(ge=0.0)
    days: Number = Field(gt=0.0)
    amount: Money
    need: Money

    @model_validator(mode="after")
    def _check_amounts(self) -> Self:
        _check_need(self.amount, self.need)
        return self


def _check_need(amount: float, need: float) -> None:
    if amount <= 0.0:
        raise TermsError("a benefit of 0 pays nothing", found=amount, expected="an amount above 0")
    if need < amount:
        raise TermsError("the benefit is above the need", found={"amount": amount, "need": need})


Benefit = Annotated[StepBenefit | DeathBenefit | ResettlementBenefit, Field(discriminator="kind")]
