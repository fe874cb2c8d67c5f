"""Curves by group: number for number those of each group on its own, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.exceedance.curve_table import KINDS, curve_table

PERIODS = [1.5, 2.0, 3.7, 10.0, 25.0, 50.0]


def plainly(year: np.ndarray, loss: np.ndarray, years: int, periods: list[float]) -> np.ndarray:
    """Curves by a full sort of every year (kind, return period)."""
    largest = np.zeros(years)
    np.maximum.at(largest, year, loss)
    rows = []
    for amounts in (largest, np.bincount(year, loss, years)):
        falling = np.sort(amounts)[::-1].copy()
        whole = [int(np.floor(years / t * (1 + 1e-12))) for t in periods]
        tail = years * (1.0 / np.array(periods))
        above = np.array([falling[:w].sum() for w in whole])
        rows += [falling[whole], (above + (tail - whole) * falling[whole]) / tail]
    return np.stack(rows)


def drawn(years: int, rows: int, groups: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    draw = np.random.default_rng(seed)
    loss = draw.pareto(1.3, rows) * (draw.random(rows) < 0.8)
    loss[: rows // 2] = np.round(loss[: rows // 2])  # ties
    return draw.integers(0, years, rows), loss, draw.integers(0, groups, rows)


def test_by_hand() -> None:
    # year 0: 6 + 3, year 1: none, year 2: 5, year 3: 0
    year, loss = np.array([0, 0, 2, 3]), [6.0, 3.0, 5.0, 0.0]
    found = curve_table(year, loss, 4, [2.0, 4.0 / 1.5])
    assert found.dims == ("group", "kind", "return_period")
    assert found.sel(group="all", kind="OEP").values.tolist() == [0.0, 5.0]
    assert found.sel(group="all", kind="OEP_TVaR").values == pytest.approx([5.5, 8.5 / 1.5])
    assert found.sel(group="all", kind="AEP").values.tolist() == [0.0, 5.0]
    assert found.sel(group="all", kind="AEP_TVaR").values == pytest.approx([7.0, 11.5 / 1.5])


@pytest.mark.parametrize("rising", [True, False])
@pytest.mark.parametrize(("years", "rows"), [(60, 200), (5_000, 9_000), (40_000, 900)])
def test_each_group_is_as_on_its_own_to_the_last_bit(years: int, rows: int, rising: bool) -> None:
    year, loss, group = drawn(years, rows, 3)
    year = np.sort(year) if rising else year
    names = ["wind", "flood", "surge", "nothing"]
    found = curve_table(
        year.astype(np.int32), loss, years, PERIODS, group=group.astype(np.uint8), groups=names
    )
    for k, name in enumerate(names):
        own = group == k
        expected = plainly(year[own], loss[own], years, PERIODS)
        np.testing.assert_array_equal(found.sel(group=name).values, expected)
    together = curve_table(year, loss, years, PERIODS)
    np.testing.assert_array_equal(together.values[0], plainly(year, loss, years, PERIODS))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 3_000), st.integers(0, 400))
def test_many_empty_years_do_not_change_the_last_bit(seed: int, years: int, rows: int) -> None:
    year, loss, _ = drawn(years, rows, 1, seed)
    periods = [float(t) for t in np.geomspace(1.001, years, 9)[1:-1]] + [float(years)]
    found = curve_table(np.sort(year), loss, years, periods)
    expected = plainly(np.sort(year), loss, years, periods)
    np.testing.assert_array_equal(found.values[0], expected)


def test_the_rows_given_stay_as_they_were() -> None:
    year, loss, group = drawn(100, 300, 2)
    copies = year.copy(), loss.copy(), group.copy()
    curve_table(year, loss, 100, [10.0], group=group, groups=["a", "b"])
    for given_one, copy in zip((year, loss, group), copies, strict=True):
        np.testing.assert_array_equal(given_one, copy)


def test_no_rows_no_loss() -> None:
    nothing = np.zeros(0, np.int64)
    found = curve_table(nothing, [], 1_000, [2.0, 100.0])
    assert found.shape == (1, len(KINDS), 2) and not found.values.any()


YEAR, LOSS = np.array([0, 1, 2]), [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("year", "loss", "group", "where"),
    [
        (np.array([0, 1, 4]), LOSS, None, "curve_table.year"),
        (np.array([-1, 1, 2]), LOSS, None, "curve_table.year"),
        (np.array([0.0, 1.0, 2.0]), LOSS, None, "curve_table.year"),
        (YEAR[:2], LOSS, None, "curve_table.year"),
        (np.zeros((2, 2), np.int64), np.ones((2, 2)), None, "curve_table.year"),
        (YEAR, LOSS, np.array([0, 1, 2]), "curve_table.group"),
        (YEAR, LOSS, np.array([0, 1]), "curve_table.group"),
        (YEAR, [1.0, np.nan, 3.0], None, "curve_table.amount"),
        (YEAR, [1.0, -2.0, 3.0], None, "curve_table.amount"),
        (YEAR, [1.0, np.inf, 3.0], None, "curve_table.amount"),
    ],
)
def test_bad_columns_are_refused(
    year: np.ndarray, loss: object, group: np.ndarray | None, where: str
) -> None:
    names = ["all"] if group is None else ["a", "b"]
    with pytest.raises(SchemaError, match=f"{where}: .*to do: (number years|correct or drop)"):
        curve_table(year, loss, 4, [2.0], group=group, groups=names)


def test_years_that_are_too_few_are_refused() -> None:
    with pytest.raises(ReturnPeriodError, match="simulate more blocks"):
        curve_table(YEAR, LOSS, 4, [2.0, 5.0])
