"""What helps to choose a threshold: mean excess, and parameters that should not change with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr
from scipy import stats

from riskmodel.core.errors import RiskModelError
from riskmodel.core.schema import Schema, stamp
from riskmodel.exceedance.data_intervals import method_of, parameter_intervals
from riskmodel.exceedance.intervals import Interval
from riskmodel.exceedance.records import Record
from riskmodel.exceedance.threshold import Estimator, ThresholdFit, fit_threshold

MEAN_EXCESS = Schema(
    "mean_excess",
    {
        "value": ("threshold",),
        "lower": ("interval", "threshold"),
        "upper": ("interval", "threshold"),
        "exceedances": ("threshold",),
    },
    ("units", "level", "method"),
)
STABILITY = Schema(
    "threshold_stability",
    {
        "value": ("parameter", "threshold"),
        "lower": ("interval", "parameter", "threshold"),
        "upper": ("interval", "parameter", "threshold"),
        "exceedances": ("threshold",),
    },
    ("units", "level", "method", "estimator"),
)
SIDES: tuple[Literal["lower"], Literal["upper"]] = ("lower", "upper")
PARAMETERS = ("shape", "modified_scale")
NEEDED = 5  # for a mean and a standard deviation of excesses


def mean_excess(record: Record, thresholds: Sequence[float], *, level: float) -> xr.Dataset:
    """Mean of the excesses over each threshold; a straight line where the GPD holds.

    e(u) = (σ + ξ u) / (1 - ξ), so that a rising line means an open heavy tail. The interval is
    Student's t of the mean excess: a guide to the eye, too short for heavy tails (of 25 excesses
    with ξ = 0.4 it covers 79 % where 90 % is asked for: docs/validation/tail_intervals.md).

    Parameters
    ----------
    record : Record
        Independent amounts.
    thresholds : sequence of float
        Thresholds, rising, in the unit of the record.
    level : float
        Level of the interval, between 0 and 1.

    Raises
    ------
    RiskModelError
        If a threshold leaves fewer than five exceedances.
    """
    rows = []
    for threshold in thresholds:
        excesses = record.values[record.values > threshold] - threshold
        if excesses.size < NEEDED:
            raise RiskModelError(
                "too few exceedances for a mean excess",
                where=f"{record.source}: threshold {threshold:g}",
                found=excesses.size,
                expected=f">= {NEEDED}",
                remedy="leave out the highest thresholds",
            )
        error = excesses.std(ddof=1) / np.sqrt(excesses.size)
        half = stats.t.ppf((1.0 + level) / 2.0, excesses.size - 1) * error
        rows.append((excesses.mean(), half, excesses.size))
    value, half, count = (np.array(column) for column in zip(*rows, strict=True))
    dims = ("interval", "threshold")
    data = xr.Dataset(
        {
            "value": ("threshold", value),
            "lower": (dims, (value - half)[None]),
            "upper": (dims, (value + half)[None]),
            "exceedances": ("threshold", count.astype(np.int64)),
        },
        {"threshold": np.asarray(thresholds, dtype=np.float64), "interval": ["data"]},
    )
    return stamp(
        data, MEAN_EXCESS, source=record.source, history="mean_excess", units=record.units,
        level=level, method="Student t of the mean",
    )  # fmt: skip


def threshold_stability(
    record: Record,
    thresholds: Sequence[float],
    *,
    estimator: Estimator,
    level: float,
    seed: int,
) -> xr.Dataset:
    """Shape and modified scale at each threshold; both level off where the GPD holds.

    The modified scale is σ* = σ - ξ u (Coles 2001, An Introduction to Statistical Modeling of
    Extreme Values, 4.3.4).

    Parameters
    ----------
    record : Record
        Independent amounts.
    thresholds : sequence of float
        Thresholds, rising, in the unit of the record.
    estimator : {"maximum_likelihood", "probability_weighted_moments"}
        As in `fit_threshold`.
    level : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the run; used by the bootstrap alone.

    Raises
    ------
    RiskModelError
        If a threshold leaves fewer exceedances than a fit needs.
    """
    fits = [fit_threshold(record, u, estimator=estimator) for u in thresholds]
    intervals = [parameter_intervals(fit, level=level, seed=seed) for fit in fits]
    return stamp(
        _by_parameter(fits, intervals),
        STABILITY,
        source=record.source,
        history="threshold_stability",
        units=record.units,
        level=level,
        method=method_of(fits[0]),
        estimator=estimator,
    )


def _by_parameter(fits: list[ThresholdFit], intervals: list[dict[str, Interval]]) -> xr.Dataset:
    dims = ("interval", "parameter", "threshold")
    bounds = {
        side: np.array([[found[name][side] for found in intervals] for name in PARAMETERS])
        for side in SIDES
    }
    return xr.Dataset(
        {
            "value": (dims[1:], [[getattr(fit, name) for fit in fits] for name in PARAMETERS]),
            "lower": (dims, bounds["lower"][None]),
            "upper": (dims, bounds["upper"][None]),
            "exceedances": ("threshold", [fit.excesses.size for fit in fits]),
        },
        {
            "parameter": list(PARAMETERS),
            "threshold": [fit.threshold for fit in fits],
            "interval": ["data"],
        },
    )
