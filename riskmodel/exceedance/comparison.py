"""Two curves on the same simulated years: their difference, with a paired interval.

Blocks are paired: what both share, the chance of the years, falls out of the difference, so that a
change far smaller than the simulation interval of either curve can be told from none.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import stats

from riskmodel.core.errors import SchemaError
from riskmodel.exceedance.intervals import Interval
from riskmodel.exceedance.metrics import loss_metrics


def paired_difference(
    first: list[float], second: list[float], *, whole: float, level: float
) -> Interval:
    """Student-t interval around a difference from the differences of paired blocks.

    Parameters
    ----------
    first, second : list of float
        A figure of each block under both, in the order of blocks.
    whole : float
        Difference of the figure of all years.
    level : float
        Probability that the interval covers.

    Raises
    ------
    SchemaError
        If the blocks are not paired, or fewer than two.
    """
    if len(first) != len(second) or len(first) < 2:
        raise SchemaError(
            "a paired interval needs the same blocks twice, two at least",
            where="paired_difference",
            found=(len(first), len(second)),
            expected="equal numbers of blocks, >= 2",
            remedy="compare runs of one catalogue, with hazard.blocks of two or more",
        )
    gaps = np.asarray(second) - np.asarray(first)
    spread = float(np.std(gaps, ddof=1)) / np.sqrt(gaps.size)
    half = float(stats.t.ppf(0.5 + level / 2, gaps.size - 1)) * spread
    return Interval(
        kind="simulation", level=level, lower=whole - half, upper=whole + half,
        method=f"Student t over the differences of {gaps.size} paired blocks",
    )  # fmt: skip


def compare_losses(
    first: xr.Dataset, second: xr.Dataset, return_periods: list[float], *, level: float
) -> xr.Dataset:
    """Difference of every loss figure of two occurrence tables of the same simulated years.

    Parameters
    ----------
    first, second : Dataset
        Occurrence tables; the second less the first.
    return_periods : list of float
        Years for OEP, AEP and TVaR.
    level : float
        Of the paired simulation interval.

    Returns
    -------
    Dataset over ``figure`` (dotted names): ``first``, ``second``, ``difference``, ``lower`` and
    ``upper`` in CNY, and ``told_apart``, whether the interval leaves out zero.

    Raises
    ------
    SchemaError
        If years, blocks, currency or price year differ.
    """
    _require_paired(first, second)
    tables = (first, second)
    whole = [{n: m.value for n, m in loss_metrics(t, return_periods).items()} for t in tables]
    blocks = [
        [loss_metrics(t, return_periods, block=b) for b in range(int(t.attrs["blocks"]))]
        for t in tables
    ]
    names = sorted(whole[0].keys() & whole[1].keys())
    values = np.array([[w[name] for name in names] for w in whole])
    bounds = [
        paired_difference(*([b[n].value for b in side] for side in blocks), whole=gap, level=level)
        for n, gap in zip(names, values[1] - values[0], strict=True)
    ]
    lower, upper = (np.array([b[end] for b in bounds]) for end in ("lower", "upper"))
    return xr.Dataset(
        {
            "first": ("figure", values[0]), "second": ("figure", values[1]),
            "difference": ("figure", values[1] - values[0]),
            "lower": ("figure", lower), "upper": ("figure", upper),
            "told_apart": ("figure", (lower > 0) | (upper < 0)),
        },
        {"figure": names},
        {"level": level, **{name: first.attrs[name] for name in ("currency", "price_year")}},
    )  # fmt: skip


def _require_paired(first: xr.Dataset, second: xr.Dataset) -> None:
    for name in ("years", "blocks", "currency", "price_year"):
        if first.attrs[name] != second.attrs[name]:
            raise SchemaError(
                "two tables of other years or money cannot be paired",
                where=f"compare_losses, {name}",
                found=(first.attrs[name], second.attrs[name]),
                expected="the same in both",
                remedy="compare runs with the same seed, blocks, years and price year",
            )
