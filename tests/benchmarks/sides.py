"""Sides of made-up benchmarks, run in processes of their own by the tests of the harness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.side import Outcome


def sums(work: Path) -> Callable[[], Outcome]:
    return lambda: {"total": np.arange(5).cumsum(), "terms": 5}


def sums_by_hand(work: Path) -> Callable[[], Outcome]:
    return lambda: {"total": np.array([0, 1, 3, 6, 10])}


def sums_off_by_one(work: Path) -> Callable[[], Outcome]:
    return lambda: {"total": np.array([0, 1, 3, 6, 11])}


def big(work: Path) -> Callable[[], Outcome]:
    return lambda: {"last": float(np.ones(25_000_000)[-1])}  # 200 MB of float64


def heavy_sums(work: Path) -> Callable[[], Outcome]:
    weight = np.ones(25_000_000)  # 200 MB that the other side does not hold
    return lambda: {"total": np.arange(5).cumsum() * int(weight[-1])}


def needs_a_peer(work: Path) -> Callable[[], Outcome]:
    raise ModuleNotFoundError(name="peer_of_nobody")


def stops(work: Path) -> Callable[[], Outcome]:
    raise RuntimeError("no storms today")


def prepare(work: Path) -> None:
    (work / "prepared").touch()


def judge(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> tuple[bool, str]:
    return np.array_equal(one["total"], other["total"]), "five sums"
