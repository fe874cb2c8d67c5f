"""From annual losses to gross premiums: pure, risk load, expenses, profit, fund and tax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field, model_validator

from riskmodel.core.errors import SchemaError, TermsError
from riskmodel.core.schema import Schema, stamp
from riskmodel.price.principles import PremiumPrinciple, checked

COMPONENTS = (
    "pure", "risk_load", "claims_handling", "expenses", "profit", "guarantee_fund", "tax",
)  # fmt: skip


class Loads(BaseModel):
    """Loads on the gross premium, each a share of it; they sum to less than 1.

    Parameters
    ----------
    expenses : float
        Operating expenses.
    tax : float
        VAT with surcharges.
    guarantee_fund : float
        Contribution to the insurance guarantee fund.
    profit : float
        Profit, or cost of risk capital when the principle does not hold it.

    Raises
    ------
    TermsError
        If a share is negative or they sum to 1 or more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    expenses: float = Field(ge=0.0, lt=1.0)
    tax: float = Field(ge=0.0, lt=1.0)
    guarantee_fund: float = Field(ge=0.0, lt=1.0)
    profit: float = Field(ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        if (total := total_load(self)) >= 1.0:
            raise TermsError(
                "loads leave nothing for losses",
                where="loads",
                found=self.model_dump(),
                expected=f"shares of gross that sum to less than 1, not {total:g}",
            )
        return self


def total_load(loads: Loads) -> float:
    """Sum of the shares of the gross premium that are not for losses."""
    return loads.expenses + loads.tax + loads.guarantee_fund + loads.profit


def premium_schema(dim: str) -> Schema:
    """Return the schema of `premiums` by ``cover`` or by ``tier``."""
    names = (*COMPONENTS, "gross", "rate_on_line")
    return Schema(
        "Premiums",
        {name: (dim, "principle") for name in names},
        attrs=("currency", "price_year", "status", "headline"),
    )


def premiums(
    year_losses: xr.DataArray,
    *,
    loads: Loads,
    principles: Sequence[PremiumPrinciple],
    headline: str,
    limits: Mapping[str, float],
    claims_handling: Mapping[str, float] | None = None,
) -> xr.Dataset:
    """Premiums of covers or tiers by several principles.

    gross = (pure + risk_load + claims_handling) / (1 - Σ shares) = sum of all components. Source:
    the build-up of Shaoguan's heavy-rain index, 2024, which has no claims handling of its own.

    Parameters
    ----------
    year_losses : DataArray (year, cover) or (year, tier)
        CNY of each simulated year; attrs ``currency``, ``price_year``, ``status``.
    loads, principles, headline
        Shares of gross; principles of different names, and the one whose figures lead.
    limits : mapping of str to float
        Annual limits, CNY; infinite or absent gives no rate on line (NaN).
    claims_handling : mapping of str to float, optional
        Mean cost, CNY a year; none where it is absent.

    Returns
    -------
    Dataset (cover or tier, principle), CNY a year: `COMPONENTS`, ``gross``; ``rate_on_line``.

    Raises
    ------
    TermsError
        If principles share a name, the headline is none of them, or a limit is not positive.
    SchemaError
        If the losses are of other dims.
    """
    dim = _item_dim(year_losses)
    names = _names(principles, headline)
    items = [str(label) for label in year_losses[dim].to_numpy()]
    annual = [checked(year_losses.sel({dim: item}).to_numpy()) for item in items]
    pure = np.array([losses.mean() for losses in annual])
    risk = np.array([[p.premium(losses) for p in principles] for losses in annual])
    handling = np.array([(claims_handling or {}).get(item, 0.0) for item in items])
    built = _build_up(pure, risk, handling, loads)
    built["rate_on_line"] = built["gross"] / np.array([[_line(limits, item)] for item in items])
    coords = {**_item_coords(year_losses, dim), "principle": names}
    kept = {key: year_losses.attrs[key] for key in ("currency", "price_year", "status")}
    data = xr.Dataset({name: ((dim, "principle"), v) for name, v in built.items()}, coords)
    return _stamped(data, dim, headline=headline, **kept)


def _stamped(data: xr.Dataset, dim: str, **attrs: object) -> xr.Dataset:
    return stamp(
        data,
        premium_schema(dim),
        source="simulated years",
        history="premiums",
        components=list(COMPONENTS),
        **attrs,
    )


def _names(principles: Sequence[PremiumPrinciple], headline: str) -> list[str]:
    names = [p.name for p in principles]
    if headline not in names or len(set(names)) < len(names):
        raise TermsError(
            "the headline principle must be one of differently named principles",
            where="headline",
            found=headline,
            expected=names,
        )
    return names


def _item_dim(year_losses: xr.DataArray) -> str:
    for dim in ("cover", "tier"):
        if set(year_losses.dims) == {"year", dim}:
            return dim
    raise SchemaError(
        "other dims",
        where="year_losses",
        found=year_losses.dims,
        expected="year and cover, or tier",
    )


def _item_coords(year_losses: xr.DataArray, dim: str) -> dict[str, xr.DataArray]:
    return {str(n): c for n, c in year_losses.coords.items() if c.dims == (dim,)}


def _line(limits: Mapping[str, float], item: str) -> float:
    limit = limits.get(item, np.inf)
    if not limit > 0.0:
        raise TermsError("a limit is not positive", where=f"limits.{item}", found=limit)
    return float(limit) if np.isfinite(limit) else np.nan


def _build_up(
    pure: np.ndarray, risk: np.ndarray, handling: np.ndarray, loads: Loads
) -> dict[str, np.ndarray]:
    gross = (risk + handling[:, None]) / (1.0 - total_load(loads))
    return {
        "pure": np.broadcast_to(pure[:, None], risk.shape).copy(),
        "risk_load": risk - pure[:, None],
        "claims_handling": np.broadcast_to(handling[:, None], risk.shape).copy(),
        "expenses": loads.expenses * gross,
        "profit": loads.profit * gross,
        "guarantee_fund": loads.guarantee_fund * gross,
        "tax": loads.tax * gross,
        "gross": gross,
    }


def premiums_by_block(
    year_losses: xr.DataArray,
    *,
    loads: Loads,
    principles: Sequence[PremiumPrinciple],
    headline: str,
    limits: Mapping[str, float],
) -> xr.Dataset:
    """`premiums` of each block of simulated years, whose spread is the simulation error.

    Parameters
    ----------
    year_losses : DataArray
        With a coord ``block`` on year; the rest as in `premiums`.

    Returns
    -------
    Dataset (block, cover or tier, principle).
    """
    blocks = np.unique(year_losses["block"].to_numpy())
    each = [
        premiums(
            year_losses.isel(year=np.flatnonzero(year_losses["block"].to_numpy() == block)),
            loads=loads,
            principles=principles,
            headline=headline,
            limits=limits,
        )
        for block in blocks
    ]
    return xr.concat(
        each, dim=xr.DataArray(blocks, dims="block", name="block"), combine_attrs="override"
    )


def tier_totals(covers: xr.Dataset) -> xr.Dataset:
    """Premiums of tiers as sums of their covers' premiums, each cover priced on its own.

    Priced together (`premiums` of `tier_year_totals`) a tier costs at most as much under
    subadditive principles; the difference is what diversification within the tier is worth.

    Parameters
    ----------
    covers : Dataset
        From `premiums`, by cover, with coord ``tier``.

    Returns
    -------
    Dataset (tier, principle) of the money variables; the rate on line is not additive and left
    out.
    """
    money = covers[[*COMPONENTS, "gross"]]
    sums = money.groupby("tier").sum("cover", keep_attrs=True)
    present = set(covers["tier"].to_numpy().tolist())
    return sums.sel(tier=[t for t in ("1", "N", "X") if t in present])
