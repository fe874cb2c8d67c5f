"""Basis risk: closed forms, cases worked by hand, and what must hold whatever the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from riskmodel.core.errors import SchemaError
from riskmodel.cover.basis_risk import (
    Pairs,
    all_together,
    basis_figures,
    correlations,
    false_payment,
    need_levels,
    needs,
    no_payment,
    overpayment,
    rmse,
    shortfall,
)
from riskmodel.cover.index_residual import IndexResidual, measured
from riskmodel.cover.ledger import build_ledger
from riskmodel.cover.parametric import payout_fraction
from riskmodel.cover.pay import pay
from tests.cover.conftest import content, from_content, make_inputs

SEED = 7


def pairs(need: list[float], *paid: list[float], full: float = 100.0) -> Pairs:
    """One group, an occurrence a year, a list of payments for each draw."""
    return Pairs(
        np.array(need)[:, None], np.array(paid)[:, :, None], np.array([full]),
        np.arange(len(need)), len(need),
    )  # fmt: skip


# --- by hand -------------------------------------------------------------------------------------

# needs of five years; two draws of payments; full payout 100
HAND = pairs([0, 40, 80, 200, 0], [50, 0, 60, 100, 0], [0, 0, 100, 100, 0])


def test_each_figure_by_hand() -> None:
    # need >= 80: payments 60 and 100, 100 and 100; all above nothing
    assert no_payment(HAND, 80.0) == 0.0
    # need >= 40: 40 gets nothing in both draws, of six outcomes
    assert no_payment(HAND, 40.0) == pytest.approx(2 / 6)
    # targets 40, 80, 100 twice = 440; unpaid 40 + 20 + 0, and 40 + 0 + 0
    assert shortfall(HAND, 40.0) == pytest.approx(100 / 440)
    # five payments, one of which meets no need
    assert false_payment(HAND) == pytest.approx(1 / 5)
    # paid 50 + 60 + 100 + 100 + 100 = 410; above need: 50, and 100 - 80
    assert overpayment(HAND) == pytest.approx(70 / 410)
    # years with need or payment: draw 1 0-50, 40-0, 80-60, 200-100; draw 2 40-0, 80-100, 200-100
    error = [50, -40, -20, 0, -40, 20, 0]
    assert rmse(HAND) == pytest.approx(np.sqrt(np.mean(np.square(error))))
    x, y = [0, 40, 80, 200, 40, 80, 200], [50, 0, 60, 100, 0, 100, 100]
    assert correlations(HAND)[0] == pytest.approx(stats.pearsonr(x, y)[0])
    assert correlations(HAND)[1] == pytest.approx(stats.spearmanr(x, y)[0])


def test_level_of_a_need_is_that_of_its_yearly_maximum() -> None:
    year = np.array([0, 0, 1, 2, 3])
    made = Pairs(np.array([[5.0], [9.0], [4.0], [7.0], [1.0]]), np.zeros((1, 5, 1)),
                 np.array([1.0]), year, 10)  # fmt: skip
    # 9, 7, 4, 1 and six years of nothing: two years in ten lie above the 5-year need
    assert need_levels(made, 5.0) == 4.0
    assert need_levels(made, 2.0) == 0.01  # no need in most years: any need counts


def test_a_year_of_its_own_for_each_block() -> None:
    first, second = HAND.of_years(0, 2), HAND.of_years(2, 3)
    assert (first.need.ravel().tolist(), first.years) == ([0, 40], 2)
    assert (second.need.ravel().tolist(), second.year.tolist()) == ([80, 200, 0], [0, 1, 2])


def test_counties_apart_see_more_than_their_sum() -> None:
    """Each county is paid what the other needs: the sum looks perfect, the counties do not."""
    need = np.array([[10.0, 0.0], [0.0, 10.0]])
    crossed = Pairs(need, need[None, :, ::-1], np.array([10.0, 10.0]), np.arange(2), 2)
    assert no_payment(crossed, 10.0) == 1.0
    assert shortfall(crossed, 10.0) == 1.0
    assert no_payment(all_together(crossed), 10.0) == 0.0
    assert shortfall(all_together(crossed), 10.0) == 0.0


def test_what_is_not_defined_is_left_out() -> None:
    figures = basis_figures(pairs([0.0, 0.0], [0.0, 0.0]), [1.5])
    assert set(figures) == {"mean_payout", "mean_need"}


def test_shapes_and_amounts_are_checked() -> None:
    with pytest.raises(SchemaError, match="differ in shape"):
        replace(HAND, paid=HAND.paid[:, :3])
    with pytest.raises(SchemaError, match=r"Pairs\.need"):
        replace(HAND, need=-HAND.need)


# --- closed forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0.3, 0.8, 0.95])
def test_missed_payments_of_a_bivariate_normal(correlation: float) -> None:
    """P(I < a | L >= x) of the normal pair, within four standard errors of 400,000 pairs.

    P(I < a, L >= x) = Φ(a) - Φ₂(a, x; ρ).
    """
    count, level, attachment = 400_000, 1.5, 1.0
    random = np.random.default_rng(SEED)
    loss, noise = random.standard_normal((2, count))
    index = correlation * loss + np.sqrt(1.0 - correlation**2) * noise
    paid = 1e9 * payout_fraction(index, attachment, attachment + 2.0)  # no payment below a fen
    made = Pairs(
        np.exp(loss)[:, None], paid[None, :, None], np.array([1e9]), np.arange(count), count
    )
    both = stats.multivariate_normal.cdf(
        [attachment, level], cov=[[1.0, correlation], [correlation, 1.0]]
    )
    expected = (stats.norm.cdf(attachment) - both) / stats.norm.sf(level)
    found = no_payment(made, np.exp(level))
    error = np.sqrt(expected * (1.0 - expected) / (count * stats.norm.sf(level)))
    assert abs(found - expected) <= 4.0 * error


def test_pearson_of_constructed_data() -> None:
    """y = a + b x + c z with z orthogonal to x and as wide has correlation b / sqrt(b² + c²)."""
    random = np.random.default_rng(SEED)
    x, z = random.standard_normal((2, 1000))
    x -= x.mean()
    z -= z.mean() + x * (z @ x) / (x @ x)
    z -= z.mean()
    z *= np.sqrt((x @ x) / (z @ z))
    made = pairs((10.0 + x).tolist(), (20.0 + 3.0 * x + 4.0 * z).tolist())
    assert correlations(made)[0] == pytest.approx(0.6, abs=1e-12)


@pytest.mark.parametrize("index", [975.0, 978.0, 985.0])
def test_drawn_residual_misses_as_often_as_the_normal_says(index: float) -> None:
    """A pressure with spread s misses an attachment a with probability Φ((i - a) / s)."""
    count, spread, attachment = 2000, 5.6, 975.0
    triggers = storms(np.full(count, index))
    draws = [
        measured(triggers, IndexResidual(pressure=spread), seed=SEED, draw=d) for d in range(20)
    ]
    pressure = np.stack([d["minimum_pressure"].values[:, 0] for d in draws])
    paid = payout_fraction(pressure, attachment, attachment - 1e-9)
    made = Pairs(np.ones((count, 1)), paid[:, :, None], np.ones(1), np.arange(count), count)
    expected = stats.norm.cdf((index - attachment) / spread)
    error = np.sqrt(expected * (1.0 - expected) / pressure.size)
    assert abs(no_payment(made, 1.0) - expected) <= 4.0 * error


# --- the residual --------------------------------------------------------------------------------


def storms(pressure: np.ndarray, stations: tuple[str, ...] = ("330302", "330381")) -> xr.Dataset:
    rain = np.full((pressure.size, len(stations)), 300.0)
    return xr.Dataset(
        {
            "minimum_pressure": (("occurrence", "box"), np.stack([pressure] * 2, axis=1)),
            "landfall_pressure": ("occurrence", pressure + 5.0),
            "maximum_wind": (("occurrence", "box"), np.full((pressure.size, 2), 30.0)),
            "rain_24h": (("occurrence", "station"), rain, {"units": "mm"}),
        },
        {"box": ["a", "b"], "station": list(stations)},
    )


def test_residual_is_one_of_the_storm_and_of_each_station() -> None:
    triggers = storms(np.linspace(920.0, 990.0, 4000))
    residual = IndexResidual(pressure=5.6, rain=0.3)
    drawn = measured(triggers, residual, seed=SEED, draw=0)
    error = drawn["minimum_pressure"] - triggers["minimum_pressure"]
    np.testing.assert_array_equal(error.sel(box="a"), error.sel(box="b"))
    landfall = drawn["landfall_pressure"] - triggers["landfall_pressure"]
    np.testing.assert_allclose(landfall, error.sel(box="a"), atol=1e-9)
    assert stats.kstest(error.sel(box="a") / 5.6, "norm").pvalue > 1e-3
    xr.testing.assert_identical(drawn["maximum_wind"], triggers["maximum_wind"])  # none declared
    log = np.log(drawn["rain_24h"].values / 300.0)
    assert stats.kstest(log.ravel() / 0.3, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(log.T)[0, 1]) < 4.0 / np.sqrt(4000)
    assert drawn["rain_24h"].attrs == {"units": "mm"}


def test_measured_snow_is_one_draw_a_cold_wave_and_county() -> None:
    """Whatever it is weighed by; another county changes no draw; without snow none is measured."""
    depth = xr.DataArray(
        np.full((4000, 2, 2), 20.0), {"zone": ["330324", "330328"], "weight": ["crops", "works"]},
        ("occurrence", "zone", "weight"), attrs={"units": "cm"},
    )  # fmt: skip
    depth[0] = 0.0
    residual = IndexResidual(snow=0.3)
    drawn = measured(xr.Dataset({"snow_depth": depth}), residual, seed=SEED, draw=3)["snow_depth"]
    assert drawn.dims == depth.dims and drawn.attrs == {"units": "cm"}
    np.testing.assert_array_equal(drawn.sel(weight="crops"), drawn.sel(weight="works"))
    log = np.log(drawn[1:, :, 0].values / 20.0)
    assert stats.kstest(log.ravel() / 0.3, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(log.T)[0, 1]) < 4.0 / np.sqrt(4000)
    assert not drawn[0].any()
    one = measured(xr.Dataset({"snow_depth": depth[:, 1:]}), residual, seed=SEED, draw=3)
    np.testing.assert_array_equal(one["snow_depth"][:, 0], drawn[:, 1])


def test_draws_are_keyed() -> None:
    """Another station or storm changes no draw; another draw, seed or kind changes it."""
    residual = IndexResidual(pressure=5.0, wind=4.0, rain=0.3)
    few = measured(storms(np.full(5, 960.0)), residual, seed=1, draw=2)
    more = measured(
        storms(np.full(9, 960.0), ("330301", "330302", "330381")), residual, seed=1, draw=2
    )
    for name in ("minimum_pressure", "maximum_wind"):
        np.testing.assert_array_equal(more[name][:5], few[name])
    np.testing.assert_array_equal(more["rain_24h"][:5, 1:], few["rain_24h"])
    for other in ({"draw": 3}, {"seed": 2}):
        changed = measured(storms(np.full(5, 960.0)), residual, **{"seed": 1, "draw": 2} | other)
        assert not np.isin(changed["minimum_pressure"], few["minimum_pressure"]).any()


def test_a_storm_that_missed_the_box_is_still_missed() -> None:
    drawn = measured(
        storms(np.array([np.nan, 950.0])), IndexResidual(5.0, 5.0, 0.3), seed=1, draw=0
    )
    assert np.isnan(drawn["minimum_pressure"].values[0]).all()
    assert np.isfinite(drawn["minimum_pressure"].values[1]).all()


# --- needs from the ledger -----------------------------------------------------------------------


def test_needs_follow_from_losses_and_benefits() -> None:
    """Against losses and benefits directly: no index payout, reinsurer or backstop enters."""
    programme = from_content(content())
    inputs = make_inputs(programme)
    payouts = pay(
        programme, inputs.losses, inputs.benefits, inputs.triggers, population=inputs.population
    )
    ledger = build_ledger(programme, inputs.losses, inputs.benefits, payouts)
    found = needs(ledger, payouts)
    due = inputs.benefits
    need = due.sel(benefit="basic.deaths") + due.sel(benefit="basic.resettlement") * 4.0 / 3.0
    paid = payouts["benefit_paid"].sel(benefit=["basic.deaths", "basic.resettlement"])
    relief = need - paid.sum("benefit")
    np.testing.assert_allclose(found["relief"], relief, atol=1e-6)
    public = inputs.losses.sel(sector="infrastructure")  # no cover insures it here
    np.testing.assert_allclose(found["county"], relief + public, atol=1e-6)
    np.testing.assert_allclose(found["direct_loss"], inputs.losses.sum("sector"), rtol=1e-12)


# --- whatever the numbers ------------------------------------------------------------------------

amounts = st.sampled_from([0.0, 1.0, 5.0, 20.0, 100.0])
shares = st.one_of(st.just(0.0), st.floats(0.05, 1.0))


@st.composite
def some_pairs(draw: st.DrawFn) -> Pairs:
    occurrences, groups, draws = (draw(st.integers(1, n)) for n in (6, 3, 3))
    need = draw(arrays(np.float64, (occurrences, groups), elements=amounts))
    full = draw(arrays(np.float64, (groups,), elements=st.sampled_from([1.0, 20.0])))
    share = draw(arrays(np.float64, (draws, occurrences, groups), elements=shares))
    return Pairs(need, share * full, full, np.arange(occurrences), occurrences + 1)


@settings(deadline=None)
@given(some_pairs(), st.floats(0.5, 50.0), st.sampled_from([0.01, 2.0, 1000.0]))
def test_figures_are_fractions_and_know_no_currency(
    made: Pairs, level: float, factor: float
) -> None:
    for value in (
        no_payment(made, level),
        shortfall(made, level),
        false_payment(made),
        overpayment(made),
    ):
        assert np.isnan(value) or 0.0 <= value <= 1.0
    for value in correlations(made):
        assert np.isnan(value) or -1.0 - 1e-9 <= value <= 1.0 + 1e-9
    scaled = replace(
        made, need=factor * made.need, paid=factor * made.paid, full=factor * made.full
    )
    assert shortfall(scaled, factor * level) == pytest.approx(shortfall(made, level), nan_ok=True)
    assert overpayment(scaled) == pytest.approx(overpayment(made), nan_ok=True)


@settings(deadline=None)
@given(some_pairs(), st.floats(0.5, 50.0))
def test_an_exact_cover_has_no_basis_risk(made: Pairs, level: float) -> None:
    exact = replace(made, paid=np.broadcast_to(made.target, made.paid.shape))
    if (made.need >= level).any():
        assert no_payment(exact, level) == 0.0
        assert shortfall(exact, level) == 0.0
    assert np.isnan(false_payment(exact)) or false_payment(exact) == 0.0
    assert np.isnan(overpayment(exact)) or overpayment(exact) == 0.0
    assert np.isnan(rmse(exact)) or rmse(exact) == 0.0


@settings(deadline=None)
@given(some_pairs(), st.floats(0.5, 50.0), st.floats(0.0, 1.0))
def test_paying_more_never_widens_the_gap(made: Pairs, level: float, share: float) -> None:
    more = replace(made, paid=made.paid + share * (made.full - made.paid))
    assert not shortfall(more, level) > shortfall(made, level) + 1e-12
    assert not no_payment(more, level) > no_payment(made, level)
