from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.dependence import (
    ChiTarget,
    Family,
    SpatialCopula,
    chi,
    correlation,
    event_probability,
    solve_copula,
)

POISSON = Frequency("poisson")
DISTANCES = np.array([0.5, 5.0, 20.0, 60.0, 200.0])
GAUSSIAN = SpatialCopula("gaussian", 60.0, 1.1, None)
STUDENT = SpatialCopula("student_t", 60.0, 1.1, 5.0)
TARGETS = [
    ChiTarget(20.0, 20.0, 0.50),
    ChiTarget(60.0, 20.0, 0.22),
    ChiTarget(20.0, 100.0, 0.44),
    ChiTarget(60.0, 100.0, 0.16),
]


def solve(family: Family, targets: list[ChiTarget], tolerance: float = 0.03, events: float = 3.0):  # noqa: ANN201
    return solve_copula(
        family, targets, events_a_year=events, frequency=POISSON, tolerance=tolerance
    )


@pytest.mark.parametrize("p", [0.3, 0.0172, 1e-4])
def test_gaussian_chi_against_bivariate_normal_and_owen(p: float) -> None:
    rho = correlation(GAUSSIAN, DISTANCES)
    level = stats.norm.isf(p)
    by_cdf = [
        stats.multivariate_normal.cdf([-level, -level], cov=[[1, r], [r, 1]]) / p for r in rho
    ]
    by_owen = 1.0 - 2.0 * special.owens_t(level, np.sqrt((1 - rho) / (1 + rho))) / p
    assert chi(GAUSSIAN, DISTANCES, p) == pytest.approx(by_cdf, abs=1e-5)
    assert chi(GAUSSIAN, DISTANCES, p) == pytest.approx(by_owen, abs=1e-9)


@pytest.mark.parametrize("degrees", [1.0, 2.5, 11.0])
@pytest.mark.parametrize("p", [0.3, 0.0172, 0.001])
def test_student_chi_against_the_mixture_of_normals(degrees: float, p: float) -> None:
    """An event's field is normal given its divisor: the orthant averaged over the divisor."""
    copula = SpatialCopula("student_t", 60.0, 1.1, degrees)
    rho = correlation(copula, DISTANCES)
    log_divisor = np.linspace(-40.0, 6.0, 600)  # trapezoidal rule, exact for so smooth a density
    drawn = np.exp(log_divisor)
    weight = stats.chi2.pdf(drawn, degrees) * drawn * (log_divisor[1] - log_divisor[0])
    divisor = drawn[:, None] / degrees
    level = stats.t.isf(p, degrees) * np.sqrt(divisor)
    orthant = special.ndtr(-level) - 2.0 * special.owens_t(level, np.sqrt((1 - rho) / (1 + rho)))
    assert chi(copula, DISTANCES, p) == pytest.approx(weight @ orthant / p, abs=1e-6)


def test_student_chi_against_scipy() -> None:
    level, p = stats.t.isf(0.1, 5.0), 0.1
    for distance in (5.0, 60.0):
        rho = float(correlation(STUDENT, distance))
        law = stats.multivariate_t(shape=[[1, rho], [rho, 1]], df=5.0, seed=1)
        joint = law.cdf([-level, -level], maxpts=200_000)
        assert chi(STUDENT, distance, p) == pytest.approx(joint / p, abs=2e-4)


def test_student_chi_tends_to_its_limit() -> None:
    rho = correlation(STUDENT, DISTANCES)
    limit = 2.0 * stats.t.sf(np.sqrt(6.0 * (1 - rho) / (1 + rho)), 6.0)
    assert chi(STUDENT, DISTANCES, 1e-10) == pytest.approx(limit, abs=1e-4)


def test_chi_at_no_and_at_any_distance() -> None:
    for copula in (GAUSSIAN, STUDENT):
        assert chi(copula, 0.0, 0.01) == pytest.approx(1.0)
        assert chi(copula, DISTANCES[:, None], [0.1, 0.01]).shape == (5, 2)
    assert chi(GAUSSIAN, 1e6, 0.01) == pytest.approx(0.01)
    assert chi(STUDENT, 1e6, 0.01) > 0.03  # the common divisor reaches everywhere


@settings(max_examples=60, deadline=None)
@given(
    st.floats(5.0, 300.0),
    st.floats(0.2, 1.9),
    st.one_of(st.none(), st.floats(1.0, 100.0)),
    st.floats(1e-4, 0.3),
)
def test_chi_falls_with_distance_and_stays_a_probability(
    range_km: float, exponent: float, degrees: float | None, p: float
) -> None:
    copula = SpatialCopula(
        "gaussian" if degrees is None else "student_t", range_km, exponent, degrees
    )
    values = chi(copula, DISTANCES, p)
    assert (np.diff(values) <= 1e-9).all()
    assert (values >= p - 1e-9).all()
    assert (values <= 1.0).all()


