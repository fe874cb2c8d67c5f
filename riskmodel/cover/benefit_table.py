"""Benefit tables: what a cover pays for each exposed object or person, by water depth or damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from riskmodel.core.errors import TermsError
from riskmodel.core.status import Status
from riskmodel.core.vocabulary import WATER, Peril, Sector
from riskmodel.cover.fields import Frozen, Money, Number, Share


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
            raise TermsError(
                "steps overlap", where="steps", found=table, expected=f"a step from {end}"
            )
        if start != end:
            raise TermsError(
                "steps leave a gap", where="steps", found=table, expected=f"a step from {end}"
            )
        if more < pays:
            raise TermsError("amounts fall with the index", where="steps", found=table)
    if any(end is not None and sign * end <= sign * start for start, end, _ in table):
        raise TermsError("a step ends before it starts", where="steps", found=table)
    if table[-1][1] is not None:
        raise TermsError(
            "the last step is closed", where="steps", found=table, remedy="leave its `to` out"
        )


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
        _check_water(self.perils)
        check_steps(self.steps)
        return self


class HarmBenefit(_DepthBenefit):
    """An amount for each death or injury; how many there are is a response of the run's people.

    A peril without depth, such as a landslide, is read in its own unit.

    Parameters
    ----------
    amount : amount
        Yuan that the cover pays a person.
    need : amount
        Yuan that is needed a person, at least `amount`; what the cover does not pay falls to
        others.
    """

    kind: Literal["deaths", "injuries"]
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
        _check_water(self.perils)
        _check_need(self.amount, self.need)
        return self


def _check_water(perils: Sequence[Peril]) -> None:
    """Refuse perils without a depth of water; that of snow is no such depth."""
    if dry := [peril for peril in perils if peril not in WATER]:
        raise TermsError(
            "a benefit by depth of water for a peril without", where="perils", found=dry,
            expected=list(WATER),
        )  # fmt: skip


def _check_need(amount: float, need: float) -> None:
    if amount <= 0.0:
        raise TermsError("a benefit of 0 pays nothing", found=amount, expected="an amount above 0")
    if need < amount:
        raise TermsError("the benefit is above the need", found={"amount": amount, "need": need})


class Grade(Frozen):
    """A grade of damage: pays `pays` an object from a damage ratio of `from` (0 to 1) on."""

    start: Share = Field(alias="from")
    pays: Money


class DamageBenefit(Frozen):
    """An amount for each damaged or collapsed object, by its damage ratio, paid for a direct loss.

    Parameters
    ----------
    sector : str
        Sector whose objects they are.
    grades : sequence of Grade
        From the lightest to the worst, amounts that rise.

    Raises
    ------
    TermsError
        If grades do not rise.
    """

    kind: Literal["damage"]
    sector: Sector
    perils: tuple[Peril, ...] = Field(min_length=1)
    grades: tuple[Grade, ...] = Field(min_length=1)
    source: str
    status: Status

    @model_validator(mode="after")
    def _check_grades(self) -> Self:
        table = [(grade.start, grade.pays) for grade in self.grades]
        if table[0][0] <= 0.0 or any(a >= c or b >= d for (a, b), (c, d) in pairwise(table)):
            raise TermsError(
                "grades do not rise", where="grades", found=table,
                expected="ratios above 0 and amounts, both rising",
            )  # fmt: skip
        return self


class ConsequentialBenefit(Frozen):
    """Claims that follow from damage: liability for accidents, interruption of business.

    They are no part of the direct loss; what a cover does not pay stays with the sector's owners.

    Parameters
    ----------
    sector : str
        Sector whose damage makes them.
    rate : float
        Yuan of claims on insured owners for each yuan of the sector's damage, above 0.
    """

    kind: Literal["consequential"]
    sector: Sector
    perils: tuple[Peril, ...] = Field(min_length=1)
    rate: Number = Field(gt=0.0)
    source: str
    status: Status


Benefit = Annotated[
    StepBenefit | HarmBenefit | ResettlementBenefit | DamageBenefit | ConsequentialBenefit,
    Field(discriminator="kind"),
]
DirectBenefit = StepBenefit | DamageBenefit
"""Benefits that meet a direct loss; the others have needs of their own."""


def capped_steps(
    benefits: Mapping[str, StepBenefit], limit: float
) -> dict[str, list[tuple[float, float]]]:
    """Cut steps (m, CNY) of benefits that one household is paid together to its limit.

    Where the table asks for more than the limit, what each depth adds is cut alike for all
    benefits, so that none of them falls with depth and their sum is min(table, limit).

    Parameters
    ----------
    benefits : mapping of str to StepBenefit
    limit : float
        CNY for a household and occurrence; infinite when unlimited.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in benefits}
    reached, paid = dict.fromkeys(benefits, 0.0), dict.fromkeys(benefits, 0.0)
    for depth in sorted({step.start for b in benefits.values() for step in b.steps}):
        added = dict.fromkeys(benefits, 0.0)
        for name, benefit in benefits.items():
            for step in benefit.steps:
                if step.start == depth:
                    added[name] = step.pays - reached[name]
                    reached[name] = step.pays
        room, more = limit - sum(paid.values()), sum(added.values())
        factor = min(1.0, room / more) if more > 0.0 else 0.0
        for name, amount in added.items():
            if amount > 0.0:
                paid[name] += factor * amount
                found[name].append((depth, paid[name]))
    return found
