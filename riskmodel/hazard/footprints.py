"""Read and check imported footprint sets: events × cells, from one NetCDF file.

Each peril is a variable over ``event`` and either ``cell``, or ``y`` and ``x`` of the census grid
(``latitude`` and ``longitude`` will do). Attributes, its own or the file's, say which ``quantity``
it holds, ``index`` (the pool's physical index) or ``intensity`` (as on the maps), and in which
``units``. Events carry either a ``rate`` (events a year) or a simulated ``year`` (1 … the
attribute ``years``). Rates that exceed the years are refused: a year beyond the stated years, a
rate beside the year that is not 1/``years``, more than 50 events a year in all, ``years`` that no
``year`` uses. ``start`` and ``end`` (days of the year, 1.0 the start of 1 January) and ``name`` may
be there; the attribute ``parent_event`` must.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.spatial import KDTree

from riskmodel.core.errors import CatalogueError, UnitsError
from riskmodel.core.schema import Schema, stamp
from riskmodel.hazard.counts import MOST_EVENTS_A_YEAR, YEAR_END

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
FOOTPRINTS = Schema(
    "footprints",
    {"event": ("event",), "cell": ("cell",)},
    ("perils", "parent_event", "cells_outside_zones"),
)
AXES = {"latitude": "y", "longitude": "x"}
LAYOUTS = ({"event", "cell"}, {"event", "y", "x"})
QUANTITIES = ("index", "intensity")
FIRST_DAY = 1.0  # start of 1 January
SAME_PLACE = 1e-4  # degrees, some ten metres: what single precision and rounding may move
SAME_RATE = 1e-6  # relative


def read_footprints(path: Path, census: xr.DataTree) -> xr.Dataset:
    """Footprints of a file at the cells of the census.

    Parameters
    ----------
    path : Path
        NetCDF file, laid out as the module says.
    census : DataTree
        From `load_census`. Cells are matched to it by coordinate (to 1e-4 degrees) or, where the
        file has none, by number.

    Returns
    -------
    Dataset with a variable (event, cell) for each peril, attributes ``quantity`` and ``units``;
    ``event`` and ``cell`` are the numbers of the events and of the census cells; ``rate`` or
    ``year`` by event; ``start``, ``end`` (days) and ``name`` where the file has them. Attribute
    ``cells_outside_zones`` counts the nodes of a grid that belong to no zone and are left out.

    Raises
    ------
    CatalogueError
        Naming the file, the variable and the first event or cell: no NetCDF, nothing in it, a
        peril, quantity or layout that is unknown, values that are missing, infinite or negative,
        cells that the census lacks, events or cells that come twice, rates not above zero or that
        exceed the years, broken dates.
    UnitsError
        If a unit is missing, or an intensity is not in the unit of the census.
    """
    raw = _opened(path)
    file = path.name
    perils = _perils(raw, census, file)
    data = _on_cells(raw, perils, census, file)
    data = _numbered(data, file)
    for name in (n for n in ("rate", "year", "start", "end") if n in data):
        _numbers(data[name], ("event",), file)
    for peril in perils:
        _numbers(data[peril], ("event", "cell"), file)
        _describe(data, peril, census, file)
        _refuse(~np.isfinite(data[peril]), data[peril], file, "a missing value", "a number >= 0")
        _refuse(data[peril] < 0, data[peril], file, "a negative value", "a number >= 0")
    kept = [*perils, *_occurring(data, file), *_dates(data, file)]
    kept += ["name"] if "name" in data else []
    if not str(raw.attrs.get("parent_event", "")):
        _stop("parent_event is missing", file, "an attribute of the file", "name the parent event")
    return stamp(
        data[kept], FOOTPRINTS, source=f"imported footprints {file}", history="read_footprints",
        perils=perils,
    )  # fmt: skip


def _stop(what: str, where: str, expected: object, remedy: str, found: object = None) -> NoReturn:
    found = found.item() if isinstance(found, np.generic) else found
    raise CatalogueError(what, where=where, found=found, expected=expected, remedy=remedy)


def _refuse(
    bad: xr.DataArray | BoolArray, values: xr.DataArray, file: str, what: str, expected: str
) -> None:
    """Stop at the first event, or event and cell, that is bad."""
    found = np.argwhere(np.asarray(bad))
    if found.size:
        labels = [f"{d} {values[d].values[i]}" for d, i in zip(values.dims, found[0], strict=True)]
        _stop(f"{what} ({len(found)} in all)", ", ".join([file, str(values.name), *labels]),
              expected, "correct the file", values.values[tuple(found[0])].item())  # fmt: skip


def _opened(path: Path) -> xr.Dataset:
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_times=False) as file:
            return file.load()
    except (OSError, ValueError, RuntimeError) as error:
        raise CatalogueError(
            "not a NetCDF file that can be read",
            where=str(path),
            found=str(error),
            expected="NetCDF with events and cells",
            remedy="check the path, or export the footprints as NetCDF",
        ) from error


def _perils(raw: xr.Dataset, census: xr.DataTree, file: str) -> list[str]:
    """Variables over events and places: perils of the census, all of one layout."""
    perils = [str(n) for n, v in raw.data_vars.items() if "event" in v.dims and v.ndim > 1]
    if not perils or not all(raw.sizes.values()):
        _stop("an empty set", file, "a peril by event and cell", "export some events",
              dict(raw.sizes))  # fmt: skip
    for peril in perils:
        if peril not in census.attrs["perils"]:
            _stop("not a peril of the census", f"{file}, {peril}", census.attrs["perils"],
                  "name the variable as the census names the peril")  # fmt: skip
    layouts = {raw[p].dims for p in perils}
    if len(layouts) > 1 or {AXES.get(str(d), d) for d in layouts.pop()} not in LAYOUTS:
        _stop("footprints of another layout", f"{file}, {perils}",
              "event × cell, or event × y × x, the same for all", "reshape the variables",
              [raw[p].dims for p in perils])  # fmt: skip
    return perils


def _on_cells(raw: xr.Dataset, perils: list[str], census: xr.DataTree, file: str) -> xr.Dataset:
    """Bring the perils to (event, cell), cells numbered as in the census."""
    zones = census["zones"].to_dataset()
    if "cell" in raw[perils[0]].dims:
        number, data = _numbers_of_list(raw, zones, file), raw
    else:
        raw = raw.rename({old: new for old, new in AXES.items() if old in raw.dims})
        number = _numbers_of_grid(raw, zones, census[perils[0]].to_dataset(), file)
        data = raw.stack(cell=("y", "x"), create_index=False)
    inside = number >= 0
    if not inside.any():
        _stop("no cell of the census", file, "at least one cell", "export the city's own cells")
    data = data.isel(cell=inside).drop_vars(
        ["cell", "y", "x", "latitude", "longitude"], errors="ignore"
    )
    data = data.assign_coords(cell=("cell", number[inside])).assign_attrs(
        cells_outside_zones=int(np.count_nonzero(~inside))
    )
    _refuse_twice(data["cell"], file)
    return data.assign({p: data[p].transpose("event", "cell") for p in perils})


def _numbers_of_list(raw: xr.Dataset, zones: xr.Dataset, file: str) -> IntArray:
    if {"latitude", "longitude"} <= set(raw.variables):
        places = np.stack(
            [_numbers(raw[n], ("cell",), file) for n in ("latitude", "longitude")], axis=1
        )
        known = np.stack([zones["latitude"].values, zones["longitude"].values], axis=1)
        number, label = _nearest(places, known), "latitude and longitude"
    elif "cell" in raw.variables:
        places, label = _numbers(raw["cell"], ("cell",), file), "cell"
        number = np.where(np.isin(places, np.arange(zones.sizes["cell"])), places, -1)
    else:
        _stop("cells carry neither coordinates nor numbers", file,
              "latitude and longitude, or cell", "write which cells they are")  # fmt: skip
    if (number < 0).any():
        place = places[np.argmax(number < 0)].tolist()
        _stop(f"a cell that the census lacks ({int((number < 0).sum())} in all)",
              f"{file}, {label}", "cells of the census",
              "bring the footprints to the cells of the census", place)  # fmt: skip
    return number.astype(np.int64)


def _numbers_of_grid(raw: xr.Dataset, zones: xr.Dataset, layer: xr.Dataset, file: str) -> IntArray:
    """Numbers of a grid's nodes, row by row; -1 in no zone."""
    line: dict[str, IntArray] = {}
    for axis in ("y", "x"):
        if axis not in raw.coords:
            _stop("the grid has no coordinates", f"{file}, {axis}", "cell centres in degrees",
                  "write the coordinates")  # fmt: skip
        places = _numbers(raw[axis], (axis,), file)
        line[axis] = _nearest(places[:, None], layer[axis].values[:, None])
        if (line[axis] < 0).any():
            _stop("a cell that the census lacks: off its grid", f"{file}, {axis}",
                  "cell centres of the census", "bring the footprints to the grid of the census",
                  float(places[np.argmax(line[axis] < 0)]))  # fmt: skip
    number = np.full((layer.sizes["y"], layer.sizes["x"]), -1)
    number[zones["row"].values, zones["column"].values] = np.arange(zones.sizes["cell"])
    return number[np.ix_(line["y"], line["x"])].ravel()


