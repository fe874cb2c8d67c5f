"""Published fits of classic records: each folder tells its source and what was printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.exceedance.block_maxima import MaximaFit, fit_maxima
from riskmodel.exceedance.goodness import goodness_of_fit
from riskmodel.exceedance.records import Record, read_record
from riskmodel.exceedance.threshold import Estimator, ThresholdFit, fit_threshold

HERE = Path(__file__).parent
RAIN_YEARS = 17_531 / 365  # Coles counts 365 days a year


def record_of(folder: str, name: str, years: float, units: str) -> Record:
    values = pd.read_csv(HERE / folder / f"{name}.csv").iloc[:, -1]
    return read_record(values, years=years, units=units, source=folder)


@pytest.fixture(scope="module")
def sea_levels() -> MaximaFit:
    return fit_maxima(record_of("tails_port_pirie", "sea_levels", 65, "m"))


@pytest.fixture(scope="module")
def rain() -> ThresholdFit:
    record = record_of("tails_rain", "rain_above_30", RAIN_YEARS, "mm")
    return fit_threshold(record, 30.0, estimator="maximum_likelihood")


def curvature(fit: MaximaFit | ThresholdFit, name: str) -> float:
    """Variance of an estimate by the curvature of its profile: D = (ψ - best)² / variance."""
    profile = fit.profiles()[name]
    step = 0.05 * profile.step
    both = [profile.deviance(profile.best[0] + s, profile.best[1:])[0] for s in (-step, step)]
    return float(step**2 / np.mean(both))


def test_port_pirie(sea_levels: MaximaFit) -> None:
    assert sea_levels.location == pytest.approx(3.87, abs=0.005)
    assert sea_levels.scale == pytest.approx(0.198, abs=0.0005)
    assert sea_levels.shape == pytest.approx(-0.050, abs=0.0005)
    assert sea_levels.log_likelihood == pytest.approx(4.34, abs=0.005)
    levels = sea_levels.level(-np.log1p([-1 / 10, -1 / 100]))
    assert levels[0] == pytest.approx(4.30, abs=0.005)
    assert levels[1] == pytest.approx(4.69, abs=0.005)


@pytest.mark.parametrize(
    ("name", "printed"), [("location", 0.000780), ("scale", 0.000410), ("shape", 0.00965)]
)
def test_port_pirie_variances(sea_levels: MaximaFit, name: str, printed: float) -> None:
    assert curvature(sea_levels, name) == pytest.approx(printed, rel=0.01)


def test_port_pirie_profile_interval(sea_levels: MaximaFit) -> None:
    profile = sea_levels.profile_of_level(-np.log1p(-1 / 100))
    printed = replace(profile, bartlett=1.0).bounds(0.95)
    assert printed == pytest.approx((4.50, 5.27), abs=0.011)
    ours = profile.bounds(0.95)
    assert ours[0] < printed[0] and ours[1] > printed[1]


def test_rain(rain: ThresholdFit) -> None:
    assert rain.excesses.size == 152
    assert rain.scale == pytest.approx(7.44, abs=0.005)
    assert rain.shape == pytest.approx(0.184, abs=0.0006)  # 0.1845, printed without rounding
    assert rain.log_likelihood == pytest.approx(-485.1, abs=0.05)
    assert float(rain.level(0.01)) == pytest.approx(106.3, abs=0.05)
    assert curvature(rain, "scale") == pytest.approx(0.9188, rel=0.01)
    assert curvature(rain, "shape") == pytest.approx(0.0102, rel=0.01)


@pytest.mark.parametrize(
    ("threshold", "estimator", "exceedances", "shape", "precision"),
    [
        (10.0, "maximum_likelihood", 109, 0.497, 0.0005),
        (20.0, "maximum_likelihood", 36, 0.684, 0.0005),
        (10.0, "probability_weighted_moments", 109, 0.52, 0.005),
    ],
)
def test_danish_fire(
    threshold: float, estimator: Estimator, exceedances: int, shape: float, precision: float
) -> None:
    record = record_of("tails_danish_fire", "losses_above_10", 11, "million DKK")
    fit = fit_threshold(record, threshold, estimator=estimator)
    assert fit.excesses.size == exceedances
    assert fit.shape == pytest.approx(shape, abs=precision)


def test_published_fits_are_not_rejected(rain: ThresholdFit, sea_levels: MaximaFit) -> None:
    for fit in (rain, sea_levels):
        assert (goodness_of_fit(fit, resamples=99, seed=1)["p_value"] > 0.1).all()
