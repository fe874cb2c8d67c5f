"""Compiled draws of occurrence losses: one zone and item at a time, then by year.

A draw is a function of (seed, purpose, occurrence, zone, item, sample) alone, so that threads and
chunks do not matter. A hash of 64 bits serves four samples, 16 bits each, which choose one of
65,536 equally likely normal scores.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from riskmodel.core.draws import mixed
from riskmodel.loss.beta_quantiles import (
    FAST,
    common_share,
    hermite_with_mass,
    knots_of,
    read_all,
    read_with_mass,
)
from riskmodel.loss.beta_table import KNOTS, BetaTable, shape_of

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
ScoreArray = npt.NDArray[np.uint16]


class Moments(NamedTuple):
    """What the kernels read, in money; dims (row, item), (zone, item) or as said.

    `variance` is the whole one; `event` and `zone` are the shares of it that items share through
    an event and through a zone. `pointer` (occurrence + 1) bounds the rows of an occurrence,
    `zone_of` (row) is a position; `zone_key` and `item_key` name zones and items in keys.
    """

    mean: FloatArray
    variance: FloatArray
    event: FloatArray
    zone: FloatArray
    value: FloatArray
    pointer: IntArray
    zone_of: IntArray
    zone_key: KeyArray
    item_key: KeyArray


class Scratch(NamedTuple):
    """Arrays of one task: hashes, scores of event and zone, losses at the knots, losses, bins."""

    words: KeyArray
    event: SingleArray
    zone: SingleArray
    knot: SingleArray
    loss: SingleArray
    bin: npt.NDArray[np.uint32]


@nb.njit(cache=True)
def scratch(samples: int) -> Scratch:
    """Arrays for so many samples."""
    return Scratch(
        np.empty((samples + 3) // 4, np.uint64),
        np.empty(samples, np.float32),
        np.empty(samples, np.float32),
        np.empty(KNOTS, np.float32),
        np.empty(samples, np.float32),
        np.empty(samples, np.uint32),
    )


@nb.njit(cache=True)
def _hashes(key: np.uint64, words: KeyArray) -> ScoreArray:
    """Sixteen bits a sample."""
    for word in range(words.size):
        words[word] = mixed(key, np.uint64(word))
    return words.view(np.uint16)


@nb.njit(cache=True)
def scores(key: np.uint64, words: KeyArray, score: SingleArray, out: SingleArray) -> None:
    """Fill `out` with the normal scores of one key."""
    chosen = _hashes(key, words)
    for sample in range(out.size):
        out[sample] = score[chosen[sample]]


@nb.njit(cache=True, fastmath=FAST)
def draw(
    moments: Moments, row: int, item: int, key: np.uint64, table: BetaTable, own: Scratch
) -> None:
    """Fill `own.loss` with the losses of one row and item; its event and zone scores are there."""
    value = moments.value[moments.zone_of[row], item]
    mean = moments.mean[row, item] / value
    variance = moments.variance[row, item] / value**2
    low = mean <= 0.5
    nothing, whole, centre, cv = shape_of(mean if low else 1.0 - mean, variance)
    hermite = knots_of(centre, cv, table, own.knot)
    if not low:
        nothing, whole = whole, nothing
        own.knot[:] = np.float32(1.0) - own.knot[::-1]
    masses = nothing + whole > 0.0
    if masses:
        hermite = hermite_with_mass(nothing, whole, table, own.knot)
    of_event = common_share(moments.event[row, item], hermite)
    of_both = common_share(moments.event[row, item] + moments.zone[row, item], hermite)
    a = np.float32(math.sqrt(of_event))
    b = np.float32(math.sqrt(max(0.0, of_both - of_event)))
    c = np.float32(math.sqrt(max(0.0, 1.0 - of_both)))
    scores(key, own.words, table.score, own.loss)
    for s in range(own.loss.size):
        own.loss[s] = a * own.event[s] + b * own.zone[s] + c * own.loss[s]
    money = np.float32(value)
    if masses:
        for s in range(own.loss.size):
            own.loss[s] = money * read_with_mass(own.loss[s], nothing, whole, table, own.knot)
    else:
        read_all(own.loss, own.knot, money, own.bin)


@nb.njit(cache=True)
def key_of(base: np.uint64, *parts: np.uint64) -> np.uint64:
    """State of a key with more parts."""
    for part in parts:
        base = mixed(base, part)
    return base


@nb.njit(parallel=True, cache=True)
def occurrence_losses(
    moments: Moments,
    first: int,
    stop: int,
    bases: KeyArray,
    table: BetaTable,
    out: SingleArray,
) -> None:
    """Losses (row, item, sample) of occurrences `first` to `stop`; `out` comes as zeros."""
    begin = moments.pointer[first]
    for occurrence in nb.prange(first, stop):
        own = scratch(out.shape[2])
        number = np.uint64(occurrence)
        scores(key_of(bases[0], number), own.words, table.score, own.event)
        for row in range(moments.pointer[occurrence], moments.pointer[occurrence + 1]):
            zone = moments.zone_key[moments.zone_of[row]]
            scores(key_of(bases[1], number, zone), own.words, table.score, own.zone)
            base = key_of(bases[2], number, zone)
            for item in range(moments.mean.shape[1]):
                if moments.mean[row, item] > 0.0:
                    draw(moments, row, item, key_of(base, moments.item_key[item]), table, own)
                    out[row - begin, item] = own.loss


@nb.njit(parallel=True, cache=True)
def year_losses(
    moments: Moments,
    order: IntArray,
    year_pointer: IntArray,
    group_of: IntArray,
    bases: KeyArray,
    table: BetaTable,
    total: FloatArray,
    largest: FloatArray,
) -> None:
    """Sum and largest occurrence (year, group, sample) of years; both come as zeros.

    `order` lists the occurrences by year, `year_pointer` (year + 1) bounds those of a year;
    `group_of` (zone, item) says to which group a loss belongs.
    """
    for year in nb.prange(year_pointer.size - 1):
        if year_pointer[year] == year_pointer[year + 1]:
            continue
        own = scratch(total.shape[2])
        of_occurrence = np.empty(total.shape[1:])
        for place in range(year_pointer[year], year_pointer[year + 1]):
            of_occurrence[:] = 0.0
            _add_occurrence(moments, order[place], group_of, bases, table, own, of_occurrence)
            for group in range(total.shape[1]):
                for s in range(total.shape[2]):
                    total[year, group, s] += of_occurrence[group, s]
                    largest[year, group, s] = max(largest[year, group, s], of_occurrence[group, s])


@nb.njit(cache=True)
def _add_occurrence(
    moments: Moments,
    occurrence: int,
    group_of: IntArray,
    bases: KeyArray,
    table: BetaTable,
    own: Scratch,
    out: FloatArray,
) -> None:
    """Add the losses of one occurrence to `out` (group, sample)."""
    number = np.uint64(occurrence)
    scores(key_of(bases[0], number), own.words, table.score, own.event)
    for row in range(moments.pointer[occurrence], moments.pointer[occurrence + 1]):
        zone = moments.zone_key[moments.zone_of[row]]
        scores(key_of(bases[1], number, zone), own.words, table.score, own.zone)
        base = key_of(bases[2], number, zone)
        for item in range(moments.mean.shape[1]):
            if moments.mean[row, item] > 0.0:
                draw(moments, row, item, key_of(base, moments.item_key[item]), table, own)
                group = group_of[moments.zone_of[row], item]
                for s in range(own.loss.size):
                    out[group, s] += own.loss[s]
