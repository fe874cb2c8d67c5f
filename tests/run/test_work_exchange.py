"""A finished run in open standards: figures equal those of the run, refusals, the command."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import StageError, VerificationError
from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.exchange.oed import insured_value, read_locations
from riskmodel.exchange.ord_files import Group, read_results
from riskmodel.run import cli
from riskmodel.run.folder import ROOT
from riskmodel.run.manifest import hash_inputs, write_manifest
from riskmodel.run.stages import save_stage
from riskmodel.run.work.exchange import export_run, results_by
from tests.run.work_case import ZONES, make_run, make_table

PERIODS = [5.0, 12.5, 100.0]


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return make_table(3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, table: xr.Dataset) -> Path:
    """Folder of a run whose notebook 03 has been made, on the demo census."""
    run = make_run(tmp_path_factory.mktemp("run"), "03_exceedance")
    save_stage(run, "occurrence_table", table)
    inputs = hash_inputs(run.params, ROOT, ())
    write_manifest(run.folder, run.params, inputs, notebooks=[], seconds={}, changed=[])
    return run.folder.root


def exposed() -> xr.DataArray:
    return xr.DataArray(np.arange(1.0, 13.0), {"zone": ZONES}, ("zone",))


def test_figures_of_the_whole_are_those_of_the_run(table: xr.Dataset) -> None:
    tables = results_by(table, "all", exposed(), PERIODS).tables
    metrics = {name: m.value for name, m in loss_metrics(table, PERIODS).items()}
    ept = tables["ept"].set_index(["ep_type", "return_period"])["loss"]
    for kind, name in (("OEP", "oep"), ("AEP", "aep"), ("AEP_TVaR", "tvar")):
        for period in PERIODS:
            found = ept[kind, period]
            assert found == pytest.approx(metrics[f"loss.{name}.{period:g}"], rel=1e-12)
    average = tables["palt"].loc[0, ["mean_loss", "sd_loss"]].tolist()
    expected = [metrics["loss.aal"], metrics["loss.standard_deviation"]]
    assert average == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("group", "prefix"), [("zone", "by_zone"), ("peril", "by_peril")])
def test_averages_of_groups_are_those_of_the_run(
    table: xr.Dataset, group: Group, prefix: str
) -> None:
    tables = results_by(table, group, exposed(), PERIODS).tables
    code = {"OO1": "rain_flood", "WSS": "storm_surge", "WTC": "typhoon_wind"}
    metrics = loss_metrics(table, [])
    for label, mean in zip(
        tables["summary-info"]["label"], tables["palt"]["mean_loss"], strict=True
    ):
        expected = metrics[f"loss.aal.{prefix}.{code.get(label, label)}"].value
        assert mean == pytest.approx(expected, rel=1e-12)
    kinds = tables["ept"].pivot_table("loss", ["summary", "return_period"], "ep_type")
    assert (kinds["OEP"] <= kinds["AEP"]).all()
    assert (kinds["OEP"] <= kinds["OEP_TVaR"]).all()


def test_a_finished_run_is_exported_and_read_back(
    tmp_path: Path, finished: Path, table: xr.Dataset
) -> None:
    from riskmodel.census.read import load_census

    written = export_run(finished, tmp_path)
    assert sorted(written) == sorted(tmp_path.iterdir())
    analysis, groups = read_results(tmp_path)
    assert (analysis.years, analysis.price_year) == (table.attrs["years"], 2022)
    assert "population: a count, not a value" in analysis.not_carried
    assert list(groups) == ["all", "zone", "peril"]
    exposure = load_census(ROOT / "data" / "demo")["exposure"].to_dataset()
    value = insured_value(exposure)
    assert groups["zone"].tables["summary-info"]["value"].tolist() == value.values.tolist()
    locations = read_locations(tmp_path / "location.csv")
    by_zone = locations.groupby("zone")[["building_value", "other_value"]].sum().sum(axis=1)
    np.testing.assert_allclose(by_zone[ZONES], value.sel(zone=ZONES), rtol=1e-12)
    # slides and droughts have no code
    assert set(locations["perils"]) == {"WTC;OO1;WSS;OSF;ZSN;ZIC;ZFZ;QEQ;BBF"}


def test_no_run_or_another_census_is_refused(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(VerificationError, match=r"no manifest.*riskmodel run"):
        export_run(tmp_path, tmp_path / "to")
    monkeypatch.setattr(
        "riskmodel.run.work.exchange.hash_inputs", lambda *_: {"data/demo/exposure.xlsx": "0"}
    )
    with pytest.raises(StageError, match=r"exposure\.xlsx.*run it again"):
        export_run(finished, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_the_command_says_where_the_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Path, Path]] = []
    monkeypatch.setattr(
        "riskmodel.run.work.exchange.export_run", lambda *paths: asked.append(paths) or [Path("a")]
    )
    arguments = ["riskmodel", "export", "outputs/x", "--to", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (ended.value.code, asked) == (0, [(Path("outputs/x"), tmp_path)])
    assert capsys.readouterr().out == f"1 files: {tmp_path}\n"
