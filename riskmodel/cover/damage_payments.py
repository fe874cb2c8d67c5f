"""Items of payments for damage of objects: graded benefits, terms of the object, claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np

from riskmodel.core.errors import TermsError
from riskmodel.core.vocabulary import WATER, Peril, Sector
from riskmodel.cover.benefit_table import ConsequentialBenefit, DamageBenefit
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.object_terms import Payment, paid_response
from riskmodel.loss.classes import load_classes
from riskmodel.loss.response import Item, Response, times_amount


class Insured(Protocol):
    """What says whose damage, by which perils, is paid for."""

    @property
    def sector(self) -> Sector:
        """Sector whose objects they are."""

    @property
    def perils(self) -> tuple[Peril, ...]:
        """Perils that are insured."""


class Objects(NamedTuple):
    """Objects of a sector, insured against some perils."""

    sector: Sector
    perils: tuple[Peril, ...]


class Damaged(NamedTuple):
    """Damage of the exposure classes, and the share of each class of dwellings on ground floors."""

    items: list[Item]
    ground_floor_share: Mapping[str, float]


def graded(benefit: DamageBenefit, unit_value: float) -> Payment:
    """Return the payment for an object's loss, CNY, by the grade that its damage ratio reaches."""
    starts = np.array([grade.start for grade in benefit.grades])
    pays = np.array([0.0, *(grade.pays for grade in benefit.grades)])

    def payment(loss: FloatArray) -> FloatArray:
        found: FloatArray = pays[np.searchsorted(starts, loss / unit_value, side="right")]
        return found

    return payment


def _insured_items(column: str, insured: Insured, damage: Damaged | None) -> list[Item]:
    if damage is None:
        raise TermsError("payments by damage need the damage of the run", where=column)
    found = [item for item in damage.items if item.column == insured.sector]
    for item in found:
        if unknown := sorted(set(insured.perils) - set(item.responses)):
            raise TermsError(
                "a peril without damage curve", where=f"{column}: perils", found=unknown,
                expected=sorted(item.responses),
            )  # fmt: skip
    return found


def paid_items(
    column: str, insured: Insured, pays: Payment | DamageBenefit, damage: Damaged | None
) -> list[Item]:
    """Items of one column: what is paid for the damage of single objects, CNY.

    Parameters
    ----------
    column : str
        Output column.
    insured
        With the sector and the perils that are insured.
    pays : callable or DamageBenefit
        Payment for the loss of one object; grades refer to the value of each class's object.
    damage : Damaged or None
        Of the run. Water reaches the ground floors of dwellings alone.

    Raises
    ------
    TermsError
        If there is no damage, or a peril has no curve for the sector.
    """
    items = []
    for item in _insured_items(column, insured, damage):
        value = item.unit_value
        payment = graded(pays, value) if isinstance(pays, DamageBenefit) else pays
        responses: dict[str, Response] = {
            peril: paid_response(
                item.responses[peril],
                payment,
                unit_value=value,
                reached=_reached(item, peril, damage),
                name=f"{column}, {peril}/{item.exposure}",
            )
            for peril in insured.perils
        }
        items.append(
            replace(item, column=column, quantity="benefit", responses=responses, combine="highest")
        )
    return items


def _reached(item: Item, peril: Peril, damage: Damaged | None) -> float:
    """Share of the objects of a class that a peril can reach: ground floors, a part of a cell."""
    if peril not in WATER or damage is None:
        return 1.0
    return share_of_cell(peril) * (damage.ground_floor_share.get(item.exposure) or 1.0)


def share_of_cell(peril: str) -> float:
    """Share (0 to 1) of what stands in a cell that a peril reaches at the cell's depth."""
    return next((w.reached for name, w in load_classes().water.items() if name == peril), 1.0)


def rated_items(column: str, benefit: ConsequentialBenefit, damage: Damaged | None) -> list[Item]:
    """Items of one column: claims in proportion to a sector's damage, CNY."""
    items = []
    for item in _insured_items(column, benefit, damage):
        responses: dict[str, Response] = {
            p: times_amount(item.responses[p], benefit.rate, f"{column}, {p}/{item.exposure}")
            for p in benefit.perils
        }
        items.append(
            replace(item, column=column, quantity="benefit", responses=responses, combine="highest")
        )
    return items
