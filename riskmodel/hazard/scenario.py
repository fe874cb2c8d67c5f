"""More or fewer occurrences on the same draws: thinned or repeated by keyed draws.

This is the second reading of "more frequent". The first, larger footprints, reads the census curve
at rate / m (`Reading.rate_factor`) and leaves the occurrences alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import purpose_code, uniform
from riskmodel.core.errors import CatalogueError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def scenario_occurrences(
    occurrences: xr.Dataset, factors: Mapping[str, float], *, seed: int
) -> xr.Dataset:
    """Occurrences of a scenario, each an occurrence of the catalogue or a repetition of one.

    Parameters
    ----------
    occurrences : Dataset
        Root of a catalogue.
    factors : mapping of str to float
        Times as many occurrences by parent event, >= 0; a parent event left out keeps its own.
    seed : int
        Seed of the run.

    Returns
    -------
    Dataset in the order of block, year and start, with ``base``, the number of the catalogue's
    occurrence whose footprint and trigger indices it has. With factor m an occurrence is there
    floor(m) times, and once more with chance m - floor(m): the first time in its own year, then on
    the same days of drawn years of its block, so that counts of a year are not made clustered.

    Raises
    ------
    CatalogueError
        If a factor is negative or names a parent event that the catalogue lacks.
    """
    parent = occurrences["parent_event"].values
    _require_known(factors, parent)
    block = occurrences["block"].values.astype(np.int64)
    copies = np.ones(parent.size, dtype=np.int64)
    key = np.zeros(parent.size, dtype=np.int64)
    for name in np.unique(parent):
        own = np.flatnonzero(parent == name)
        # an occurrence's key is its number within source and block: other sources do not move it
        key[own] = np.arange(own.size) - np.searchsorted(block[own], block[own])
        purpose = purpose_code(f"more occurrences of {name}")
        draw = np.asarray(_draws(seed, purpose, block[own], key[own], 0))
        factor = float(factors.get(str(name), 1.0))
        copies[own] = np.floor(factor) + (draw < factor - np.floor(factor))
    base = np.repeat(np.arange(parent.size), copies)
    repetition = np.arange(base.size) - np.repeat(np.cumsum(copies) - copies, copies)
    chosen = occurrences.isel(occurrence=base).assign(base=("occurrence", base))
    years = int(occurrences.attrs["years_per_block"])
    moved = repetition > 0
    purpose = purpose_code("year of a repeated occurrence")
    drawn = np.asarray(_draws(seed, purpose, block[base], key[base], repetition))
    year = np.where(moved, block[base] * years + np.floor(drawn * years), chosen["year"].values)
    chosen["year"] = ("occurrence", year.astype(np.int64))
    order = np.lexsort((chosen["start"].values, chosen["year"].values, block[base]))
    return chosen.isel(occurrence=order)


def _require_known(factors: Mapping[str, float], parent: npt.NDArray[np.str_]) -> None:
    known = sorted(map(str, np.unique(parent)))
    for name, factor in factors.items():
        if not factor >= 0.0 or (name not in known and factor != 1.0):
            raise CatalogueError(
                "the number of these occurrences cannot be changed so",
                where=f"scenario.more_occurrences.{name}",
                found=factor,
                expected=f"a factor >= 0 of one of {', '.join(known)}",
                remedy="correct the factor, or add the source to hazard.sources",
            )


@nb.njit(cache=True)
def _draws_kernel(
    seed: int, purpose: int, block: IntArray, key: IntArray, draw: IntArray
) -> FloatArray:
    result = np.empty(block.size)
    for i in range(block.size):
        result[i] = uniform(seed, purpose, block[i], key[i], draw[i])
    return result


def _draws(
    seed: int, purpose: int, block: IntArray, key: IntArray, draw: IntArray | int
) -> FloatArray:
    number = np.broadcast_to(np.asarray(draw, dtype=np.int64), block.shape)
    return np.asarray(_draws_kernel(seed, purpose, block, key, np.ascontiguousarray(number)))
