"""Do the intervals of tails cover? A few of the cases of docs/validation/tail_intervals.md."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.exceedance import data_intervals
from riskmodel.exceedance.threshold import Estimator
from tests.exceedance.tail_coverage import (
    REPORT,
    Case,
    coverage,
    least_share,
    share,
    spliced_hits,
)


@pytest.mark.parametrize(
    ("estimator", "case", "trials"),
    [
        ("maximum_likelihood", Case(40, 0.2), 120),
        ("probability_weighted_moments", Case(25, 0.3, held=True), 60),
        (None, Case(30, 0.1), 40),
    ],
)
def test_intervals_cover(
    estimator: Estimator | None, case: Case, trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_intervals, "RESAMPLES", 199)
    for name, found in coverage(case, estimator, trials, seed=2).items():
        assert found >= least_share(trials), name


def test_spliced_curve_covers() -> None:
    draw = np.random.default_rng(9)
    for name, found in share([spliced_hits(draw) for _ in range(20)]).items():
        assert found >= least_share(20), name


def test_report_falls_short_nowhere() -> None:
    """A share too small is bold; the mean excess, a guide to the eye, is printed as it is."""
    text = REPORT.read_text(encoding="utf-8")
    assert "%" in text and "**" not in text
