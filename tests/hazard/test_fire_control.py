"""The counties' index of forest-fire control: its range, and what it does to a place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from riskmodel.core.errors import ParamError
from riskmodel.hazard.fire_control import control_factors, load_fire_control
from riskmodel.hazard.typhoon.parameters import FOLDER

DECLARED = FOLDER / "fire_control.yml"
ZONES = xr.Dataset({"main_zone": ("cell", ["330302", "330303", "330302"])})


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
    change(content)
    path = folder / "fire_control.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_at_the_reference_nothing_changes() -> None:
    ignition, spread = control_factors(load_fire_control(DECLARED), ZONES)
    assert ignition.tolist() == spread.tolist() == [1.0, 1.0, 1.0]


def test_factors_by_hand(tmp_path: Path) -> None:
    # B is 75 points below... beyond the scale, so 50: ignition 2^(50/50), spread 2^(50/100)
    def change(content: dict[str, Any]) -> None:
        content["counties"] |= {"330303": 20.0}
        content["ignition_halving"]["value"] = 50.0

    ignition, spread = control_factors(load_fire_control(written(tmp_path, change)), ZONES)
    assert ignition.tolist() == [1.0, 2.0, 1.0]
    np.testing.assert_allclose(spread, [1.0, np.sqrt(2.0), 1.0])


@pytest.mark.parametrize("index", [-0.1, 100.1])
def test_an_index_out_of_range_is_refused(index: float, tmp_path: Path) -> None:
    path = written(tmp_path, lambda c: c["counties"].update({"330305": index}))
    told = r"fire_control\.yml, counties\.330305: a fire-control index out of range.*0 to 100"
    with pytest.raises(ParamError, match=told):
        load_fire_control(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda c: c["reference"].update(value=120.0),
            "reference: a fire-control index out of range",
        ),
        (lambda c: c["spread_halving"].update(value=0.0), "an effect without size"),
        (lambda c: c["highest"].update(value=0.0), "out of range|an empty scale"),
        (lambda c: c["counties"].update({"330302": "high"}), r"counties\.330302: .*valid number"),
        (lambda c: c.pop("source"), "source: Field required"),
    ],
)
def test_a_file_that_cannot_be_is_refused(
    change: Callable[[dict[str, Any]], object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ParamError, match=told):
        load_fire_control(written(tmp_path, change))


def test_a_county_without_index_is_refused(tmp_path: Path) -> None:
    control = load_fire_control(written(tmp_path, lambda c: c["counties"].pop("330303")))
    with pytest.raises(ParamError, match=r"without a fire-control index.*\['330303'\]"):
        control_factors(control, ZONES)
