"""Loss over GDP by hand; windows that stay inside a block; years that must agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import UnitsError
from riskmodel.economy.ratio import breach_probability, loss_ratio, ratio_metrics, window_means

YEAR = {"price_year": 2022, "gdp_year": 2022}


def test_ratio_by_hand() -> None:
    ratio = loss_ratio(np.array([0.0, 7.2e9, 8e11]), 8e11, **YEAR)
    assert ratio.tolist() == [0.0, pytest.approx(0.009), 1.0]


def test_years_that_differ_are_refused() -> None:
    with pytest.raises(UnitsError, match="GDP"):
        loss_ratio(np.ones(3), 8e11, price_year=2022, gdp_year=2021)
    with pytest.raises(UnitsError, match="GDP"):
        ratio_metrics(
            np.ones(4), 8e11, target=0.009, windows=[1], price_year=2020, gdp_year=2022, blocks=1
        )


def test_windows_stay_inside_a_block_and_drop_what_is_left_over() -> None:
    ratio = np.array([1.0, 3.0, 5.0, 7.0, 100.0, 2.0, 4.0, 6.0, 8.0, 200.0])
    # blocks 1 3 5 7 100 and 2 4 6 8 200: the fifth year of each fills no window of two
    assert window_means(ratio, 2, blocks=2).tolist() == [2.0, 6.0, 3.0, 7.0]
    assert window_means(ratio, 2, blocks=1).tolist() == [2.0, 6.0, 51.0, 5.0, 104.0]
    assert window_means(ratio, 5, blocks=2).tolist() == [23.2, 44.0]
    assert window_means(ratio, 1, blocks=2).tolist() == ratio.tolist()


def test_breach_probability_by_hand() -> None:
    ratio = np.array([0.0, 0.02, 0.009, 0.01, 0.0, 0.0, 0.0, 0.04])
    assert breach_probability(ratio, 1, 0.009, blocks=1) == 3 / 8  # reaching it is no breach
    assert breach_probability(ratio, 2, 0.009, blocks=1) == 3 / 4  # means 0.01, 0.0095, 0, 0.02
    assert breach_probability(ratio, 4, 0.009, blocks=2) == 2 / 2  # 0.00975, 0.01


def test_figures_and_their_names() -> None:
    loss = np.array([0.0, 4.0, 1.0, 1.0])
    found = ratio_metrics(loss, 100.0, target=0.015, windows=[1, 2], blocks=1, **YEAR)
    assert found == {
        "gdp.loss_ratio": pytest.approx(0.015),
        "gdp.breach_probability.1y": 1 / 4,
        "gdp.breach_probability.2y": 1 / 2,
    }


def test_breach_of_independent_exponential_years() -> None:
    """P(mean of w years > x) is a gamma survival function, e^{-y} Σ y^k / k! with y = w x."""
    years, target = 200_000, 0.6
    ratio = np.random.default_rng(5).exponential(1.0, years)
    for window in (1, 5):
        y = window * target
        terms = np.cumprod([1.0, *(y / k for k in range(1, window))])
        exact = float(np.exp(-y) * terms.sum())
        error = np.sqrt(exact * (1.0 - exact) / (years / window))
        found = breach_probability(ratio, window, target, blocks=4)
        assert found == pytest.approx(exact, abs=4.0 * error)


@given(
    st.lists(st.floats(0.0, 1.0), min_size=12, max_size=12), st.sampled_from([1, 2, 3, 4, 6, 12])
)
def test_windows_that_fill_a_block_keep_the_mean(years: list[float], window: int) -> None:
    ratio = np.array(years)
    means = window_means(ratio, window, blocks=1)
    assert means.size == 12 // window
    assert means.mean() == pytest.approx(ratio.mean(), abs=1e-15, rel=1e-12)


@given(st.lists(st.floats(0.0, 1.0), min_size=6, max_size=60), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_target_is_breached_less(years: list[float], one: float, other: float) -> None:
    ratio = np.array(years)
    low, high = sorted((one, other))
    for window in (1, 5):
        often, seldom = (breach_probability(ratio, window, t, blocks=1) for t in (low, high))
        assert 0.0 <= seldom <= often <= 1.0
