"""Benefit tables as responses for the loss engine, and their payments within limits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from riskmodel.core.errors import ResponseError, SchemaError, TermsError
from riskmodel.core.vocabulary import Peril
from riskmodel.cover.benefit_table import (
    Benefit,
    ConsequentialBenefit,
    DamageBenefit,
    HarmBenefit,
    ResettlementBenefit,
    StepBenefit,
    capped_steps,
)
from riskmodel.cover.covers import BenefitCover, IndemnityCover
from riskmodel.cover.damage_payments import (
    Damaged,
    Objects,
    paid_items,
    rated_items,
    share_of_cell,
)
from riskmodel.cover.programme import Programme
from riskmodel.cover.terms import Calendar, FloatArray, Parts, event_factor, year_factor
from riskmodel.loss.people import PeopleLevers, death_response, injury_response
from riskmodel.loss.response import Item, Response, times_amount


def benefit_column(cover: str, benefit: str) -> str:
    """Name of the column that holds a cover's benefit, such as ``basic.contents``."""
    return f"{cover}.{benefit}"


def object_column(cover: str, sector: str) -> str:
    """Name of the column that holds what object terms leave of a sector's loss."""
    return f"{cover}.objects.{sector}"


def benefit_items(
    programme: Programme,
    *,
    floor_height: float,
    people: PeopleLevers,
    damage: Damaged | None = None,
) -> list[Item]:
    """Items whose columns, in CNY due before limits, the programme needs.

    The loss engine multiplies each response by its exposure class and sums by zone; a benefit is
    paid once an occurrence, for the peril that pays most (``combine="highest"``).

    Parameters
    ----------
    programme : Programme
    floor_height : float
        Ground floor of dwellings above ground (m), as for their damage.
    people : PeopleLevers
        How many die, as for the people themselves.
    damage : Damaged, optional
        Damage of the exposure classes; needed where covers pay by the damage of objects.

    Raises
    ------
    TermsError
        If a cover needs damage and there is none.
    """
    items: list[Item] = []
    for cover in programme.covers:
        if isinstance(cover, BenefitCover):
            items += _depth_items(cover, floor_height, people)
            for name, benefit in cover.benefits.items():
                column = benefit_column(cover.cover, name)
                if isinstance(benefit, DamageBenefit):
                    items += paid_items(column, benefit, benefit, damage)
                elif isinstance(benefit, ConsequentialBenefit):
                    items += rated_items(column, benefit, damage)
        elif isinstance(cover, IndemnityCover) and (terms := cover.per_object) is not None:
            for sector in cover.take_up:
                objects = Objects(sector, terms.perils)
                column = object_column(cover.cover, sector)
                items += paid_items(column, objects, terms.pays, damage)
    return items


def _depth_items(cover: BenefitCover, floor_height: float, people: PeopleLevers) -> list[Item]:
    """Items of the benefits by water depth and for persons."""
    capped = capped_steps(cover.steps, cover.limits.household)
    items = []
    for name, benefit in cover.benefits.items():
        if isinstance(benefit, DamageBenefit | ConsequentialBenefit):
            continue
        steps = [(depth + floor_height, pays) for depth, pays in capped.get(name, [])]
        where = f"cover {cover.cover}: benefits.{name}"
        responses: dict[str, Response] = {
            p: _response(f"{where}, {p}", benefit, p, steps, people) for p in benefit.perils
        }
        column = benefit_column(cover.cover, name)
        items.append(Item(column, "benefit", "CNY", benefit.exposure, responses, "highest", 1.0))
    return items


def _response(
    name: str,
    benefit: StepBenefit | HarmBenefit | ResettlementBenefit,
    peril: Peril,
    steps: list[tuple[float, float]],
    people: PeopleLevers,
) -> Response:
    """CNY for one exposed object or person by depth (m above ground)."""
    if isinstance(benefit, HarmBenefit):
        harmed = death_response if benefit.kind == "deaths" else injury_response
        try:
            return times_amount(harmed(people, peril), benefit.amount, name)
        except ResponseError as error:
            raise TermsError(
                error.what, where=name, found=error.found, expected=error.expected,
                remedy=error.remedy,
            ) from error  # fmt: skip
    if isinstance(benefit, ResettlementBenefit):
        steps = [(benefit.depth_from, benefit.days * benefit.amount)]
    return Response(
        name=name,
        peril=peril,
        intensity_unit=benefit.intensity_unit,
        intensity=tuple(depth for depth, _ in steps),
        value=tuple(share_of_cell(peril) * pays for _, pays in steps),
        interpolation="step",
        source=benefit.source,
        status=benefit.status,
        spread=(0.0,) * len(steps),  # a contract states its amounts, for any depth
        valid_range=(0.0, math.inf),
    )


def need_ratio(benefit: Benefit) -> float:
    """Return what is needed for each yuan of benefit due: need / amount, at least 1.

    A benefit for a direct loss has no need of its own (the loss is the need): 0.
    """
    if isinstance(benefit, StepBenefit | DamageBenefit):
        return 0.0
    return 1.0 if isinstance(benefit, ConsequentialBenefit) else benefit.need / benefit.amount


def benefits_due(cover: BenefitCover, benefits: xr.DataArray, zones: Sequence[str]) -> FloatArray:
    """Benefits due (occurrence, zone, benefit) in the cover's order, zero outside its zones.

    Raises
    ------
    SchemaError
        If a column is missing.
    """
    columns = [benefit_column(cover.cover, name) for name in cover.benefits]
    due = columns_of(cover.cover, columns, benefits)
    inside = np.ones(len(zones)) if cover.zones == "all" else np.isin(zones, cover.zones) * 1.0
    return due * inside[:, None]


def columns_of(cover: str, columns: Sequence[str], benefits: xr.DataArray) -> FloatArray:
    """Columns of a cover (occurrence, zone, column), CNY.

    Raises
    ------
    SchemaError
        If a column is missing.
    """
    known = set(benefits.coords["benefit"].to_numpy().tolist())
    if missing := [c for c in columns if c not in known]:
        raise SchemaError(
            "columns of benefits are missing",
            where=f"cover {cover}",
            found=sorted(known),
            expected=missing,
            remedy="compile benefit_items(programme) with the losses",
        )
    due = benefits.sel(benefit=list(columns)).transpose("occurrence", "zone", "benefit")
    return due.to_numpy().astype(np.float64)


def benefit_parts(
    cover: BenefitCover, due: FloatArray, calendar: Calendar
) -> tuple[Parts, FloatArray, FloatArray]:
    """Apply the limits of a benefit cover; all zones and benefits of an occurrence scale alike.

    Parameters
    ----------
    due : array (occurrence, zone, benefit)
        CNY before limits.

    Returns
    -------
    parts : Parts
        Sums over benefits.
    paid, scaled_back : arrays (occurrence, zone, benefit)
        By benefit: paid, and due but not paid.
    """
    limits = cover.limits
    total = due.sum(axis=(1, 2))
    event = event_factor(total, limits.event)
    year = year_factor(total * event, calendar, limits.year, limits.year_rule)
    allowed, cut_event = due * event[:, None, None], due * (1.0 - event)[:, None, None]
    paid, cut_year = allowed * year[:, None, None], allowed * (1.0 - year)[:, None, None]
    nothing = np.zeros(due.shape[:2])
    parts = Parts(
        due=due.sum(axis=2),
        paid=paid.sum(axis=2),
        deductible=nothing,
        coinsurance=nothing,
        above_event_limit=cut_event.sum(axis=2),
        above_year_limit=cut_year.sum(axis=2),
    )
    return parts, paid, cut_event + cut_year
