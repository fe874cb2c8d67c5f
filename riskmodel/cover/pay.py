"""Apply a programme to losses, benefits and triggers: what each cover pays for each occurrence."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import xarray as xr

from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, stamp
from riskmodel.cover.benefits import benefit_column, benefit_parts, benefits_due
from riskmodel.cover.covers import BenefitCover, IndemnityCover, ParametricCover
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
    triggers : Dataset (occurrence,)
        ``minimum_pressure`` (hPa), ``maximum_wind`` (m/s); NaN where the storm missed the box.
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
    zones, sectors = labels(losses, "zone"), labels(losses, "sector")
    calendar = calendar_of(losses)
    aligned = benefits.sel(zone=zones)
    table = np.zeros((len(PARTS), losses.shape[0], len(zones), len(programme.covers)))
    columns: list[str] = []
    by_benefit: list[tuple[FloatArray, FloatArray]] = []
    for number, cover in enumerate(programme.covers):
        if isinstance(cover, BenefitCover):
            parts, paid, back = benefit_parts(cover, benefits_due(cover, aligned, zones), calendar)
            columns += [benefit_column(cover.cover, name) for name in cover.benefits]
            by_benefit.append((paid, back))
        elif isinstance(cover, ParametricCover):
            parts = parametric_parts(cover, triggers, calendar, zones, population)
        else:
            shares = insured_shares(cover, sectors, zones)
            insured = np.einsum("ozs,zs->oz", losses.to_numpy(), shares)
            parts = apply_terms(insured, _terms(cover), calendar)
        for position, name in enumerate(PARTS):
            table[position, :, :, number] = getattr(parts, name)
    return _payouts(programme, losses, table, columns, by_benefit)


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


def _payouts(
    programme: Programme,
    losses: xr.DataArray,
    table: FloatArray,
    columns: list[str],
    by_benefit: list[tuple[FloatArray, FloatArray]],
) -> xr.Dataset:
    dims, detail = ("occurrence", "zone", "cover"), ("occurrence", "zone", "benefit")
    none = np.zeros((*table.shape[1:3], 0))
    paid = np.concatenate([none, *(p for p, _ in by_benefit)], axis=2)
    back = np.concatenate([none, *(b for _, b in by_benefit)], axis=2)
    on_occurrence = {
        name: coord for name, coord in losses.coords.items() if coord.dims == ("occurrence",)
    }
    payouts = xr.Dataset(
        {
            **{name: (dims, table[i]) for i, name in enumerate(PARTS)},
            "benefit_paid": (detail, paid),
            "benefit_scaled_back": (detail, back),
        },
        coords={
            **on_occurrence,
            "zone": losses["zone"],
            "cover": [c.cover for c in programme.covers],
            "tier": ("cover", [c.tier for c in programme.covers]),
            "kind": ("cover", [c.kind for c in programme.covers]),
            "benefit": columns,
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
