"""Bring exposure to another price year, real size and valuation, by rules of the census."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.finding import Finding
from riskmodel.census.manifest import Manifest, Update, Valuation
from riskmodel.core.errors import CensusError, UnitsError
from riskmodel.core.money import CURRENCY, MULTIPLIERS
from riskmodel.core.yaml_file import read_mapping

FloatArray = npt.NDArray[np.float64]
PRICES = Path(__file__).parents[2] / "data" / "census" / "price_indices.yml"
GDP, YEARS = "gdp", ("price_year", "gdp_year")
KEYS = "index or factors, growth (real, a year) and source"


@cache
def price_indices() -> dict[str, Any]:
    """Return the series of ``data/census/price_indices.yml``: changes by year, of prices in CNY."""
    return read_mapping(PRICES, CensusError, missing="restore it from the checkout")


def price_factor(update: Update, start: int, end: int) -> float:
    """Prices of one year over those of another.

    Parameters
    ----------
    update : Update
        A series whose yearly changes are chained, or a stated factor of the year asked for.
    start, end : int
        Year of the money, and year that is asked for; `end` may be the earlier.

    Raises
    ------
    UnitsError
        If the series lacks a year, or no factor of that year is stated.

    Examples
    --------
    >>> one = Update(index="cn_cpi", growth=0.0, source="example")
    >>> round(price_factor(one, 2022, 2024), 6)  # 1.00235 · 1.00218
    1.004535
    """
    if start == end:
        return 1.0
    if update.factors is not None:
        if end not in update.factors:
            raise UnitsError(
                "no price factor of the year asked for",
                where="census.yml, update.factors", found=sorted(update.factors), expected=end,
                remedy="state the prices of that year over those of the census, with their source",
            )  # fmt: skip
        return update.factors[end]
    series = price_indices()["series"].get(update.index, {}).get("change", {})
    years = range(min(start, end) + 1, max(start, end) + 1)
    if missing := [year for year in years if year not in series]:
        raise UnitsError(
            "the price index lacks a year",
            where=f"census.yml, update.index {update.index}", found=missing,
            expected=f"{min(series)} to {max(series)}" if series else [*price_indices()["series"]],
            remedy="take another index, or state factors",
        )  # fmt: skip
    chained = float(np.prod([1.0 + series[year] / 100.0 for year in years]))
    return chained if end > start else 1.0 / chained


def updated_exposure(exposure: xr.Dataset, price_year: int) -> xr.Dataset:
    """Exposure at the prices and in the real size of a year, at replacement cost where stated.

    value' = value · prices(year) / prices(census) · (1 + growth)^(years) · valuation, the first
    factor for money only; GDP from its own year. A census of that year without ``valuation`` comes
    back as it is.

    Parameters
    ----------
    exposure : Dataset
        The node ``exposure`` of a census, which carries what its manifest states under ``update``
        and ``valuation``.
    price_year : int
        Year asked for.

    Returns
    -------
    Dataset with new ``price_year``, ``gdp_year``, ``valuation_basis`` and steps in ``history``.

    Raises
    ------
    UnitsError
        If the year differs and the census states no ``update``, its index lacks a year, or
        growth leaves out a class.
    """
    names = [str(name) for name in exposure["exposure_class"].values]
    steps = [str(exposure.attrs["history"])]
    factor = _valued(exposure, names, steps)
    years = {key: int(exposure.attrs[key]) for key in YEARS if key in exposure.attrs}
    gdp_factor = 1.0
    if any(year != price_year for year in years.values()):
        update = _stated_update(exposure.attrs, years, price_year)
        moved, gdp_factor = _moved(exposure, update, names, years, price_year)
        factor = factor * moved
        steps.append(_told(update, years["price_year"], price_year))
    if len(steps) == 1:
        return exposure
    basis = _basis_after(exposure, names)
    scaled = {
        name: (exposure[name].dims, exposure[name].values * factor) for name in ("value", "total")
    }
    new = exposure.assign(scaled).assign(
        gdp=exposure["gdp"] * gdp_factor,
        valuation_basis=("exposure_class", np.array(basis, dtype=object)),
    )
    # the rules are used up, so that nothing can be applied twice
    kept = {n: v for n, v in exposure.attrs.items() if n not in ("update", "valuation")}
    told = {"valuation_basis": joined_basis(basis), "history": "; ".join(steps)}
    new.attrs = kept | dict.fromkeys(years, price_year) | told
    return new


def _moved(
    exposure: xr.Dataset, update: Update, names: list[str], years: dict[str, int], end: int
) -> tuple[FloatArray, float]:
    """Factors of prices and growth of each class, and of GDP, each from its own year."""
    growth = _growth(update, [*names, *([GDP] if "gdp_year" in years else [])])
    start = years["price_year"]
    prices = price_factor(update, start, end)
    money = exposure["unit"].values == CURRENCY
    real = np.array([(1.0 + growth[name]) ** (end - start) for name in names])
    factor = np.where(money, prices, 1.0) * real
    first = years.get("gdp_year")
    if first is None:
        return factor, 1.0
    if update.factors is not None and first != start:
        raise UnitsError(
            "stated price factors begin in the price year, GDP is of another",
            where="census.yml, exposure.gdp.year", found=first, expected=start,
            remedy="give GDP of the price year, or take an index",
        )  # fmt: skip
    return factor, price_factor(update, first, end) * (1.0 + growth[GDP]) ** (end - first)


def joined_basis(basis: Sequence[str]) -> str:
    """Say in one text on which bases classes are valued; classes that are no money have none.

    Examples
    --------
    >>> joined_basis(["net", "", "book", "net"])
    'net, book'
    """
    return ", ".join(dict.fromkeys(one for one in basis if one))


def _valued(exposure: xr.Dataset, names: list[str], steps: list[str]) -> FloatArray:
    """Factor of each class from its stated value to replacement cost."""
    if "valuation" not in exposure.attrs:
        return np.ones(len(names))
    valuation = Valuation.model_validate_json(exposure.attrs["valuation"])
    told = ", ".join(f"{name} x {factor:g}" for name, factor in valuation.factors.items())
    steps.append(f"to replacement cost: {told} ({valuation.source})")
    return np.array([valuation.factors.get(name, 1.0) for name in names])


def _basis_after(exposure: xr.Dataset, names: list[str]) -> list[str]:
    if "valuation" not in exposure.attrs:
        return [str(one) for one in exposure["valuation_basis"].values]
    factors = json.loads(exposure.attrs["valuation"])["factors"]
    stated = zip(names, exposure["valuation_basis"].values, strict=True)
    return ["replacement_cost" if name in factors else str(one) for name, one in stated]


def _stated_update(attrs: Mapping[Any, Any], years: dict[str, int], price_year: int) -> Update:
    if "update" not in attrs:
        raise UnitsError(
            "the census states no way to another price year",
            where="census.price_year of the params; update of census.yml",
            found=years, expected=price_year,
            remedy=f"ask for the year of the census, or state under update: {KEYS}",
        )  # fmt: skip
    return Update.model_validate_json(attrs["update"])


def _growth(update: Update, names: list[str]) -> dict[str, float]:
    if isinstance(update.growth, float):
        return dict.fromkeys(names, update.growth)
    if missing := [name for name in names if name not in update.growth]:
        raise UnitsError(
            "real growth of a class is not stated",
            where="census.yml, update.growth", found=missing, expected="each class, and gdp",
            remedy="state it, 0.0 where nothing grows",
        )  # fmt: skip
    return update.growth


def _told(update: Update, start: int, end: int) -> str:
    by = update.index or "stated factor"
    grown = "real growth a year " + json.dumps(update.growth, ensure_ascii=False)
    factor = price_factor(update, start, end)
    return f"prices of {start} to {end} by {by}, x {factor:.6g}, {grown} ({update.source})"


def update_findings(manifest: Manifest) -> Iterator[Finding]:
    """Find rules of updating that name no series or class, leave out one, or are wanting."""
    file, classes = "census.yml", manifest.exposure.classes
    update, valuation = manifest.update, manifest.valuation
    named = [*classes, *([GDP] if manifest.exposure.gdp else [])]
    money = [name for name, one in classes.items() if one.unit in MULTIPLIERS]
    if update is not None:
        known = list(price_indices()["series"])
        if update.index is not None and update.index not in known:
            yield Finding("index_unknown", file, "update.index", "", update.index, known)
        if isinstance(update.growth, dict):
            if missing := [name for name in named if name not in update.growth]:
                yield Finding("growth_missing", file, "update.growth", found=missing)
            if unknown := sorted(set(update.growth) - set(named)):
                yield Finding("key_of_no_class", file, "update.growth", "", unknown, named)
    factors = {} if valuation is None else valuation.factors
    if unknown := sorted(set(factors) - set(money)):
        yield Finding("key_of_no_class", file, "valuation.factors", "", unknown, money)
    for name in money:
        basis = classes[name].valuation_basis or manifest.valuation_basis
        if name in factors and basis == "replacement_cost":
            yield Finding("valued_already", file, f"valuation.factors.{name}", found=basis)
        if name not in factors and basis != "replacement_cost":
            yield Finding("not_replacement_cost", file, f"exposure.classes.{name}", found=basis)
