"""Runtime-checked schemas of the Datasets that rooms hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import xarray as xr

from riskmodel.core.errors import SchemaError

COMMON_ATTRS = ("schema", "source", "history")
REBUILD = "make the Dataset with the function that its history names, of this version"


@dataclass(frozen=True, slots=True)
class Schema:
    """Name, variables with their dims, and attributes that a Dataset must carry."""

    name: str
    variables: Mapping[str, tuple[str, ...]]
    attrs: tuple[str, ...] = field(default=())


def check(dataset: xr.Dataset, schema: Schema) -> xr.Dataset:
    """Return the Dataset unchanged when it satisfies the schema.

    Raises
    ------
    SchemaError
        Naming the first variable, dims or attribute that is missing or different.
    """
    for name, dims in schema.variables.items():
        if name not in dataset.variables:
            raise SchemaError(
                "a variable is missing",
                where=f"{schema.name}.{name}",
                found=sorted(map(str, dataset.variables)),
                expected=f"dims {dims}",
                remedy=REBUILD,
            )
        if dataset.variables[name].dims != dims:
            raise SchemaError(
                "a variable has other dims",
                where=f"{schema.name}.{name}",
                found=dataset.variables[name].dims,
                expected=dims,
                remedy=REBUILD,
            )
    missing = [a for a in (*COMMON_ATTRS, *schema.attrs) if a not in dataset.attrs]
    if missing:
        raise SchemaError(
            "attributes are missing",
            where=schema.name,
            found=sorted(map(str, dataset.attrs)),
            expected=missing,
            remedy=REBUILD,
        )
    if dataset.attrs["schema"] != schema.name:
        raise SchemaError(
            "another schema",
            where=schema.name,
            found=dataset.attrs["schema"],
            expected=schema.name,
            remedy=REBUILD,
        )
    return dataset


def stamp(
    dataset: xr.Dataset, schema: Schema, *, source: str, history: str, **attrs: object
) -> xr.Dataset:
    """Write the common attributes and check the Dataset against its schema."""
    dataset.attrs.update(schema=schema.name, source=source, history=history, **attrs)
    return check(dataset, schema)
