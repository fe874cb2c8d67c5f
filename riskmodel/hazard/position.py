"""Positions: event rates in 16-bit fixed point of log-rate, snapped at mapped rates.

Position p stands for the rate exp(-p · STEP): 0 is one event a year, 65,535 one in 13 million
years. Ranks are rounded to the nearest position, but never across a mapped rate: a rank reaches the
position of return period T exactly when it is among the n = floor(years/T + u) largest. Year
counts are therefore exact for any number of years, any shift and any return period
(docs/adr/0002-positions-snap-at-mapped-rates.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import (
    Frequency,
    exceedance_count,
    rank_probability,
    rate_from_probability,
    rate_from_return_period,
)

STEP = 2.5e-4
LAST_POSITION = 65_535


def position_of_rate(rate: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Nearest position of some event rates (a year, > 0)."""
    exact = -np.log(np.asarray(rate, dtype=np.float64)) / STEP
    return np.clip(np.rint(exact), 0, LAST_POSITION).astype(np.int64)


def rate_of_position(position: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Event rate a year of some positions."""
    return np.exp(-np.asarray(position, dtype=np.float64) * STEP)


def mapped_positions(return_periods: npt.ArrayLike, frequency: Frequency) -> npt.NDArray[np.int64]:
    """Positions of mapped return periods (annual-probability basis, years)."""
    return position_of_rate(rate_from_return_period(return_periods, frequency))


def rank_positions(
    years: int,
    shift: float,
    return_periods: npt.ArrayLike,
    frequency: Frequency,
    *,
    where: str = "",
) -> npt.NDArray[np.uint16]:
    """Position of each rank 1 … years of a block's annual maxima, snapped at mapped rates.

    Parameters
    ----------
    years : int
        Years of the block.
    shift : float
        The block's shift u in (0, 1); rank k has EP = (k - u) / years.
    return_periods : array_like
        Mapped return periods in years, rising.
    frequency : Frequency
        Declared family that turns EP into a rate.
    where : str, optional
        Peril of the maps, for messages.

    Raises
    ------
    CatalogueError
        If two mapped return periods fall on one position or among the same years of several, no
        year reaches any of several maps, or a map stands for more than one event a year.
    """
    periods = np.asarray(return_periods, dtype=np.float64)
    mapped = mapped_positions(periods, frequency)
    counts = np.array([exceedance_count(years, t, shift) for t in periods])
    # maps that at most one year of the block reaches share its rarest rank, each still exact
    tied = (np.diff(counts) >= 0) & ((counts[1:] > 1) | (counts[0] < 1))
    if mapped[0] < 1 or (np.diff(mapped) <= 0).any() or tied.any():
        raise CatalogueError(
            "mapped return periods cannot be told apart in a block",
            where=where,
            found=periods.tolist(),
            expected=f"rising, rarer than one event a year, well below {years} years",
            remedy="take longer blocks or leave out a map",
        )
    ranks = np.arange(1, years + 1)
    positions = position_of_rate(
        rate_from_probability(rank_probability(ranks, years, shift), frequency)
    )
    for position, count in zip(mapped, counts, strict=True):
        positions[:count] = np.maximum(positions[:count], position)
        positions[count:] = np.minimum(positions[count:], position - 1)
    return positions.astype(np.uint16)


def stored_ranks(positions: npt.NDArray[np.uint16], storage_rate: float) -> int:
    """Count the ranks that are at least as rare as the storage rate."""
    return int(np.count_nonzero(positions >= position_of_rate(storage_rate)))


def block_shift(first: float, block: int) -> float:
    """Shift u_b = frac(u0 + 0.618034 b) of a block; golden-ratio spacing lets blocks be added.

    Examples
    --------
    >>> round(block_shift(0.3, 2), 6)
    0.536068
    """
    return float((first + 0.618034 * block) % 1.0)
