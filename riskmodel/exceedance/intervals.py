"""Intervals by kind: `simulation` from the spread between blocks, `model` from declared variants.

Ranked years are stratified, so a bootstrap of them is wrong and is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

import numpy as np
from scipy import stats

from riskmodel.core.errors import RiskModelError


class Interval(TypedDict):
    """One interval: its kind, level, bounds and how it was made."""

    kind: str
    level: float
    lower: float
    upper: float
    method: str


def simulation_interval(
    value: float, blocks: Sequence[float], *, level: float, floor: float = 0.0
) -> Interval:
    """Student-t interval around the pooled figure from the same figure of each block.

    half width = t_{(1+level)/2, B-1} · s / sqrt(B), with s the standard deviation between B blocks.

    Raises
    ------
    RiskModelError
        If there are fewer than two blocks.
    """
    if len(blocks) < 2:
        raise RiskModelError(
            "an interval needs two blocks",
            found=len(blocks),
            expected=">= 2",
            remedy="raise hazard.blocks",
        )
    spread = float(np.std(blocks, ddof=1)) / np.sqrt(len(blocks))
    half = float(stats.t.ppf(0.5 + level / 2, len(blocks) - 1)) * spread
    return Interval(
        kind="simulation",
        level=level,
        lower=float(max(value - half, floor)),
        upper=float(value + half),
        method=f"Student t over {len(blocks)} blocks",
    )


def model_interval(value: float, variants: Sequence[float]) -> Interval:
    """Envelope of the baseline and the declared one-at-a-time variants.

    The variants carry no probabilities, so `level` is 1: the whole declared set, not a confidence.
    """
    members = [value, *variants]
    return Interval(
        kind="model", level=1.0, lower=float(min(members)), upper=float(max(members)),
        method=f"envelope of the baseline and {len(variants)} declared variants",
    )  # fmt: skip


def intervals_of(
    baseline: Mapping[str, float],
    blocks: Sequence[Mapping[str, float]],
    variants: Sequence[Mapping[str, float]],
    *,
    level: float,
    floor: float = 0.0,
) -> dict[str, list[Interval]]:
    """Both intervals of every named figure of the baseline; none reaches below `floor`."""
    return {
        name: [
            simulation_interval(value, [b[name] for b in blocks], level=level, floor=floor),
            model_interval(value, [v[name] for v in variants]),
        ]
        for name, value in baseline.items()
    }


def by_block(
    figures: Callable[[int | None], Mapping[str, float]], blocks: int
) -> list[Mapping[str, float]]:
    """Return the same figures of every block, from a function of the block number."""
    return [figures(block) for block in range(blocks)]
