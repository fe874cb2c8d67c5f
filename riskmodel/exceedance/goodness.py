"""Goodness of fit of a tail: Anderson-Darling and Cramér-von Mises by parametric bootstrap.

The parameters are estimated, so tables for a given distribution do not hold: each bootstrap
sample is drawn from the fitted distribution and fitted anew. For the generalised Pareto and maximum
likelihood the same p values are tabled by Choulakian & Stephens (2001),
doi 10.1198/00401700152672573.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.errors import RiskModelError
from riskmodel.core.schema import Schema, stamp
from riskmodel.exceedance.data_intervals import TailFit
from riskmodel.exceedance.threshold import ThresholdFit

FloatArray = npt.NDArray[np.float64]
SCHEMA = Schema(
    "goodness_of_fit",
    {"statistic": ("test",), "p_value": ("test",)},
    ("resamples", "values", "method"),
)
TESTS = ("anderson_darling", "cramer_von_mises")
TINY = 1e-300  # chance given to an amount beyond the end point of the fit


def statistics(probabilities: FloatArray) -> FloatArray:
    """Anderson-Darling A² and Cramér-von Mises W² of probabilities that should be uniform.

    A² = -n - (1/n) Σ (2i - 1) (ln z_i + ln(1 - z_{n+1-i})),
    W² = 1/(12 n) + Σ (z_i - (2i - 1)/(2n))².

    Parameters
    ----------
    probabilities : ndarray
        Exceedance probabilities of the values under the fit, in any order.

    Returns
    -------
    ndarray
        A² and W².
    """
    ordered = np.sort(probabilities)
    count = ordered.size
    odd = 2.0 * np.arange(1, count + 1) - 1.0
    low, high = np.maximum(ordered, TINY), np.maximum(1.0 - ordered, TINY)
    anderson = -count - (odd * (np.log(low) + np.log(high[::-1]))).sum() / count
    cramer = 1.0 / (12.0 * count) + ((ordered - odd / (2.0 * count)) ** 2).sum()
    return np.array([anderson, cramer])


def goodness_of_fit(fit: TailFit, *, resamples: int, seed: int) -> xr.Dataset:
    """Test whether a record may come from its fitted tail.

    Parameters
    ----------
    fit : ThresholdFit or MaximaFit
        Fitted tail.
    resamples : int
        Samples drawn and fitted anew, 99 or more; p is at least 1 / (resamples + 1).
    seed : int
        Seed of the run.

    Returns
    -------
    Dataset
        `statistic` and `p_value` (test); a small p speaks against the fit.

    Raises
    ------
    RiskModelError
        If fewer than 99 resamples are asked for, or too many of them cannot be fitted.
    """
    if resamples < 99:
        raise RiskModelError(
            "too few resamples for a p value",
            where=fit.record.source,
            found=resamples,
            expected=">= 99",
            remedy="raise resamples",
        )
    found = statistics(_probabilities(fit))
    drawn = np.array(_redrawn(fit, resamples, generator(seed, "goodness_of_fit")))
    p_value = (1.0 + (drawn >= found).sum(axis=0)) / (resamples + 1.0)
    return stamp(
        xr.Dataset(
            {"statistic": ("test", found), "p_value": ("test", p_value)}, {"test": list(TESTS)}
        ),
        SCHEMA,
        source=fit.record.source,
        history="goodness_of_fit",
        resamples=resamples,
        values=_probabilities(fit).size,
        method="parametric bootstrap, fitted anew in each resample",
    )


def _probabilities(fit: TailFit) -> FloatArray:
    values = fit.record.values
    if isinstance(fit, ThresholdFit):
        values = values[values > fit.threshold]
    return fit.exceedance_probability(values)


def _redrawn(fit: TailFit, resamples: int, draw: np.random.Generator) -> list[FloatArray]:
    """Statistics of as many resamples; one whose likelihood has no maximum is drawn again."""
    drawn: list[FloatArray] = []
    for _ in range(2 * resamples):
        try:
            drawn.append(statistics(_probabilities(fit.redrawn(draw))))
        except RiskModelError:
            continue
        if len(drawn) == resamples:
            return drawn
    raise RiskModelError(
        "most resamples cannot be fitted",
        where=fit.record.source,
        found=f"shape {fit.shape:.2f}",
        expected="a shape well above -1",
        remedy="estimate by probability_weighted_moments or choose another threshold",
    )
