"""Sampled occurrence losses against exact moments and closed forms; what must not change them."""

from collections.abc import Callable

import numba
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskmodel.core.errors import MemoryLimitError, ParamError, SchemaError
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.sampling import exact_moments, sample_losses
from tests.loss.moments import moments

ALONE = Correlation(event=0.0, zone=0.0, cell=0.0)
MIXED = Correlation(event=0.1, zone=0.25, cell=0.2)


def drawn(
    data: xr.Dataset,
    correlation: Correlation = ALONE,
    samples: int = 2000,
    seed: int = 7,
    **more: int,
) -> np.ndarray:
    parts = sample_losses(data, correlation=correlation, samples=samples, seed=seed, **more)
    return np.concatenate([part.values for part in parts])


def city(occurrences: int, zones: int, items: int, seed: int = 3) -> xr.Dataset:
    """Zones with ratios from 0.03 % to 60 % and spreads from narrow to nearly all or nothing."""
    random = np.random.default_rng(seed)
    shape = (occurrences, zones, items)
    mean = 10.0 ** random.uniform(-3.5, -0.2, shape)
    sd = np.sqrt(mean * (1.0 - mean) * random.uniform(0.01, 0.5, shape))
    correlated = sd * random.uniform(0.3, 1.0, shape)
    return moments(
        mean * 1e9, independent=(sd**2 - 0.35 * correlated**2) * 1e18, correlated=correlated * 1e9,
        value=1e9, zones=zones,
    )  # fmt: skip


def assert_within(sampled: np.ndarray, mean: np.ndarray, sd: np.ndarray, errors: float) -> None:
    """Means within some standard errors, standard deviations within as many of theirs."""
    count = sampled.shape[-1]
    # the table of quantiles is held to 5e-5 and 1e-4 by its own test
    error = errors * sd / np.sqrt(count) + 5e-5 * mean
    assert (np.abs(sampled.mean(axis=-1) - mean) <= error).all()
    fourth = ((sampled - sampled.mean(axis=-1, keepdims=True)) ** 4).mean(axis=-1)
    of_variance = np.sqrt(np.maximum(fourth - sd**4, 0.0) / count)
    assert (np.abs(sampled.var(axis=-1) - sd**2) <= errors * of_variance + 2e-4 * sd**2).all()


def test_each_loss_has_the_mean_and_variance_of_its_moments() -> None:
    data = city(30, 2, 3)
    sampled = drawn(data, MIXED, samples=20_000).astype(np.float64)
    variance = data["variance_independent"] + 0.35 * data["sd_correlated"] ** 2
    assert_within(sampled, data["mean"].values, np.sqrt(variance.values), 4.5)


def test_the_sum_of_an_occurrence_has_the_exact_variance_within_the_stated_bound() -> None:
    """Ratios and spreads that differ as counties do: at most 3 % below, never above but by chance.

    By Cauchy and Schwarz the copula gives two losses at most the covariance of the moments; what it
    lacks depends on how much the shapes differ.
    """
    count = 20_000
    random = np.random.default_rng(5)
    shape = (60, 4, 3)
    mean = 10.0 ** random.uniform(-3.0, -1.0, shape)
    sd = mean * random.uniform(0.2, 1.2, shape)
    correlated = sd * random.uniform(0.3, 1.5, shape)
    data = moments(mean, independent=0.5 * sd**2, correlated=correlated, zones=4)
    total = drawn(data, MIXED, count).astype(np.float64).reshape(60, 12, -1).sum(axis=1)
    exact = exact_moments(data, MIXED)
    of_mean = np.sqrt(exact.variance / count)
    assert (np.abs(total.mean(axis=1) - exact.mean) < 4.5 * of_mean + 5e-5 * exact.mean).all()
    ratio = total.var(axis=1) / exact.variance
    centred = (total - total.mean(axis=1, keepdims=True)) ** 2
    of_ratio = np.sqrt(centred.var(axis=1) / count) / exact.variance
    assert (ratio < 1.0 + 4.5 * of_ratio).all()
    assert (ratio > 0.97 - 4.5 * of_ratio).all()


