"""Opening a run from a notebook, and what stages and records refuse."""

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import ParamError, SchemaError, StageError
from riskmodel.run.folder import ROOT, Run, RunFolder, open_run
from riskmodel.run.params import Params, load_params, top_level_keys
from riskmodel.run.records import (
    Record,
    collect_records,
    make_record,
    read_results,
    save_records,
)
from riskmodel.run.stages import MADE_BY, load_stage_tree, open_stage, save_stage


@pytest.fixture
def namespace(tmp_path: Path) -> dict[str, Any]:
    """Globals of a notebook after its parameters cell, IPython's own names included."""
    given = {"params_file": "params/wenzhou.yml", "output_folder": str(tmp_path / "run")}
    own = {"In": ["", "x"], "Out": {}, "_": "", "_i1": "x", "__name__": "__main__", "sys": sys}
    return {**own, **given, **dict.fromkeys(top_level_keys())}


@pytest.fixture(autouse=True)
def trial_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage of notebook 01, which hands none on in the real chain."""
    monkeypatch.setitem(MADE_BY, "trial", "01_census")


@pytest.fixture
def work(namespace: dict[str, Any]) -> Run:
    return open_run(namespace, "01_census")


def record(**changes: Any) -> Record:
    fields = {"name": "loss.aal", "value": 1.0, "unit": "CNY", "status": "real", "source": "x"}
    return make_record(**{**fields, **changes})


def test_run_opens_with_the_params_of_the_file(work: Run, tmp_path: Path) -> None:
    assert work.params == load_params(ROOT / "params" / "wenzhou.yml")
    assert work.folder == RunFolder(tmp_path / "run")
    assert work.folder.stages.is_dir()


def test_folder_follows_the_name_of_the_run(
    namespace: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("riskmodel.run.folder.ROOT", tmp_path)
    (tmp_path / "params").mkdir()
    text = (ROOT / "params/wenzhou.yml").read_text(encoding="utf-8")
    (tmp_path / "params/wenzhou.yml").write_text(text, encoding="utf-8")
    opened = open_run(namespace | {"output_folder": None, "run": "other"}, "01_census")
    assert opened.folder.root == tmp_path / "outputs" / "other"


def test_set_keys_replace_those_of_the_file(namespace: dict[str, Any]) -> None:
    assert open_run(namespace | {"seed": 3}, "01_census").params.seed == 3


@pytest.mark.parametrize("value", [3, "x", None, [1], {"a": 1}, 0.5, True])
def test_unknown_name_is_refused(namespace: dict[str, Any], value: Any) -> None:
    with pytest.raises(ParamError, match=r"seeed: unknown key.*did you mean seed\?"):
        open_run(namespace | {"seeed": value}, "01_census")


def test_bad_value_is_refused_before_any_folder_is_made(
    namespace: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(ParamError, match="seed: found -1"):
        open_run(namespace | {"seed": -1}, "01_census")
    assert not (tmp_path / "run").exists()


def test_cells_may_be_run_again_in_jupyterlab(namespace: dict[str, Any]) -> None:
    namespace["work"] = open_run(namespace, "01_census")
    namespace |= {"years": 5, "In": ["", "%time 1", 'params_file = "a"\nseed = None', "years = 5"]}
    assert open_run(namespace, "01_census") == namespace["work"]
    namespace["In"].append('params_file = "a"\nseeed = 3')
    with pytest.raises(ParamError, match="seeed"):
        open_run(namespace | {"seeed": 3}, "01_census")


def test_a_run_may_be_called_run(namespace: dict[str, Any]) -> None:
    namespace["run"] = open_run(namespace, "01_census")
    assert open_run(namespace, "01_census").params.run == "wenzhou"


def test_missing_parameters_cell_is_told() -> None:
    with pytest.raises(StageError, match="from the top"):
        open_run({}, "01_census")


def test_opening_a_run_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'xarray', 'pandas', 'numba', 'papermill', 'scipy'}"
    code = f"import riskmodel.run.folder, sys; sys.exit(str({heavy} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_stage_comes_back(work: Run) -> None:
    data = xr.Dataset({"value": ("cell", np.arange(3.0))}, attrs={"schema": "x"})
    save_stage(work, "trial", data)
    with open_stage(work, "trial") as read:
        xr.testing.assert_identical(read.load(), data)


def test_tree_comes_back(work: Run) -> None:
    tree = xr.DataTree.from_dict({"/wind": xr.Dataset({"value": ("cell", np.arange(3.0))})})
    save_stage(work, "trial", tree)
    xr.testing.assert_identical(load_stage_tree(work, "trial"), tree)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed on Linux")
def test_a_tree_leaves_no_file_to_the_collector(work: Run, request: pytest.FixtureRequest) -> None:
    """Nodes refer to each other, so a tree left open closes in whichever thread collects."""
    value = xr.Dataset({"value": ("cell", np.arange(3.0))})
    save_stage(work, "trial", xr.DataTree.from_dict({"/wind": value, "/rain": value}))
    request.addfinalizer(gc.enable)
    gc.disable()
    load_stage_tree(work, "trial")
    held = {place.resolve() for place in Path("/proc/self/fd").iterdir()}
    assert not [place for place in held if place.is_relative_to(work.folder.root)]


def test_missing_stage_names_the_notebook_to_run(work: Run) -> None:
    with pytest.raises(StageError, match=r"run notebooks/02_hazard\.ipynb first"):
        open_stage(work, "catalogue")


def test_stage_of_another_notebook_is_refused(work: Run) -> None:
    with pytest.raises(StageError, match="02_hazard"):
        save_stage(work, "catalogue", xr.Dataset())
    with pytest.raises(StageError, match="unknown stage"):
        save_stage(work, "catalog", xr.Dataset())


def interval(**changes: Any) -> dict[str, Any]:
    return {"kind": "model", "level": 0.9, "lower": 0.0, "upper": 1.0} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": None},
        {"value": True},
        {"status": "guess"},
        {"name": "loss"},
        {"name": "loss aal.x"},
        {"share_extrapolated": 1.5},
        {"unit": ""},
        {"remark": "x"},
        {"intervals": [interval(lower=2.0)]},
        {"intervals": [interval(kind="bootstrap")]},
        {"intervals": [interval(upper=float("nan"))]},
        {"intervals": [interval(), interval()]},
    ],
)
def test_bad_record_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="to do"):
        record(**changes)


@pytest.mark.parametrize(
    "value", [np.float64(2.5), np.float32(2.5), np.int64(2), 2, xr.DataArray(2)]
)
def test_record_takes_scalars_of_any_origin(value: Any) -> None:
    assert type(record(value=value).value) is float


def test_records_are_merged_in_the_order_of_notebooks(work: Run) -> None:
    late = Run(work.params, work.folder, "02_hazard")
    save_records(late, [record(name="hazard.years", value=10_000)])
    save_records(work, [record(intervals=[interval()]), record(name="loss.oep.100")])
    read = read_results(collect_records(work.folder))
    assert list(read) == ["loss.aal", "loss.oep.100", "hazard.years"]
    assert read["loss.aal"] == record(intervals=[interval()])


def test_record_of_two_notebooks_is_refused(work: Run) -> None:
    save_records(work, [record()])
    save_records(Run(work.params, work.folder, "02_hazard"), [record()])
    with pytest.raises(SchemaError, match=r"loss\.aal"):
        collect_records(work.folder)
    with pytest.raises(SchemaError, match="twice"):
        save_records(work, [record(), record()])


def test_damaged_records_are_named(work: Run) -> None:
    work.folder.results.write_text("[{", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"results\.json"):
        read_results(work.folder.results)


def test_params_survive_the_manifest(work: Run) -> None:
    assert Params.model_validate_json(work.params.model_dump_json()) == work.params
