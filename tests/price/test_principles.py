"""Principles against closed forms and against two-point losses by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter, ValidationError
from scipy.stats import norm

from riskmodel.core.errors import TermsError
from riskmodel.price.principles import (
    ExpectedValue,
    PremiumPrinciple,
    Principle,
    StandardDeviation,
    TvarCostOfCapital,
    Wang,
    tail_mean,
)

calm = settings(deadline=None)
COUNT = 200_000
MIDPOINTS = (np.arange(COUNT) + 0.5) / COUNT
EXPONENTIAL = -np.log(MIDPOINTS)
UNIFORM = MIDPOINTS
LOGNORMAL = np.exp(0.5 * norm.ppf(MIDPOINTS))
PRINCIPLES: list[PremiumPrinciple] = [
    ExpectedValue(theta=0.2),
    StandardDeviation(multiple=0.3),
    Wang(shift=0.4),
    TvarCostOfCapital(level=0.9, cost=0.1),
]


def test_exponential_of_mean_1() -> None:
    assert ExpectedValue(theta=0.2).premium(EXPONENTIAL) == pytest.approx(1.2, rel=1e-4)
    assert StandardDeviation(multiple=0.3).premium(EXPONENTIAL) == pytest.approx(1.3, rel=1e-4)
    # TVaR_p = 1 - ln(1 - p)
    assert tail_mean(EXPONENTIAL, 0.99) == pytest.approx(1 + math.log(100), rel=1e-3)
    assert TvarCostOfCapital(level=0.99, cost=0.1).premium(EXPONENTIAL) == pytest.approx(
        1 + 0.1 * math.log(100), rel=1e-3
    )


def test_uniform_on_0_to_1() -> None:
    assert ExpectedValue(theta=0.2).premium(UNIFORM) == pytest.approx(0.6)
    assert StandardDeviation(multiple=0.3).premium(UNIFORM) == pytest.approx(
        0.5 + 0.3 / math.sqrt(12)
    )
    # ∫ Φ(Φ⁻¹(1 - x) + λ) dx = Φ(λ / √2)
    assert Wang(shift=0.4).premium(UNIFORM) == pytest.approx(norm.cdf(0.4 / math.sqrt(2)), rel=1e-5)
    assert tail_mean(UNIFORM, 0.8) == pytest.approx(0.9)


def test_wang_moves_the_mean_of_a_lognormal_by_its_shift() -> None:
    # ln X ~ N(0, 0.5²) becomes N(0.5 λ, 0.5²)
    expected = math.exp(0.5 * 0.3 + 0.5 * 0.5**2)
    assert Wang(shift=0.3).premium(LOGNORMAL) == pytest.approx(expected, rel=1e-4)


def test_two_points_by_hand() -> None:
    """1,000 in one year of ten, else nothing: mean 100, standard deviation 1,000 · √0.09 = 300."""
    losses = [0.0] * 9 + [1000.0]
    assert ExpectedValue(theta=0.5).premium(losses) == pytest.approx(150.0)
    assert StandardDeviation(multiple=0.2).premium(losses) == pytest.approx(160.0)
    # Φ(Φ⁻¹(0.1) + 0.5) = Φ(-1.28155 + 0.5) = Φ(-0.78155) = 0.21724
    assert Wang(shift=0.5).premium(losses) == pytest.approx(217.24, abs=0.01)
    # worst fifth of ten years: the 1,000 and a 0, mean 500; 100 + 0.1 · 400 = 140
    assert TvarCostOfCapital(level=0.8, cost=0.1).premium(losses) == pytest.approx(140.0)


def test_tail_mean_takes_the_last_year_in_part() -> None:
    # worst 2.5 of ten years: (10 + 9 + 0.5 · 8) / 2.5
    assert tail_mean(np.arange(1.0, 11.0), 0.75) == pytest.approx(23.0 / 2.5)


@pytest.mark.parametrize("principle", PRINCIPLES, ids=lambda p: p.name)
class TestInvariants:
    years = arrays(np.float64, 50, elements=st.floats(0.0, 1e9))

    @calm
    @given(losses=years)
    def test_at_least_the_mean(self, principle: PremiumPrinciple, losses: np.ndarray) -> None:
        assert principle.premium(losses) >= losses.mean() * (1 - 1e-9) - 1e-6

    @calm
    @given(losses=years, k=st.floats(0.001, 1000.0))
    def test_scales_with_money(
        self, principle: PremiumPrinciple, losses: np.ndarray, k: float
    ) -> None:
        assert principle.premium(k * losses) == pytest.approx(
            k * principle.premium(losses), rel=1e-9, abs=1e-6
        )

    @calm
    @given(losses=years, order=st.permutations(range(50)))
    def test_order_of_years_is_irrelevant(
        self, principle: PremiumPrinciple, losses: np.ndarray, order: list[int]
    ) -> None:
        assert principle.premium(losses[order]) == pytest.approx(
            principle.premium(losses), rel=1e-9
        )

    @calm
    @given(one=years, other=years)
    def test_together_costs_at_most_as_much(
        self, principle: PremiumPrinciple, one: np.ndarray, other: np.ndarray
    ) -> None:
        apart = principle.premium(one) + principle.premium(other)
        assert principle.premium(one + other) <= apart * (1 + 1e-9) + 1e-6

    def test_a_certain_loss_of_nothing_is_free(self, principle: PremiumPrinciple) -> None:
        assert principle.premium(np.zeros(100)) == 0.0

    @pytest.mark.parametrize("losses", [[], [1.0, -1.0], [1.0, np.nan], [[1.0], [2.0]]])
    def test_odd_losses_are_refused(self, principle: PremiumPrinciple, losses: list) -> None:
        with pytest.raises(TermsError, match="annual losses"):
            principle.premium(losses)


def test_without_load_a_principle_is_the_mean() -> None:
    for principle in (
        ExpectedValue(theta=0),
        StandardDeviation(multiple=0),
        Wang(shift=0),
        TvarCostOfCapital(level=0.9, cost=0),
    ):
        assert principle.premium(EXPONENTIAL) == pytest.approx(EXPONENTIAL.mean(), rel=1e-9)


def test_too_few_years_for_a_level() -> None:
    with pytest.raises(TermsError, match="at least 200 years"):
        tail_mean(np.ones(100), 0.995)
    assert tail_mean(np.ones(200), 0.995) == 1.0


def test_principles_are_read_from_params_by_kind() -> None:
    adapter: TypeAdapter[Principle] = TypeAdapter(Principle)
    assert adapter.validate_python({"kind": "wang", "shift": 0.3}) == Wang(shift=0.3)
    for bad in (
        {"kind": "wang", "shift": -0.1},
        {"kind": "wang", "shift": 0.3, "colour": 1},
        {"kind": "tvar_cost_of_capital", "level": 1.0, "cost": 0.1},
        {"kind": "guess"},
    ):
        with pytest.raises(ValidationError):
            adapter.validate_python(bad)
