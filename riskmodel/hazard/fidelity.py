"""Whether the stored catalogue gives the census maps back.

Recomputed from the stored file, by code that shares nothing with ranking.
For each affected cell, block and mapped return period T the number of years whose stored annual
maximum reaches the mapped rate must be n = floor(years / T + u), and the map must lie between the
intensities read at the stored maxima of rank n and n + 1. Where the curve jumps (dry heads,
classes) the intensity just below and just above the jump brackets the map.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.returnperiod import rate_from_return_period
from riskmodel.hazard.catalogue import block_names, catalogue_frequency
from riskmodel.hazard.intensity import IntensityCurves, cell_maps
from riskmodel.hazard.position import LAST_POSITION, STEP

IntArray = npt.NDArray[np.int64]
PAIR_NAMES = ("pointer", "occurrence", "position")


def fidelity(
    catalogue: xr.DataTree,
    census: xr.DataTree,
    curves: Mapping[str, IntensityCurves],
    *,
    peril: str,
) -> xr.Dataset:
    """Fidelity of one peril, by block, mapped return period and affected cell.

    Parameters
    ----------
    catalogue, census : DataTree
        The stored catalogue and the census that it must reproduce.
    curves : mapping of str to IntensityCurves
        The curves that the loss engine reads, without scenario factors.
    peril : str
        Peril to check.

    Returns
    -------
    Dataset with dims (block, return_period, cell): ``year_count_error`` (years, signed),
    ``bracketed`` (bool), and ``lower`` and ``upper``, the bracket in the unit of the map; with dims
    (return_period, cell) the ``map`` itself. ``cell`` holds the numbers of the affected cells.
    """
    maps = cell_maps(census, peril)
    cells = np.flatnonzero((maps > 0).any("return_period").values)
    periods = maps["return_period"].values.astype(np.float64)
    mapped_log_rate = np.log(rate_from_return_period(periods, catalogue_frequency(catalogue)))
    years = int(catalogue.attrs["years_per_block"])
    errors = np.empty((int(catalogue.attrs["blocks"]), periods.size, cells.size), dtype=np.int32)
    bracket = np.empty((2, *errors.shape), dtype=np.float32)
    table = catalogue.to_dataset()
    for b, name in enumerate(block_names(catalogue)):
        pairs = catalogue[f"{name}/{peril}"].to_dataset()
        year = (table["year"].values[table["block"].values == b] - b * years).astype(np.int64)
        expected = np.floor(years / periods + float(pairs.attrs["shift"])).astype(np.int64)
        pointer, occurrence, position = (pairs[n].values for n in PAIR_NAMES)
        reached, above, below = _annual_maxima(
            pointer, occurrence, position, cells, year, years, mapped_log_rate, expected
        )
        errors[b] = (reached - expected[None]).T
        bracket[0, b], bracket[1, b] = _bracket(curves[peril], cells, above, below)
    return _judged(errors, bracket, maps.values[:, cells]).assign_coords(
        return_period=periods, cell=cells
    )


def _judged(
    errors: npt.NDArray[np.int32],
    bracket: npt.NDArray[np.float32],
    mapped: npt.NDArray[np.float32],
) -> xr.Dataset:
    """Dataset of the checks; a map is bracketed when it lies in between, to single precision."""
    lower, upper = bracket
    dims = ("block", "return_period", "cell")
    return xr.Dataset(
        {
            "year_count_error": (dims, errors),
            "bracketed": (dims, (lower <= mapped * (1 + 1e-6)) & (upper >= mapped * (1 - 1e-6))),
            "lower": (dims, lower),
            "upper": (dims, upper),
            "map": (dims[1:], mapped),
        }
    )


def _bracket(
    curves: IntensityCurves, cells: IntArray, above: IntArray, below: IntArray
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Intensity (return period, cell) of the years of rank n + 1 and n."""
    # just on the frequent side, which matters only where the curve jumps
    lower = curves.at(cells[:, None], np.maximum(below - 1, 0)).T
    return lower, curves.at(cells[:, None], above).T


@nb.njit(parallel=True, cache=True)
def _annual_maxima(
    pointer: IntArray,
    occurrence: npt.NDArray[np.uint32],
    position: npt.NDArray[np.uint16],
    cells: IntArray,
    year: IntArray,
    years: int,
    mapped_log_rate: npt.NDArray[np.float64],
    expected: IntArray,
) -> tuple[IntArray, IntArray, IntArray]:
    """Years that reach each mapped rate, and stored positions of annual maxima n and n + 1."""
    reached = np.zeros((cells.size, mapped_log_rate.size), dtype=np.int64)
    above = np.zeros(reached.shape, dtype=np.int64)
    below = np.zeros(reached.shape, dtype=np.int64)
    for c in nb.prange(cells.size):
        largest = np.zeros(years, dtype=np.int64)
        for k in range(pointer[cells[c]], pointer[cells[c] + 1]):
            y = year[occurrence[k]]
            largest[y] = max(largest[y], np.int64(position[k]))
        ordered = np.sort(largest)[::-1]
        for t in range(mapped_log_rate.size):
            for y in range(years):
                # half a step is the resolution of a stored position
                if -ordered[y] * STEP > mapped_log_rate[t] + 0.5 * STEP:
                    break
                reached[c, t] += 1
            # no year need reach a map that is rarer than the block's largest rank
            above[c, t] = ordered[expected[t] - 1] if expected[t] > 0 else LAST_POSITION
            below[c, t] = ordered[expected[t]]
    return reached, above, below


def summary(checks: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Share of bracketed (cell × map × block) and the largest year-count error over all perils."""
    bracketed = np.concatenate([c["bracketed"].values.ravel() for c in checks.values()])
    errors = np.concatenate([c["year_count_error"].values.ravel() for c in checks.values()])
    return {
        "bracketed_share": float(bracketed.mean()),
        "max_year_count_error": float(np.abs(errors).max()),
    }