def _nearest(places: FloatArray, known: FloatArray) -> IntArray:
    """Find the known place that each place is; -1 for none."""
    far = np.nan_to_num(places, nan=1e9, posinf=1e9, neginf=1e9)
    found = KDTree(known).query(far, distance_upper_bound=SAME_PLACE)[1]
    return np.where(found < known.shape[0], found, -1)


def _refuse_twice(labels: xr.DataArray, file: str) -> None:
    again = labels.to_series().duplicated().to_numpy()
    _refuse(again, labels, file, "comes twice", "each once")


def _numbered(data: xr.Dataset, file: str) -> xr.Dataset:
    """Give events their numbers, which key their draws: those of the file, or their order."""
    if "event" not in data.coords:
        return data.assign_coords(event=np.arange(data.sizes["event"]))
    if data["event"].dtype.kind not in "iu" or (data["event"] < 0).any():
        _stop("events are not numbered", f"{file}, event", "whole numbers from 0 up",
              "number the events, and keep texts in the variable name")  # fmt: skip
    _refuse_twice(data["event"], file)
    return data


def _numbers(variable: xr.DataArray, dims: tuple[str, ...], file: str) -> FloatArray:
    if variable.dims != dims or variable.dtype.kind not in "iuf":
        _stop("a variable of another shape or kind", f"{file}, {variable.name}",
              f"numbers over {' and '.join(dims)}", "correct the file",
              f"{variable.dtype} over {variable.dims}")  # fmt: skip
    return np.asarray(variable.values)


