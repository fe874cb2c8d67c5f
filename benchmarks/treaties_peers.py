"""A tower by other packages, in the environment of `peers/treaties.lock`, without ours.

Every way ends in the recoveries of each year and layer, (year, layer). prospicio hands its results
on as lists, which is not timed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from benchmarks.side import Outcome

YEARS, ROWS = 1_000_000, 3_000_000
# attachment, limit, annual deductible, annual limit, placed share; money in yuan
TOWER = (
    (5e5, 5e5, 2e5, 1e6, 0.9),
    (1e6, 1e6, 0.0, 2e6, 0.8),
    (2e6, 2e6, 5e5, 4e6, 1.0),
    (4e6, 4e6, 0.0, 4e6, 0.7),
    (8e6, 8e6, 0.0, 1.6e7, 0.6),
)
FloatArray = npt.NDArray[np.float64]
Timed = Callable[[], object]


def columns(work: Path) -> tuple[np.ndarray, FloatArray, FloatArray]:
    """Year, day and loss of each row in date order."""
    year, start, loss = (np.load(work / f"{n}.npy") for n in ("year", "start", "loss"))
    return year, start, loss


def with_prospicio(year: np.ndarray, loss: FloatArray) -> tuple[Timed, Callable[[], FloatArray]]:
    """Apply a tower of prospicio to an event set that is there already."""
    from prospicio.aggregate import EventSet
    from prospicio.reinsurance import Layer, Tower

    named = {str(number): terms for number, terms in enumerate(TOWER)}
    tower = Tower(
        [
            Layer(
                name, limit, attachment, share=share,
                aggregate_deductible=deductible, aggregate_limit=yearly,
            )
            for name, (attachment, limit, deductible, yearly, share) in named.items()
        ]
    )  # fmt: skip
    events = EventSet.from_long(year, loss, YEARS)

    def result() -> FloatArray:
        applied = tower.apply(events)
        return np.stack([applied.marginal(["ceded", n]).draws for n in named], axis=1)

    return lambda: tower.apply(events), result


def with_rippy(year: np.ndarray, loss: FloatArray) -> tuple[Timed, Callable[[], FloatArray]]:
    """Apply the layers of rippy one by one, for its tower hands on their sum only."""
    from rippy.Contracts import XoL
    from rippy.FrequencySeverity import FreqSevSims

    claims = FreqSevSims(year, loss, YEARS)
    layers = [
        XoL(
            "layer", limit, attachment, premium=0.0,
            aggregate_limit=yearly, aggregate_deductible=deductible,
        )
        for attachment, limit, deductible, yearly, _ in TOWER
    ]  # fmt: skip
    shares = [layer[-1] for layer in TOWER]

    def result() -> FloatArray:
        paid = [layer.apply(claims).recoveries.aggregate() for layer in layers]
        return np.stack([s * p for s, p in zip(shares, paid, strict=True)], axis=1)

    return result, result


def fastest(work: Path) -> Callable[[], Outcome]:
    """Try both three times, untimed, and return the faster with the recoveries of both."""
    year, _, loss = columns(work)
    tried = {}
    for name, way in {"prospicio": with_prospicio, "rippy": with_rippy}.items():
        timed, result = way(year, loss)
        tried[name] = (min(_seconds(timed) for _ in range(3)), timed, result())
    name = min(tried, key=lambda n: tried[n][0])

    def run() -> Outcome:
        tried[name][1]()
        return {
            "ways": np.array(list(tried)),
            "seconds": np.array([seconds for seconds, _, _ in tried.values()]),
            "recoveries": np.stack([found for _, _, found in tried.values()]),
        }

    return run


def _seconds(timed: Timed) -> float:
    start = perf_counter()
    timed()
    return perf_counter() - start
