"""Checks of what a figure is given, each with an error that names the gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.money import CURRENCY


def require_variables(
    data: xr.Dataset, variables: Mapping[str, Sequence[str]], *, where: str
) -> None:
    """Refuse a Dataset that lacks a variable or coordinate, or holds it on other dims.

    Raises
    ------
    FigureError
        Naming the first variable that is missing or different.
    """
    for name, dims in variables.items():
        if name not in data.variables:
            raise FigureError(
                "a variable is missing",
                where=f"{where}: {name}",
                found=sorted(map(str, data.variables)),
                expected=f"dims {tuple(dims)}",
            )
        if set(data[name].dims) != set(dims):
            raise FigureError(
                "a variable has other dims",
                where=f"{where}: {name}",
                found=data[name].dims,
                expected=tuple(dims),
            )


def require_dims(values: xr.DataArray, dims: Sequence[str], *, where: str) -> None:
    """Refuse an array without exactly these dims, in any order, each with labels.

    Raises
    ------
    FigureError
        If a dim is missing, surplus or has no coordinate.
    """
    if set(values.dims) != set(dims):
        raise FigureError(
            "an array has other dims", where=where, found=values.dims, expected=tuple(dims)
        )
    bare = [dim for dim in dims if dim not in values.coords]
    if bare:
        raise FigureError("a dim has no labels", where=where, found=bare, expected="coordinates")


def require_attrs(attrs: Mapping[object, object], names: Sequence[str], *, where: str) -> None:
    """Refuse data without the attributes that the figure prints.

    Raises
    ------
    FigureError
        Naming the missing attributes.
    """
    missing = [name for name in names if name not in attrs]
    if missing:
        raise FigureError(
            "attributes are missing", where=where, found=missing, expected=tuple(names)
        )


def require_money(attrs: Mapping[object, object], *, where: str) -> None:
    """Refuse money that is not in yuan of a named price year.

    Raises
    ------
    FigureError
        If the currency is not CNY or the price year is missing.
    """
    require_attrs(attrs, ("currency", "price_year"), where=where)
    if attrs["currency"] != CURRENCY:
        raise FigureError(
            "money in another currency",
            where=where,
            found=attrs["currency"],
            expected=CURRENCY,
            remedy="convert to yuan before drawing",
        )
