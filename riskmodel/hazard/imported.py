"""Put imported footprints into the catalogue's layout; they are read, never ranked.

A physical index becomes a position through the rank function, an intensity through the census
curve of its cell, inverted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import generator, purpose_code
from riskmodel.core.errors import CatalogueError, UnitsError
from riskmodel.core.schema import check
from riskmodel.hazard.counts import YEAR_END
from riskmodel.hazard.drought import require_separate
from riskmodel.hazard.footprints import FIRST_DAY, FOOTPRINTS
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.hazard.replay import GivenPeril, given_index, given_positions, positions_catalogue

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
DAYS = YEAR_END - FIRST_DAY
SINGLE = 1e-6  # relative rounding of curves and intensities kept in single precision


def footprint_catalogue(
    catalogue: xr.DataTree,
    census: xr.DataTree,
    footprints: xr.Dataset,
    curves: Mapping[str, IntensityCurves],
    *,
    years: int,
    seed: int,
) -> xr.DataTree:
    """Catalogue of imported footprints, readable by the loss engine.

    Parameters
    ----------
    catalogue, census : DataTree
        Baseline, with its rank functions, and the census from which it was made.
    footprints : Dataset
        From `read_footprints`.
    curves : mapping of str to IntensityCurves
        Curves of today, without scenario factors, of the perils given as intensities.
    years, seed : int
        Years to simulate (of a set with years, its own number), and seed of the run.

    Returns
    -------
    DataTree as of `positions_catalogue`; ``event`` numbers the events as in the file. A set with
    rates occurs by a Poisson process for each event, a function of (seed, parent event, number of
    the event): other events and further years change none of it. Two sets of one parent event
    therefore need different numbers. Without dates each occurrence starts on a uniform day of the
    year and ends on it. Cells that the set does not give are not hit: attribute
    ``cells_not_given`` counts them.

    Raises
    ------
    CatalogueError
        If a peril is not of the catalogue or has no curves, the number of years does not fit, no
        event occurs, or spells of drought overlap.
    UnitsError
        If an index is not in the unit of the rank function.
    """
    given = _all_given(catalogue, census, footprints, curves)
    occurrences, event = _occurrences(footprints, years, seed)
    if "drought" in given:
        year, start, end = (occurrences[name].values for name in ("year", "start", "end"))
        require_separate(year, start, end, footprints.attrs["source"])
    tree = positions_catalogue(
        catalogue, occurrences, event, given,
        years=years, source=footprints.attrs["source"], history="footprint_catalogue",
    )  # fmt: skip
    tree.attrs |= {"seed": seed, **_left_out(census, footprints)}
    return tree


def event_catalogue(
    catalogue: xr.DataTree,
    census: xr.DataTree,
    footprints: xr.Dataset,
    curves: Mapping[str, IntensityCurves],
) -> xr.DataTree:
    """Catalogue in which every imported event occurs once, in a year of its own, for its loss.

    Parameters and errors as of `footprint_catalogue`; nothing is drawn, and events without dates
    have none.
    """
    given = _all_given(catalogue, census, footprints, curves)
    number = np.arange(footprints.sizes["event"])
    nowhen = np.full(number.size, np.nan)
    columns = {name: footprints[name].values for name in ("start", "end") if name in footprints}
    columns = {"start": nowhen, "end": nowhen, **columns, "year": number}
    columns["event"] = footprints["event"].values
    columns["parent_event"] = np.full(number.size, footprints.attrs["parent_event"])
    tree = positions_catalogue(
        catalogue, xr.Dataset({k: ("occurrence", v) for k, v in columns.items()}), number, given,
        years=number.size, source=footprints.attrs["source"], history="event_catalogue",
    )  # fmt: skip
    tree.attrs |= _left_out(census, footprints)
    return tree


def cells_at_last_position(events: xr.DataTree, peril: str) -> IntArray:
    """Count the cells that each event of `event_catalogue` reaches at the last position.

    There the pooled reading can be no rarer: the curve or rank function gives no more than the
    event asks for, or just as much. Array (event,).
    """
    pairs = events[f"block_00/{peril}"].to_dataset()
    last = pairs["occurrence"].values[pairs["position"].values == LAST_POSITION]
    return np.bincount(last, minlength=int(events.attrs["years_per_block"]))


def _all_given(
    catalogue: xr.DataTree,
    census: xr.DataTree,
    footprints: xr.Dataset,
    curves: Mapping[str, IntensityCurves],
) -> dict[str, GivenPeril]:
    check(footprints, FOOTPRINTS)
    cells = census["zones"].sizes["cell"]
    return {
        p: _given(catalogue, footprints[p], cells, curves.get(p))
        for p in footprints.attrs["perils"]
    }


def _left_out(census: xr.DataTree, footprints: xr.Dataset) -> dict[str, int]:
    """Count the nodes of the set in no zone, and the cells of the census that it does not give."""
    return {
        "cells_outside_zones": footprints.attrs["cells_outside_zones"],
        "cells_not_given": census["zones"].sizes["cell"] - footprints.sizes["cell"],
    }


def positions_of_intensity(
    curves: IntensityCurves, cell: IntArray, intensity: npt.NDArray[np.floating]
) -> FloatArray:
    """Most frequent positions at which the curves of some cells reach intensities.

    Parameters
    ----------
    curves : IntensityCurves
        Piecewise lines in position, rising.
    cell : array (cell,)
        Numbers of the cells.
    intensity : array (cell, value)
        In the unit of the curves, >= 0. It counts as reached within a relative 1e-6: curves are
        kept in single precision.

    Returns
    -------
    Array (cell, value) of whole positions p: the curve at p reaches the intensity, at p - 1 it
    does not. NaN where the intensity is zero or the cell is dry in every map; the last position
    where the intensity is above all that the curve gives, be it by its cap.
    """
    start, length = curves.edges[:-1], np.diff(curves.edges)
    top = curves.at(cell[:, None], curves.edges[1:] - 1)
    target = intensity.astype(np.float64) * (1.0 - SINGLE)
    segment = np.zeros(target.shape, dtype=np.int64)
    for reached in top.T:
        segment += reached[:, None] < target
    beyond = segment == top.shape[1]
    segment = np.minimum(segment, top.shape[1] - 1)
    left = curves.left[cell[:, None], segment].astype(np.float64)
    right = curves.right[cell[:, None], segment].astype(np.float64)
    rise = np.where(right > left, right - left, np.inf)
    part = np.clip((target - left) / rise, 0.0, 1.0)
    steps = np.minimum(np.ceil(part * length[segment]), length[segment] - 1)
    position = np.where(beyond, LAST_POSITION, start[segment] + steps)
    return np.where((target > 0) & (top[:, -1:] > 0), position, np.nan)


def _given(
    catalogue: xr.DataTree,
    footprint: xr.DataArray,
    cells: int,
    curves: IntensityCurves | None,
) -> GivenPeril:
    """Spread one peril over all cells of the census, and say how it is read."""
    peril, where = str(footprint.name), f"imported footprints, {footprint.name}"
    if peril not in catalogue.attrs["perils"]:
        raise CatalogueError(
            "another peril than the catalogue holds",
            where=where,
            expected=catalogue.attrs["perils"],
            remedy="leave the peril out, or build a catalogue that holds it",
        )
    values = np.zeros((cells, footprint.sizes["event"]), dtype=footprint.dtype)
    values[footprint["cell"].values] = footprint.values.T
    if footprint.attrs["quantity"] == "index":
        unit = catalogue[f"rank_function/{peril}"].attrs["index_units"]
        if footprint.attrs["units"] != unit:
            raise UnitsError(
                "an index that is not in the unit of the rank function",
                where=where,
                found=footprint.attrs["units"],
                expected=unit,
                remedy="convert the values and write the attribute units",
            )
        return given_index(catalogue, peril, values)
    if curves is None:
        raise CatalogueError(
            "an intensity without curves to read it",
            where=where,
            expected="the curves of the peril",
            remedy="hand in the intensity curves of every peril of the set",
        )
    number = np.arange(cells)
    highest = curves.at(number, LAST_POSITION)

    def position(part: slice) -> FloatArray:
        return positions_of_intensity(curves, number[part], values[part])

    return given_positions(catalogue, peril, values, highest > 0, position)


def _occurrences(footprints: xr.Dataset, years: int, seed: int) -> tuple[xr.Dataset, IntArray]:
    """Occurrences in order of date, and the event that each is."""
    if years < 1 or ("year" in footprints and years != footprints.attrs["years"]):
        raise CatalogueError(
            "a number of years that does not fit the set",
            where=f"{footprints.attrs['source']}, years",
            found=years,
            expected=footprints.attrs["years"] if "year" in footprints else "1 or more",
            remedy="ask for the years that the set stands for",
        )
    drawn = "year" not in footprints
    event, time = _drawn(footprints, years, seed) if drawn else _dated(footprints, seed)
    year, start = np.floor(time).astype(np.int64), FIRST_DAY + (time % 1.0) * DAYS
    lasting = np.zeros(event.size)
    if "start" in footprints:
        start = footprints["start"].values[event].astype(np.float64)
        lasting = footprints["end"].values[event] - start
    order = np.lexsort((event, start, year))
    event, start = event[order], start[order]
    columns = {
        "year": year[order],
        "start": start,
        "end": start + lasting[order],
        "event": footprints["event"].values[event],
        "parent_event": np.full(event.size, footprints.attrs["parent_event"]),
    }
    if "name" in footprints:
        columns["name"] = footprints["name"].values[event]
    return xr.Dataset({name: ("occurrence", v) for name, v in columns.items()}), event


def _drawn(footprints: xr.Dataset, years: int, seed: int) -> tuple[IntArray, FloatArray]:
    """Events and times (years) of a Poisson process for each event over some years."""
    parent = purpose_code(footprints.attrs["parent_event"])
    times: list[FloatArray] = []
    for number, rate in zip(footprints["event"].values, footprints["rate"].values, strict=True):
        stream = generator(seed, "occurrences of an imported event", parent, int(number))
        times.append(_poisson_times(stream, float(rate), years))
    event = np.repeat(np.arange(len(times)), [t.size for t in times])
    if not event.size:
        raise CatalogueError(
            "no event occurs in the stated years",
            where=f"{footprints.attrs['source']}, rate",
            found=f"{float(footprints['rate'].sum()):g} events a year, {years} years",
            expected="some occurrences",
            remedy="ask for more years",
        )
    return event, np.concatenate(times)


def _poisson_times(stream: np.random.Generator, rate: float, years: int) -> FloatArray:
    """Draw the times of a Poisson process before a number of years: sums of exponential gaps."""
    expected = int(rate * years)
    gaps = np.empty(0)
    while gaps.sum() < years * rate:
        gaps = np.append(gaps, stream.exponential(size=expected + 10))
    times = np.cumsum(gaps) / rate
    return times[times < years]


def _dated(footprints: xr.Dataset, seed: int) -> tuple[IntArray, FloatArray]:
    """Events and times (years) of a set with years: as they are, the day drawn."""
    parent = purpose_code(footprints.attrs["parent_event"])
    day = [
        generator(seed, "date of an imported event", parent, int(number)).random()
        for number in footprints["event"].values
    ]
    return np.arange(len(day)), footprints["year"].values - 1.0 + np.array(day)
