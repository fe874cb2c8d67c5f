"""Years by sample: sums and maxima of the same losses, exact moments, curves that come together."""

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import MemoryLimitError, ReturnPeriodError
from riskmodel.exceedance.metrics import year_points
from riskmodel.exceedance.sampled_years import (
    compare_moments,
    sampled_metrics,
    sampled_year_losses,
)
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.sampling import sample_losses
from tests.loss.moments import moments

SHARES = Correlation(event=0.1, zone=0.2, cell=0.0)
YEARS = 50


def data(occurrences: int = 120, spread: float = 0.02) -> xr.Dataset:
    random = np.random.default_rng(4)
    mean = random.uniform(0.001, 0.2, (occurrences, 2, 3))
    made = moments(mean, independent=spread * mean**2, correlated=mean * spread**0.5, zones=2)
    year = random.integers(0, YEARS, occurrences)
    made["year"] = ("occurrence", year)
    return made.assign_attrs(years=YEARS)


def sampled(given: xr.Dataset, samples: int = 40, **more: object) -> xr.Dataset:
    return sampled_year_losses(given, correlation=SHARES, samples=samples, seed=9, **more)


def test_years_sum_and_maximise_the_same_losses() -> None:
    given = data()
    (losses,) = sample_losses(given, correlation=SHARES, samples=40, seed=9)
    of_occurrence = losses.values.astype(np.float64).reshape(120, 6, 40).sum(axis=1)
    found = sampled(given)
    for year in range(YEARS):
        own = of_occurrence[given["year"].values == year]
        if own.size:
            assert found["total"][year, 0].values == pytest.approx(own.sum(axis=0))
            assert found["largest"][year, 0].values == pytest.approx(own.max(axis=0))
        else:
            assert not found["total"][year].any()


@pytest.mark.parametrize("by", ["zone", "item"])
def test_groups_add_up(by: str) -> None:
    given = data()
    parts, whole = sampled(given, by=by), sampled(given)
    assert parts["group"].values.tolist() == given[by].values.tolist()
    assert parts["total"].sum("group").values == pytest.approx(whole["total"][:, 0].values)
    assert (parts["largest"] <= parts["total"] + 1e-12).all()


def test_the_moments_agree_within_four_standard_errors() -> None:
    given = data(spread=0.3)
    years = sampled(given, 2000)
    for exact, found, error in compare_moments(given, years, SHARES).values():
        assert found == pytest.approx(exact, abs=4.0 * error)


def test_without_spread_the_curves_are_those_of_the_means() -> None:
    given = data(spread=0.0)
    means = np.bincount(
        given["year"].values,
        given["mean"].values.sum(axis=1).reshape(-1, 2).sum(axis=1),
        YEARS,
    )
    found = sampled_metrics(sampled(given, 3), [5.0, 10.0])
    assert found["loss.aal"].value == pytest.approx(means.mean(), rel=1e-6)
    expected = year_points(means, [5.0, 10.0])
    for place, t in enumerate((5, 10)):
        assert found[f"loss.aep.{t}"].value == pytest.approx(expected[0, place], rel=1e-6)
        assert found[f"loss.tvar.{t}"].value == pytest.approx(expected[1, place], rel=1e-6)


def test_curves_are_ordered() -> None:
    found = sampled_metrics(sampled(data(spread=0.5)), [2.0, 5.0, 20.0])
    for t in (2, 5, 20):
        oep, aep, tvar = (found[f"loss.{name}.{t}"].value for name in ("oep", "aep", "tvar"))
        assert oep <= aep <= tvar
    assert found["loss.aep.2"].value <= found["loss.aep.5"].value <= found["loss.aep.20"].value


def test_samples_are_no_more_years_of_hazard() -> None:
    with pytest.raises(ReturnPeriodError):
        sampled_metrics(sampled(data()), [100.0])


def test_too_much_memory_is_refused_and_what_fits_is_announced() -> None:
    said: list[str] = []
    sampled(data(), progress=said.append)
    assert said == ["40 samples of 50 years: 0 MB"]
    with pytest.raises(MemoryLimitError, match="sampled_year_losses"):
        sampled(data(), memory_limit=1000)
