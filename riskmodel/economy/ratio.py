"""Loss over GDP: the average, the years, and the chance to miss the target over a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from riskmodel.core.money import require_same_price_year

FloatArray = npt.NDArray[np.float64]


def loss_ratio(year_loss: FloatArray, gdp: float, *, price_year: int, gdp_year: int) -> FloatArray:
    """Loss of each simulated year over GDP (fractions).

    Parameters
    ----------
    year_loss : array (year,)
        CNY of `price_year`.
    gdp : float
        CNY of `gdp_year`, > 0, of the same territory.

    Raises
    ------
    UnitsError
        If the two years differ.
    """
    require_same_price_year(("loss", price_year), ("GDP", gdp_year))
    return year_loss / gdp


def window_means(ratio: FloatArray, window: int, *, blocks: int) -> FloatArray:
    """Means over consecutive, non-overlapping windows of years that stay inside a block."""
    years = ratio.size // blocks
    whole = years // window * window
    return ratio.reshape(blocks, years)[:, :whole].reshape(-1, window).mean(axis=1)


def breach_probability(ratio: FloatArray, window: int, target: float, *, blocks: int) -> float:
    """Share of windows whose mean ratio exceeds the target.

    Examples
    --------
    >>> breach_probability(np.array([0.0, 0.03, 0.0, 0.0]), 2, 0.009, blocks=1)
    0.5
    """
    return float((window_means(ratio, window, blocks=blocks) > target).mean())


def ratio_metrics(
    year_loss: FloatArray,
    gdp: float,
    *,
    target: float,
    windows: Sequence[int],
    price_year: int,
    gdp_year: int,
    blocks: int,
) -> dict[str, float]:
    """`gdp.loss_ratio` and the breach probabilities under their dotted names (fractions)."""
    ratio = loss_ratio(year_loss, gdp, price_year=price_year, gdp_year=gdp_year)
    return {"gdp.loss_ratio": float(ratio.mean())} | {
        f"gdp.breach_probability.{w}y": breach_probability(ratio, w, target, blocks=blocks)
        for w in windows
    }
