"""Curves by other packages, in the environment of `peers/curves.lock`; nothing of ours is imported.

Every way ends in the same array (group, kind, return period), kinds OEP, OEP_TVaR, AEP, AEP_TVaR.
`OASIS_TYPES` are the kinds in the order of lecpy's numbers 1 to 4.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from benchmarks.side import Outcome

YEARS, ROWS = 1_000_000, 3_000_000
COUNTIES, PERILS = 12, 5
RETURN_PERIODS = (2, 5, 10, 20, 50, 100, 200, 250, 500, 1000)  # years; all divide YEARS
RANKS = YEARS // np.array(RETURN_PERIODS)  # years beyond each
KINDS = 4
FloatArray = npt.NDArray[np.float64]
Columns = tuple[np.ndarray, FloatArray]
Way = Callable[[Columns], FloatArray]


def columns(work: Path) -> Columns:
    """Year and loss of each row, mapped from disk."""
    year, loss = (np.load(work / f"{n}.npy", mmap_mode="r") for n in ("year", "loss"))
    return year, loss


# --- lecpy ----------------------------------------------------------------------------------------


def oasis(folder: Path) -> FloatArray:
    """Curves of an Oasis run folder by lecpy, of mean losses only: its leanest way.

    Without index files beside the summaries, for it is slower with them.
    """
    from oasislmf.pytools.lec.manager import run

    written = folder / "ept.csv"
    run(
        str(folder), "all", ept_output_file=str(written), use_return_period=True,
        agg_full_uncertainty=True, occ_full_uncertainty=True,
    )  # fmt: skip
    group, kind, period, loss = np.loadtxt(
        written, delimiter=",", skiprows=1, usecols=(0, 2, 3, 4), unpack=True
    )
    points = np.full((int(group.max()), KINDS, len(RETURN_PERIODS)), np.nan)
    column = np.searchsorted(RETURN_PERIODS, period)
    points[group.astype(int) - 1, kind.astype(int) - 1, column] = loss
    return points


def lecpy(work: Path) -> Callable[[], Outcome]:
    """All losses together."""
    oasis(work / "oasis_small")
    return lambda: {"points": oasis(work / "oasis")}


def lecpy_by_group(work: Path) -> Callable[[], Outcome]:
    """By county and peril, each a summary of Oasis."""
    oasis(work / "oasis_small")
    return lambda: {"points": oasis(work / "oasis_by_group")}


# --- the fastest other ----------------------------------------------------------------------------


def with_numpy(given: Columns) -> FloatArray:
    """Sum and maximise by index, part the years at the ranks, sum from rank to rank."""
    return np.concatenate([_parted(a) for a in _maxima_and_sums(given)])


def _maxima_and_sums(given: Columns) -> tuple[FloatArray, FloatArray]:
    year, loss = given
    largest = np.zeros(YEARS)
    np.maximum.at(largest, year, loss)
    return largest, np.bincount(year, loss, YEARS).astype(np.float64, copy=False)


def _parted(amounts: FloatArray) -> FloatArray:
    edges = YEARS - RANKS  # where the tails begin among rising years
    parted = np.partition(amounts, np.append(edges - 1, edges))
    beyond = np.cumsum(np.add.reduceat(parted, edges)[::-1])[::-1]
    return np.stack([parted[edges - 1], beyond / RANKS])


def with_pandas(given: Columns) -> FloatArray:
    """Group by year, sort, running sums."""
    import pandas as pd

    year, loss = given
    yearly = pd.DataFrame({"year": year, "loss": loss}).groupby("year")["loss"].agg(["max", "sum"])
    return np.concatenate([_summed(_falling(yearly[n].to_numpy())) for n in ("max", "sum")])


def _falling(amounts: FloatArray) -> FloatArray:
    """Every year in falling order, those without a row as zero."""
    return np.append(np.sort(amounts)[::-1], np.zeros(YEARS - amounts.size))


def _summed(falling: FloatArray) -> FloatArray:
    return np.stack([falling[RANKS], np.cumsum(falling)[RANKS - 1] / RANKS])


def with_polars(given: Columns) -> FloatArray:
    """Group the rows, said to be sorted by year, and sort on all cores."""
    import polars as pl

    rows = pl.DataFrame(dict(zip(("year", "loss"), given, strict=True))).lazy()
    loss = pl.col("loss")
    yearly = rows.set_sorted("year").group_by("year").agg(loss.max().alias("max"), loss.sum())
    curves = []
    for falling in yearly.select(pl.col("max", "loss").sort(descending=True)).collect():
        zeros = pl.zeros(YEARS - len(falling), dtype=pl.Float64, eager=True)
        whole = falling.append(zeros).to_numpy()
        curves.append(_summed(whole))
    return np.concatenate(curves)


def with_risksim(given: Columns) -> FloatArray:
    """Take VaR and TVaR by risksim, of sums and maxima by numpy."""
    from risksim.metrics import tvar, var

    level = 1.0 - 1.0 / np.array(RETURN_PERIODS)
    return np.stack([f(a, level) for a in _maxima_and_sums(given) for f in (var, tvar)])


WAYS: dict[str, Way] = {
    "numpy": with_numpy,
    "pandas": with_pandas,
    "polars": with_polars,
    "risksim": with_risksim,
}


def fastest(work: Path) -> Callable[[], Outcome]:
    """Try every way three times, untimed, and return the fastest with the points of all."""
    given = columns(work)
    tried = {name: _tried(way, given) for name, way in WAYS.items()}
    name = min(tried, key=lambda n: tried[n][0])

    def run() -> Outcome:
        return {
            "points": WAYS[name](given)[np.newaxis],
            "ways": np.array(list(tried)),
            "seconds": np.array([seconds for seconds, _ in tried.values()]),
            "points_of_ways": np.stack([points for _, points in tried.values()]),
        }

    return run


def _tried(way: Way, given: Columns) -> tuple[float, FloatArray]:
    seconds = []
    for _ in range(3):
        start = perf_counter()
        points = way(given)
        seconds.append(perf_counter() - start)
    return min(seconds), points
