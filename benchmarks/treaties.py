"""A tower on a long year table, beside other packages and beside a bare kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numba as nb
import numpy as np

from benchmarks.side import Outcome
from benchmarks.treaties_peers import ROWS, TOWER, YEARS, columns
from riskmodel.core.draws import generator
from riskmodel.cover.terms import FloatArray, IntArray
from riskmodel.cover.treaty_kernel import LayerTerms, recover, recover_by_year

SEED = 20_249
RATE_ON_LINE = 0.2  # of every reinstatement
Arrays = Mapping[str, np.ndarray]


def store(work: Path) -> None:
    """Draw dated losses, a few years without any, and store them for both sides."""
    draw = generator(SEED, "losses under treaties of a benchmark")
    year = draw.integers(0, YEARS, ROWS)
    start = draw.uniform(1.0, 366.0, ROWS)
    order = np.lexsort((start, year))
    loss = 1e6 * draw.pareto(2.2, ROWS)
    for name, column in (("year", year[order]), ("start", start[order]), ("loss", loss)):
        np.save(work / f"{name}.npy", column)


def terms(reinstatements: int) -> LayerTerms:
    """Terms of the tower, with as many reinstatements at 100 % as its annual limits allow."""
    attachment, limit, deductible, yearly, share = np.array(TOWER).T.copy()
    price = np.full((len(TOWER), reinstatements), RATE_ON_LINE)
    return LayerTerms(
        attachment, limit, deductible, yearly, share, price, np.zeros(len(TOWER), bool)
    )


def ours(work: Path) -> Callable[[], Outcome]:
    """Recoveries by year and layer, without paid reinstatements."""
    year, start, loss = columns(work)

    def run(rows: int = ROWS) -> Outcome:
        recovery, _ = recover_by_year(
            year[:rows], start[:rows], loss[:rows], terms(0), years=YEARS if rows == ROWS else 99
        )
        return {"recoveries": recovery}

    run(10)
    return run


def ours_paid(work: Path) -> Callable[[], Outcome]:
    """Recovery, reinstatement premium and what is left by loss and layer, with one paid."""
    year, start, loss = columns(work)

    def run(rows: int = ROWS) -> Outcome:
        found = recover(year[:rows], start[:rows], loss[:rows], terms(1))
        return {
            "recovery": found.recovery,
            "premium": found.reinstatement_premium,
            "remaining": found.remaining,
        }

    run(10)
    return run


def bare_paid(work: Path) -> Callable[[], Outcome]:
    """Do the same by a kernel that does nothing else: no checks, one reinstatement only."""
    year, _, loss = columns(work)
    year_pointer = np.searchsorted(year, np.arange(YEARS + 1))
    columns_of = np.array(TOWER).T.copy()

    def run(years: int = YEARS) -> Outcome:
        pointer = year_pointer[: years + 1]
        made = [np.empty((int(pointer[-1]), len(TOWER))) for _ in range(3)]
        _bare(pointer, loss, columns_of, RATE_ON_LINE, *made)
        return dict(zip(("recovery", "premium", "remaining"), made, strict=True))

    run(2)
    return run


@nb.njit(parallel=True, cache=True)
def _bare(
    pointer: IntArray, loss: FloatArray, tower: FloatArray, price: float,
    paid: FloatArray, cost: FloatArray, left: FloatArray,
) -> None:  # fmt: skip
    attachment, limit, deductible, yearly, share = tower
    layers = attachment.size
    for year in nb.prange(pointer.size - 1):
        kept = deductible.copy()
        rest = yearly.copy()
        for i in range(pointer[year], pointer[year + 1]):
            for k in range(layers):
                x = min(max(loss[i] - attachment[k], 0.0), limit[k])
                d = min(x, kept[k])
                kept[k] -= d
                r = min(x - d, rest[k])
                used = yearly[k] - rest[k]
                restored = min(used + r, limit[k]) - min(used, limit[k])
                rest[k] -= r
                paid[i, k] = share[k] * r
                cost[i, k] = share[k] * price * restored
                left[i, k] = share[k] * rest[k]


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether prospicio's recoveries are ours; says how long each took and how far rippy is off.

    rippy 0.0.8 shares a year's recovery out with ``numpy.putmask``, which takes the ratios of
    other years wherever some year has no recovery; its amounts are told, not judged.
    """
    ways, seconds = other["ways"].tolist(), other["seconds"]
    found = dict(zip(ways, other["recoveries"], strict=True))
    apart = {way: _apart(one["recoveries"], recoveries) for way, recoveries in found.items()}
    said = ", ".join(f"{w} {s:.3f} s" for w, s in zip(ways, seconds, strict=True))
    return apart["prospicio"] <= 1e-9, (
        f"{one['recoveries'].size} recoveries by year and layer to 1e-9 of prospicio's (largest "
        f"difference {apart['prospicio']:.2g}; rippy's {apart['rippy']:.2g}, by an error of its "
        f"own); timed: {ways[seconds.argmin()]}; best of three before: {said}"
    )


def judge_paid(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether recoveries, premiums and what is left agree for every loss and layer."""
    apart = max(_apart(one[n], other[n]) for n in ("recovery", "premium", "remaining"))
    return apart <= 1e-9, (
        f"3 x {one['recovery'].size} amounts by loss and layer to 1e-9 (largest difference "
        f"{apart:.2g})"
    )


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Largest difference relative to the amount or, where that is less, to one yuan."""
    if one.shape != other.shape or not np.isfinite(other).all():
        return np.inf
    return float((np.abs(one - other) / np.maximum(np.abs(other), 1.0)).max())
