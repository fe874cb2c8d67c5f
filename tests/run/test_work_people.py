"""Persons a year, from rows to records with words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from riskmodel.run.folder import Run
from riskmodel.run.work.people import people_records, people_table
from tests.run.work_case import make_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "03_exceedance")


def persons(factor: float = 1.0) -> xr.Dataset:
    """Two blocks of ten years: 40 and 60 dead by flood, 10 by surge in the second, and a loss."""
    mean = factor * np.array([[40.0, 0.0, 7.0], [60.0, 10.0, 7.0]])
    return xr.Dataset(
        {
            "mean": (("row", "column"), mean), "extrapolated": (("row", "column"), 0.25 * mean),
            "row_occurrence": ("row", [0, 2]), "block": ("occurrence", [0, 0, 1]),
            "item": ("column", ["people.dead", "people.dead", "residential"]),
            "quantity": ("column", ["persons", "persons", "loss"]),
        },
        attrs={"years": 20, "blocks": 2},
    )  # fmt: skip


def test_persons_a_year_with_both_intervals(run: Run) -> None:
    (record,) = people_records(run, persons(), {"half": persons(0.5), "double": persons(2.0)})
    assert (record.name, record.unit) == ("people.dead.aal", "person")
    assert record.value == pytest.approx(110.0 / 20)
    assert record.share_extrapolated == pytest.approx(0.25)
    intervals = {i.kind: (i.lower, i.upper) for i in record.intervals}
    assert intervals["model"] == pytest.approx((55.0 / 20, 220.0 / 20))
    # blocks of 4 and 7 a year: s = 3 / sqrt 2, over sqrt 2 is 1.5; t with one degree of freedom
    half = 1.5 * float(stats.t.ppf(0.5 + run.params.exceedance.interval_level / 2, 1))
    assert intervals["simulation"] == pytest.approx((0.0, 5.5 + half))


def test_nobody_harmed_is_a_figure_too(run: Run) -> None:
    (record,) = people_records(run, persons(0.0), {})
    assert (record.value, record.share_extrapolated) == (0.0, None)


def test_records_are_told_in_words(run: Run) -> None:
    frame = people_table(run, people_records(run, persons(), {}))
    assert frame.iloc[0, 0] == "年均死亡人数"
    assert "人" in frame.iloc[0].tolist()