def test_probability_of_an_event() -> None:
    poisson = event_probability([20, 100], events_a_year=4.0, frequency=POISSON)
    assert poisson == pytest.approx(-np.log([0.95, 0.99]) / 4.0)
    wide = event_probability(20, events_a_year=4.0, frequency=Frequency("negative_binomial", 1.0))
    assert wide == pytest.approx((1 / 0.95 - 1) / 4.0)


@pytest.mark.parametrize(
    "truth",
    [SpatialCopula("gaussian", 75.0, 0.9, None), SpatialCopula("student_t", 75.0, 1.3, 6.0)],
)
def test_solving_gives_the_parameters_back(truth: SpatialCopula) -> None:
    pairs = [(d, t) for d in (20.0, 60.0, 120.0) for t in (20.0, 100.0)]
    p = event_probability([t for _, t in pairs], events_a_year=3.0, frequency=POISSON)
    values = chi(truth, [d for d, _ in pairs], p)
    targets = [ChiTarget(d, t, float(c)) for (d, t), c in zip(pairs, values, strict=True)]
    found = solve(truth.family, targets, 1e-4)
    assert found.copula.range_km == pytest.approx(truth.range_km, rel=1e-3)
    assert found.copula.exponent == pytest.approx(truth.exponent, rel=1e-3)
    if truth.degrees_of_freedom:
        assert found.copula.degrees_of_freedom == pytest.approx(truth.degrees_of_freedom, rel=1e-2)
    assert found.table["attained"].values == pytest.approx(values, abs=1e-4)
    assert found.table.attrs["range_km"] == found.copula.range_km


def test_table_holds_targets_and_what_the_copula_gives() -> None:
    found = solve("student_t", TARGETS)
    assert found.table["chi"].values.tolist() == [0.50, 0.22, 0.44, 0.16]
    again = chi(found.copula, found.table["distance_km"], found.table["probability"])
    assert found.table["attained"].values == pytest.approx(again)
    assert np.abs(found.table["attained"] - found.table["chi"]).max() < 0.03


def test_what_a_family_cannot_reach_is_refused_by_target() -> None:
    """Gaussian dependence must fade with rarity: it cannot stay at one half."""
    targets = [ChiTarget(20.0, t, 0.6) for t in (20.0, 1000.0)] + [ChiTarget(60.0, 20.0, 0.3)]
    with pytest.raises(
        CatalogueError, match=r"20 km and .* years.*target 0.6.*gives 0\.[0-9]+.*family"
    ):
        solve("gaussian", targets)


@pytest.mark.parametrize(
    ("family", "targets"),
    [("gaussian", TARGETS[:1]), ("gaussian", []), ("student_t", TARGETS[:2])],
)
def test_too_few_targets_are_refused(family: Family, targets: list[ChiTarget]) -> None:
    with pytest.raises(CatalogueError, match=r"do not fix.*declare chi at more distances"):
        solve(family, targets)


@pytest.mark.parametrize("events", [0.0, -1.0, 51.0, np.nan])
def test_events_a_year_out_of_range(events: float) -> None:
    with pytest.raises(CatalogueError, match="at most 50; to do: declare the mean number"):
        solve("gaussian", TARGETS, events=events)


def test_a_level_more_frequent_than_events() -> None:
    with pytest.raises(CatalogueError, match=r"return period 2 years.*declare more events a year"):
        event_probability([2.0, 20.0], events_a_year=0.5, frequency=POISSON)


@pytest.mark.parametrize(
    ("distance", "value"), [(20.0, 0.0), (20.0, 1.0), (0.0, 0.5), (20.0, np.nan)]
)
def test_chi_outside_its_range_is_refused(distance: float, value: float) -> None:
    with pytest.raises(CatalogueError, match="ChiTarget: no tail dependence"):
        ChiTarget(distance, 20.0, value)


@pytest.mark.parametrize("period", [0.5, 1.0, np.inf])
def test_a_target_needs_a_return_period_above_one_year(period: float) -> None:
    with pytest.raises(CatalogueError, match=r"ChiTarget: no tail.*return_period > 1 .*to do"):
        ChiTarget(20.0, period, 0.5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (("gaussian", 0.0, 1.0, None), "range_km.*must be positive"),
        (("gaussian", np.inf, 1.0, None), "range_km.*must be positive"),
        (("gaussian", 60.0, 2.0, None), "exponent.*out of range"),
        (("gaussian", 60.0, 0.0, None), "exponent.*out of range"),
        (("gaussian", 60.0, 1.0, 5.0), "do not fit the family"),
        (("student_t", 60.0, 1.0, None), "do not fit the family"),
        (("student_t", 60.0, 1.0, 0.0), "do not fit the family"),
        (("clayton", 60.0, 1.0, None), "do not fit the family"),
    ],
)
def test_parameters_that_no_field_has(parameters: tuple, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        SpatialCopula(*parameters)
