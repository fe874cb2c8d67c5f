"""The programme as a table that people read."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from riskmodel.core.schema import Schema, stamp
from riskmodel.cover.covers import BenefitCover, Cover, ParametricCover
from riskmodel.cover.programme import Programme

TEXTS = (
    "tier",
    "name",
    "name_zh",
    "trigger",
    "policyholder",
    "payer_of_premium",
    "attachment_unit",
    "status",
    "modelled_on",
)
NUMBERS = ("attachment", "limit", "event_limit", "year_limit")
PROGRAMME_TABLE = Schema(
    "ProgrammeTable",
    {name: ("cover",) for name in (*TEXTS, *NUMBERS)},
    attrs=("currency", "price_year", "status"),
)


def annual_limit(cover: Cover) -> float:
    """Limit (CNY, infinite when unlimited) to which a premium is compared.

    The year limit, or the event limit where years are unlimited.
    """
    return cover.limits.year if math.isfinite(cover.limits.year) else cover.limits.event


def _trigger(cover: Cover) -> tuple[str, float, str]:
    """Words, attachment and its unit."""
    if isinstance(cover, BenefitCover):
        depths = [benefit.steps[0].start for benefit in cover.steps.values()]
        words = "benefit table: " + ", ".join(cover.benefits)
        return words, min(depths, default=math.nan), "m" if depths else ""
    if isinstance(cover, ParametricCover):
        return cover.trigger.words(), cover.trigger.start, cover.trigger.unit
    words = "indemnity: " + ", ".join(cover.take_up)
    if (terms := cover.per_object) is not None:
        lowest = max(terms.deductible, terms.franchise)
        return f"{words}, by object, {', '.join(terms.perils)}", lowest, "CNY an object"
    if cover.top_up_of is not None:
        words += f", on top of {cover.top_up_of}"
    return words, max(cover.deductible, cover.franchise), "CNY"


def programme_table(programme: Programme) -> xr.Dataset:
    """One row for each cover, in the order in which they pay.

    Returns
    -------
    Dataset with dim ``cover``: texts ``tier``, ``name``, ``name_zh``, ``trigger``,
    ``policyholder``, ``payer_of_premium``, ``attachment_unit``, ``status``, ``modelled_on``; and
    numbers ``attachment`` (in its unit: m in the dwelling, hPa or m/s, or CNY of deductible or
    franchise, of a zone or an object; NaN for benefits without a depth),
    ``event_limit``, ``year_limit`` and ``limit`` (CNY, infinite when unlimited; the last is the
    limit that a rate on line refers to).
    """
    rows = []
    for cover in programme.covers:
        words, attachment, unit = _trigger(cover)
        payers = ", ".join(f"{p} {s:.0%}" for p, s in cover.payer_of_premium.items())
        texts = (cover.tier, cover.name, cover.name_zh, words, cover.policyholder, payers, unit)
        limits = (annual_limit(cover), cover.limits.event, cover.limits.year)
        rows.append((*texts, cover.status, cover.modelled_on, attachment, *limits))
    columns = zip((*TEXTS, *NUMBERS), zip(*rows, strict=True), strict=True)
    table = xr.Dataset(
        {n: ("cover", np.array(c, dtype=object if n in TEXTS else float)) for n, c in columns},
        coords={"cover": [c.cover for c in programme.covers]},
    )
    return stamp(
        table,
        PROGRAMME_TABLE,
        source=programme.source,
        history="programme_table",
        currency=programme.currency,
        price_year=programme.price_year,
        status=programme.status,
    )
