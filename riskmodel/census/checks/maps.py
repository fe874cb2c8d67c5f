"""Checks of the maps of one peril: range, classes, survey, and growth with return period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.finding import Finding
from riskmodel.census.manifest import ClassValues

BoolArray = npt.NDArray[np.bool_]


def in_range(
    maps: xr.DataArray, names: Sequence[str], low: float, high: float
) -> Iterator[Finding]:
    """Find values below zero, or beyond what the peril's table believes."""
    for code, bad in (("negative", maps < low), ("out_of_range", maps > high)):
        yield from _told(code, bad, maps, names, f"between {low:g} and {high:g}")


def surveyed_alike(maps: xr.DataArray, names: Sequence[str]) -> Iterator[Finding]:
    """Find cells that have a value in some return periods and nodata in others."""
    missing = maps.isnull()
    bad = missing & ~missing.all("return_period")
    yield from _told("surveyed_in_some", bad, maps, names, "a value in all maps, or in none")


def rising(maps: xr.DataArray, names: Sequence[str]) -> Iterator[Finding]:
    """Find cells where a map lies below that of a shorter return period.

    Where more than half of the cells that change between two maps fall, the files were most
    probably given for each other.
    """
    step = maps.diff("return_period", label="upper")
    falling = (step < 0).reindex(return_period=maps["return_period"], fill_value=False)
    for period in step["return_period"].values:
        change = step.sel(return_period=period)
        fell, rose = int((change < 0).sum()), int((change > 0).sum())
        if fell > rose and fell > 1:
            index = int(np.flatnonzero(maps["return_period"].values == period)[0])
            found = f"{fell} cells fall and {rose} rise from {names[index - 1]}"
            yield Finding("periods_swapped", names[index], found=found)
            return
    yield from _told("not_monotone", falling, maps, names, "nowhere below a shorter return period")


def raised(maps: xr.DataArray) -> xr.DataArray:
    """Raise maps to those of shorter return periods, the named repair of `not_monotone`."""
    values = np.fmax.accumulate(maps.values, axis=0)
    return maps.copy(data=np.where(np.isnan(maps.values), np.nan, values))


def classes_known(data: xr.DataArray, classes: ClassValues | None, file: str) -> Iterator[Finding]:
    """Find classes without a number, and numbers that run against the stated direction."""
    if classes is None:
        yield Finding("classes_missing", file, found="unit: class")
        return
    given = sorted(classes.values)
    numbers = [classes.values[one] for one in given]
    up = classes.direction == "1_is_lowest"
    if sorted(numbers, reverse=not up) != numbers:
        found = dict(zip(given, numbers, strict=True))
        yield Finding("class_direction", file, found=found, expected=classes.direction)
    present = set(np.unique(data.values[~np.isnan(data.values)]).tolist())
    if unknown := sorted(present - {float(one) for one in given}):
        bad = data.copy(data=np.isin(data.values, unknown))
        yield Finding("class_unknown", file, "", "", unknown, given, bad)


def numbers_of_classes(data: xr.DataArray, classes: ClassValues) -> xr.DataArray:
    """Map of classes as a map of the numbers that stand for them."""
    values = np.full(data.shape, np.nan)
    for one, number in classes.values.items():
        values[data.values == one] = number
    return data.copy(data=values)


def _told(
    code: str, bad: xr.DataArray, maps: xr.DataArray, names: Sequence[str], expected: str
) -> Iterator[Finding]:
    """One finding for all bad cells, placed at the first, with share and map of the offenders.

    Maps whose attribute ``features`` is set hold one cell a feature, in one row; they have no map.
    """
    flags: BoolArray = bad.values
    if not flags.any():
        return
    step, row, column = (int(i) for i in np.argwhere(flags)[0])
    cells = bad.any("return_period")
    count, share = int(cells.sum()), float(cells.mean())
    features = bool(maps.attrs.get("features"))
    where = f"feature {column + 1}" if features else f"row {row}, column {column}"
    place = f"{where}, the first of {count} {'features' if features else 'cells'} ({share:.2%})"
    found = maps.values[:, row, column].tolist()
    yield Finding(code, names[step], "", place, found, expected, None if features else cells)
