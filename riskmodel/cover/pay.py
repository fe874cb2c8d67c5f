"""Apply a programme to losses, benefits and triggers: what each cover pays for each occurrence."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import xarray as xr

from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, stamp
from riskmodel.cover.coordination import pay_together
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.inputs import check_inputs
from riskmodel.cover.programme import Programme
from riskmodel.cover.single_cover import Given, Result
from riskmodel.cover.terms import Parts

CUTS_BEFORE_TERMS = ("coordination", "object_terms", "waiting")
PARTS = (*(field.name for field in fields(Parts)), *CUTS_BEFORE_TERMS)
PAYOUTS = Schema(
    "Payouts",
    {
        **{name: ("occurrence", "zone", "cover") for name in PARTS},
        "benefit_paid": ("occurrence", "zone", "benefit"),
        "benefit_scaled_back": ("occurrence", "zone", "benefit"),
        "year": ("occurrence",),
        "contract_year": ("occurrence", "cover"),
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
    approximation: insured owners are as exposed as the others). Annual limits are those of each
    cover's contract year.

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
    + ``above_event_limit`` + ``above_year_limit`` + ``coordination`` + ``object_terms`` +
    ``waiting``; by benefit: ``benefit_paid``, ``benefit_scaled_back``; ``contract_year``
    (occurrence, cover); coords ``year``, ``start``, ``tier``, ``kind``.

    Raises
    ------
    SchemaError, UnitsError, ParamError, TermsError
        If the inputs do not fit each other or the programme.
    """
    check_inputs(programme, losses, benefits, triggers)
    losses = losses.transpose("occurrence", "zone", "sector")
    given = Given(losses, benefits.sel(zone=losses["zone"]), triggers, population)
    return _payouts(programme, given, pay_together(programme, given))


def _part(result: Result, name: str) -> FloatArray:
    found: FloatArray = getattr(result if name in CUTS_BEFORE_TERMS else result.parts, name)
    return found


def _payouts(programme: Programme, given: Given, results: list[Result]) -> xr.Dataset:
    losses = given.losses
    dims, detail = ("occurrence", "zone", "cover"), ("occurrence", "zone", "benefit")
    on_occurrence = {n: c for n, c in losses.coords.items() if c.dims == ("occurrence",)}
    payouts = xr.Dataset(
        {
            **{n: (dims, np.stack([_part(r, n) for r in results], axis=2)) for n in PARTS},
            "benefit_paid": (detail, np.concatenate([r.benefit_paid for r in results], axis=2)),
            "benefit_scaled_back": (
                detail,
                np.concatenate([r.benefit_scaled_back for r in results], axis=2),
            ),
            "contract_year": (
                ("occurrence", "cover"),
                np.stack([given.calendar(c).year for c in programme.covers], axis=1),
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
