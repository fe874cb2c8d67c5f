"""The account of a reserve: what flows in flows out, and closed forms of exhaustion."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from riskmodel.core.errors import SchemaError
from riskmodel.cover.pay import PAYOUTS
from riskmodel.cover.reserve import Reserve
from riskmodel.cover.reserve_account import balance_path, reserve_account, share_fully_paid

TEXTS = {"name": "a", "name_zh": "甲", "modelled_on": "c", "source": "d", "status": "illustrative"}


def reserve_of(**terms: Any) -> Reserve:
    base = {
        "reserve": "fund",
        "covers": ["home"],
        "opening_balance": "0 元",
        "contribution": {"of": "premium", "share": 1.0, "premium": "1 元"},
        "interest": 0.0,
        "cap": "unlimited",
        "drawdown": {"above": "0 元", "of": "year"},
        "horizon": 10,
        **TEXTS,
    }
    return Reserve.model_validate(base | terms)


def account_of(
    reserve: Reserve, paid: np.ndarray, year: np.ndarray, *, years: int, blocks: int = 1
) -> xr.Dataset:
    """Account of payments (occurrence, cover) in one zone, without treaties."""
    start = np.arange(year.size, dtype=float)
    payouts = xr.Dataset(
        {"paid": (("occurrence", "zone", "cover"), paid[:, None, :])},
        {
            "year": ("occurrence", year), "start": ("occurrence", start),
            "cover": ["home", "shop"][: paid.shape[1]], "zone": ["330302"],
        },
        {"years": years, "blocks": blocks, "price_year": 2022, "status": "illustrative"}
        | {"schema": PAYOUTS.name},
    )  # fmt: skip
    none = xr.Dataset({"net": (("occurrence", "cover"), np.zeros_like(paid))})
    return reserve_account(reserve, payouts, none)


def yuan(amount: float) -> str:
    return f"{amount:.6f} 元"


amounts = st.floats(0.0, 100.0).map(lambda x: round(x, 3))
terms = st.fixed_dictionaries(
    {
        "opening_balance": amounts.map(yuan),
        "contribution": st.fixed_dictionaries(
            {
                "of": st.sampled_from(["premium", "surplus"]),
                "share": st.floats(0.05, 1.0),
                "premium": st.floats(1.0, 50.0).map(yuan),
            }
        ),
        "interest": st.floats(0.0, 0.2),
        "cap": st.one_of(st.just("unlimited"), st.floats(100.0, 200.0).map(yuan)),
        "drawdown": st.fixed_dictionaries(
            {"above": amounts.map(yuan), "of": st.sampled_from(["year", "occurrence"])}
        ),
        "horizon": st.integers(1, 12),
    }
)


def drawn_payments(seed: int, count: int = 60, years: int = 24) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    paid = 20.0 * draw.pareto(1.3, (count, 2)) * (draw.random((count, 2)) < 0.8)
    return paid, np.sort(draw.integers(0, years, count))


@settings(deadline=None)
@given(terms=terms, seed=st.integers(0, 2**32 - 1))
def test_what_flows_in_flows_out(terms: dict[str, Any], seed: int) -> None:
    reserve = reserve_of(**terms)
    paid, year = drawn_payments(seed)
    account = account_of(reserve, paid, year, years=24, blocks=2)
    inflow = account["opening"] + account["interest"] + account["contribution"]
    outflow = account["released"] + account["drawn"] + account["closing"]
    np.testing.assert_allclose(inflow, outflow, rtol=1e-12, atol=1e-9)
    for name in ("opening", "released", "drawn", "closing", "shortfall", "payment", "asked"):
        assert float(account[name].min()) >= -1e-9, name
    assert float(account["closing"].max()) <= reserve.cap + 1e-9
    # each year begins with what the year before it left, or anew
    carried = account["year_of_sequence"].to_numpy() > 1
    np.testing.assert_array_equal(
        account["opening"].to_numpy()[carried], account["closing"].to_numpy()[:-1][carried[1:]]
    )
    assert (account["opening"].to_numpy()[~carried] == reserve.opening_balance).all()
    by_year = np.bincount(year, account["payment"].sum("cover"), minlength=24)
    np.testing.assert_allclose(account["drawn"], by_year, atol=1e-9)
    # no cover gets more than it pays, nor one that the reserve does not cover
    assert (account["payment"].to_numpy() <= paid + 1e-9).all()
    assert float(account["payment"].sel(cover="shop").sum()) == 0.0


@settings(deadline=None)
@given(terms=terms, seed=st.integers(0, 2**32 - 1), more=st.floats(1.0, 3.0))
def test_more_contribution_never_pays_less(terms: dict[str, Any], seed: int, more: float) -> None:
    paid, year = drawn_payments(seed)
    small = reserve_of(**terms)
    larger = small.contribution.model_copy(update={"premium": more * small.contribution.premium})
    large = small.model_copy(update={"contribution": larger})
    one, other = (account_of(r, paid, year, years=24, blocks=2) for r in (small, large))
    assert (other["closing"] >= one["closing"] - 1e-9).all()
    assert (other["shortfall"] <= one["shortfall"] + 1e-9).all()
    assert share_fully_paid(other) >= share_fully_paid(one)


def every_sequence(horizon: int) -> np.ndarray:
    """All sequences of years with and without a loss, (sequence, year)."""
    return np.array(list(itertools.product([0, 1], repeat=horizon)))


def exhausted_by(hits: np.ndarray, loss: float, chance: float, **terms: Any) -> np.ndarray:
    """Probability of exhaustion by year, summed over all sequences with their probabilities."""
    sequences, horizon = hits.shape
    year = np.flatnonzero(hits.ravel())
    account = account_of(
        reserve_of(horizon=horizon, **terms),
        np.full((year.size, 1), loss), year, years=hits.size,
    )  # fmt: skip
    short = account["shortfall"].to_numpy().reshape(sequences, horizon) > 0.0
    weight = chance ** hits.sum(axis=1) * (1.0 - chance) ** (horizon - hits.sum(axis=1))
    return weight @ np.maximum.accumulate(short, axis=1)


@pytest.mark.parametrize("chance", [0.05, 0.3])
def test_exhaustion_without_contributions_is_binomial(chance: float) -> None:
    """A fund of three losses is exhausted when a fourth happens: P(T ≤ n) = P(Bin(n, p) > 3)."""
    nothing = {"of": "surplus", "share": 0.0, "premium": "0 元"}
    found = exhausted_by(
        every_sequence(10), 7.0, chance, opening_balance="21 元", contribution=nothing
    )
    expected = binom.sf(3, np.arange(1, 11), chance)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("opening", [0, 2])
def test_exhaustion_with_contributions_is_a_first_passage(opening: int) -> None:
    """One yuan a year against losses of two: a fair walk of ± 1 that must not pass below 0.

    By reflection, P(passes -1 - u within n) = P(S > u + 1) + P(S ≥ u + 1) for the fair walk S
    of n steps. Feller, An Introduction to Probability Theory I, III.7.
    """
    found = exhausted_by(every_sequence(11), 2.0, 0.5, opening_balance=f"{opening} 元")
    steps, level = np.arange(1, 12), opening + 1
    # S ≥ k means at least (n + k) / 2 steps upwards
    at_least = [binom.sf(np.ceil((n + level) / 2) - 1, n, 0.5) for n in steps]
    above = [binom.sf(np.ceil((n + level + 1) / 2) - 1, n, 0.5) for n in steps]
    np.testing.assert_allclose(found, np.add(at_least, above), rtol=1e-12)


def test_path_is_read_off_whole_sequences() -> None:
    """Three years a block, sequences of two: the third year of each block is left out."""
    year = np.array([1, 2, 4])
    account = account_of(
        reserve_of(horizon=2), np.array([[5.0], [50.0], [1.0]]), year, years=6, blocks=2
    )
    path = balance_path(account, quantiles=(0.0, 1.0))
    assert path.attrs["sequences"] == 2
    np.testing.assert_allclose(path["mean"], [1.0, 0.5])  # 1 and 1; then 0 and 1
    np.testing.assert_allclose(path["quantile_balance"], [[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_allclose(path["exhausted"], [0.0, 0.5])
    assert share_fully_paid(account) == pytest.approx(1 / 3)


def test_odd_lengths_are_refused() -> None:
    none = np.zeros((0, 1)), np.zeros(0, dtype=np.int64)
    with pytest.raises(SchemaError, match="unequal years"):
        account_of(reserve_of(), *none, years=7, blocks=2)
    short = account_of(reserve_of(horizon=30), *none, years=20, blocks=2)
    with pytest.raises(SchemaError, match=r"reserve\.horizon.*30.*at most 10"):
        balance_path(short, quantiles=(0.5, 0.9))
    assert share_fully_paid(short) == 1.0
