"""Layers of reinsurance on losses in date order: any number of layers in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba as nb
import numpy as np

from riskmodel.core.errors import SchemaError
from riskmodel.cover.contract import DAYS, FIRST_DAY
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.terms import IntArray
from riskmodel.cover.treaties import Layer, QuotaShare, Reinstatements, StopLoss, Treaty

TASKS = 64


class LayerTerms(NamedTuple):
    """Terms of layers as arrays (layer,); `price` is (layer, reinstatement).

    Parameters
    ----------
    attachment, limit : array
        Part of each loss that the layer pays, CNY.
    deductible, yearly : array
        Annual deductible, and most that the whole layer pays a year, CNY.
    share : array
        Placed share of what it pays.
    price : array
        Reinstatement premium for each yuan restored, of the whole layer; 0 where free.
    timed : array of bool
        Whether that price falls with the part of the year that has passed.
    """

    attachment: FloatArray
    limit: FloatArray
    deductible: FloatArray
    yearly: FloatArray
    share: FloatArray
    price: FloatArray
    timed: Any


@dataclass(frozen=True, slots=True)
class Recovered:
    """What layers pay; arrays (loss, layer), CNY, for the placed share.

    Parameters
    ----------
    recovery, reinstatement_premium : array
        Paid by the reinsurers, and to them for restoring what the loss used.
    remaining : array
        What the layer can still pay in the year after the loss, infinite when unlimited.
    """

    recovery: FloatArray
    reinstatement_premium: FloatArray
    remaining: FloatArray


def layer_terms(treaty: Treaty) -> LayerTerms:
    """Bring a treaty into the form of layers.

    A quota share is a layer from 0 whose share is cession × placed; a stop loss one from 0
    without limit, whose annual deductible is its attachment.
    """
    if isinstance(treaty, QuotaShare):
        share = treaty.cession * treaty.placed
        rows = [(0.0, treaty.event_limit, 0.0, treaty.annual_limit, share)]
        return _terms(rows, [()], [False])
    if isinstance(treaty, StopLoss):
        span = treaty.exhaustion - treaty.attachment
        return _terms([(0.0, np.inf, treaty.attachment, span, treaty.placed)], [()], [False])
    layers = treaty.layers
    rows = [(x.attachment, x.limit, x.annual_deductible, x.yearly, x.placed) for x in layers]
    prices = [tuple(rate * x.premium / x.limit for rate in x.rates) for x in layers]
    return _terms(rows, prices, [_is_timed(x) for x in layers])


def _is_timed(layer: Layer) -> bool:
    terms = layer.reinstatements
    return isinstance(terms, Reinstatements) and terms.pro_rata == "amount_and_time"


def _terms(
    rows: Sequence[tuple[float, ...]], prices: Sequence[tuple[float, ...]], timed: Sequence[bool]
) -> LayerTerms:
    price = np.zeros((len(rows), max(map(len, prices))))
    for number, own in enumerate(prices):
        price[number, : len(own)] = own
    attachment, limit, deductible, yearly, share = np.array(rows, dtype=np.float64).T.copy()
    return LayerTerms(attachment, limit, deductible, yearly, share, price, np.array(timed))


def recover(year: IntArray, start: FloatArray, loss: FloatArray, terms: LayerTerms) -> Recovered:
    """Let layers pay each loss in date order.

    Recovery of a loss x: r = min(max(min(max(x - attachment, 0), limit) - deductible left, 0),
    yearly limit left) × share. Its reinstatement premium is the price of the bands of the limit
    that r uses, each band [k, k + 1] × limit at the rate of reinstatement k + 1: a part-used
    reinstatement is charged at its own rate, pro rata to the amount.

    Parameters
    ----------
    year : array of int (loss,)
        Contract year; never falls.
    start : array (loss,)
        Day of the year, rising in each year.
    loss : array (loss,)
        CNY ≥ 0.
    terms : LayerTerms
        From `layer_terms`.

    Returns
    -------
    Recovered, arrays (loss, layer).

    Raises
    ------
    SchemaError
        If losses are not in date order.

    Examples
    --------
    Two losses of 80 to a layer of 50 above 20, once reinstated at a rate on line of 20 %: the
    first pays 50 and restores it for 10, the second pays 50 and restores nothing.

    >>> terms = LayerTerms(
    ...     *(np.array([x]) for x in (20.0, 50.0, 0.0, 100.0, 1.0)),
    ...     price=np.array([[0.2]]), timed=np.array([False]))
    >>> paid = recover(np.array([0, 0]), np.array([1.0, 9.0]), np.array([80.0, 80.0]), terms)
    >>> paid.recovery[:, 0], paid.reinstatement_premium[:, 0], paid.remaining[:, 0]
    (array([50., 50.]), array([10.,  0.]), array([50.,  0.]))
    """
    _check_order(year, start)
    shape = (loss.size, terms.limit.size)
    result = Recovered(np.zeros(shape), np.zeros(shape), np.empty(shape))
    _by_loss(
        _bounds(year), year, start, loss, terms,
        result.recovery, result.reinstatement_premium, result.remaining,
    )  # fmt: skip
    return result


def recover_by_year(
    year: IntArray, start: FloatArray, loss: FloatArray, terms: LayerTerms, *, years: int
) -> tuple[FloatArray, FloatArray]:
    """Sum what `recover` finds over each of the years 0 … `years` - 1, in one pass.

    Returns
    -------
    recovery, reinstatement_premium : arrays (year, layer), CNY

    Raises
    ------
    SchemaError
        If losses are not in date order, or a year is outside.
    """
    _check_order(year, start)
    if year.size and not (year[0] >= 0 and year[-1] < years):
        raise SchemaError(
            "years outside the simulation",
            found=(int(year[0]), int(year[-1])),
            expected=f"0 to {years - 1}",
        )
    recovery, premium = (np.zeros((years, terms.limit.size)) for _ in range(2))
    _by_year(_bounds(year), year, start, loss, terms, recovery, premium)
    return recovery, premium


def _check_order(year: IntArray, start: FloatArray) -> None:
    if not _in_date_order(year, start):
        raise SchemaError("losses are not in date order", expected="year, then start, rising")


def _bounds(year: IntArray) -> IntArray:
    """Where tasks begin: near even, never inside a year."""
    if year.size == 0:
        return np.zeros(1, dtype=np.int64)
    even = np.linspace(0, year.size, TASKS, endpoint=False).astype(np.int64)
    return np.unique(np.append(np.searchsorted(year, year[even]), year.size))


@nb.njit(cache=True, parallel=True)
def _in_date_order(year: IntArray, start: FloatArray) -> bool:
    breaks = 0
    for i in nb.prange(1, year.size):
        same = year[i] == year[i - 1]
        breaks += (year[i] < year[i - 1]) or (same and start[i] < start[i - 1])
    return breaks == 0


# Rows are named by number, not handed on as views: a view costs more than what is done with it.


@nb.njit(cache=True)
def _restoring(used: float, paid: float, layer: int, limit: float, price: FloatArray) -> float:
    """Price of restoring what a payment uses of a layer's limits beyond `used`."""
    total = 0.0
    for number in range(price.shape[1]):
        low, high = max(used, number * limit), min(used + paid, (number + 1) * limit)
        if high > low:
            total += price[layer, number] * (high - low)
    return total


