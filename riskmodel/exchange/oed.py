"""Open Exposure Data: the location file of what a census holds, out and in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.money import CURRENCY
from riskmodel.core.schema import Schema, check
from riskmodel.exchange.standard import (
    check_frame,
    load_standard,
    read_frame,
    require_yuan,
    write_frame,
)

OED = "oed_v4"
PERIL_WITHOUT_CODE = "no peril code of the standard fits"
NO_MONEY = "a count, not a value"
EXPOSURE = Schema(
    "census.exposure",
    {"value": ("entry", "exposure_class"), "total": ("zone", "exposure_class"),
     "unit": ("exposure_class",)},
    ("currency", "price_year"),
)  # fmt: skip
ZONES = Schema(
    "census.zones",
    {"entry_cell": ("entry",), "entry_zone": ("entry",), "latitude": ("cell",),
     "longitude": ("cell",), "zone": ("zone",)},
)  # fmt: skip
VALUES = ("building_value", "other_value", "contents_value", "interruption_value")


def peril_code(peril: str, *, version: str = OED) -> str | None:
    """Code of a peril in the standard, several joined by ``;``, or None where no code fits.

    Raises
    ------
    SchemaError
        If the peril is none of the census.

    Examples
    --------
    >>> peril_code("typhoon_wind")
    'WTC'
    """
    codes = load_standard(version).content["perils"]
    if peril not in codes:
        raise SchemaError(
            "an unknown peril",
            where=f"{version}.yml, perils",
            found=peril,
            expected=list(codes),
            remedy="name the peril as the census does, or add it to the table of names",
        )
    code: str | None = codes[peril]
    return code


def insured_value(exposure: xr.Dataset) -> xr.DataArray:
    """Value exposed (zone), CNY: the totals of all classes that are money.

    Raises
    ------
    SchemaError
        If the Dataset is no exposure of a census.
    UnitsError
        If the values are not in CNY.
    """
    check(exposure, EXPOSURE)
    require_yuan(exposure.attrs["currency"], where="census.exposure")
    return exposure["total"].isel(exposure_class=_is_money(exposure)).sum("exposure_class")


def not_carried(exposure: xr.Dataset, perils: Sequence[str]) -> list[str]:
    """List what no location file holds: counts such as persons, and perils without a code."""
    counts = exposure["exposure_class"].values[~_is_money(exposure)]
    return [f"{name}: {NO_MONEY}" for name in counts] + [
        f"{peril}: {PERIL_WITHOUT_CODE}" for peril in perils if peril_code(peril) is None
    ]


def location_table(
    exposure: xr.Dataset, zones: xr.Dataset, perils: Sequence[str], *, version: str = OED
) -> pd.DataFrame:
    """Locations of a census: one for each exposure class in each cell of a zone.

    Parameters
    ----------
    exposure : Dataset
        Node ``exposure`` of a census: ``value`` (entry, exposure_class).
    zones : Dataset
        Node ``zones`` of a census: entries, cells with latitude and longitude, zone codes.
    perils : sequence of str
        Perils that every location is covered for; those without a code are left out, see
        `not_carried`.

    Returns
    -------
    DataFrame under our column names (see ``oed_v4.yml``); values in CNY, coordinates of cell
    centres in degrees. Each zone (GB/T 2260 code) is an account of its own. Classes without value
    in a cell, and counts, have no row.

    Raises
    ------
    SchemaError
        If the Datasets are not of one census, no peril has a code, or the table of names lacks an
        exposure class.
    UnitsError
        If the values are not in CNY.
    """
    check(exposure, EXPOSURE)
    check(zones, ZONES)
    require_yuan(exposure.attrs["currency"], where="census.exposure")
    _require_one_census(exposure, zones)
    content = load_standard(version).content
    frame = _placed_values(exposure, zones, content["classes"], version)
    covered = _covered(perils, version)
    frame = frame.assign(perils=covered, currency=CURRENCY, **content["constants"])
    return checked_locations(frame, version=version)


def checked_locations(
    frame: pd.DataFrame, *, version: str = OED, where: str = "location"
) -> pd.DataFrame:
    """Return the locations with the standard's columns in order, every value checked.

    Raises
    ------
    SchemaError
        If a column is missing, a value does not fit, coordinates lie outside the globe, a location
        is there twice, or the file is of another version.
    UnitsError
        If an amount is not in CNY.
    """
    standard = load_standard(version)
    checked = check_frame(frame, standard.tables["location"], where=where)
    for currency in checked["currency"].unique():
        require_yuan(currency, where=f"{where}, currency")
    bounds = {"latitude": 90.0, "longitude": 180.0}
    outside = [name for name, most in bounds.items() if (checked[name].abs() > most).any()]
    twice = checked["location"].duplicated().any()
    wanted = standard.content["constants"]["version"]
    other = sorted(set(checked["version"]) - {wanted})
    for bad, what in (
        (outside, "coordinates outside the globe"),
        (["location"] if twice else [], "a location number twice"),
        (other, f"another version than {wanted}"),
    ):
        if bad:
            raise SchemaError(what, where=where, found=bad, remedy="correct the file")
    return checked


def write_locations(path: Path, frame: pd.DataFrame, *, version: str = OED) -> Path:
    """Write a location file as CSV, whole or not at all; raises as `checked_locations`."""
    checked = checked_locations(frame, version=version)
    return write_frame(path, checked, load_standard(version).tables["location"])


def read_locations(path: Path, *, version: str = OED) -> pd.DataFrame:
    """Read a location file under our column names; raises as `checked_locations`."""
    frame = read_frame(path, load_standard(version).tables["location"])
    return checked_locations(frame, version=version, where=str(path))


def _covered(perils: Sequence[str], version: str) -> str:
    """Codes of the perils, each once, as the standard lists them."""
    codes = [code for peril in perils if (code := peril_code(peril, version=version))]
    if not codes:
        raise SchemaError(
            "no peril that a location file can carry",
            where="location_table",
            found=list(perils),
            expected="a peril with a code",
            remedy="name a further peril; see perils in the table of names",
        )
    return ";".join(dict.fromkeys(";".join(codes).split(";")))


def _placed_values(
    exposure: xr.Dataset,
    zones: xr.Dataset,
    classes: dict[str, tuple[int, int, str]],
    version: str,
) -> pd.DataFrame:
    """Where each value stands, which codes it has, and the value in the field of its class."""
    money = np.flatnonzero(_is_money(exposure))
    names = exposure["exposure_class"].values[money].astype(str)
    codes = [_class_codes(name, classes, version) for name in names]
    value = exposure["value"].values[:, money]
    entry, of_class = np.nonzero(value)
    cell = zones["entry_cell"].values[entry]
    zone = zones["zone"].values.astype(str)[zones["entry_zone"].values[entry]]
    field = np.array([code[2] for code in codes])[of_class]
    return pd.DataFrame(
        {
            "account": zone,
            "location": np.arange(1, entry.size + 1),
            "zone": zone,
            "latitude": zones["latitude"].values[cell].astype(np.float64),
            "longitude": zones["longitude"].values[cell].astype(np.float64),
            "occupancy": np.array([code[0] for code in codes])[of_class],
            "construction": np.array([code[1] for code in codes])[of_class],
            "exposure_class": names[of_class],
            **{name: np.where(field == name, value[entry, of_class], 0.0) for name in VALUES},
        }
    )


def _is_money(exposure: xr.Dataset) -> np.ndarray:
    return np.asarray(exposure["unit"].values == CURRENCY)


def _class_codes(
    name: str, classes: dict[str, tuple[int, int, str]], version: str
) -> tuple[int, int, str]:
    if name not in classes:
        raise SchemaError(
            "an exposure class without codes",
            where=f"{version}.yml, classes",
            found=name,
            expected=list(classes),
            remedy="add its occupancy, construction and value field to the table of names",
        )
    return classes[name]


def _require_one_census(exposure: xr.Dataset, zones: xr.Dataset) -> None:
    sizes = {name: (exposure.sizes[name], zones.sizes[name]) for name in ("entry", "zone")}
    if any(one != other for one, other in sizes.values()):
        raise SchemaError(
            "exposure and zones of different censuses",
            where="location_table",
            found=sizes,
            expected="as many entries and zones",
            remedy="take both from one census",
        )
