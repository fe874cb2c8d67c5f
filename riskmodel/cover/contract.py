"""The contract year, which is not the calendar year, and the waiting period at its start."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from riskmodel.core.errors import ParamError
from riskmodel.cover.fields import FloatArray, Frozen, Money, Number, Share
from riskmodel.cover.terms import Calendar

NEW_YEAR = "01-01"
DAYS = 365.0
FIRST_DAY = 1.0  # day 1.0 is the start of 1 January, or of the contract year
_MONTH_DAY = re.compile(r"^[0-9]{2}-[0-9]{2}$")


def _month_day(value: Any) -> str:
    expected = "a month and day of a common year in quotes, as '07-01'"
    if not isinstance(value, str) or _MONTH_DAY.match(value) is None:
        raise ParamError("not a day of the year", found=value, expected=expected)
    try:
        day_of_year(value)
    except ValueError:
        raise ParamError("no such day of the year", found=value, expected=expected) from None
    return value


def day_of_year(text: str) -> float:
    """Days from 1 January of a common year to a month and day.

    Examples
    --------
    >>> day_of_year("01-01"), day_of_year("02-01"), day_of_year("12-31")
    (0.0, 31.0, 364.0)
    """
    month, day = map(int, text.split("-"))
    return float(datetime.date(2023, month, day).timetuple().tm_yday - 1)


MonthDay = Annotated[str, BeforeValidator(_month_day)]
"""``MM-DD``."""


class WaitingPeriod(Frozen):
    """Days at the start of a contract year in which new policies do not pay.

    Parameters
    ----------
    days : float
        Above 0, below 365.
    new_policies : float
        Share of the policies that are new each year; those renewed do not wait.
    """

    days: Number = Field(gt=0.0, lt=DAYS)
    new_policies: Share


class Anchor(Frozen):
    """Public figures of a scheme of this kind, to stand beside what is modelled.

    Parameters
    ----------
    year : int
        Of the figures.
    premium : amount, optional
        A year's premium.
    sum_insured : amount, optional
        What is insured in all.
    policies : int, optional
        Insured persons, households or firms, as the source counts them.
    source : str
    """

    year: int = Field(ge=1990, le=2100)
    premium: Money | None = None
    sum_insured: Money | None = None
    policies: int | None = Field(default=None, gt=0)
    source: str


def contract_calendar(calendar: Calendar, starts: str, *, years: int, blocks: int) -> Calendar:
    """Contract year of each occurrence, and its day of that year, 1.0 at its start.

    Contract year y begins in calendar year y. What happens before the first start in a block
    belongs to a contract year that is cut: it is joined to the last one of the same block, which
    is cut at its other end. The years of a block are exchangeable draws, so that the two parts
    make a whole contract year like any other, and no year is lost.

    Parameters
    ----------
    calendar : Calendar
        Calendar years, and days of the year, 1.0 at the start of 1 January.
    starts : str
        ``MM-DD``.
    years, blocks : int
        Simulated years, in equally long blocks.
    """
    shift = day_of_year(starts)
    if shift == 0.0:
        return calendar
    length, before = years // blocks, calendar.start < FIRST_DAY + shift
    within = (calendar.year % length - before) % length
    return Calendar(
        calendar.year // length * length + within,
        calendar.start - shift + np.where(before, DAYS, 0.0),
    )


def in_force(waiting: WaitingPeriod | None, contract: Calendar) -> FloatArray:
    """Share of the policies that pay for each occurrence, array (occurrence,).

    Parameters
    ----------
    waiting : WaitingPeriod or None
    contract : Calendar
        From `contract_calendar`.
    """
    if waiting is None:
        return np.ones(contract.start.size)
    return np.where(contract.start < FIRST_DAY + waiting.days, 1.0 - waiting.new_policies, 1.0)
