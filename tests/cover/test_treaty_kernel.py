"""Layers in date order: invariants, closed forms, and the year's totals by another way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from riskmodel.core.errors import SchemaError
from riskmodel.cover.treaty_kernel import LayerTerms, recover, recover_by_year

YEARS = 6
amounts = st.floats(0.0, 1000.0)
layers = st.tuples(
    amounts,  # attachment
    st.floats(1.0, 500.0),  # limit
    st.one_of(st.just(0.0), st.floats(0.0, 400.0)),  # deductible
    st.lists(st.floats(0.0, 1.0), min_size=0, max_size=3),  # price of each reinstatement
    st.floats(0.1, 1.0),  # share
)
losses = st.lists(
    st.tuples(st.integers(0, YEARS - 1), st.floats(1.0, 365.0), amounts), min_size=1, max_size=30
)


def terms_of(rows: list, scale: float = 1.0, timed: bool = False) -> LayerTerms:
    attachment, limit, deductible, prices, share = zip(*rows, strict=True)
    price = np.zeros((len(rows), max(map(len, prices))))
    for number, own in enumerate(prices):
        price[number, : len(own)] = own
    wide = np.array(limit) * scale
    return LayerTerms(
        np.array(attachment) * scale,
        wide,
        np.array(deductible) * scale,
        wide * (1 + np.array([len(p) for p in prices])),
        np.array(share),
        price,
        np.full(len(rows), timed),
    )


def in_order(rows: list) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    year, start, loss = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return year.astype(np.int64), start, loss


def layer_losses(loss: np.ndarray, terms: LayerTerms) -> np.ndarray:
    return np.clip(loss[:, None] - terms.attachment, 0.0, terms.limit)


@given(rows=losses, tower=st.lists(layers, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_year_totals_are_those_of_the_annual_formulae(rows: list, tower: list) -> None:
    """Date order divides a year's recovery among losses; its sum has a form without order."""
    year, start, loss = in_order(rows)
    terms = terms_of(tower)
    recovery, premium = recover_by_year(year, start, loss, terms, years=YEARS)
    to_layers = np.zeros_like(recovery)
    np.add.at(to_layers, year, layer_losses(loss, terms))
    used = np.clip(to_layers - terms.deductible, 0.0, terms.yearly)
    np.testing.assert_allclose(recovery, terms.share * used, rtol=1e-9, atol=1e-9)
    bands = np.arange(terms.price.shape[1]) * terms.limit[:, None]
    restored = np.clip(used[:, :, None] - bands, 0.0, terms.limit[:, None])
    wanted = terms.share * (restored * terms.price).sum(axis=2)
    np.testing.assert_allclose(premium, wanted, rtol=1e-9, atol=1e-9)


@given(rows=losses, tower=st.lists(layers, min_size=1, max_size=5), timed=st.booleans())
@settings(max_examples=60, deadline=None)
def test_each_loss(rows: list, tower: list, timed: bool) -> None:
    year, start, loss = in_order(rows)
    terms = terms_of(tower, timed=timed)
    found = recover(year, start, loss, terms)
    slack = 1e-9
    assert (found.recovery >= 0.0).all()
    assert (found.recovery <= terms.share * layer_losses(loss, terms) + slack).all()
    assert (found.reinstatement_premium <= found.recovery + slack).all()  # prices are at most 1
    recovery, premium = recover_by_year(year, start, loss, terms, years=YEARS)
    for by_loss, by_year in (
        (found.recovery, recovery), (found.reinstatement_premium, premium)
    ):  # fmt: skip
        sums = np.zeros_like(by_year)
        np.add.at(sums, year, by_loss)
        np.testing.assert_allclose(sums, by_year, rtol=1e-9, atol=1e-9)
    assert (recovery <= terms.share * terms.yearly + slack).all()
    left = terms.share * terms.yearly - recovery
    last = np.searchsorted(year, np.unique(year), side="right") - 1
    np.testing.assert_allclose(found.remaining[last], left[year[last]], atol=1e-6)


