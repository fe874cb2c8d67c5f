"""A tiny checkout with two notebooks, so that the run machinery is tried without the real chain."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from riskmodel.cover.programme import Programme, load_programme
from riskmodel.run.batch import run_notebooks
from riskmodel.run.folder import Run
from riskmodel.run.params import top_level_keys
from riskmodel.run.work.tiers import Paid, pay_table
from tests.run.work_case import (
    PROGRAMME,
    ZONES,
    make_census,
    make_run,
    make_table,
    save_triggers,
)

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "params" / "wenzhou.yml"

OPEN = """\
from riskmodel.run.folder import open_run
work = open_run(globals(), "{name}")"""
CENSUS = """\
import os
import xarray as xr
from riskmodel.run.records import make_record, save_records
from riskmodel.run.stages import MADE_BY, save_stage
MADE_BY["trial"] = "01_census"
print(os.getpid())
loss = 1e8 * work.params.scenario.rain
save_stage(work, "trial", xr.Dataset({"value": ("cell", [loss, 3.0])}))
interval = {"kind": "simulation", "level": 0.9, "lower": 0.9 * loss, "upper": 1.1 * loss}
save_records(work, [make_record(name="loss.aal", value=loss, unit="CNY", status="synthetic",
                                source="test", share_extrapolated=0.4, intervals=[interval])])"""
HAZARD = """\
import os
from riskmodel.core.errors import CensusError
from riskmodel.run.records import make_record, save_records
from riskmodel.run.stages import MADE_BY, open_stage
MADE_BY["trial"] = "01_census"
loss = float(open_stage(work, "trial")["value"][0])
print(os.getcwd(), work.folder.root)
if work.params.scenario.rain > 1.5:
    raise CensusError("too much rain", where="hazard.tif", found=work.params.scenario.rain)
if work.params.seed == 666:
    os._exit(1)
save_records(work, [make_record(name="gdp.loss_ratio", value=loss / 8e11, unit="1",
                                status="synthetic", source="test")])"""


def notebook(name: str, results: str) -> dict[str, Any]:
    """Notebook with three code cells: parameters, opening, results."""
    keys = "\n".join(f"{key} = None" for key in top_level_keys())
    parameters = f'params_file = "params/wenzhou.yml"\noutput_folder = None\n{keys}'
    code = {"cell_type": "code", "outputs": [], "execution_count": None}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": f"# Tiny {name}"},
        code | {"metadata": {"tags": ["parameters"]}, "source": parameters},
        code | {"metadata": {}, "source": OPEN.format(name=name)},
        code | {"metadata": {"tags": ["results"]}, "source": results},
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def make_checkout(root: Path) -> Path:
    """The least that a run reads: params, programme, census, code, lock, notebooks."""
    for name, text in {
        "params/tiers/illustrative.yml": "tiers: []\n",
        "params/assumptions.yml": "[]\n",
        "data/demo/census.yml": "cells: 2\n",
        "riskmodel/model.py": "x = 1\n",
        "requirements.lock": "numpy==2.0\n",
        "notebooks/01_census.ipynb": json.dumps(notebook("01_census", CENSUS)),
        "notebooks/02_hazard.ipynb": json.dumps(notebook("02_hazard", HAZARD)),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    shutil.copy(PARAMS, root / "params" / "wenzhou.yml")
    return root


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "checkout")


@pytest.fixture
def content() -> dict[str, Any]:
    """The committed params file as a mapping, free to spoil."""
    return yaml.safe_load(PARAMS.read_text(encoding="utf-8"))


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def said(console: Console) -> Callable[[], str]:
    """What the console has shown since the last call."""

    def read() -> str:
        assert isinstance(console.file, io.StringIO)
        text = console.file.getvalue()
        console.file.seek(0)
        console.file.truncate()
        return text

    return read


def set_key(mapping: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, last = dotted.split(".")
    for name in sections:
        mapping = mapping[name]
    mapping[last] = value


def because(changes: dict[str, Any]) -> dict[str, Any]:
    """Source and year of what some dotted keys change about the hazard."""
    keys = [k.removeprefix("scenario.") for k in changes if k.startswith("scenario.")]
    reason = {"source": "a test", "year": 2050}
    return {"scenario.because": {key: reason for key in keys}} if keys else {}


@pytest.fixture
def write_params(content: dict[str, Any]) -> Callable[..., Path]:
    """Write the committed params with some dotted keys changed, and where a change comes from."""

    def write(path: Path, changes: dict[str, Any]) -> Path:
        for dotted, value in (changes | because(changes)).items():
            set_key(content, dotted, value)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished run, to be copied and spoilt."""
    root = make_checkout(tmp_path_factory.mktemp("once") / "checkout")
    return run_notebooks(root / "params/wenzhou.yml", root=root, console=Console(quiet=True))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two blocks at question 4, with hand-made storms."""
    place = tmp_path_factory.mktemp("tiers")
    save_triggers(place, make_table(2))
    return make_run(place, "04_tiers")


@pytest.fixture(scope="module")
def programme() -> Programme:
    """The programme that tests of question 4 share."""
    return load_programme(PROGRAMME, zones=ZONES)


@pytest.fixture(scope="module")
def paid(run: Run, programme: Programme) -> Paid:
    """What its covers, treaties and reserve pay for the hand-made storms."""
    return pay_table(run, programme, make_census(), make_table(2))
