"""Historical records and imported tables: amounts, the years they cover, their unit and source.

Fits of tails start from here. The catalogue does not: its ranked years are stratified, so that
the sampling theory of a fit does not hold for them, and its tail is had by adding blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import RiskModelError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Record:
    """Independent amounts seen in a known number of years.

    Parameters
    ----------
    values : ndarray
        Amounts (value), 0 or more, in the order of the record.
    years : float
        Years that the record covers, those without an amount included, > 0.
    units : str
        Unit of the amounts.
    source : str
        Where the record comes from.
    """

    values: FloatArray
    years: float
    units: str
    source: str


def read_record(values: npt.ArrayLike, *, years: float, units: str, source: str) -> Record:
    """Check amounts and put them together with what must be known about them.

    Parameters
    ----------
    values : array_like
        Amounts (value), 0 or more.
    years : float
        Years covered, > 0; empty years count.
    units, source : str
        Unit of the amounts, and where they come from.

    Raises
    ------
    RiskModelError
        If the values belong to a catalogue, are none, or hold NaN, infinite or negative amounts,
        or if the years are not a positive number.
    """
    if "blocks" in getattr(values, "attrs", {}):
        raise RiskModelError(
            "a tail is not fitted to the catalogue, whose ranked years are stratified",
            where=source,
            found="values with the attribute blocks",
            expected="a historical record or an imported table",
            remedy="raise hazard.blocks and read the curve",
        )
    array = np.asarray(values, dtype=np.float64)
    bad = ~(np.isfinite(array) & (array >= 0))
    if array.ndim != 1 or not array.size or bad.any():
        raise RiskModelError(
            "a record cannot be read",
            where=source,
            found=array[bad][:3].tolist() if bad.any() else f"shape {array.shape}",
            expected="one row of finite amounts, 0 or more",
            remedy="leave out missing amounts, and correct negative ones",
        )
    if not (np.isfinite(years) and years > 0):
        raise RiskModelError(
            "a record needs its number of years",
            where=source,
            found=years,
            expected="> 0",
            remedy="count the years covered, empty ones included",
        )
    return Record(array, float(years), units, source)