@given(rows=losses, tower=st.lists(layers, min_size=1, max_size=5), extra=amounts)
@settings(max_examples=40, deadline=None)
def test_a_larger_loss_never_lowers_the_year(rows: list, tower: list, extra: float) -> None:
    year, start, loss = in_order(rows)
    terms = terms_of(tower)
    before = recover_by_year(year, start, loss, terms, years=YEARS)[0]
    loss[loss.size // 2] += extra
    assert (recover_by_year(year, start, loss, terms, years=YEARS)[0] >= before - 1e-9).all()


@given(rows=losses, tower=st.lists(layers, min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_scales_with_money(rows: list, tower: list) -> None:
    year, start, loss = in_order(rows)
    once = recover(year, start, loss, terms_of(tower))
    scaled = recover(year, start, 1e6 * loss, terms_of(tower, 1e6))
    for name in ("recovery", "reinstatement_premium", "remaining"):
        np.testing.assert_allclose(
            getattr(scaled, name), 1e6 * getattr(once, name), rtol=1e-9, atol=1e-2
        )


@given(rows=losses, cuts=st.lists(st.floats(1.0, 900.0), min_size=2, max_size=6, unique=True))
@settings(max_examples=40, deadline=None)
def test_a_tower_pays_no_more_than_the_loss(rows: list, cuts: list[float]) -> None:
    """Contiguous layers without annual terms sum to the loss between the ends of the tower."""
    year, start, loss = in_order(rows)
    cuts.sort()
    tower = [(low, high - low, 0.0, [], 1.0) for low, high in pairwise(cuts)]
    terms = terms_of(tower)
    endless = terms._replace(yearly=np.full(len(tower), np.inf))
    paid = recover(year, start, loss, endless).recovery.sum(axis=1)
    np.testing.assert_allclose(paid, np.clip(loss - cuts[0], 0.0, cuts[-1] - cuts[0]), atol=1e-9)


def poisson_pareto(years: int, rate: float, alpha: float) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(20_260)
    year = np.repeat(np.arange(years), random.poisson(rate, years))
    start = random.uniform(1.0, 366.0, year.size)
    order = np.lexsort((start, year))
    return year[order], start[order], 1.0 + random.pareto(alpha, year.size)


def test_layers_of_pareto_losses() -> None:
    """Mean of a layer l above a: λ (a^(1-α) - (a + l)^(1-α)) / (α - 1), losses from 1 on."""
    years, rate, alpha = 200_000, 0.8, 1.4
    year, start, loss = poisson_pareto(years, rate, alpha)
    bounds = np.array([1.0, 2.0, 5.0, 10.0, 40.0, 200.0])
    tower = [(a, b - a, 0.0, [], 1.0) for a, b in pairwise(bounds)]
    terms = terms_of(tower)._replace(yearly=np.full(5, np.inf))
    paid, _ = recover_by_year(year, start, loss, terms, years=years)
    powers = bounds ** (1.0 - alpha)
    mean = rate * (powers[:-1] - powers[1:]) / (alpha - 1.0)
    error = paid.std(axis=0, ddof=1) / np.sqrt(years)
    assert (np.abs(paid.mean(axis=0) - mean) <= 4.0 * error).all()


def test_reinstatements_of_total_losses() -> None:
    """Losses that exhaust the layer, K ~ Poisson(λ P(X > a + l)) a year.

    Recovered: l E[min(K, 1 + R)]; restored at 100 % and 50 %: price × l × sums of P(K ≥ k).
    """
    years, rate, alpha, top = 200_000, 2.0, 1.0, 3.0
    year, start, loss = poisson_pareto(years, rate, alpha)
    width = 1e-6  # so thin that a loss that reaches it exhausts it
    terms = terms_of([(top, width, 0.0, [0.2, 0.1], 1.0)])
    paid, premium = recover_by_year(year, start, loss, terms, years=years)
    frequency = rate * top**-alpha
    reached = poisson.sf([0, 1, 2], frequency)  # P(K >= 1), P(K >= 2), P(K >= 3)
    for found, mean in (
        (paid[:, 0] / width, reached.sum()),
        (premium[:, 0] / width, 0.2 * reached[0] + 0.1 * reached[1]),
    ):
        error = found.std(ddof=1) / np.sqrt(years)
        assert abs(found.mean() - mean) <= 4.0 * error


def test_reinstatements_pro_rata_to_time_of_uniform_dates() -> None:
    """One total loss a year on a uniform day costs half a reinstatement on average."""
    years = 100_000
    start = np.random.default_rng(7).uniform(1.0, 366.0, years)
    terms = terms_of([(0.0, 1.0, 0.0, [0.2], 1.0)], timed=True)
    _, premium = recover_by_year(np.arange(years), start, np.ones(years), terms, years=years)
    assert abs(premium.mean() - 0.1) <= 4.0 * premium.std(ddof=1) / np.sqrt(years)


def test_losses_out_of_order_are_refused() -> None:
    terms = terms_of([(0.0, 1.0, 0.0, [], 1.0)])
    ones = np.ones(2)
    with pytest.raises(SchemaError, match="date order"):
        recover(np.array([0, 0]), np.array([9.0, 1.0]), ones, terms)
    with pytest.raises(SchemaError, match="date order"):
        recover(np.array([1, 0]), np.array([1.0, 9.0]), ones, terms)
    with pytest.raises(SchemaError, match="outside the simulation"):
        recover_by_year(np.array([0, 3]), ones, ones, terms, years=3)


def test_no_losses() -> None:
    none = np.array([])
    terms = terms_of([(0.0, 1.0, 0.0, [], 1.0)])
    assert recover(none.astype(np.int64), none, none, terms).recovery.shape == (0, 1)
