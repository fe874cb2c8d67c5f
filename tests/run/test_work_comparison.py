"""Scenarios of a sweep are paired with the first one, year by year."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.core.files import write_dataset
from riskmodel.exceedance.metrics import year_losses
from riskmodel.run.work.comparison import paired_differences
from tests.run.work_case import make_run, make_table


def test_each_scenario_is_paired_with_the_first(tmp_path: Path) -> None:
    params = make_run(tmp_path, "03_exceedance").params
    base, dearer = make_table(1), make_table(1, 1.25)
    longer = make_table(1).assign_attrs(years=1000)
    tables = {
        name: write_dataset(tmp_path / f"{name}.nc", table)
        for name, table in {"base": base, "dearer": dearer, "longer": longer}.items()
    }
    frame = paired_differences(tables, params).set_index(["scenario", "figure"])
    assert set(frame.index.get_level_values("scenario")) == {"dearer"}  # other years: not paired
    aal = frame.loc[("dearer", "loss.aal")]
    assert aal["difference"] == pytest.approx(0.25 * year_losses(base).total.mean())
    assert aal["lower"] <= aal["difference"] <= aal["upper"]
    assert paired_differences({"base": tables["base"]}, params).empty
