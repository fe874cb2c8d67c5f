"""Mean excess by hand and in closed form; stability of the parameters of a Pareto sample."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from riskmodel.core.errors import RiskModelError
from riskmodel.exceedance.records import Record, read_record
from riskmodel.exceedance.threshold import Estimator, fit_threshold
from riskmodel.exceedance.threshold_choice import mean_excess, threshold_stability


def record_of(values: np.ndarray) -> Record:
    return read_record(values, years=10, units="m", source="a gauge")


def test_mean_excess_by_hand() -> None:
    """Over 2 the amounts 3, 4, 5, 6, 7 exceed by 1 to 5: mean 3, s = √2.5, t = 2.132."""
    found = mean_excess(record_of(np.arange(1.0, 8.0)), [1.0, 2.0], level=0.9)
    assert found["exceedances"].values.tolist() == [6, 5]
    assert found["value"].values.tolist() == [3.5, 3.0]
    half = 2.1318 * np.sqrt(2.5) / np.sqrt(5.0)
    assert float(found["upper"].sel(threshold=2.0)[0]) == pytest.approx(3.0 + half, rel=1e-4)
    assert float(found["lower"].sel(threshold=2.0)[0]) == pytest.approx(3.0 - half, rel=1e-4)


def test_mean_excess_of_a_pareto_tail_is_straight() -> None:
    """e(u) = (σ + ξ u) / (1 - ξ)."""
    values = stats.genpareto.isf((np.arange(200_000) + 0.5) / 200_000, 0.2, 0, 3.0)
    thresholds = np.array([0.0, 2.0, 5.0])
    found = mean_excess(record_of(values), thresholds, level=0.9)["value"]
    np.testing.assert_allclose(found, (3.0 + 0.2 * thresholds) / 0.8, rtol=5e-3)


@pytest.mark.parametrize("estimator", ["maximum_likelihood", "probability_weighted_moments"])
def test_parameters_of_a_pareto_tail_do_not_change(estimator: Estimator) -> None:
    values = stats.genpareto.isf((np.arange(500) + 0.5) / 500, 0.2, 0, 3.0)
    found = threshold_stability(
        record_of(values), [0.0, 2.0, 4.0], estimator=estimator, level=0.9, seed=1
    )
    np.testing.assert_allclose(found["value"].sel(parameter="shape"), 0.2, atol=0.03)
    np.testing.assert_allclose(found["value"].sel(parameter="modified_scale"), 3.0, atol=0.2)
    assert (found["lower"][0] < found["value"]).all() and (found["value"] < found["upper"][0]).all()
    fit = fit_threshold(record_of(values), 4.0, estimator=estimator)
    last = found.sel(threshold=4.0)
    assert int(last["exceedances"]) == fit.excesses.size
    assert float(last["value"][1]) == pytest.approx(fit.scale - 4.0 * fit.shape)
    widths = (found["upper"] - found["lower"]).sel(parameter="shape").values[0]
    assert (np.diff(widths) > 0).all()


def test_refusals() -> None:
    record = record_of(np.arange(1.0, 41.0))
    with pytest.raises(RiskModelError, match=r"a gauge: threshold 36: .*leave out the highest"):
        mean_excess(record, [10.0, 36.0], level=0.9)
    with pytest.raises(RiskModelError, match="fewer exceedances than a fit needs"):
        threshold_stability(
            record, [1.0, 20.0], estimator="probability_weighted_moments", level=0.9, seed=1
        )