def _describe(data: xr.Dataset, peril: str, census: xr.DataTree, file: str) -> None:
    """Require and keep what a peril's numbers are."""
    where = f"{file}, {peril}"
    quantity, unit = (
        data[peril].attrs.get(key, data.attrs.get(key)) for key in ("quantity", "units")
    )
    if quantity not in QUANTITIES:
        _stop("the quantity is missing or unknown", where, " or ".join(QUANTITIES),
              "write the attribute quantity", quantity)  # fmt: skip
    mapped = census[peril].attrs.get("units")
    if not unit or (quantity == "intensity" and unit != mapped):
        raise UnitsError(
            "a unit that is missing or not that of the maps",
            where=where,
            found=unit,
            expected=mapped if quantity == "intensity" else "the unit of the physical index",
            remedy="convert the values and write the attribute units",
        )
    data[peril].attrs.update(quantity=quantity, units=unit)


def _occurring(data: xr.Dataset, file: str) -> list[str]:
    """Check how often events occur; return ``year`` or ``rate``, whichever is to be used."""
    if "rate" in data:
        rate = data["rate"]
        _refuse(~(np.isfinite(rate) & (rate > 0)), rate, file, "a rate that cannot be", "> 0")
        _require_few(float(rate.sum()), f"{file}, rate")
    if "year" not in data:
        if "rate" not in data:
            _stop("events without rate or year", file, "rate, or year and years",
                  "say how often each event occurs")  # fmt: skip
        if "years" in data.attrs:
            _stop("years, but no event has its year", f"{file}, years", "year and years, or rate",
                  "write year, or take the attribute years away", data.attrs["years"])  # fmt: skip
        return ["rate"]
    year, years = data["year"], data.attrs.get("years")
    if not isinstance(years, int | np.integer) or years < 1:
        _stop("the number of simulated years is missing", f"{file}, years", "a whole number",
              "write the attribute years", years)  # fmt: skip
    inside = (year >= 1) & (year <= years) & (year == np.floor(year))
    _refuse(~inside, year, file, "a year outside the set's", f"whole numbers 1 … {years}")
    _require_few(year.size / years, f"{file}, year")
    if "rate" in data:
        other = abs(data["rate"] * years - 1.0) > SAME_RATE
        _refuse(other, data["rate"], file, "a rate that is not that of the years",
                f"{1.0 / years:g}, one occurrence in {years} years")  # fmt: skip
    return ["year"]


def _require_few(total: float, where: str) -> None:
    if total > MOST_EVENTS_A_YEAR:
        _stop("more events a year than can be", where, f"at most {MOST_EVENTS_A_YEAR:g} in all",
              "check the unit of the rates (events a year)", total)  # fmt: skip


def _dates(data: xr.Dataset, file: str) -> list[str]:
    dates = [name for name in ("start", "end") if name in data]
    if len(dates) == 1:
        _stop("one date alone", f"{file}, {dates[0]}", "start and end, or neither",
              "write both dates")  # fmt: skip
    if dates:
        start, end = data["start"], data["end"]
        inside = (start >= FIRST_DAY) & (start < YEAR_END)
        _refuse(~inside, start, file, "a start outside the year",
                f"days from {FIRST_DAY:g}, the start of 1 January, to {YEAR_END:g}")  # fmt: skip
        _refuse(~((end >= start) & np.isfinite(end)), end, file, "an end before the start",
                "days, not before start")  # fmt: skip
    return dates
