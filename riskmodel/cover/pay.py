"""Apply a programme to losses, benefits and triggers: what each cover pays for each occurrence."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, stamp
from riskmodel.cover.benefits import benefit_column, benefit_parts, benefits_due
from riskmodel.cover.covers import BenefitCover, Cover, IndemnityCover, ParametricCover
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.inputs import calendar_of, check_inputs, labels
from riskmodel.cover.parametric import parametric_parts
from riskmodel.cover.programme import Programme, insured_shares
from riskmodel.cover.terms import Parts, Terms, apply_terms

PARTS = tuple(field.name for field in fields(Parts))
PAYOUTS = Schema(
    "Payouts",
    {
        **{name: ("occurrence", "zone", "cover") for name in PARTS},
        "benefit_paid": ("occurrence", "zone", "benefit"),
        "benefit_scaled_back": ("occurrence", "zone", "benefit"),
        "year": ("occurrence",),
        "tier": ("cover",),
    },
    attrs=("currency", "price_year", "years", "blocks", "status"),
)


def pay(
    programme: Programme,
    losses: xr.DataArray,
    benefits: xr.DataArray,
    triggers: xr.Dataset,
    *,
    population: xr.DataArray | None = None,
) -> xr.Dataset:
    """Pay every occurrence under every cover.

    A slice of a sector suffers the same share of loss as the whole sector of its zone (a named
    approximation: insured owners are as exposed as the others). The contract year is the
    calendar year.

    Parameters
    ----------
    programme : Programme
        Covers in order.
    losses : DataArray (occurrence, zone, sector)
        CNY ≥ 0; coords ``year``, ``start`` on occurrence; attrs ``years``, ``blocks``,
        ``currency``, ``price_year``. An occurrence that triggers or pays benefits without loss
        must be in it too, with zeros.
    benefits : DataArray (occurrence, zone, benefit)
        CNY due before limits, in the columns of `benefit_items`.
    triggers : Dataset (occurrence, box or station)
        Indices that covers read, as of `riskmodel.cover.index_readings.read_index`; NaN where a
        storm missed the box.
    population : DataArray (zone,), optional
        Persons, for covers that split by population.

    Returns
    -------
    Dataset (occurrence, zone, cover), CNY: ``due`` = ``paid`` + ``deductible`` + ``coinsurance``
    + ``above_event_limit`` + ``above_year_limit``; by benefit: ``benefit_paid``,
    ``benefit_scaled_back``; coords ``year``, ``start``, ``tier``, ``kind``.

    Raises
    ------
    SchemaError, UnitsError, ParamError, TermsError
        If the inputs do not fit each other or the programme.
    """
    check_inputs(programme, losses, benefits, triggers)
    losses = losses.transpose("occurrence", "zone", "sector")
    given = _Given(losses, benefits.sel(zone=losses["zone"]), triggers, population)
    results = [_pay_cover(cover, given) for cover in programme.covers]
    return _payouts(programme, losses, results)


@dataclass(frozen=True, slots=True)
class _Given:
    losses: xr.DataArray
    benefits: xr.DataArray
    triggers: xr.Dataset
    population: xr.DataArray | None


@dataclass(frozen=True, slots=True)
class _Result:
    """Parts (occurrence, zone), and for benefit covers the detail (occurrence, zone, benefit)."""

    parts: Parts
    columns: list[str]
    benefit_paid: FloatArray
    benefit_scaled_back: FloatArray


def _pay_cover(cover: Cover, given: _Given) -> _Result:
    zones, sectors = labels(given.losses, "zone"), labels(given.losses, "sector")
    calendar = calendar_of(given.losses)
    if isinstance(cover, BenefitCover):
        due = benefits_due(cover, given.benefits, zones)
        columns = [benefit_column(cover.cover, name) for name in cover.benefits]
        parts, paid, scaled_back = benefit_parts(cover, due, calendar)
        return _Result(parts, columns, paid, scaled_back)
    if isinstance(cover, ParametricCover):
        parts = parametric_parts(cover, given.triggers, calendar, zones, given.population)
    else:
        shares = insured_shares(cover, sectors, zones)
        insured = np.einsum("ozs,zs->oz", given.losses.to_numpy(), shares)
        parts = apply_terms(insured, _terms(cover), calendar)
    none = np.zeros((*given.losses.shape[:2], 0))
    return _Result(parts, [], none, none)


def _terms(cover: IndemnityCover) -> Terms:
    limits = cover.limits
    return Terms(
        deductible=cover.deductible,
        coinsurance=cover.coinsurance,
        zone_limit=limits.zone,
        event_limit=limits.event,
        year_limit=limits.year,
        year_rule=limits.year_rule,
    )


def _payouts(programme: Programme, losses: xr.DataArray, results: list[_Result]) -> xr.Dataset:
    dims, detail = ("occurrence", "zone", "cover"), ("occurrence", "zone", "benefit")
    on_occurrence = {n: c for n, c in losses.coords.items() if c.dims == ("occurrence",)}
    payouts = xr.Dataset(
        {
            **{n: (dims, np.stack([getattr(r.parts, n) for r in results], axis=2)) for n in PARTS},
            "benefit_paid": (detail, np.concatenate([r.benefit_paid for r in results], axis=2)),
            "benefit_scaled_back": (
                detail,
                np.concatenate([r.benefit_scaled_back for r in results], axis=2),
            ),
        },
        coords={
            **on_occurrence,
            "zone": losses["zone"],
            "cover": [c.cover for c in programme.covers],
            "tier": ("cover", [c.tier for c in programme.covers]),
            "kind": ("cover", [c.kind for c in programme.covers]),
            "benefit": np.array([c for r in results for c in r.columns], dtype=str),
        },
    )
    return stamp(
        payouts,
        PAYOUTS,
        source=programme.source,
        history=f"pay, programme {programme.programme}",
        currency=CURRENCY,
        price_year=programme.price_year,
        years=int(losses.attrs["years"]),
        blocks=int(losses.attrs["blocks"]),
        status=programme.status,
    )
