"""Index covers: from the index of a storm to the payout of each county."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import TermsError
from riskmodel.cover.contract import in_force
from riskmodel.cover.covers import ParametricCover
from riskmodel.cover.index_readings import read_index
from riskmodel.cover.terms import Calendar, FloatArray, Parts, year_factor


def payout_fraction(index: npt.ArrayLike, attachment: float, exhaustion: float) -> FloatArray:
    """Share of the limit that an index pays: (i - attachment) / (exhaustion - attachment) in 0..1.

    The sign of the line makes it serve a pressure (exhaustion below attachment) and a wind. NaN,
    a storm that never was in the box, pays nothing. Source: the linear form of CCRIF's policies.

    Examples
    --------
    >>> payout_fraction([990.0, 950.0, 900.0], 980.0, 920.0).tolist()
    [0.0, 0.5, 1.0]
    """
    line = (np.asarray(index, dtype=np.float64) - attachment) / (exhaustion - attachment)
    return np.nan_to_num(np.clip(line, 0.0, 1.0), nan=0.0)


def step_fraction(
    index: npt.ArrayLike, starts: Sequence[float], shares: Sequence[float], *, falling: bool
) -> FloatArray:
    """Share of the limit that an index pays in steps: that of the worst step reached.

    Parameters
    ----------
    index : array_like
        Index values; NaN pays nothing.
    starts, shares : sequence of float
        Where each step begins (included), from the mildest to the worst, and its share.
    falling : bool
        Whether a lower index is worse.

    Examples
    --------
    >>> step_fraction([299.0, 300.0, 450.0], [300.0, 400.0], [0.25, 1.0], falling=False).tolist()
    [0.0, 0.25, 1.0]
    """
    sign = -1.0 if falling else 1.0
    values = np.nan_to_num(sign * np.asarray(index, dtype=np.float64), nan=-np.inf)
    reached = np.searchsorted(sign * np.asarray(starts), values, side="right")
    return np.asarray(np.concatenate([[0.0], shares])[reached])


def index_fraction(cover: ParametricCover, index: npt.ArrayLike) -> FloatArray:
    """Share (0 to 1) of the event limit that index values pay under the cover's line or steps."""
    trigger = cover.trigger
    if trigger.payout == "linear":
        return payout_fraction(index, trigger.start, trigger.full)
    shares = [step.pays / cover.limits.event for step in trigger.steps]
    starts = [step.start for step in trigger.steps]
    return step_fraction(index, starts, shares, falling=trigger.falling)


def zone_split(
    cover: ParametricCover, zones: Sequence[str], population: xr.DataArray | None
) -> FloatArray:
    """Share of the event limit that each zone gets when its index is full; sums to one.

    Parameters
    ----------
    population : DataArray (zone,), optional
        Persons; needed when the cover splits by population.

    Raises
    ------
    TermsError
        If the split is by population and there is none.
    """
    if not isinstance(cover.split, str):
        return np.array([cover.split.get(zone, 0.0) for zone in zones])
    inside = np.ones(len(zones)) if cover.zones == "all" else np.isin(zones, cover.zones) * 1.0
    if cover.split == "population":
        if population is None:
            raise TermsError(
                "the split needs the population of each zone",
                where=f"cover {cover.cover}: split",
                remedy="hand over population by zone, or declare `equal` or shares",
            )
        inside = inside * population.sel(zone=list(zones)).to_numpy()
    return inside / inside.sum()


def parametric_parts(
    cover: ParametricCover,
    triggers: xr.Dataset,
    calendar: Calendar,
    zones: Sequence[str],
    population: xr.DataArray | None,
) -> Parts:
    """Payouts (occurrence, zone) of an index cover: share of the limit, split, year limit.

    Nothing is due in the waiting period of the contract years that `calendar` holds.

    What a zone is due is fraction of its index x event limit x its share of the split, so that an
    index common to all zones pays the event limit when it is full, and indices of their own pay
    it when all are.
    """
    fraction = index_fraction(cover, read_index(cover, triggers, zones))
    fraction = fraction * in_force(cover.waiting_period, calendar)[:, None]
    due = fraction * cover.limits.event * zone_split(cover, zones, population)
    event = due.sum(axis=1)
    year = year_factor(event, calendar, cover.limits.year, cover.limits.year_rule)
    nothing = np.zeros_like(due)
    return Parts(
        due=due,
        paid=due * year[:, None],
        deductible=nothing,
        coinsurance=nothing,
        above_event_limit=nothing,
        above_year_limit=due * (1.0 - year)[:, None],
    )
