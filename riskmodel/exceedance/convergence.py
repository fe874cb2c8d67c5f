"""How many blocks of the catalogue a stated precision asks for, from the spread between blocks.

A figure of B blocks has the half width t_{(1+level)/2, B-1} · s / sqrt(B) (`intervals.py`), s the
standard deviation between blocks; more blocks leave s and shrink the rest. s is itself known from
few blocks only: the cautious number uses its upper confidence bound
s · sqrt((B - 1) / χ²_{1-level, B-1}). More blocks of the same length do not reach return periods
that no single block supports.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy import stats

from riskmodel.core.errors import ReturnPeriodError, RiskModelError
from riskmodel.core.schema import Schema, stamp
from riskmodel.exceedance.curve import EXCEEDING_YEARS_NEEDED
from riskmodel.exceedance.intervals import by_block, simulation_interval
from riskmodel.exceedance.metrics import loss_metrics

SCHEMA = Schema(
    "convergence",
    {
        "value": ("figure",),
        "relative_half_width": ("figure",),
        "blocks_needed": ("figure",),
        "blocks_needed_cautious": ("figure",),
    },
    ("level", "precision", "blocks", "years_per_block"),
)


class BlocksNeeded(NamedTuple):
    """Present half width relative to the value, and the blocks that the precision asks for."""

    relative_half_width: float
    blocks: int
    cautious: int


def blocks_needed(
    value: float, blocks: Sequence[float], *, precision: float, level: float
) -> BlocksNeeded:
    """Blocks for a half width of at most `precision` times the value.

    Parameters
    ----------
    value : float
        Pooled figure, > 0.
    blocks : sequence of float
        The same figure of each block, at least two.
    precision : float
        Half width wanted, relative to the value, > 0.
    level : float
        Level of the simulation interval.

    Raises
    ------
    RiskModelError
        If there are fewer than two blocks, the value is not positive (no relative precision), or
        the precision is not.
    """
    if not (value > 0 and precision > 0):
        raise RiskModelError(
            "a relative precision without a positive value",
            found={"value": value, "precision": precision},
            expected="both > 0",
            remedy="ask for a return period at which there is a loss, and a precision such as 0.05",
        )
    present = simulation_interval(value, blocks, level=level)["upper"] / value - 1
    count, spread = len(blocks), float(np.std(blocks, ddof=1)) / value
    doubt = np.sqrt((count - 1) / stats.chi2.ppf(1 - level, count - 1))
    few, many = (_smallest(s, precision, level) for s in (spread, spread * float(doubt)))
    return BlocksNeeded(present, few, many)


def _smallest(spread: float, precision: float, level: float) -> int:
    """Smallest number of blocks whose half width, which falls with it, is narrow enough."""
    quantile = 0.5 + level / 2

    def narrowness(count: int) -> float:
        return -float(stats.t.ppf(quantile, count - 1)) * spread / np.sqrt(count)

    # the normal quantile asks for fewer; Student's adds about half its square
    fewest = max(2, int((float(stats.norm.ppf(quantile)) * spread / precision) ** 2))
    return fewest + bisect_left(range(fewest, fewest + 1000), -precision, key=narrowness)


def convergence(
    table: xr.Dataset, return_periods: list[float], *, precision: float, level: float
) -> xr.Dataset:
    """Blocks needed for each headline loss figure of a catalogue.

    Parameters
    ----------
    table : Dataset
        Occurrence table of the catalogue.
    return_periods : list of float
        Years (annual-probability basis) for OEP, AEP and TVaR.
    precision : float
        Half width wanted, relative to each figure, such as 0.05.
    level : float
        Level of the simulation interval.

    Returns
    -------
    Dataset
        By ``figure`` (``loss.aal``, ``loss.oep.100`` …): `value`, `relative_half_width` at present,
        `blocks_needed` and `blocks_needed_cautious`.

    Raises
    ------
    ReturnPeriodError
        If a block has fewer than ten years beyond a return period.
    """
    count = int(table.attrs["blocks"])
    years_per_block = int(table.attrs["years"]) // count
    _refuse_beyond_a_block(return_periods, years_per_block)

    def figures(block: int | None) -> dict[str, float]:
        found = loss_metrics(table, return_periods, block=block)
        return {name: m.value for name, m in found.items() if ".by_" not in name}

    base, parts = figures(None), by_block(figures, count)
    needs = [
        blocks_needed(value, [p[name] for p in parts], precision=precision, level=level)
        for name, value in base.items()
    ]
    half, few, many = (list(column) for column in zip(*needs, strict=True))
    columns = dict(zip(SCHEMA.variables, (list(base.values()), half, few, many), strict=True))
    return stamp(
        xr.Dataset({n: ("figure", c) for n, c in columns.items()}, {"figure": list(base)}),
        SCHEMA, source=table.attrs["source"], history="convergence",
        level=level, precision=precision, blocks=count, years_per_block=years_per_block,
    )  # fmt: skip


def _refuse_beyond_a_block(return_periods: list[float], years_per_block: int) -> None:
    longest = years_per_block / EXCEEDING_YEARS_NEEDED
    if beyond := [t for t in return_periods if t > longest]:
        raise ReturnPeriodError(
            "a return period that a single block does not support",
            found=beyond,
            expected=f"at most {longest:g} years, ten years beyond it in each block",
            remedy="raise hazard.years_per_block; more blocks do not help",
        )
