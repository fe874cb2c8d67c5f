"""What one column of the model compiles, and which of them can share a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from riskmodel.core.errors import ResponseError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.loss.entries import FineCells
from riskmodel.loss.response import Item


@dataclass(frozen=True, slots=True)
class Scenario:
    """What one column of the model compiles: curves by peril, items, depth spread, fine cells.

    ``depth_spread`` is the coefficient of variation of the depth of water inside a cell of the
    coarse grid (lognormal with mean one), zero for none; cells of ``fine`` have none.
    """

    curves: Mapping[str, IntensityCurves]
    items: Sequence[Item]
    depth_spread: float
    fine: FineCells | None = None


def read_alike(one: Scenario, other: Scenario) -> bool:
    """Tell whether two scenarios read the same intensities."""
    return _same_curves(one.curves, other.curves) and _same_fine(one.fine, other.fine)


def _same_curves(one: Mapping[str, IntensityCurves], other: Mapping[str, IntensityCurves]) -> bool:
    return list(one) == list(other) and all(one[p].equals(other[p]) for p in one)


def _same_fine(one: FineCells | None, other: FineCells | None) -> bool:
    if one is None or other is None or one is other:
        return one is other
    return (
        list(one.curves) == list(other.curves)
        and np.array_equal(one.parent, other.parent)
        and one.share.equals(other.share)
        and all(
            a.equals(b) for a, b in zip(one.curves.values(), other.curves.values(), strict=True)
        )
    )


def require_alike(scenarios: Mapping[str, Scenario]) -> None:
    """Refuse scenarios of one pass that differ in more than curves and responses.

    Raises
    ------
    ResponseError
        Naming the first scenario that differs from the first of all.
    """
    shapes = {name: [_shape(item) for item in s.items] for name, s in scenarios.items()}
    first = next(iter(shapes))
    for name, shape in shapes.items():
        if shape != shapes[first]:
            raise ResponseError(
                "scenarios of one pass differ in more than their responses",
                where=name,
                found=next((s for s in shape if s not in shapes[first]), "another order or number"),
                expected=f"the columns, classes, perils and rules of {first}",
                remedy="compile such a scenario on its own",
            )


def _shape(item: Item) -> tuple[object, ...]:
    kind = item.column, item.quantity, item.unit, item.exposure, item.combine
    return *kind, tuple(sorted(item.responses))