def test_shapes_as_unlike_as_can_be_keep_nine_tenths_of_the_variance() -> None:
    data = city(60, 4, 3)
    total = drawn(data, MIXED, 20_000).astype(np.float64).reshape(60, 12, -1).sum(axis=1)
    ratio = total.var(axis=1) / exact_moments(data, MIXED).variance
    assert 0.95 < ratio.mean() < 1.0


def test_alike_losses_have_the_covariance_of_the_moments() -> None:
    """Two zones of two items: correlations (event + zone) s² / v inside, event s² / v across."""
    count = 40_000
    data = moments(np.full((1, 2, 2), 0.02), independent=0.02**2 * 0.4, correlated=0.02, zones=2)
    sampled = drawn(data, Correlation(event=0.2, zone=0.4, cell=0.0), samples=count)
    found = np.corrcoef(sampled.reshape(4, count))
    for pair, expected in {(0, 1): 0.6, (2, 3): 0.6, (0, 2): 0.2, (1, 3): 0.2}.items():
        assert found[pair] == pytest.approx(expected, abs=0.03)


def test_all_event_makes_alike_losses_equal_and_none_makes_them_unrelated() -> None:
    data = moments(np.full((1, 2, 2), 0.1), correlated=0.05, zones=2)
    together = drawn(data, Correlation(event=1.0, zone=0.0, cell=0.0))[..., :].reshape(4, -1)
    assert np.array_equal(together, np.broadcast_to(together[0], together.shape))
    apart = drawn(data.assign(variance_independent=data["sd_correlated"] ** 2), ALONE, 20_000)
    off = np.corrcoef(apart.reshape(4, -1))[np.triu_indices(4, 1)]
    assert np.abs(off).max() < 4.5 / np.sqrt(20_000)


def test_one_unit_that_loses_all_or_nothing() -> None:
    data = moments(np.full((1, 1, 1), 0.3), independent=0.3 * 0.7)
    sampled = drawn(data, samples=40_000).ravel()
    assert set(np.unique(sampled)) == {0.0, 1.0}
    assert sampled.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 40_000))


def test_a_total_loss_is_far_likelier_than_not() -> None:
    data = moments(np.full((1, 1, 1), 0.9), independent=0.09)
    sampled = drawn(data, samples=40_000).ravel()
    assert set(np.unique(sampled)) == {0.0, 1.0}
    assert sampled.mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 40_000))


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.0), (2.0, 6.0), (6.0, 2.0), (0.5, 3.0)])
def test_laws_between_are_beta(alpha: float, beta: float) -> None:
    law = stats.beta(alpha, beta)
    data = moments(np.full((1, 1, 1), law.mean()), independent=law.var())
    sampled = drawn(data, samples=20_000).ravel()
    # Kolmogorov-Smirnov at one in a thousand; losses are told apart in steps of 1/65536
    distance = stats.kstest(sampled, law.cdf).statistic
    assert distance < 1.95 / np.sqrt(20_000) + 2**-16


def test_no_variance_gives_the_mean() -> None:
    sampled = drawn(moments(np.full((2, 1, 1), 0.25)), samples=50)
    assert sampled == pytest.approx(0.25, rel=1e-6)


def test_threads_change_nothing() -> None:
    data = city(40, 3, 2)
    before = numba.get_num_threads()
    found = []
    for threads in {1, min(2, before), before}:
        numba.set_num_threads(threads)
        found.append(drawn(data, MIXED, 100))
    numba.set_num_threads(before)
    assert all(np.array_equal(found[0], other) for other in found)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 200_000))
def test_chunks_change_nothing(piece: int) -> None:
    data = city(12, 2, 2)
    assert np.array_equal(drawn(data, MIXED, 30, piece=piece), drawn(data, MIXED, 30))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 1), st.integers(1, 9))
