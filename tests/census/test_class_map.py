"""A hazard given as classes: steps at declared probabilities, or not available, never zero."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskmodel.census.class_map import read_class_map
from riskmodel.census.finding import FoundError
from riskmodel.census.manifest import ClassMap
from riskmodel.census.read import examine, load_census
from riskmodel.census.storage import import_census, open_census
from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.intensity import Reading, cell_maps, intensity_curves
from tests.census.conftest import COLUMNS, ROWS, Draft, write_tif

CLASSES = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) % 4 + 1.0  # 1 to 4
DECLARED: dict[str, Any] = {
    "file": "hazard/fire.tif",
    "direction": "1_is_highest",
    "intensity": {1: 0.2, 2: 0.1, 3: 0.05, 4: 0.0},
    "annual_probability": {1: 0.02, 2: 0.01, 3: 0.005, 4: 0.0},
    "source": "a test",
}
STEPS = Reading("zero_below", None, "flat", 1.0, "step_at_wet")


@pytest.fixture
def folder(draft: Draft, tmp_path: Path) -> Callable[..., Path]:
    """Write the census with a class map, some keys of it changed."""

    def write(values: np.ndarray = CLASSES, **changes: object) -> Path:
        draft.manifest["class_maps"] = {"forest_fire": {**DECLARED, **changes}}
        write_tif(tmp_path / "hazard" / "fire.tif", values)
        return draft.write(tmp_path)

    return write


def test_classes_become_steps_at_their_probabilities(folder: Callable[..., Path]) -> None:
    layer = load_census(folder())["forest_fire"].to_dataset()
    assert layer["return_period"].values.tolist() == [50.0, 100.0, 200.0]
    assert layer.attrs["units"] == "1"
    by_hand = {1: [0.2, 0.2, 0.2], 2: [0.0, 0.1, 0.1], 3: [0.0, 0.0, 0.05], 4: [0.0, 0.0, 0.0]}
    for one, steps in by_hand.items():
        found = layer["intensity"].values[:, CLASSES == one]
        assert np.unique(found, axis=1).T == pytest.approx(np.array([steps]))


def test_classes_of_one_probability_share_a_return_period(folder: Callable[..., Path]) -> None:
    same = {1: 0.02, 2: 0.02, 3: 0.005, 4: 0.0}
    layer = load_census(folder(annual_probability=same))["forest_fire"].to_dataset()
    assert layer["return_period"].values.tolist() == [50.0, 200.0]
    assert np.unique(layer["intensity"].values[0]).tolist() == pytest.approx([0.0, 0.1, 0.2])


def test_the_mean_a_year_is_probability_times_intensity(folder: Callable[..., Path]) -> None:
    """Σ over maps of the steps in the probability of each: p v of each cell, by hand."""
    layer = load_census(folder())["forest_fire"].to_dataset()
    chance = 1.0 / layer["return_period"].values
    mean = np.tensordot(chance - np.append(chance[1:], 0.0), layer["intensity"].values, axes=1)
    expected = np.zeros_like(CLASSES)
    for one in range(1, 5):
        expected[CLASSES == one] = DECLARED["intensity"][one] * DECLARED["annual_probability"][one]
    np.testing.assert_allclose(mean, expected, rtol=1e-6)


def test_nodata_is_outside_the_survey(folder: Callable[..., Path]) -> None:
    values = CLASSES.copy()
    values[0, 0] = -9999.0
    where = examine(folder(values))
    assert [f.code for f in where.findings if f.severity == "error"] == ["exposure_outside_survey"]


def test_without_probabilities_the_peril_is_not_available(
    folder: Callable[..., Path], tmp_path: Path
) -> None:
    place = folder(annual_probability={})
    found = examine(place)
    assert [(f.code, f.severity) for f in found.findings if "forest_fire" in f.layer] == [
        ("probabilities_missing", "warning")
    ]
    assert found.tree is not None
    assert "forest_fire" not in found.tree.attrs["perils"]
    assert "forest_fire" not in found.tree.children
    assert found.tree.attrs["not_available"] == ["forest_fire"]
    import_census(place, tmp_path.parent / "kept.nc")
    with open_census(tmp_path.parent / "kept.nc") as kept:
        assert kept.attrs["not_available"] == ["forest_fire"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"source": ""}, "probability_source"),
        ({"annual_probability": {1: 1.0, 2: 0.01, 3: 0.005, 4: 0.0}}, "probability_invalid"),
        ({"annual_probability": {1: 0.02, 2: 0.01, 3: 0.005}}, "probability_invalid"),
        ({"annual_probability": dict.fromkeys(range(1, 5), 0.0)}, "probability_invalid"),
        ({"intensity": {1: 1.2, 2: 0.1, 3: 0.05, 4: 0.0}}, "probability_invalid"),
        ({"direction": "1_is_lowest"}, "class_direction"),
        ({"file": "hazard/none.tif"}, "file_missing"),
    ],
)
def test_declarations_that_cannot_be_are_named(
    folder: Callable[..., Path], changes: dict[str, object], code: str
) -> None:
    found = examine(folder(**changes))
    assert found.tree is None
    assert code in [f.code for f in found.findings]


def test_a_class_that_nobody_declared_is_named(folder: Callable[..., Path]) -> None:
    values = CLASSES.copy()
    values[1, 2] = 7.0
    found = [f for f in examine(folder(values)).findings if f.code == "class_unknown"]
    assert [f.found for f in found] == [[7.0]]


def test_a_peril_has_maps_or_classes(draft: Draft, tmp_path: Path) -> None:
    draft.manifest["class_maps"] = {"typhoon_wind": DECLARED}
    write_tif(tmp_path / "hazard" / "fire.tif", CLASSES)
    with pytest.raises(FoundError, match="maps by return period and a map of classes"):
        load_census(draft.write(tmp_path))


def test_an_unknown_peril_is_refused(tmp_path: Path) -> None:
    _, (found,) = read_class_map(tmp_path, "hail", ClassMap(**DECLARED), "EPSG:4490")
    assert found.code == "peril_unknown"


@pytest.mark.parametrize(
    "reading",
    [
        Reading("zero_below", None, "flat", 1.0, "loglinear"),
        Reading("zero_below", None, "gumbel", 1.0, "step_at_wet"),
        Reading("loglinear_to_zero_at", 40.0, "flat", 1.0, "step_at_wet"),
    ],
)
def test_no_lines_are_drawn_between_classes(reading: Reading, folder: Callable[..., Path]) -> None:
    maps = cell_maps(load_census(folder()), "forest_fire")
    given = {"storage_rate": 0.05, "peril": "forest_fire"}
    intensity_curves(maps, STEPS, Frequency("poisson"), **given)  # type: ignore[arg-type]
    told = r"curves\.forest_fire: a map of classes is read as steps only.*step_at_wet"
    with pytest.raises(ReturnPeriodError, match=told):
        intensity_curves(maps, reading, Frequency("poisson"), **given)  # type: ignore[arg-type]
