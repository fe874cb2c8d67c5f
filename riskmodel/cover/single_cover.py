"""What one cover pays, once it is known which part of a loss is left to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from riskmodel.cover.benefits import (
    benefit_column,
    benefit_parts,
    columns_of,
    object_column,
)
from riskmodel.cover.contract import contract_calendar, in_force
from riskmodel.cover.covers import BenefitCover, Cover, IndemnityCover, ParametricCover
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.inputs import calendar_of, labels
from riskmodel.cover.parametric import parametric_parts
from riskmodel.cover.terms import Calendar, Parts, Terms, apply_terms


@dataclass(frozen=True, slots=True)
class Given:
    """What the covers are applied to: losses (occurrence, zone, sector), and beside them."""

    losses: xr.DataArray
    benefits: xr.DataArray
    triggers: xr.Dataset
    population: xr.DataArray | None

    @property
    def zones(self) -> list[str]:
        """Zone codes, in the order of the losses."""
        return labels(self.losses, "zone")

    @property
    def sectors(self) -> list[str]:
        """Sectors, in the order of the losses."""
        return labels(self.losses, "sector")

    def calendar(self, cover: Cover) -> Calendar:
        """Contract years of a cover."""
        attrs = self.losses.attrs
        return contract_calendar(
            calendar_of(self.losses),
            cover.policy_year_start,
            years=int(attrs["years"]),
            blocks=int(attrs["blocks"]),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of what a cover is asked for; arrays (occurrence, zone), CNY.

    Parameters
    ----------
    parts : Parts
        `parts.due` is the sum of the other parts and of the three here.
    coordination : array
        Not paid because other covers pay it, or it is above the loss.
    object_terms, waiting : array
        Kept by the owners under the terms of the object, and in the waiting period.
    columns : list of str
        Benefits of a benefit cover.
    benefit_paid, benefit_scaled_back : array (occurrence, zone, column)
        By benefit: paid, and due but not paid.
    """

    parts: Parts
    coordination: FloatArray
    object_terms: FloatArray
    waiting: FloatArray
    columns: list[str]
    benefit_paid: FloatArray
    benefit_scaled_back: FloatArray


@dataclass(frozen=True, slots=True)
class Slice:
    """An insured slice: result, and by sector what is paid and left; (occurrence, zone, sector)."""

    result: Result
    paid: FloatArray
    left: FloatArray


def pay_benefits(cover: BenefitCover, given: Given, due: FloatArray, allowed: FloatArray) -> Result:
    """Pay the part of benefits (occurrence, zone, benefit) that coordination allows."""
    calendar = given.calendar(cover)
    force = in_force(cover.waiting_period, calendar)[:, None, None]
    parts, paid, cut = benefit_parts(cover, allowed * force, calendar)
    return Result(
        parts=replace(parts, due=due.sum(axis=2)),
        coordination=(due - allowed).sum(axis=2),
        object_terms=np.zeros(due.shape[:2]),
        waiting=(allowed * (1.0 - force)).sum(axis=2),
        columns=[benefit_column(cover.cover, name) for name in cover.benefits],
        benefit_paid=paid,
        benefit_scaled_back=cut + (due - allowed * force),
    )


def pay_slice(
    cover: IndemnityCover, given: Given, insured: FloatArray, met: FloatArray, share: FloatArray
) -> Slice:
    """Pay for the loss of an insured slice.

    Parameters
    ----------
    insured, met : array (occurrence, zone, sector)
        Loss of the slice, and what other covers pay of it first, CNY.
    share : array (zone, sector)
        Share of the sector's value that the slice is.
    """
    calendar = given.calendar(cover)
    force = in_force(cover.waiting_period, calendar)[:, None]
    left = insured - met
    within = left if cover.per_object is None else np.minimum(left, _objects(cover, given) * share)
    subject = within.sum(axis=2)
    parts = apply_terms(subject * force, _terms(cover), calendar)
    part = np.divide(parts.paid, subject, out=np.zeros_like(subject), where=subject > 0.0)
    paid = within * part[:, :, None]
    none = np.zeros((*subject.shape, 0))
    result = Result(
        parts=replace(parts, due=insured.sum(axis=2)),
        coordination=met.sum(axis=2),
        object_terms=(left - within).sum(axis=2),
        waiting=subject * (1.0 - force),
        columns=[],
        benefit_paid=none,
        benefit_scaled_back=none,
    )
    return Slice(result, paid, left - paid)


def _objects(cover: IndemnityCover, given: Given) -> FloatArray:
    """Sum what objects of whole sectors are paid under their terms (occurrence, zone, sector)."""
    found = np.zeros(given.losses.shape)
    for sector in cover.take_up:
        column = object_column(cover.cover, sector)
        amount = columns_of(cover.cover, [column], given.benefits)
        found[:, :, given.sectors.index(sector)] = amount[:, :, 0]
    return found


def _terms(cover: IndemnityCover) -> Terms:
    limits = cover.limits
    return Terms(
        deductible=cover.deductible,
        franchise=cover.franchise,
        coinsurance=cover.coinsurance,
        zone_limit=limits.zone,
        event_limit=limits.event,
        year_limit=limits.year,
        year_rule=limits.year_rule,
    )


def pay_index(cover: ParametricCover, given: Given) -> Result:
    """Pay by the index."""
    calendar = given.calendar(cover)
    parts = parametric_parts(cover, given.triggers, calendar, given.zones, given.population)
    nothing = np.zeros_like(parts.due)
    none = np.zeros((*nothing.shape, 0))
    return Result(parts, nothing, nothing, nothing, [], none, none)
