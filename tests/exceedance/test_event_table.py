"""Event-rate tables: a published example, brute force, the beta spread and bad input."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from riskmodel.core.errors import ReturnPeriodError, SchemaError
from riskmodel.core.returnperiod import Frequency, rate_from_probability
from riskmodel.exceedance.event_table import (
    Spread,
    annual_standard_deviation,
    average_annual_loss,
    event_table,
    exceedance_frequency,
    frequency_loss,
    longest_return_period,
    occurrence_loss,
    occurrence_probability,
)
from riskmodel.exceedance.imported_rows import label_values, with_label

POISSON = Frequency("poisson")
CLUSTERED = Frequency("negative_binomial", 0.8)
FAMILIES = pytest.mark.parametrize("frequency", [POISSON, CLUSTERED])
MONEY = {"currency": "CNY", "price_year": 2022, "source": "by hand"}


def table_of(rate: object, loss: object, **more: object) -> xr.Dataset:
    rates = np.asarray(rate, dtype=np.float64)
    return event_table(np.arange(rates.size), rates, loss, **MONEY, **more)  # type: ignore[arg-type]


# As recalled, not checked against the book: Grossi & Kunreuther (2005), Catastrophe Modeling,
# Springer, doi 10.1007/b100669, table 2.1: annual probability, loss (USD), printed EP(L).
# Events 10 and 11 cost the same; the EP printed beside the second is that of both.
PUBLISHED = [
    (0.002, 25_000_000, 0.0020), (0.005, 15_000_000, 0.0070), (0.010, 10_000_000, 0.0169),
    (0.020, 5_000_000, 0.0366), (0.030, 3_000_000, 0.0655), (0.040, 2_000_000, 0.1029),
    (0.050, 1_000_000, 0.1477), (0.050, 800_000, 0.1903), (0.050, 700_000, 0.2308),
    (0.070, 500_000, 0.3490), (0.090, 500_000, 0.3490), (0.100, 300_000, 0.4141),
    (0.100, 200_000, 0.4727), (0.100, 100_000, 0.5255),
]  # fmt: skip
PUBLISHED_AAL = 760_000.0


def test_published_table_to_its_printed_digits() -> None:
    """There an event happens at most once a year: rate -ln(1 - p) gives the same chance of any."""
    probability, loss, printed = np.array(PUBLISHED).T
    table = table_of(rate_from_probability(probability, POISSON), loss)
    found = occurrence_probability(table, loss - 1.0, POISSON)
    assert np.abs(found - printed).max() <= 5e-5
    assert average_annual_loss(table_of(probability, loss)) == pytest.approx(PUBLISHED_AAL)
    # read backwards: the 100-year loss is that of event 3, for EP(10 million) = 0.0169
    assert occurrence_loss(table, 100.0, POISSON) == 10_000_000
    assert occurrence_loss(table, 10.0, POISSON) == 2_000_000


@FAMILIES
def test_figures_against_a_simulation_of_gamma_mixed_poisson_years(frequency: Frequency) -> None:
    rate = np.array([0.05, 0.3, 0.6, 0.02])
    loss = np.array([40.0, 10.0, 3.0, 90.0])
    table, years = table_of(rate, loss), 200_000
    draw = np.random.default_rng(2)
    kappa = frequency.kappa
    factor = np.ones(years) if kappa is None else draw.gamma(kappa, 1 / kappa, years)
    counts = draw.poisson(rate * factor[:, None])
    total = counts @ loss
    assert total.mean() == pytest.approx(average_annual_loss(table), rel=0.02)
    assert total.std() == pytest.approx(annual_standard_deviation(table, frequency), rel=0.02)
    for amount in (0.0, 3.0, 10.0, 39.0, 40.0):
        share = (counts[:, loss > amount].sum(axis=1) > 0).mean()
        found = float(occurrence_probability(table, amount, frequency))
        assert share == pytest.approx(found, abs=4 * np.sqrt(found / years))
    assert float(occurrence_probability(table, 90.0, frequency)) == 0.0


@FAMILIES
@pytest.mark.parametrize("severity", [stats.expon(), stats.pareto(2.5, loc=-1), stats.lognorm(1.5)])
def test_many_small_events_follow_the_closed_form_of_their_severity(
    severity: stats.distributions.rv_frozen, frequency: Frequency
) -> None:
    """OEP = 1 - exp(-λ S(x)); each event is a slice of the severity of probability 1/4,000."""
    slices, rate = 4000, 1.7
    middle = (np.arange(slices) + 0.5) / slices
    table = table_of(np.full(slices, rate / slices), severity.isf(middle))
    loss = severity.isf(np.array([0.9, 0.5, 0.1, 0.01, 0.001]))
    chance = rate * severity.sf(loss)
    kappa = frequency.kappa
    expected = 1 - (np.exp(-chance) if kappa is None else (1 + chance / kappa) ** -kappa)
    found = occurrence_probability(table, loss, frequency)
    assert np.abs(found - expected).max() <= rate / slices


def test_frequency_loss_goes_below_one_year() -> None:
    table = table_of([4.0, 1.0, 0.5, 0.01], [1.0, 5.0, 20.0, 300.0])
    # more often than 5.51 times a year there is no loss; EEF(1) = 1.51, EEF(5) = 0.51, EEF(20) 0.01
    for interval, expected in ((0.1, 0.0), (0.19, 1.0), (0.5, 1.0), (0.7, 5.0), (1.9, 5.0)):
        assert frequency_loss(table, interval) == expected
    assert frequency_loss(table, 1 / 5.51) == 0.0
    assert frequency_loss(table, 2.0) == 20.0
    assert frequency_loss(table, 100.0) == 20.0


def test_spread_is_the_beta_distribution_of_its_moments() -> None:
    """∫ EEF dx = Σ λ E[L] and ∫ 2 x EEF dx = Σ λ E[L²], whatever the events."""
    mean, deviation = np.array([30.0, 200.0, 55.0]), np.array([20.0, 40.0, 0.0])
    table = table_of([0.2, 0.01, 0.1], mean, spread=Spread(deviation, [400.0, 1000.0, 80.0]))

    def moment(power: int) -> float:
        parts = [0.0, 30.0, 55.0, 100.0, 400.0, 1000.0]
        return sum(
            integrate.fixed_quad(
                lambda x: power * x ** (power - 1) * exceedance_frequency(table, x), a, b, n=200
            )[0]
            for a, b in pairwise(parts)
        )

    assert moment(1) == pytest.approx(average_annual_loss(table), rel=1e-8)
    assert moment(2) == pytest.approx(annual_standard_deviation(table, POISSON) ** 2, rel=1e-8)
    # and the inverse of a curve with a step (the event without spread) inside
    for t in (4.0, 8.0, 20.0, 90.0):
        loss = occurrence_loss(table, t, POISSON)
        assert float(occurrence_probability(table, loss + 1e-6, POISSON)) <= 1 / t
        assert float(occurrence_probability(table, loss - 1e-6, POISSON)) >= 1 / t
    assert frequency_loss(table, 1.0) == 0.0


def test_a_single_event_with_a_spread_is_scipy_beta() -> None:
    table = table_of([1.0], [2.0], spread=Spread([1.0], [8.0]))
    a = 0.25 * (0.25 * 0.75 / 0.125**2 - 1)
    loss = np.array([0.0, 0.5, 2.0, 5.0, 7.9, 8.0, 9.0])
    found = exceedance_frequency(table, loss)
    assert found == pytest.approx(stats.beta(a, 3 * a, scale=8.0).sf(loss), abs=1e-14)


events = st.lists(
    st.tuples(st.floats(1e-4, 3.0), st.floats(0.0, 1e9)), min_size=1, max_size=12
).filter(lambda rows: any(loss > 0 for _, loss in rows))


@settings(max_examples=25, deadline=None)
@given(rows=events, kappa=st.none() | st.floats(0.05, 50.0), factor=st.floats(1e-3, 1e3))
def test_invariants(rows: list[tuple[float, float]], kappa: float | None, factor: float) -> None:
    rate, loss = np.array(rows).T
    frequency = POISSON if kappa is None else Frequency("negative_binomial", kappa)
    table, scaled = table_of(rate, loss), table_of(rate, loss * factor)
    amounts = np.unique(np.append(loss, [0.0, loss.max() / 2]))
    found = exceedance_frequency(table, amounts)
    brute = [sum(r for r, x in rows if x > a) for a in amounts]
    assert found == pytest.approx(brute, rel=1e-9, abs=1e-12)
    oep = occurrence_probability(table, amounts, frequency)
    assert (np.diff(oep) <= 0).all()
    assert (oep <= np.minimum(found, 1.0) + 1e-12).all()
    periods = np.geomspace(1.01, longest_return_period(table, frequency), 4)[:-1]
    if periods[0] < longest_return_period(table, frequency):
        curve = [occurrence_loss(table, t, frequency) for t in periods]
        assert (np.diff(curve) >= 0).all()
        again = [occurrence_loss(scaled, t, frequency) for t in periods]
        assert again == pytest.approx(np.multiply(curve, factor), rel=1e-9)
    assert average_annual_loss(scaled) == pytest.approx(factor * average_annual_loss(table))
    assert annual_standard_deviation(scaled, frequency) == pytest.approx(
        factor * annual_standard_deviation(table, frequency)
    )


def test_labels_split_the_average_and_the_frequency() -> None:
    table = table_of([0.1, 0.2, 0.3], [5.0, 6.0, 7.0], labels={"peril": ["flood", "wind", "flood"]})
    assert label_values(table, "peril") == ["flood", "wind"]
    parts = [with_label(table, "peril", name) for name in ("flood", "wind")]
    assert sum(map(average_annual_loss, parts)) == pytest.approx(average_annual_loss(table))
    assert float(exceedance_frequency(parts[0], 6.0)) == pytest.approx(0.3)
    with pytest.raises(SchemaError, match="import the table with this label"):
        with_label(table, "zone", "330302")
    with pytest.raises(SchemaError, match=r"found 'surge'.*choose a value that the table has"):
        with_label(table, "peril", "surge")


@FAMILIES
def test_a_return_period_beyond_the_rarest_loss_is_refused(frequency: Frequency) -> None:
    table = table_of([0.2, 0.004], [5.0, 90.0])
    longest = longest_return_period(table, frequency)
    assert occurrence_loss(table, 0.999 * longest, frequency) == 5.0
    with pytest.raises(ReturnPeriodError, match=f"at most {longest:g} years.*import rarer events"):
        occurrence_loss(table, 1.001 * longest, frequency)
    with pytest.raises(ReturnPeriodError, match="at most 250 years"):
        frequency_loss(table, 251.0)
    for t in (1.0, 0.5, -3.0, float("nan")):
        with pytest.raises(ReturnPeriodError, match="correct the return periods"):
            occurrence_loss(table, t, frequency)
    with pytest.raises(ReturnPeriodError, match="correct the return periods"):
        frequency_loss(table, 0.0)


@pytest.mark.parametrize(
    ("change", "where", "remedy"),
    [
        ({"event": [1, 2, 1]}, "event_loss_table.event", "sum the rows of one occurrence"),
        ({"rate": [0.1, 0.0, 0.1]}, "event_loss_table.rate", "drop events that cannot occur"),
        ({"rate": [0.1, np.nan, 0.1]}, "event_loss_table.rate", "correct or drop these rows"),
        ({"mean_loss": [1.0, -2.0, 3.0]}, "event_loss_table.mean_loss", "correct or drop"),
        ({"mean_loss": [1.0, np.nan, 3.0]}, "event_loss_table.mean_loss", "correct or drop"),
        ({"mean_loss": [[1.0, 2.0, 3.0]]}, "event_loss_table.mean_loss", "correct or drop"),
        ({"mean_loss": [1.0, 2.0]}, "", "give every column and label for each row"),
        ({"labels": {"zone": ["a", "b"]}}, "", "give every column and label for each row"),
        ({"spread": Spread([0, 9, 0], [1, 5, 3])}, "event 2", "correct the exposed value"),
        ({"spread": Spread([0, 0, 0], [1, 1, 3])}, "event 2", "correct the exposed value"),
        ({"spread": Spread([0, -1, 0], [1, 5, 3])}, "standard_deviation", "correct or drop"),
    ],
)
def test_bad_input_is_refused(change: dict[str, object], where: str, remedy: str) -> None:
    good: dict[str, object] = {
        "event": [1, 2, 3], "rate": [0.1, 0.2, 0.1], "mean_loss": [1.0, 2.0, 3.0],
    }  # fmt: skip
    with pytest.raises(SchemaError, match=remedy) as caught:
        event_table(**(good | change), **MONEY)  # type: ignore[arg-type]
    assert where in caught.value.where


def test_a_table_without_any_loss_has_no_curve() -> None:
    with pytest.raises(SchemaError, match="import a table with losses"):
        longest_return_period(table_of([0.1], [0.0]), POISSON)
