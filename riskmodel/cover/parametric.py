"""Index covers: from the index of a storm to the payout of each county."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import SchemaError, TermsError, UnitsError
from riskmodel.cover.covers import ParametricCover
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


def read_index(cover: ParametricCover, triggers: xr.Dataset) -> FloatArray:
    """Values (occurrence,) of the index that a cover reads; NaN where the storm missed the box.

    Raises
    ------
    SchemaError
        If the index or the box of the cover is missing.
    UnitsError
        If the index has another unit.
    """
    trigger, where = cover.trigger, f"cover {cover.cover}: trigger"
    if trigger.index not in triggers:
        raise SchemaError(
            "the trigger index is missing",
            where=f"{where}.index",
            found=sorted(map(str, triggers.data_vars)),
            expected=trigger.index,
        )
    index, boxes = triggers[trigger.index], triggers["box"].values.astype(str).tolist()
    if trigger.box not in boxes:
        raise SchemaError(
            "no storm was watched in this box",
            where=f"{where}.box",
            found=trigger.box,
            expected=boxes,
            remedy="name one of these, or declare it in data/hazard/trigger_boxes.yml",
        )
    unit = index.attrs.get("units", trigger.unit)
    if unit != trigger.unit:
        raise UnitsError("another unit", where=f"{where}.unit", found=unit, expected=trigger.unit)
    return index.sel(box=trigger.box).to_numpy().astype(np.float64)


def zone_split(
    cover: ParametricCover, zones: Sequence[str], population: xr.DataArray | None
) -> FloatArray:
    """Share of a payout that goes to each zone; sums to one.

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
    """Payouts (occurrence, zone) of an index cover: share of the limit, year limit, split."""
    line = cover.trigger
    fraction = payout_fraction(read_index(cover, triggers), line.attachment, line.exhaustion)
    event = fraction * cover.limits.event
    year = year_factor(event, calendar, cover.limits.year, cover.limits.year_rule)
    due = event[:, None] * zone_split(cover, zones, population)
    nothing = np.zeros_like(due)
    return Parts(
        due=due,
        paid=due * year[:, None],
        deductible=nothing,
        coinsurance=nothing,
        above_event_limit=nothing,
        above_year_limit=due * (1.0 - year)[:, None],
    )
