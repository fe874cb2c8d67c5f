"""What notebooks 02 and 03 say of scenarios, references and the identity, on hand-made stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.exceedance.metrics import tail_value_at_risk, value_at_risk, year_losses
from riskmodel.loss.identity import MONEY, NUMBERS, SHARES
from riskmodel.run.folder import Run, RunFolder
from riskmodel.run.params import apply_overrides
from riskmodel.run.stages import open_stage
from riskmodel.run.work.hazard import scenario_table
from riskmodel.run.work.identity import identity_records, identity_table
from riskmodel.run.work.losses import curve_of
from riskmodel.run.work.references import reference_lines, reference_table, reference_years
from tests.run.conftest import because
from tests.run.work_case import BLOCKS, YEARS, make_run, make_table


def changed(folder: Path, **changes: float) -> Run:
    """A run whose scenario has some dotted keys changed."""
    dotted = {f"scenario.{key.replace('__', '.')}": value for key, value in changes.items()}
    run = make_run(folder, "03_exceedance")
    params = apply_overrides(run.params, dotted | because(dotted))
    return Run(params, RunFolder(folder / "case"), "03_exceedance")


def test_a_scenario_is_told_with_its_sources(tmp_path: Path) -> None:
    assert scenario_table(make_run(tmp_path, "02_hazard")).empty
    table = scenario_table(changed(tmp_path, rain=1.1, depth_shift__storm_surge=0.2))
    assert table.set_index("change")["value"].to_dict() == {
        "rain": 1.1, "depth_shift.storm_surge": 0.2,
    }  # fmt: skip
    assert set(table["source"]) == {"a test"}
    assert set(table["year"]) == {2050}


def test_references_are_left_out_when_occurrences_are_not_those_of_the_catalogue(
    tmp_path: Path,
) -> None:
    run = changed(tmp_path, more_occurrences__typhoon=0.9)
    # neither census nor catalogue is looked at
    assert reference_years(run, xr.DataTree(), xr.DataTree()) == {}
    assert reference_lines(run, {}, xr.Dataset()) is None


def test_references_stand_beside_the_model(tmp_path: Path) -> None:
    run, table = make_run(tmp_path, "03_exceedance"), make_table(1)
    random = np.random.default_rng(3)
    cases = {
        name: random.pareto(2.0, BLOCKS * YEARS) * 1e8 for name in ("comonotone", "independent")
    }
    shown = reference_table(run, cases, table).set_index("figure (亿元)")
    total = year_losses(table).total
    assert shown.loc["AAL", "sources as modelled"] == pytest.approx(total.mean() / 1e8, abs=0.006)
    for name, losses in cases.items():
        assert shown.loc["AEP 100", name] == pytest.approx(
            value_at_risk(losses, 100) / 1e8, abs=0.006
        )
        tail = tail_value_at_risk(losses, 20.0)
        assert shown.loc["TVaR 20", name] == pytest.approx(tail / 1e8, abs=0.006)
    curve = curve_of(run, table, {})
    lines = reference_lines(run, cases, curve)
    assert lines is not None
    assert lines["kind"].values.tolist() == ["AEP"]
    at = float(curve["return_period"][7])
    found = lines["value"].sel(case="comonotone", kind="AEP", return_period=at)
    assert float(found) == value_at_risk(cases["comonotone"], at)
    np.testing.assert_array_equal(open_stage(run, "references")["value"], lines["value"])


def test_the_identity_is_told_in_money_and_in_standard_errors() -> None:
    values = {name: ("peril", [2e8, 4e8]) for name in MONEY}
    values |= {name: ("peril", [0.01, -0.02]) for name in SHARES}
    values |= {"standard_error": ("peril", [0.005, 0.004])}
    values |= {name: ("peril", [0.02, 0.03]) for name in NUMBERS}
    values |= {"second_storms": ("peril", [0.05, 0.03])}
    values |= {"second_storms_standard_error": ("peril", [0.01, 0.01])}
    values |= {"within_three_standard_errors": ("peril", [True, False])}
    checks = xr.Dataset(values, {"peril": ["wind", "flood"]}, {"combination_term": 7e6})
    shown, perils = identity_table(checks).set_index("figure"), ["wind", "flood"]
    assert shown.loc["aal_from_maps (亿元)", perils].tolist() == [2.0, 4.0]
    assert shown.loc["all_occurrences_error (standard errors)", perils].tolist() == [2.0, -5.0]
    assert shown.loc["second_storms (standard errors)", perils].tolist() == [3.0, 0.0]
    assert shown.loc["within_three_standard_errors", perils].tolist() == [True, False]
    assert shown["interval"].str.len().min() > 0  # an interval, or why there is none
    records = {r.name: r.value for r in identity_records(checks)}
    assert records["loss.identity.combination_term"] == 7e6
    assert records["loss.identity.flood.aal_from_rates"] == 4e8
