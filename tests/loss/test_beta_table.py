"""The interpolated Beta quantiles against scipy, and the shapes that have mass at 0 and 1."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from riskmodel.loss.beta_quantiles import common_share, knots_of, read_all
from riskmodel.loss.beta_table import KNOTS, SCORE_LIMIT, beta_table, largest_cv, shape_of

SHAPES = [
    (mean, share)
    for mean in (1e-25, 3e-12, 0.0007, 0.013, 0.11, 0.171, 0.29, 0.483)
    for share in (0.03, 0.21, 0.55, 0.87, 0.99)
]


def tabulated(mean: float, cv: float) -> np.ndarray:
    knot = np.empty(KNOTS, np.float32)
    knots_of(mean, cv, beta_table(), knot)
    return knot.astype(np.float64)


@pytest.mark.parametrize(("mean", "share"), SHAPES)
def test_quantiles_are_those_of_scipy(mean: float, share: float) -> None:
    cv = share * largest_cv(mean)
    alpha = (1.0 - mean) / cv**2 - mean
    law = stats.beta(alpha, alpha * (1.0 - mean) / mean)
    scores = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, KNOTS)
    inner = np.abs(scores) <= 4.0
    exact = np.where(scores <= 0, law.ppf(stats.norm.cdf(scores)), law.isf(stats.norm.sf(scores)))
    apart = np.abs(tabulated(mean, cv) - exact)[inner]
    # a hundredth of the distance to the mean and a standard deviation together; twice that where
    # the law is nearly all or nothing, its quantiles nearly a step
    bound = 0.01 if share < 0.9 else 0.02
    assert (apart / (np.abs(exact[inner] - mean) + mean * cv)).max() < bound


@pytest.mark.parametrize(("mean", "share"), SHAPES)
def test_mean_and_variance_are_kept(mean: float, share: float) -> None:
    cv = share * largest_cv(mean)
    probability = (np.arange(400_000) + 0.5) / 400_000
    scores = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, KNOTS)
    ratio = np.interp(special.ndtri(probability), scores, tabulated(mean, cv))
    assert ratio.mean() == pytest.approx(mean, rel=5e-5)
    assert ratio.std() == pytest.approx(mean * cv, rel=1e-4)


def test_the_chosen_scores_have_mean_zero_and_variance_one() -> None:
    score = beta_table().score.astype(np.float64)
    assert score.mean() == pytest.approx(0.0, abs=1e-7)
    assert score.var() == pytest.approx(1.0, abs=1e-6)


@settings(deadline=None)  # the first call compiles
@given(st.floats(1e-6, 0.5), st.floats(0.0, 1.0))
def test_masses_keep_mean_and_variance(mean: float, share: float) -> None:
    variance = share * mean * (1.0 - mean)
    nothing, whole, centre, cv = shape_of(mean, variance)
    rest = 1.0 - nothing - whole
    assert min(nothing, whole, rest) >= -1e-12
    assert 0.0 < centre <= 0.5
    assert cv <= largest_cv(centre) * (1.0 + 1e-9)
    assert whole + rest * centre == pytest.approx(mean, rel=1e-9)
    second = whole + rest * centre**2 * (1.0 + cv**2)
    assert second - mean**2 == pytest.approx(variance, rel=1e-6, abs=1e-12)


def test_a_straight_quantile_function_needs_no_correction() -> None:
    assert common_share(0.3, (1.0, 0.0, 0.0, 0.0)) == pytest.approx(0.3, abs=1e-12)


def test_a_bent_quantile_function_needs_a_higher_correlation_of_scores() -> None:
    # 0.8 ρ + 0.2 ρ² = 0.44 at ρ = 0.5 + small: by the formula of the quadratic
    expected = (-0.8 + np.sqrt(0.8**2 + 4 * 0.2 * 0.44)) / 0.4
    hermite = (np.sqrt(0.8), np.sqrt(0.2), 0.0, 0.0)
    assert common_share(0.44, hermite) == pytest.approx(expected, abs=1e-9)


def test_reading_all_scores_is_interpolation_between_knots() -> None:
    random = np.random.default_rng(7)
    knot = np.sort(random.random(KNOTS)).astype(np.float32)
    score = np.append(random.normal(0.0, 2.5, 5000), [-99.0, -SCORE_LIMIT, SCORE_LIMIT, 99.0])
    read = score.astype(np.float32)
    read_all(read, knot, np.float32(1e6), np.empty(score.size, np.uint32))
    at = np.linspace(-SCORE_LIMIT, SCORE_LIMIT, KNOTS)
    np.testing.assert_allclose(read, 1e6 * np.interp(score, at, knot), rtol=2e-5, atol=1.0)