def test_losses_stay_between_nothing_and_the_value_exposed(
    seed: int, event: float, zone: float, samples: int
) -> None:
    shares = Correlation(event=0.5 * event, zone=0.5 * zone, cell=0.0)
    data = city(6, 2, 2, seed % 1000)
    spread = data["sd_correlated"] * np.sqrt(0.9 / max(0.35, shares.event + shares.zone))
    data = data.assign(
        sd_correlated=spread * 0.5, variance_independent=0.1 * data["variance_independent"]
    )
    sampled = drawn(data, shares, samples, seed)
    assert (sampled >= 0.0).all()
    assert (sampled <= np.float32(1e9)).all()


def test_another_zone_item_or_sample_leaves_other_draws_bit_equal() -> None:
    data = city(5, 3, 3)
    whole = drawn(data, MIXED, 40).reshape(5, 3, 3, 40)
    assert np.array_equal(drawn(data, MIXED, 25).reshape(5, 3, 3, 25), whole[..., :25])
    fewer = data.isel(item=[0, 2])
    assert np.array_equal(drawn(fewer, MIXED, 40).reshape(5, 3, 2, 40), whole[:, :, [0, 2]])
    of_two = data.isel(row=np.flatnonzero(data["row_zone"].values != 1), zone=[0, 2])
    of_two["row_zone"] = of_two["row_zone"] // 2
    assert np.array_equal(drawn(of_two, MIXED, 40).reshape(5, 2, 3, 40), whole[:, [0, 2]])


def test_the_order_of_zones_and_items_does_not_matter() -> None:
    data = city(5, 3, 3)
    turned = data.isel(zone=[2, 0, 1], item=[1, 2, 0])
    turned["row_zone"] = ("row", np.array([1, 2, 0])[data["row_zone"].values])
    assert np.array_equal(drawn(turned, MIXED, 20), drawn(data, MIXED, 20)[:, [1, 2, 0]])


def negative(data: xr.Dataset) -> xr.Dataset:
    return data.assign(mean=-data["mean"])


def not_a_number(data: xr.Dataset) -> xr.Dataset:
    return data.assign(sd_correlated=data["sd_correlated"] * np.nan)


def above_value(data: xr.Dataset) -> xr.Dataset:
    return data.assign(value_exposed=0.5 * data["value_exposed"])


def too_wide(data: xr.Dataset) -> xr.Dataset:
    return data.assign(variance_independent=data["variance_independent"] + 1.0)


def falling(data: xr.Dataset) -> xr.Dataset:
    return data.isel(row=[1, 0])


def beyond(data: xr.Dataset) -> xr.Dataset:
    return data.assign(row_zone=data["row_zone"] + 5)


def lacking(data: xr.Dataset) -> xr.Dataset:
    return data.drop_vars("sd_correlated")


def twice(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(item=["a", "a"])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (negative, "negative"), (not_a_number, "not finite"), (above_value, "above the value"),
        (too_wide, "more variance"), (falling, "do not rise"), (beyond, "beyond its dimension"),
        (lacking, "missing"), (twice, "told apart"),
    ],
)  # fmt: skip
def test_impossible_moments_are_refused(
    spoil: Callable[[xr.Dataset], xr.Dataset], says: str
) -> None:
    data = moments(np.full((2, 1, 2), 0.8), independent=0.01)
    with pytest.raises(SchemaError, match=says):
        drawn(spoil(data))


def test_no_samples_and_too_many_are_refused() -> None:
    data = moments(np.full((2, 1, 2), 0.5), independent=0.01)
    with pytest.raises(ParamError, match=r"loss\.samples"):
        drawn(data, samples=0)
    with pytest.raises(MemoryLimitError, match="1/16 of the samples"):
        drawn(data, samples=1000, memory_limit=1000)


@pytest.mark.parametrize("shares", [(-0.1, 0.0, 0.0), (0.5, 0.4, 0.2), (float("nan"), 0.0, 0.0)])
def test_shares_that_are_none_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ParamError, match="shares of variance"):
        Correlation(*shares)
