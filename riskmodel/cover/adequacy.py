"""Adequacy: how much of the loss covers pay, and what stays with those who suffer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.ledger import BENEFITS, DIRECT_LOSS, LEDGER
from riskmodel.cover.owners import OWNERS
from riskmodel.exceedance.metrics import annual_sum, exceeding_years

TIERS = ("1", "N", "X")
ADEQUACY = Schema(
    "Adequacy",
    {
        "loss": ("group",),
        "paid": ("group", "tier"),
        "retained": ("group",),
        "gap": ("group",),
        "relief": ("group",),
        "relief_met": ("group",),
    },
    attrs=("currency", "price_year", "years", "status"),
)


def worst_years(ledger: xr.Dataset, return_period: float) -> npt.NDArray[np.int64]:
    """Years / T years with the largest direct loss of all zones together; equal ones in order.

    Raises
    ------
    ReturnPeriodError
        If the simulated years do not support T.
    """
    years = int(ledger.attrs["years"])
    loss = ledger["need"].sel(account=DIRECT_LOSS).sum("zone").to_numpy()
    total = annual_sum(ledger["year"].to_numpy().astype(np.int64), loss, years)
    return np.argsort(-total, kind="stable")[: exceeding_years(years, return_period)]


def adequacy(
    ledger: xr.Dataset,
    groups: Mapping[str, Sequence[str]],
    *,
    years: npt.NDArray[np.int64] | None = None,
) -> xr.Dataset:
    """Loss, payments by tier and protection gap of groups of zones, mean of some years.

    Parameters
    ----------
    ledger : Dataset
        From `build_ledger`, with or without reinsurers: what they pay counts for the tier that
        they reinsure.
    groups : mapping of str to sequence of str
        Zones of each group; groups may overlap.
    years : array of int, optional
        For example `worst_years`; all by default. Means over years add up over groups.

    Returns
    -------
    Dataset with dim ``group``: direct ``loss`` = Σ ``paid`` (group, tier) + ``retained`` (CNY a
    year), ``gap`` = retained / loss; ``relief`` (CNY a year) and ``relief_met``, the share of it
    that tiers pay. Shares are NaN without loss.

    Raises
    ------
    SchemaError
        If a group has no zone, or one that the ledger does not have.
    """
    check(ledger, LEDGER)
    inside = _inside(ledger["zone"].to_numpy().tolist(), groups)
    rows, count = _rows(ledger, years)
    amount = ledger["amount"].to_numpy()[rows].sum(axis=0) / count @ inside.T  # (line, group)
    need = ledger["need"].to_numpy()[rows].sum(axis=0) / count @ inside.T
    loss, relief = (need[_account(ledger, name)] for name in (DIRECT_LOSS, BENEFITS))
    direct = ledger["line_account"].to_numpy() == DIRECT_LOSS
    owners = direct & np.isin(ledger["payer"].to_numpy(), OWNERS)
    tier, retained = ledger["tier"].to_numpy(), amount[owners].sum(axis=0)
    paid = np.stack([amount[direct & (tier == t)].sum(axis=0) for t in TIERS], axis=1)
    met = amount[~direct & (tier != "")].sum(axis=0)
    by_group = {"loss": loss, "retained": retained, "gap": _ratio(retained, loss)}
    by_group |= {"relief": relief, "relief_met": _ratio(met, relief)}
    data = xr.Dataset(
        {name: ("group", values) for name, values in by_group.items()}
        | {"paid": (("group", "tier"), paid)},
        coords={"group": list(groups), "tier": list(TIERS)},
    )
    kept = {key: ledger.attrs[key] for key in ("currency", "price_year", "years", "status")}
    source = str(ledger.attrs["source"])
    return stamp(data, ADEQUACY, source=source, history="adequacy", **kept)


def _inside(known: list[str], groups: Mapping[str, Sequence[str]]) -> FloatArray:
    """1 where a zone belongs to a group, array (group, zone)."""
    for name, zones in groups.items():
        if not zones or set(zones) - set(known):
            raise SchemaError(
                "a group of unknown zones", where=f"group {name}", found=list(zones), expected=known
            )
    return np.array([np.isin(known, list(zones)) for zones in groups.values()], dtype=np.float64)


def _rows(
    ledger: xr.Dataset, years: npt.NDArray[np.int64] | None
) -> tuple[npt.NDArray[np.bool_], int]:
    year = ledger["year"].to_numpy()
    if years is None:
        return np.ones(year.size, dtype=bool), int(ledger.attrs["years"])
    return np.isin(year, years), int(years.size)


def _account(ledger: xr.Dataset, name: str) -> int:
    return ledger["account"].to_numpy().tolist().index(name)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0.0)


def income_groups(
    gdp: Mapping[str, float], population: Mapping[str, float], names: Sequence[str]
) -> dict[str, list[str]]:
    """Zones in groups of equal number by GDP a head, a proxy of income, poorest first.

    Parameters
    ----------
    gdp, population : mapping of zone to float
        CNY and persons.
    names : sequence of str
        Names of the groups, poorest first; earlier groups take one zone more where the number
        does not divide.

    Examples
    --------
    >>> income_groups({"a": 30.0, "b": 10.0, "c": 40.0}, dict.fromkeys("abc", 1.0), ["low", "high"])
    {'low': ['b', 'a'], 'high': ['c']}
    """
    ordered = sorted(gdp, key=lambda zone: (gdp[zone] / population[zone], zone))
    parts = np.array_split(np.array(ordered), len(names))
    return {name: part.tolist() for name, part in zip(names, parts, strict=True)}
