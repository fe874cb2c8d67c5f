"""More or fewer occurrences on the same draws."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.scenario import scenario_occurrences

BLOCKS, YEARS = 3, 2000


def made(rain: bool = True) -> xr.Dataset:
    """Four storms a year, and two rain events where asked for, in order of date."""
    random = np.random.default_rng(3)
    parts = []
    for name, rate, day in (("typhoon", 4.0, 220.0), ("plum_rain", 2.0, 170.0)):
        year = np.repeat(np.arange(BLOCKS * YEARS), random.poisson(rate, BLOCKS * YEARS))
        start = day + random.uniform(0.0, 30.0, year.size)
        parts.append((np.full(year.size, name), year, start))
    parent, year, start = (np.concatenate(c) for c in zip(*parts[: 1 + rain], strict=True))
    order = np.lexsort((start, year))
    return xr.Dataset(
        {
            "parent_event": ("occurrence", parent[order]), "year": ("occurrence", year[order]),
            "block": ("occurrence", (year[order] // YEARS).astype(np.int16)),
            "start": ("occurrence", start[order]), "end": ("occurrence", start[order] + 1.0),
        },
        attrs={"blocks": BLOCKS, "years_per_block": YEARS},
    )  # fmt: skip


TABLE = made()


def test_factor_one_changes_nothing() -> None:
    found = scenario_occurrences(TABLE, {"typhoon": 1.0, "plum_rain": 1.0}, seed=5)
    assert found["base"].values.tolist() == list(range(TABLE.sizes["occurrence"]))
    assert found.drop_vars("base").identical(TABLE)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.2, 2.0])
def test_the_number_follows_the_factor_and_the_other_source_is_left_alone(factor: float) -> None:
    found = scenario_occurrences(TABLE, {"typhoon": factor}, seed=5)
    parent = found["parent_event"].values
    for name, m in (("typhoon", factor), ("plum_rain", 1.0)):
        before = int((TABLE["parent_event"].values == name).sum())
        after = int((parent == name).sum())
        chance = m - np.floor(m)
        # three standard errors of the drawn part
        assert abs(after - m * before) <= 3 * np.sqrt(before * chance * (1 - chance)) + 1e-9
    assert np.array_equal(parent, TABLE["parent_event"].values[found["base"].values])


def test_repetitions_keep_their_days_and_fall_in_years_of_the_block() -> None:
    found = scenario_occurrences(TABLE, {"typhoon": 2.0}, seed=5)
    base = found["base"].values
    for name in ("start", "end", "block"):
        assert np.array_equal(found[name].values, TABLE[name].values[base])
    assert np.array_equal(found["year"].values // YEARS, found["block"].values)
    order = np.lexsort((found["start"].values, found["year"].values))
    assert np.array_equal(order, np.arange(base.size))
    moved = found["year"].values != TABLE["year"].values[base]
    storms = found["parent_event"].values == "typhoon"
    assert not moved[~storms].any()
    # half of the storms are repetitions, one in 2,000 of which falls in its own year
    assert moved[storms].mean() == pytest.approx(0.5, abs=0.002)


def test_repeating_does_not_cluster_years() -> None:
    found = scenario_occurrences(TABLE, {"typhoon": 2.0}, seed=5)
    storms = found["year"].values[found["parent_event"].values == "typhoon"]
    counts = np.bincount(storms, minlength=BLOCKS * YEARS)
    # Poisson: variance over mean 1, with standard error sqrt(2 / years)
    assert abs(counts.var() / counts.mean() - 1.0) < 4 * np.sqrt(2.0 / (BLOCKS * YEARS))


def test_a_larger_factor_keeps_what_a_smaller_one_had() -> None:
    fewer, more = (
        scenario_occurrences(TABLE, {"typhoon": m}, seed=5)["base"].values for m in (0.6, 0.9)
    )
    assert set(fewer) < set(more)


def test_another_source_moves_no_draw() -> None:
    alone = scenario_occurrences(made(rain=False), {"typhoon": 1.3}, seed=5)
    beside = scenario_occurrences(TABLE, {"typhoon": 1.3}, seed=5)
    storms = beside.isel(occurrence=beside["parent_event"].values == "typhoon")
    for name in ("year", "start", "block"):
        assert np.array_equal(alone[name].values, storms[name].values)


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.0, 3.0), seed=st.integers(0, 2**31))
def test_every_occurrence_is_there_floor_or_ceiling_times(factor: float, seed: int) -> None:
    found = scenario_occurrences(TABLE, {"plum_rain": factor}, seed=seed)
    times = np.bincount(found["base"].values, minlength=TABLE.sizes["occurrence"])
    rain = TABLE["parent_event"].values == "plum_rain"
    assert set(times[rain]) <= {int(np.floor(factor)), int(np.ceil(factor))}
    assert (times[~rain] == 1).all()


def test_a_source_that_is_left_out_may_keep_its_neutral_factor() -> None:
    alone = made(rain=False)
    found = scenario_occurrences(alone, {"typhoon": 1.0, "plum_rain": 1.0}, seed=5)
    assert found.drop_vars("base").identical(alone)
    with pytest.raises(CatalogueError, match=r"more_occurrences\.plum_rain.*add the source"):
        scenario_occurrences(alone, {"plum_rain": 2.0}, seed=5)


@pytest.mark.parametrize("factors", [{"drought": 1.1}, {"typhoon": -0.1}, {"typhoon": np.nan}])
def test_factors_that_fit_nothing_are_refused(factors: dict[str, float]) -> None:
    told = r"more_occurrences\.(drought|typhoon).*plum_rain, typhoon.*to do: correct the factor"
    with pytest.raises(CatalogueError, match=told):
        scenario_occurrences(TABLE, factors, seed=5)
