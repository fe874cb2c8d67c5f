"""Terms as pure functions: closed cases and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskmodel.cover.parametric import payout_fraction
from riskmodel.cover.terms import (
    Calendar,
    Terms,
    apply_terms,
    event_factor,
    pay_in_order,
    split_at,
    year_factor_in_date_order,
    year_factor_pro_rata,
)

calm = settings(deadline=None)  # the first call compiles
money = st.one_of(st.just(0.0), st.floats(0.01, 1e10))
positive = st.floats(1.0, 1e9)
limits = st.one_of(positive, st.just(np.inf))
terms = st.builds(
    Terms,
    deductible=st.floats(0.0, 1e9),
    coinsurance=st.floats(0.0, 1.0),
    zone_limit=limits,
    event_limit=limits,
    year_limit=limits,
    year_rule=st.sampled_from(["date_order", "pro_rata"]),
)
insured = arrays(np.float64, (7, 3), elements=money)
years = arrays(np.int64, 7, elements=st.integers(0, 2))
starts = arrays(np.float64, 7, elements=st.floats(0.0, 365.0))


@calm
@given(insured, terms, years, starts)
def test_parts_sum_and_no_limit_is_exceeded(
    loss: np.ndarray, of: Terms, year: np.ndarray, start: np.ndarray
) -> None:
    parts = apply_terms(loss, of, Calendar(year, start))
    cut = parts.above_event_limit + parts.above_year_limit
    sums = parts.paid + parts.deductible + parts.coinsurance + cut
    np.testing.assert_allclose(sums, loss, rtol=1e-12)
    assert all((getattr(parts, name) >= 0.0).all() for name in parts.__slots__)
    slack = 1.0 + 1e-12
    assert (parts.paid <= of.zone_limit * slack).all()
    assert (parts.paid.sum(axis=1) <= of.event_limit * slack).all()
    totals = np.bincount(year, parts.paid.sum(axis=1))
    assert (totals <= of.year_limit * slack).all()


@calm
@given(insured, terms, years, starts, st.permutations(range(3)))
def test_order_of_zones_is_irrelevant(
    loss: np.ndarray, of: Terms, year: np.ndarray, start: np.ndarray, order: list[int]
) -> None:
    calendar = Calendar(year, start)
    moved = apply_terms(loss[:, order], of, calendar).paid
    np.testing.assert_allclose(
        moved, apply_terms(loss, of, calendar).paid[:, order], rtol=1e-9, atol=1e-4
    )


@calm
@given(insured, terms, years, starts, st.floats(0.01, 100.0))
def test_payments_scale_with_money(
    loss: np.ndarray, of: Terms, year: np.ndarray, start: np.ndarray, k: float
) -> None:
    calendar = Calendar(year, start)
    scaled = Terms(
        k * of.deductible,
        of.coinsurance,
        k * of.zone_limit,
        k * of.event_limit,
        k * of.year_limit,
        of.year_rule,
    )
    np.testing.assert_allclose(
        apply_terms(k * loss, scaled, calendar).paid,
        k * apply_terms(loss, of, calendar).paid,
        rtol=1e-9,
        atol=1e-4 * k,
    )


@calm
@given(insured, terms, years, starts)
def test_more_limit_never_pays_less_in_a_year(
    loss: np.ndarray, of: Terms, year: np.ndarray, start: np.ndarray
) -> None:
    calendar = Calendar(year, start)
    more = Terms(
        of.deductible,
        of.coinsurance,
        of.zone_limit,
        of.event_limit,
        2 * of.year_limit,
        of.year_rule,
    )
    less = np.bincount(year, apply_terms(loss, of, calendar).paid.sum(axis=1))
    assert (
        less <= np.bincount(year, apply_terms(loss, more, calendar).paid.sum(axis=1)) + 1e-3
    ).all()


@calm
@given(years, starts, st.permutations(range(7)), positive)
def test_order_of_rows_is_irrelevant_when_dates_differ(
    year: np.ndarray, start: np.ndarray, order: list[int], limit: float
) -> None:
    start = start + 400.0 * np.arange(7)
    total = 1e8 * (1.0 + np.arange(7))
    straight = year_factor_in_date_order(total, Calendar(year, start), limit)
    shuffled = year_factor_in_date_order(total[order], Calendar(year[order], start[order]), limit)
    np.testing.assert_array_equal(shuffled, straight[order])


@calm
@given(arrays(np.float64, (3, 4), elements=money), arrays(np.float64, 4, elements=money))
def test_offers_meet_a_need_once(offers: np.ndarray, need: np.ndarray) -> None:
    used, over, left = pay_in_order(need, list(offers))
    np.testing.assert_allclose(sum(used) + left, need, rtol=1e-12)
    for offer, use, above in zip(offers, used, over, strict=True):
        np.testing.assert_allclose(use + above, offer, rtol=1e-12)


def test_a_layer_of_pareto_losses_has_its_closed_mean() -> None:
    """E[min((X - d)+, l)] = (d^(1-a) - (d+l)^(1-a)) / (a-1) for a Pareto of scale 1, shape a."""
    shape, attachment, width, count = 1.7, 2.0, 6.0, 400_000
    loss = ((np.arange(count) + 0.5) / count) ** (-1.0 / shape)
    layer, _ = split_at(split_at(loss, attachment)[1], width)
    closed = (attachment ** (1 - shape) - (attachment + width) ** (1 - shape)) / (shape - 1)
    assert layer.mean() == pytest.approx(closed, rel=1e-5)


def test_year_rules_agree_on_what_a_year_pays() -> None:
    total, year = np.array([3.0, 4.0, 5.0, 1.0]), np.array([0, 0, 1, 1])
    calendar = Calendar(year, np.array([9.0, 2.0, 3.0, 4.0]))
    ordered = total * year_factor_in_date_order(total, calendar, 5.0)
    shared = total * year_factor_pro_rata(total, year, 5.0)
    np.testing.assert_allclose(ordered, [1.0, 4.0, 5.0, 0.0])
    np.testing.assert_allclose(np.bincount(year, ordered), np.bincount(year, shared))


def test_nothing_to_pay_passes_every_limit() -> None:
    np.testing.assert_array_equal(event_factor(np.zeros(2), 1.0), [1.0, 1.0])
    empty = apply_terms(
        np.zeros((0, 2)),
        Terms(0.0, 0.0, 1.0, 1.0, 1.0, "date_order"),
        Calendar(np.zeros(0, int), np.zeros(0)),
    )
    assert empty.paid.shape == (0, 2)


def test_payout_line_serves_both_directions() -> None:
    np.testing.assert_allclose(
        payout_fraction([1000.0, 980.0, 935.0, 920.0, 880.0, np.nan], 980.0, 920.0),
        [0.0, 0.0, 0.75, 1.0, 1.0, 0.0],
    )
    np.testing.assert_allclose(payout_fraction([20.0, 35.0, 60.0], 30.0, 50.0), [0.0, 0.25, 1.0])
