"""Moments of occurrence losses: by hand, in closed form, and from units drawn one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from riskmodel.core.errors import SchemaError
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.lookup import mean_square_over_spread
from riskmodel.loss.occurrence_table import moments_of, occurrence_table
from riskmodel.loss.response import Item, Response
from tests.loss.conftest import UNITS, City, make_city

SHARES = Correlation(event=0.1, zone=0.2, cell=0.3)
MEANS = dict(zip(UNITS, (0.2, 0.3, 0.5), strict=True))
SPREADS = dict(zip(UNITS, (0.1, 0.2, 0.4), strict=True))
UNIT_VALUE = 250.0


def flat(peril: str, mean: float, spread: float) -> Response:
    return Response(
        peril, peril, UNITS[peril], (0.0, 90.0), (mean, mean), "linear", "test", "synthetic",
        spread=(spread, spread), valid_range=(0.0, 90.0),
    )  # fmt: skip


def flat_city() -> tuple[City, list[Item]]:
    """Cell 0 holds 1,000 CNY in two classes; every storm that reaches it does the same damage."""
    city = make_city(3)
    responses = {p: flat(p, MEANS[p], SPREADS[p]) for p in UNITS}
    one = Item("residential", "loss", "CNY", "brick", responses, "complement", UNIT_VALUE)
    items = [one, replace(one, exposure="wood")]
    exposure, zones = (city.census[n].to_dataset() for n in ("exposure", "zones"))
    of_cell = zones["entry_cell"].values == 0
    exposure["value"].values[:] = np.where(of_cell[:, None], 1000.0, 0.0)
    city.census["exposure"] = xr.DataTree(exposure)
    return city, items


def combined(perils: list[str]) -> tuple[float, float]:
    """Mean and standard deviation of 1 - Π(1 - d), deviations of perils independent."""
    left = np.prod([1.0 - MEANS[p] for p in perils])
    square = np.prod([SPREADS[p] ** 2 + (1.0 - MEANS[p]) ** 2 for p in perils])
    return 1.0 - float(left), float(np.sqrt(square - left**2))


@pytest.fixture(scope="module")
def by_perils() -> dict[tuple[str, ...], tuple[float, float, float]]:
    """Mean, independent variance and correlated deviation by the set of perils that act."""
    city, items = flat_city()
    table = compile_table(city.census, city.curves, items, depth_spread=0.0, correlation=SHARES)
    found = moments_of(occurrence_table(city.catalogue, table))
    assert found["value_exposed"].values.tolist() == [[2000.0], [0.0], [0.0]]
    acting = {p: city.intensity(p)[0] > 0.0 for p in UNITS}
    result: dict[tuple[str, ...], tuple[float, float, float]] = {}
    for row, storm in enumerate(found["row_occurrence"].values):
        key = tuple(p for p in UNITS if acting[p][storm])
        values = tuple(
            float(found[n].values[row, 0])
            for n in ("mean", "variance_independent", "sd_correlated")
        )
        assert values == pytest.approx(result.setdefault(key, values), rel=1e-9)
    return result


def test_moments_are_those_by_hand(
    by_perils: dict[tuple[str, ...], tuple[float, float, float]],
) -> None:
    """Four units in each of two classes: Σ (v s)² (0.3 + 0.4 / 4) and Σ v s."""
    assert len(by_perils) == 7  # every set of perils occurs
    for perils, (mean, independent, correlated) in by_perils.items():
        ratio, deviation = combined(list(perils))
        assert mean == pytest.approx(2000.0 * ratio, rel=1e-6)
        assert independent == pytest.approx(2 * (1000.0 * deviation) ** 2 * 0.4, rel=1e-5)
        assert correlated == pytest.approx(2000.0 * deviation, rel=1e-5)


def test_moments_are_those_of_units_drawn_one_by_one(
    by_perils: dict[tuple[str, ...], tuple[float, float, float]],
) -> None:
    """Two perils; normal letters, so the sample variance has a known standard error."""
    perils = ("rain_flood", "storm_surge")
    mean, independent, correlated = by_perils[perils]
    random, draws, units = np.random.default_rng(11), 40_000, 4
    ratio, deviation = combined(list(perils))
    shared = np.sqrt(SHARES.event) * random.normal(size=(draws, 1, 1))
    shared = shared + np.sqrt(SHARES.zone) * random.normal(size=(draws, 1, 1))
    cell = np.sqrt(SHARES.cell) * random.normal(size=(draws, 2, 1))
    own = np.sqrt(SHARES.own) * random.normal(size=(draws, 2, units))
    loss = ((ratio + deviation * (shared + cell + own)) * UNIT_VALUE).sum(axis=(1, 2))
    variance = independent + (SHARES.zone + SHARES.event) * correlated**2
    assert loss.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / draws))
    assert loss.var() == pytest.approx(variance, abs=4 * variance * np.sqrt(2 / draws))


def test_joint_deviation_is_that_of_drawn_ratios() -> None:
    """1 - Π(1 - d) of independent Beta ratios with the same means and deviations."""
    random, draws = np.random.default_rng(5), 200_000
    kept = np.ones(draws)
    for peril, mean in MEANS.items():
        size = mean * (1.0 - mean) / SPREADS[peril] ** 2 - 1.0
        kept *= 1.0 - random.beta(mean * size, (1.0 - mean) * size, draws)
    mean, deviation = combined(list(UNITS))
    loss = 1.0 - kept
    fourth = ((loss - loss.mean()) ** 4).mean()
    error = np.sqrt((fourth - deviation**4) / draws)
    assert loss.mean() == pytest.approx(mean, abs=4 * deviation / np.sqrt(draws))
    assert loss.var() == pytest.approx(deviation**2, abs=4 * error)


def test_a_cell_of_less_than_one_unit_has_one() -> None:
    city, items = flat_city()
    large = [replace(item, unit_value=1e9) for item in items]
    table = compile_table(city.census, city.curves, large, depth_spread=0.0, correlation=SHARES)
    found = moments_of(occurrence_table(city.catalogue, table))
    ratio = found["variance_independent"].values / found["sd_correlated"].values ** 2
    np.testing.assert_allclose(ratio, 2 * (0.3 + 0.4) / 4, rtol=1e-5)  # 2 a² x / (2 a)²


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("depth", [0.05, 0.4, 1.3, 4.0])
def test_mean_square_is_the_lognormal_integral(step: bool, depth: float) -> None:
    kind = "step" if step else "linear"
    one = Response(
        "x", "rain_flood", "m", (0.1, 1.0, 5.0), (0.2, 0.5, 0.9), kind, "test", "synthetic",
        spread=(0.1, 0.4, 0.2), valid_range=(0.0, 5.0),
    )  # fmt: skip
    spread = 0.6
    sigma = np.sqrt(np.log1p(spread**2))
    law = stats.lognorm(s=sigma, scale=depth * np.exp(-(sigma**2) / 2))

    def square(h: float) -> float:
        return float(one.at(h) ** 2 + one.spread_at(h) ** 2) * law.pdf(h)

    edges = [0.0, 0.1, 1.0, 5.0, 200.0]
    expected = sum(integrate.quad(square, a, b, limit=200)[0] for a, b in pairwise(edges))
    found = mean_square_over_spread(one, np.array([depth]), spread)[0]
    assert found == pytest.approx(expected, abs=2e-6)


def test_means_are_the_same_with_and_without_moments(city: City, items: list[Item]) -> None:
    tables = [
        occurrence_table(
            city.catalogue,
            compile_table(city.census, city.curves, items, depth_spread=0.6, correlation=c),
        )
        for c in (None, SHARES)
    ]
    np.testing.assert_array_equal(tables[0]["mean"].values, tables[1]["mean"].values)
    with pytest.raises(SchemaError, match=r"no moments.*compile with correlation"):
        moments_of(tables[0])
