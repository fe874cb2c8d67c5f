"""Earthquakes: attenuation, magnitudes, years of their own, and sets that do not fit them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, hypot, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.attenuation import LARGE, Attenuation, median_acceleration
from riskmodel.hazard.earthquake import (
    EarthquakeSpec,
    earthquake_set,
    earthquake_source,
    events_of_years,
    load_earthquake,
    magnitudes,
)
from riskmodel.hazard.grid import PhysicsGrid
from riskmodel.hazard.source import Source
from riskmodel.hazard.typhoon.parameters import FOLDER

DECLARED = FOLDER / "earthquake.yml"
GRID = PhysicsGrid(west=120.0, south=27.5, columns=4, rows=3, spacing=0.2)


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
    change(content)
    path = folder / "earthquake.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def spec() -> EarthquakeSpec:
    return load_earthquake(DECLARED)


@pytest.fixture(scope="module")
def attenuation(spec: EarthquakeSpec) -> Attenuation:
    return spec.said.attenuation


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> EarthquakeSpec:
    """A set of 500 years: blocks of 200 do not fit into it evenly."""
    folder = tmp_path_factory.mktemp("short")
    return load_earthquake(written(folder, lambda c: c["years"].update(value=500)))


def test_median_by_hand(attenuation: Attenuation) -> None:
    """Magnitude 6 at 50 km: 15 km deep, so 52.2 km; both lines, and the mean of their logs."""
    r = hypot(50.0, 15.0)
    along = 4.5517 + 1.5433 * 6 - 2.315 * log(r + 2.088 * exp(0.399 * 6))
    across = 2.7048 + 1.518 * 6 - 2.004 * log(r + 0.944 * exp(0.447 * 6))
    found = float(median_acceleration(attenuation, 6.0, 50.0))
    assert found == pytest.approx(0.01 * exp((along + across) / 2), rel=1e-12)
    assert 0.1 < found < 1.0  # m s-2; felt, hardly damaging


def test_both_sets_of_coefficients_meet_at_their_limit(attenuation: Attenuation) -> None:
    """Published sets are fitted to meet; a slip in a digit would open a gap."""
    distance = np.geomspace(1.0, 400.0, 30)
    below, above = (
        median_acceleration(attenuation, LARGE + step, distance) for step in (0.0, 1e-9)
    )
    np.testing.assert_allclose(above, below, rtol=0.01)


def test_shaking_falls_with_distance_and_rises_with_magnitude(attenuation: Attenuation) -> None:
    magnitude, distance = np.linspace(4.0, 8.0, 41), np.linspace(0.0, 400.0, 41)
    found = median_acceleration(attenuation, magnitude[:, None], distance)
    assert (np.diff(found, axis=1) < 0).all()
    assert (np.diff(found, axis=0) > -0.01 * found[:-1]).all()  # but for the seam at 6.5


def test_magnitudes_follow_the_law_cut_at_both_ends(spec: EarthquakeSpec) -> None:
    zone = spec.said.zones[0]
    found = magnitudes(zone, np.random.default_rng(1).random(20_000))
    width, beta = zone.largest_magnitude - zone.least_magnitude, zone.b_value * np.log(10.0)
    law = stats.truncexpon(width * beta, loc=zone.least_magnitude, scale=1.0 / beta)
    assert stats.kstest(found, law.cdf).pvalue > 1e-3
    assert magnitudes(zone, np.array([0.0, 1.0])) == pytest.approx(
        [zone.largest_magnitude, zone.least_magnitude]
    )


def test_a_set_has_the_declared_rates(spec: EarthquakeSpec) -> None:
    """Strong earthquakes right below are felt, so the filter of silent ones takes none away."""
    near = spec.said.zones[0].model_copy(
        update={
            "least_magnitude": 5.5, "events_a_year": 0.5, "west": 119.9, "east": 120.7,
            "south": 27.4, "north": 28.0,
        }
    )  # fmt: skip
    said = spec.said.model_copy(update={"zones": (near,), "years": 2000.0})
    table, shaking = earthquake_set(said, GRID, seed=1)
    count = table.sizes["occurrence"]
    assert count == pytest.approx(1000, abs=4 * np.sqrt(1000))
    assert shaking.shape == (12, count)
    assert (np.lexsort((table["start"].values, table["year"].values)) == np.arange(count)).all()
    assert 0 <= table["year"].min() <= table["year"].max() < 2000


def test_spread_has_the_declared_size_and_share(spec: EarthquakeSpec) -> None:
    """One magnitude at one place far away: what varies at the nodes is the spread alone."""
    far = spec.said.zones[0].model_copy(
        update={
            "least_magnitude": 7.9, "largest_magnitude": 7.9001, "events_a_year": 1.0,
            "west": 120.3, "east": 120.3001, "south": 25.0, "north": 25.0001,
        }
    )  # fmt: skip
    said = spec.said.model_copy(update={"zones": (far,), "years": 3000.0})
    log_shaking = np.log(earthquake_set(said, GRID, seed=1)[1])
    assert log_shaking.std(axis=1).mean() == pytest.approx(spec.said.attenuation.sigma, rel=0.05)
    ends = np.corrcoef(log_shaking[0], log_shaking[-1])[0, 1]  # 77 km apart
    share, km = spec.said.dependence.between_events, np.hypot(0.6 * 98.3, 0.4 * 111.2)
    declared = share + (1 - share) * np.exp(-3 * km / spec.said.dependence.length)
    assert ends == pytest.approx(declared, abs=0.08)


def test_years_of_the_catalogue_take_each_year_of_the_set_equally(short: EarthquakeSpec) -> None:
    """Five blocks of 200 years from 500: every event comes twice, on its own day."""
    source = earthquake_source(short, GRID, years_per_block=200, seed=1)
    table, shaking = earthquake_set(short.said, GRID, seed=1)
    parts = [source.block(b) for b in range(5)]
    days = np.concatenate([p.occurrences["start"].values for p in parts])
    assert np.sort(days).tolist() == np.sort(np.repeat(table["start"].values, 2)).tolist()
    strongest = np.concatenate([p.indices["earthquake"].max(axis=0) for p in parts])
    assert np.sort(strongest).tolist() == np.sort(np.repeat(shaking.max(axis=0), 2)).tolist()
    for part in parts:
        year = part.occurrences["year"].values
        assert (np.lexsort((part.occurrences["start"].values, year)) == np.arange(year.size)).all()
        assert year.size == 0 or 0 <= year.min() <= year.max() < 200


def test_blocks_stand_alone(short: EarthquakeSpec) -> None:
    @cache
    def source() -> Source:
        return earthquake_source(short, GRID, years_per_block=200, seed=1)

    later = earthquake_source(short, GRID, years_per_block=200, seed=1).block(3)
    for b in (0, 3):
        again = source().block(b)
    assert again.occurrences.identical(later.occurrences)
    assert (again.indices["earthquake"] == later.indices["earthquake"]).all()


def test_years_without_events_are_passed_over() -> None:
    event, place = events_of_years(np.array([1, 1, 4]), np.array([4, 0, 1, 1]))
    assert event.tolist() == [2, 0, 1, 0, 1]
    assert place.tolist() == [0, 2, 2, 3, 3]


def test_a_rate_that_does_not_fit_the_years_is_refused(tmp_path: Path) -> None:
    def rare(content: dict[str, Any]) -> None:
        content["years"]["value"] = 100

    told = r"zone wenzhou: the rate of a zone does not fit.*0\.08 events a year in 100 years.*10"
    with pytest.raises(CatalogueError, match=told):
        load_earthquake(written(tmp_path, rare))

    def wild(content: dict[str, Any]) -> None:
        content["zones"][1]["events_a_year"]["value"] = 80.0

    with pytest.raises(CatalogueError, match=r"zone strait: the number of events a year.*80"):
        load_earthquake(written(tmp_path, wild))


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        (
            lambda c: c["zones"][0]["west"].update(value=123.0), CatalogueError,
            "zone wenzhou: a zone without area",
        ),
        (
            lambda c: c["zones"][2]["largest_magnitude"].update(value=5.0), CatalogueError,
            "zone taiwan: a zone without area or magnitudes",
        ),
        (lambda c: c["zones"].clear(), ParamError, "zones: .*at least 1"),
        (lambda c: c["attenuation"]["along"].update(c=0.2), ParamError, r"along\.c: .*less than 0"),
        (lambda c: c["attenuation"].pop("source"), ParamError, r"attenuation\.source: Field"),
        (lambda c: c["years"].update(unit="d"), ParamError, "years: .*the unit yr"),
        (lambda c: c["years"].update(value=20000.5), ParamError, "years: .*valid integer.*20000.5"),
        (
            lambda c: c["zones"][1].update(name="wenzhou"), ParamError,
            r"zones: a name twice; found \['wenzhou'\].*rename one",
        ),
        (
            lambda c: c["index"].update(perils=["erthquake"]), ParamError,
            r"index\.perils\.0: .*'earthquake'; found 'erthquake'",
        ),
        (lambda c: c["index"].update(perils=[]), ParamError, r"index\.perils: .*at least 1"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_is_refused(
    change: Callable[[dict[str, Any]], object], error: type[Exception], told: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=told):
        load_earthquake(written(tmp_path, change))


def test_the_zone_of_wenzhou_holds_as_many_damaging_earthquakes_as_the_record() -> None:
    """Magnitude 4.75 and more: 0.08 (10^-0.675 - 10^-1.8) / (1 - 10^-1.8), 3.2 in 1813-2013.

    Three are recorded in and off Wenzhou: 1813 (4.8), 1926 (5.3) and 1960 (5.0).
    """
    (zone,) = (one for one in load_earthquake(DECLARED).said.zones if one.name == "wenzhou")
    share = np.mean(magnitudes(zone, (np.arange(100_000) + 0.5) / 100_000) >= 4.75)
    years = 2014 - 1813
    assert zone.events_a_year * share * years == pytest.approx(
        0.08 * (10**-0.675 - 10**-1.8) / (1.0 - 10**-1.8) * years, rel=1e-3
    )
    assert zone.events_a_year * share * years == pytest.approx(3.0, abs=1.0)
