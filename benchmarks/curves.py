"""Curves and bootstrap intervals of a long year table, beside what other packages make of it.

Losses are drawn once and stored for both sides: as columns, and as an Oasis run folder. Oasis holds
single precision, so its points are compared to six digits; the others' to twelve.

lecpy names the loss that N/T years reach, we the loss that N/T years exceed. Just beyond T both
name the same year, so beside lecpy our curves are read there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.curves_peers import (
    COUNTIES,
    PERILS,
    RETURN_PERIODS,
    ROWS,
    YEARS,
    columns,
)
from benchmarks.side import Outcome
from riskmodel.core.draws import generator
from riskmodel.exceedance.curve_table import curve_table
from riskmodel.exceedance.mean_intervals import bootstrap_intervals
from riskmodel.exceedance.year_table import annual_losses, year_table

SEED = 20_248
GROUPS = tuple(f"{county}/{peril}" for county in range(COUNTIES) for peril in range(PERILS))
JUST_BEYOND = 1 + 1e-9
IMPORTED_YEARS, RESAMPLES = 100_000, 500
Arrays = Mapping[str, np.ndarray]


def store(work: Path) -> None:
    """Draw rows in the order of years, a few years without any, and store them for both sides."""
    draw = generator(SEED, "losses of a benchmark")
    year = np.sort(draw.integers(0, YEARS, ROWS)).astype(np.int32)
    loss = 1e6 * draw.pareto(2.2, ROWS)
    group = draw.integers(0, len(GROUPS), ROWS).astype(np.uint8)
    for name, column in (("year", year), ("loss", loss), ("group", group)):
        np.save(work / f"{name}.npy", column)
    store_oasis(work / "oasis", year, loss, np.zeros_like(group))
    store_oasis(work / "oasis_by_group", year, loss, group)
    store_oasis(work / "oasis_small", year[:10], loss[:10], group[:10])


def store_oasis(
    folder: Path, year: npt.NDArray, loss: npt.NDArray[np.float64], group: npt.NDArray
) -> None:
    """Store an Oasis run folder: an event for each row, its mean loss in the summary of its group.

    Layouts of oasislmf 2.5.8, ``pytools/common/data.py`` and ``pytools/common/event_stream.py``.
    """
    given, summaries = folder / "input", folder / "work" / "all"
    for made in (given, summaries):
        made.mkdir(parents=True)
    np.array(RETURN_PERIODS[::-1], np.int32).tofile(given / "returnperiods.bin")
    event = np.arange(1, year.size + 1)
    occurrence = np.zeros((year.size, 3), np.int32)  # event, period, date
    occurrence[:, 0], occurrence[:, 1] = event, year + 1
    with (given / "occurrence.bin").open("wb") as file:
        np.array([1, YEARS], np.int32).tofile(file)  # how dates are coded, number of periods
        occurrence.tofile(file)
    summary = np.zeros(
        year.size,
        [(n, "i4") for n in ("event", "summary")] + [("exposed", "f4")]
        + [("sample", "i4"), ("loss", "f4"), ("end", "i4"), ("no_loss", "f4")],
    )  # fmt: skip
    summary["event"], summary["summary"] = event, group.astype(np.int32) + 1
    summary["sample"], summary["loss"] = -1, loss  # sample -1 is the mean
    with (summaries / "summary.bin").open("wb") as file:
        np.array([3 << 24 | 1, 0, 1], np.int32).tofile(file)  # stream of summaries, samples, set
        summary.tofile(file)


def _curves(
    work: Path, factor: float, group: npt.NDArray | None = None, groups: tuple[str, ...] = ("all",)
) -> Callable[[], Outcome]:
    year, loss = columns(work)
    periods = [t * factor for t in RETURN_PERIODS]

    def run(rows: int = ROWS) -> Outcome:
        own = None if group is None else group[:rows]
        table = curve_table(year[:rows], loss[:rows], YEARS, periods, group=own, groups=groups)
        return {"points": table.values}

    run(10)
    return run


def ours(work: Path) -> Callable[[], Outcome]:
    """All losses together, as lecpy reads a return period."""
    return _curves(work, JUST_BEYOND)


def ours_by_group(work: Path) -> Callable[[], Outcome]:
    """By county and peril, as lecpy reads a return period."""
    return _curves(work, JUST_BEYOND, np.load(work / "group.npy", mmap_mode="r"), GROUPS)


def ours_plain(work: Path) -> Callable[[], Outcome]:
    """All losses together."""
    return _curves(work, 1.0)


def judge_lecpy(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether every point agrees to six digits."""
    apart = _apart(one["points"], other["points"])
    return apart <= 1e-6, f"{one['points'].size} points to 1e-6 (largest difference {apart:.2g})"


def judge_fastest(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether the points of every way agree to twelve digits; says how long each took."""
    ways, seconds = other["ways"], other["seconds"]
    apart = max(_apart(one["points"], p[np.newaxis]) for p in other["points_of_ways"])
    said = ", ".join(f"{w} {s:.3f} s" for w, s in zip(ways, seconds, strict=True))
    return apart <= 1e-12, (
        f"{one['points'].size} points to 1e-12 in every way (largest difference {apart:.2g}); "
        f"timed: {ways[seconds.argmin()]}; best of three before: {said}"
    )


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Largest relative difference; endless when a point is missing."""
    if one.shape != other.shape or not np.isfinite(other).all():
        return np.inf
    return float(np.max(np.abs(one - other) / np.maximum(np.abs(other), 1e-300)))


def bootstrap(work: Path) -> Callable[[], Outcome]:
    """Intervals of AAL and of TVaR at the house's return periods, of an imported year table."""
    draw = generator(SEED, "imported years of a benchmark")
    year = np.sort(draw.integers(1, IMPORTED_YEARS + 1, 3 * IMPORTED_YEARS))
    table = year_table(
        np.arange(year.size), year, 1e6 * draw.pareto(2.2, year.size), years=IMPORTED_YEARS,
        currency="CNY", price_year=2022, source="drawn for a benchmark",
    )  # fmt: skip
    periods = [5.0, 10.0, 20.0, 50.0, 100.0, 200.0]

    def run(resamples: int = RESAMPLES) -> Outcome:
        found = bootstrap_intervals(
            annual_losses(table).total, periods, level=0.9, seed=SEED, resamples=resamples
        )
        return {"bounds": np.array([[i["lower"], i["upper"]] for i in found.values()])}

    run(2)
    return run
