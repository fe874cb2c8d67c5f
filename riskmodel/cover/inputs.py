"""Checks of what the covers are applied to: losses, benefits and triggers."""

from __future__ import annotations

from typing import get_args

import numpy as np
import xarray as xr

from riskmodel.core.errors import SchemaError, TermsError, UnitsError
from riskmodel.core.money import require_same_price_year
from riskmodel.core.vocabulary import Sector
from riskmodel.cover.covers import IndemnityCover
from riskmodel.cover.programme import Programme, check_zones
from riskmodel.cover.terms import Calendar


def labels(data: xr.DataArray, dim: str) -> list[str]:
    """Labels of a dim as text, in its order."""
    return [str(label) for label in data[dim].to_numpy()]


def calendar_of(data: xr.DataArray | xr.Dataset) -> Calendar:
    """Year and start of each occurrence."""
    return Calendar(
        data["year"].to_numpy().astype(np.int64), data["start"].to_numpy().astype(np.float64)
    )


def check_inputs(
    programme: Programme, losses: xr.DataArray, benefits: xr.DataArray, triggers: xr.Dataset
) -> None:
    """Refuse losses, benefits and triggers that do not fit each other or the programme.

    Raises
    ------
    SchemaError
        For dims, labels, coords, attributes, negative or missing values.
    UnitsError
        For another currency or price year.
    ParamError
        For a zone of the programme that the losses do not have.
    """
    for name, data, dims in (
        ("losses", losses, {"occurrence", "zone", "sector"}),
        ("benefits", benefits, {"occurrence", "zone", "benefit"}),
    ):
        if set(data.dims) != dims:
            raise SchemaError("other dims", where=name, found=data.dims, expected=sorted(dims))
        if not bool(((data >= 0) & np.isfinite(data)).all()):
            raise SchemaError("negative or missing amounts", where=name, expected="CNY ≥ 0")
    for key in ("years", "blocks", "currency", "price_year"):
        if key not in losses.attrs:
            raise SchemaError("an attribute is missing", where=f"losses.{key}")
    for key in ("year", "start"):
        if key not in losses.coords:
            raise SchemaError("a coordinate is missing", where=f"losses.{key}")
    _check_years(losses)
    if losses.attrs["currency"] != programme.currency:
        raise UnitsError(
            "another currency",
            where="losses",
            found=losses.attrs["currency"],
            expected=programme.currency,
        )
    require_same_price_year(
        ("losses", int(losses.attrs["price_year"])), ("programme", programme.price_year)
    )
    _check_labels(programme, losses, benefits, triggers)


def _check_years(losses: xr.DataArray) -> None:
    years, year = int(losses.attrs["years"]), losses["year"].to_numpy()
    if year.size and not (0 <= year.min() and year.max() < years):
        raise SchemaError(
            "years outside the simulation",
            where="losses.year",
            found=(int(year.min()), int(year.max())),
            expected=f"0 to {years - 1}",
        )


def _check_labels(
    programme: Programme, losses: xr.DataArray, benefits: xr.DataArray, triggers: xr.Dataset
) -> None:
    zones, sectors = labels(losses, "zone"), labels(losses, "sector")
    check_zones(programme, zones)
    if sorted(labels(benefits, "zone")) != sorted(zones):
        raise SchemaError(
            "other zones", where="benefits", found=labels(benefits, "zone"), expected=zones
        )
    if unknown := set(sectors) - set(get_args(Sector)):
        raise SchemaError(
            "unknown sectors", where="losses", found=sorted(unknown), expected=get_args(Sector)
        )
    for cover in programme.covers:
        if isinstance(cover, IndemnityCover) and (lost := set(cover.take_up) - set(sectors)):
            raise TermsError(
                "insured sectors without losses",
                where=f"cover {cover.cover}: take_up",
                found=sorted(lost),
                expected=sectors,
                remedy="leave the sector out of the cover, or give the census a class of it",
            )
    for name, other in (("benefits", benefits), ("triggers", triggers)):
        if not _same_occurrences(losses, other):
            raise SchemaError(
                "other occurrences than the losses",
                where=name,
                found=other.sizes.get("occurrence"),
                expected=losses.sizes["occurrence"],
                remedy="bring all three to one list, with zeros or NaN for what does not occur",
            )


def _same_occurrences(losses: xr.DataArray, other: xr.DataArray | xr.Dataset) -> bool:
    if other.sizes.get("occurrence") != losses.sizes["occurrence"]:
        return False
    if "occurrence" in losses.indexes and "occurrence" in other.indexes:
        return losses.indexes["occurrence"].equals(other.indexes["occurrence"])
    return True
