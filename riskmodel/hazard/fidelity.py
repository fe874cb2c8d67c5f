"""Does the stored catalogue give the census maps back? Recomputed from the file, apart from ranking.

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
from riskmodel.hazard.position import STEP


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
    Dataset with dims (block, return_period, cell): ``year_count_error`` (years, signed) and
    ``bracketed`` (bool); ``cell`` holds the numbers of the affected cells.
    """
    maps = cell_maps(census, peril)
    cells = np.flatnonzero((maps > 0).any("return_period").values)
    periods = maps["return_period"].values.astype(np.float64)
    mapped_log_rate = np.log(rate_from_return_period(periods, catalogue_frequency(catalogue)))
    years = int(catalogue.attrs["years_per_block"])
    errors = np.empty((int(catalogue.attrs["blocks"]), periods.size, cells.size), dtype=np.int32)
    bracketed = np.empty(errors.shape, dtype=bool)
    block_of = catalogue["block"].values
    for b, name in enumerate(block_names(catalogue)):
        pairs = catalogue[f"{name}/{peril}"]
        year = (catalogue["year"].values[block_of == b] - b * years).astype(np.int64)
        expected = np.floor(years / periods + float(pairs.attrs["shift"])).astype(np.int64)
        reached, above, below = _annual_maxima(
            pairs["pointer"].values, pairs["occurrence"].values, pairs["position"].values,
            cells, year, years, mapped_log_rate, expected,
        )  # fmt: skip
        errors[b] = (reached - expected[None]).T
        for t in range(periods.size):
            value = maps.values[t, cells]
            upper = curves[peril].at(cells, above[:, t])
            lower = _just_below(curves[peril], cells, below[:, t])
            bracketed[b, t] = (lower <= value * (1 + 1e-6)) & (upper >= value * (1 - 1e-6))
    return xr.Dataset(
        {
            "year_count_error": (("block", "return_period", "cell"), errors),
            "bracketed": (("block", "return_period", "cell"), bracketed),
        },
        {"return_period": periods, "cell": cells},
    )


def _just_below(
    curves: IntensityCurves, cells: npt.NDArray[np.int64], position: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Intensity on the frequent side of a position, which matters only where the curve jumps."""
    return curves.at(cells, np.maximum(position - 1, 0))


@nb.njit(parallel=True, cache=True)
def _annual_maxima(  # type: ignore[no-untyped-def]  # noqa: ANN202
    pointer,
    occurrence,
    position,
    cells,
    year,
    years,
    mapped_log_rate,
    expected,  # noqa: ANN001
):
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
            above[c, t] = ordered[expected[t] - 1]
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
