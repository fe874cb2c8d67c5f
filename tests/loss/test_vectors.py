"""Operations on all lanes at once give the bits of the same sums in numpy."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numba as nb
import numpy as np
import pytest

from riskmodel.loss import engine
from riskmodel.loss import lanes as lanes_module
from riskmodel.loss.compilation import compile_scenarios, compile_table
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.kernel_arrays import Arrays, Pairs
from riskmodel.loss.lanes import LANES
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.pair_lists import AT_ONCE
from riskmodel.loss.response import Item
from riskmodel.loss.scenario import Scenario
from riskmodel.loss.vectors import (
    LEAST,
    add_between,
    add_product,
    add_two,
    begin_union,
    grow_union,
    share_union,
)
from tests.loss.conftest import STORMS, City, make_city

ROWS = 7


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20_251)


@pytest.fixture
def lookup(random: np.random.Generator) -> np.ndarray:
    """Ratios, some of them zero, some so small that 1 - d is 1."""
    table = random.uniform(0.0, 1.0, (ROWS, LANES)) * 10.0 ** random.integers(-20, 1, (ROWS, LANES))
    table[random.uniform(size=table.shape) < 0.3] = 0.0
    return table.astype(np.float32)


def between(lookup: np.ndarray, row: int, part: float) -> np.ndarray:
    below, above = lookup[row].astype(np.float64), lookup[row + 1].astype(np.float64)
    return np.asarray(below + part * (above - below))


@nb.njit
def _one(lookup, row, part, value, sums, to):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    add_between(lookup, np.uint64(row * LANES), part, value, sums, np.uint64(to))


@nb.njit
def _several(lookup, rows, parts, value, ratio, total, union, sums, to):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    begin_union(lookup, np.uint64(rows[0] * LANES), parts[0], ratio, total, union)
    for n in range(1, rows.size):
        left = np.uint64(rows[n] * LANES)
        grow_union(lookup, left, parts[n], ratio, np.uint64(n), total, union)
    share_union(value, total, union)
    for n in range(rows.size):
        add_product(total, ratio, np.uint64(n), sums, np.uint64(n), np.uint64(to))


@nb.njit
def _two(lookup, rows, parts, value, sums, to):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    add_two(
        lookup, np.uint64(rows[0] * LANES), parts[0], np.uint64(rows[1] * LANES), parts[1], value,
        sums, np.uint64(0), np.uint64(1), np.uint64(to),
    )  # fmt: skip


def test_one_peril(random: np.random.Generator, lookup: np.ndarray) -> None:
    value, sums = random.uniform(0.0, 9.0, LANES), random.uniform(size=(4, LANES))
    expected = sums.copy()
    expected[2] += value * between(lookup, 3, 0.37)
    _one(lookup.ravel(), 3, 0.37, value, sums, 2)
    np.testing.assert_array_equal(sums, expected)


@pytest.mark.parametrize("perils", [1, 2, 3, 5])
def test_perils_that_join(random: np.random.Generator, lookup: np.ndarray, perils: int) -> None:
    value = random.uniform(0.0, 9.0, LANES)
    rows, parts = random.integers(0, ROWS - 1, perils), random.uniform(size=perils)
    sums = random.uniform(size=(perils, 4, LANES))
    expected, ratios = sums.copy(), [between(lookup, *of) for of in zip(rows, parts, strict=True)]
    total, union = ratios[0].copy(), ratios[0].copy()
    for ratio in ratios[1:]:
        total, union = total + ratio, union + ratio * (1.0 - union)
    share = value * (union / np.maximum(total, LEAST))
    for n, ratio in enumerate(ratios):
        expected[n, 1] += share * ratio
    given, room = sums.copy(), np.empty((perils, LANES))
    _several(lookup.ravel(), rows, parts, value, room, np.empty(LANES), np.empty(LANES), sums, 1)
    np.testing.assert_array_equal(sums, expected)
    if perils == 2:
        _two(lookup.ravel(), rows, parts, value, given, 1)
        np.testing.assert_array_equal(given, expected)


@pytest.mark.parametrize("storms", [STORMS, 6 * AT_ONCE])  # pairs of a cell in one part, or more
def test_lanes_and_lists_are_a_matter_of_speed(
    storms: int, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items one by one or side by side, with and without lists: equal to rounding."""
    city = make_city(20221, storms)
    monkeypatch.setattr(engine, "TASKS", 1)  # a run is a block
    most = np.diff(city.catalogue["block_00/rain_flood"]["pointer"].values).max()
    assert (most > 2 * AT_ONCE) == (storms > STORMS)
    monkeypatch.setattr(engine, "FEW", np.inf)
    for perils in (["rain_flood"], list(city.curves)):
        found = []
        for few, most in product((1e9, 0.0), (-1.0, 2.0)):  # lanes one by one; lists in vain
            monkeypatch.setattr(lanes_module, "FEW", few)
            monkeypatch.setattr(engine, "MOST", most)
            curves = {p: city.curves[p] for p in perils}
            table = compile_table(city.census, curves, items, depth_spread=0.0)
            assert table.lanes.width == (1 if few else LANES)
            found.append(occurrence_table(city.catalogue, table))
        for other in found[1:]:
            for name in ("row_occurrence", "row_zone"):
                np.testing.assert_array_equal(found[0][name].values, other[name].values)
            one, same = found[0]["mean"].values, other["mean"].values
            np.testing.assert_allclose(one, same, rtol=1e-13, atol=1e-9)
            one, same = found[0]["extrapolated"].values, other["extrapolated"].values
            assert float(one.sum()) > 0.0
            np.testing.assert_allclose(one, same, rtol=1e-6, atol=1e-3)


def test_lists_are_left_where_most_pairs_cost_a_bundle_or_two(
    city: City, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways are taken: without lists only for one peril, and not where little costs."""
    told: list[bool] = []
    ask = engine._direct

    def asked(pairs: Pairs, arrays: Arrays, count: int) -> bool:
        told.append(ask(pairs, arrays, count))
        return told[-1]

    monkeypatch.setattr(engine, "_direct", asked)
    wet = city.curves["rain_flood"]
    dry = replace(wet, left=wet.left * 0.0, right=wet.right * 0.0)
    of_floods = [item for item in items if "rain_flood" in item.responses][:1]
    for curves in ({"rain_flood": wet}, {"rain_flood": dry}, city.curves):
        table = compile_table(city.census, curves, of_floods, depth_spread=0.0)
        occurrence_table(city.catalogue, table)
    wide = replace(of_floods[0].responses["rain_flood"], spread=(0.0, 0.1, 0.1))
    spread = [replace(of_floods[0], responses={"rain_flood": wide})]
    of_moments = {"moments": Scenario({"rain_flood": wet}, spread, 0.0)}
    (table,) = compile_scenarios(city.census, of_moments, correlation=Correlation(0.3, 0.2, 0.1))
    found = occurrence_table(city.catalogue, table)
    assert float(found["sd_correlated"].min()) > 0.0
    blocks = len(told) // 4
    assert told == [True] * blocks + [False] * 3 * blocks
