"""Terms of covers as pure functions on arrays of money; every part is computed from its own term.

Amounts are CNY ≥ 0. Arrays are (occurrence, zone) unless said otherwise. Limits may be infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numba as nb
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parts:
    """What becomes of the amount that a cover is asked for; arrays (occurrence, zone), CNY.

    Parameters
    ----------
    due : array
        Insured loss, benefit or index amount before any term; the other parts sum to it.
    paid : array
        Paid by the cover.
    deductible, coinsurance : array
        Kept by the owners under these terms; the first holds losses below a franchise too.
    above_event_limit, above_year_limit : array
        Cut by the zone or event limit, and by the year limit.
    """

    due: FloatArray
    paid: FloatArray
    deductible: FloatArray
    coinsurance: FloatArray
    above_event_limit: FloatArray
    above_year_limit: FloatArray


@dataclass(frozen=True, slots=True)
class Calendar:
    """When each occurrence happens: `year` (int) and `start` (day of the year)."""

    year: IntArray
    start: FloatArray


def split_at(amount: FloatArray, bound: float | FloatArray) -> tuple[FloatArray, FloatArray]:
    """Parts of an amount below and above a bound: min(x, b) and max(x - b, 0)."""
    return np.minimum(amount, bound), np.maximum(amount - bound, 0.0)


def split_share(amount: FloatArray, share: float) -> tuple[FloatArray, FloatArray]:
    """Parts of an amount by a share: c·x and (1 - c)·x."""
    return share * amount, (1.0 - share) * amount


def event_factor(total: FloatArray, limit: float) -> FloatArray:
    """Share of each occurrence that an event limit lets through: min(1, L / total).

    Parameters
    ----------
    total : array (occurrence,)
        All zones and benefits together.
    """
    return _ratio(np.minimum(total, limit), total)


def year_factor_pro_rata(total: FloatArray, year: IntArray, limit: float) -> FloatArray:
    """Share of each occurrence when its whole year is scaled alike: min(1, L / year's total)."""
    labels, position = np.unique(year, return_inverse=True)
    sums: FloatArray = np.zeros(labels.size)
    np.add.at(sums, position, total)
    return _ratio(np.minimum(sums, limit), sums)[position]


def year_factor_in_date_order(total: FloatArray, calendar: Calendar, limit: float) -> FloatArray:
    """Share of each occurrence when a year's limit is used up in date order.

    Paid = min(x, max(L - amounts before it in the year, 0)); occurrences of one date keep the
    order of the array.
    """
    if np.isinf(limit):
        return np.ones_like(total)
    order = np.lexsort((calendar.start, calendar.year))
    return _ratio(_use_up(total, calendar.year, order, limit), total)


def year_factor(total: FloatArray, calendar: Calendar, limit: float, rule: str) -> FloatArray:
    """Share of each occurrence that a year limit lets through, by either rule."""
    if rule == "date_order":
        return year_factor_in_date_order(total, calendar, limit)
    return year_factor_pro_rata(total, calendar.year, limit)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0.0)


@nb.njit(cache=True)
def _use_up(total: FloatArray, year: IntArray, order: IntArray, limit: float) -> FloatArray:
    paid = np.zeros_like(total)
    left, current = limit, -1
    for number in range(order.size):
        row = order[number]
        if number == 0 or year[row] != current:
            left, current = limit, year[row]
        paid[row] = min(total[row], left)
        left -= paid[row]
    return paid


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms in their order: franchise, deductible → coinsurance → zone, event and year limit.

    Parameters
    ----------
    deductible, franchise, zone_limit : float
        CNY for each zone and occurrence; a loss below the franchise is borne whole.
    coinsurance : float
        Share above the deductible that stays with the owners.
    event_limit, year_limit : float
        CNY for all zones of an occurrence, and of a year.
    year_rule : {"date_order", "pro_rata"}
        How an exceeded year limit is applied.
    """

    deductible: float
    coinsurance: float
    zone_limit: float
    event_limit: float
    year_limit: float
    year_rule: Literal["date_order", "pro_rata"]
    franchise: float = 0.0


def apply_terms(insured: FloatArray, terms: Terms, calendar: Calendar) -> Parts:
    """Divide insured losses (occurrence, zone) into what is paid and what each term takes away."""
    deductible, above = split_at(
        insured, np.where(insured < terms.franchise, np.inf, terms.deductible)
    )
    coinsurance, claim = split_share(above, terms.coinsurance)
    within, over_zone = split_at(claim, terms.zone_limit)
    event = event_factor(within.sum(axis=1), terms.event_limit)
    allowed = within * event[:, None]
    year = year_factor(allowed.sum(axis=1), calendar, terms.year_limit, terms.year_rule)
    return Parts(
        due=insured,
        paid=allowed * year[:, None],
        deductible=deductible,
        coinsurance=coinsurance,
        above_event_limit=over_zone + within * (1.0 - event)[:, None],
        above_year_limit=allowed * (1.0 - year)[:, None],
    )


def pay_in_order(
    need: FloatArray, offers: Sequence[FloatArray]
) -> tuple[list[FloatArray], list[FloatArray], FloatArray]:
    """Let offers meet a need one after the other, none twice.

    Returns
    -------
    used : list of arrays
        Part of each offer that meets need: min(offer, need left before it).
    over : list of arrays
        Part of each offer above the need: max(offer - need left before it, 0).
    left : array
        Need that no offer meets: max(need - all offers, 0).
    """
    used, over, left = [], [], need
    for offer in offers:
        used.append(np.minimum(offer, left))
        over.append(np.maximum(offer - left, 0.0))
        left = np.maximum(left - offer, 0.0)
    return used, over, left