@nb.njit(cache=True)
def _copy(source: FloatArray, target: FloatArray) -> None:
    for k in range(target.size):
        target[k] = source[k]


@nb.njit(cache=True, inline="always")
def _pay(
    loss: float, day: float, terms: LayerTerms, deductible: FloatArray, left: FloatArray,
    recovery: FloatArray, premium: FloatArray, row: int,
) -> None:  # fmt: skip
    """Add what each layer pays for one loss; take it off `deductible` and `left`, of 100 %."""
    attachment, limit, share, price = terms.attachment, terms.limit, terms.share, terms.price
    for k in range(left.size):
        if loss <= attachment[k]:
            continue
        taken = min(loss - attachment[k], limit[k])
        retained = min(taken, deductible[k])
        deductible[k] -= retained
        paid = min(taken - retained, left[k])
        if paid <= 0.0:
            continue
        recovery[row, k] += share[k] * paid
        if price.shape[1] > 0:
            cost = share[k] * _restoring(terms.yearly[k] - left[k], paid, k, limit[k], price)
            if terms.timed[k]:
                cost *= max(1.0 - (day - FIRST_DAY) / DAYS, 0.0)
            premium[row, k] += cost
        left[k] -= paid


@nb.njit(cache=True, parallel=True)
def _by_loss(
    bounds: IntArray, year: IntArray, start: FloatArray, loss: FloatArray, terms: LayerTerms,
    recovery: FloatArray, premium: FloatArray, remaining: FloatArray,
) -> None:  # fmt: skip
    layers = terms.limit.size
    for task in nb.prange(bounds.size - 1):
        deductible, left = np.empty(layers), np.empty(layers)
        for i in range(bounds[task], bounds[task + 1]):
            if i == bounds[task] or year[i] != year[i - 1]:
                _copy(terms.deductible, deductible)
                _copy(terms.yearly, left)
            _pay(loss[i], start[i], terms, deductible, left, recovery, premium, i)
            for k in range(layers):
                remaining[i, k] = terms.share[k] * left[k]


@nb.njit(cache=True, parallel=True)
def _by_year(
    bounds: IntArray, year: IntArray, start: FloatArray, loss: FloatArray, terms: LayerTerms,
    recovery: FloatArray, premium: FloatArray,
) -> None:  # fmt: skip
    layers, lowest = terms.limit.size, terms.attachment.min()
    for task in nb.prange(bounds.size - 1):
        deductible, left = np.empty(layers), np.empty(layers)
        current = -1
        for i in range(bounds[task], bounds[task + 1]):
            if loss[i] <= lowest:
                continue
            if year[i] != current:
                current = year[i]
                _copy(terms.deductible, deductible)
                _copy(terms.yearly, left)
            _pay(loss[i], start[i], terms, deductible, left, recovery, premium, current)
