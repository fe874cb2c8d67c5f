"""The library of responses: what it refuses, and its committed numbers against their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml
from scipy import stats

from riskmodel.core.errors import ResponseError
from riskmodel.core.vocabulary import Peril
from riskmodel.loss.classes import load_classes
from riskmodel.loss.library import FOLDER, TableCurve, library_curve, load_library, table_response
from riskmodel.run.params import load_params

ROOT = FOLDER.parents[1]
# Huizinga et al. 2017, Asia: standard deviation at 0, 0.5, 1, 1.5, 2, 3, 4, 5 and 6 m
JRC_SPREAD = {
    "residential": (0, 0.251622626, 0.215442216, 0.214468998, 0.207322898, 0.167536629, 0.124508994,
                    0.047803103, 0),
    "commercial": (0, 0.240462285, 0.240596279, 0.243605156, 0.250253511, 0.171703625, 0.11240992,
                   0.052781064, 0),
    "industrial": (0, 0.243322302, 0.295987071, 0.300583358, 0.268517907, 0.234498136, 0.159197865,
                   0.079457988, 0),
    "transport": (0, 0.30215383, 0.281482409, 0.251661148, 0.168393829, 0, 0, 0, 0),
    "infrastructure": (0, 0.069410857, 0.073943937, 0.205814323, 0.270555844, 0.221245379,
                       0.133514877, 0.0625, 0),
    "agriculture": (0, 0.188944436, 0.351069794, 0.476319221, 0.455872789, 0.357770876, 0.163645959,
                    0.026832816, 0),
}  # fmt: skip


def curve(**changes: Any) -> dict[str, Any]:
    """A small table of the schema, with some keys changed; None leaves a key out."""
    content = {
        "form": "table", "perils": ["rain_flood"], "sector": "residential", "structure": "any",
        "outcome": "damage_ratio", "intensity_unit": "m", "intensity": [0.0, 1.0, 2.0],
        "value": [0.0, 0.2, 0.5], "spread": [0.0, 0.1, 0.3], "spread_from": "test",
        "valid_range": [0.0, 2.0], "source": "test", "licence": "ours", "status": "synthetic",
    } | changes  # fmt: skip
    return {key: value for key, value in content.items() if value is not None}


def written(folder: Path, content: dict[str, Any]) -> Path:
    text = yaml.safe_dump({"curves": {"c": content}, "sets": {}})
    (folder / "library.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("peril", get_args(Peril))
def test_one_schema_holds_a_curve_of_every_peril(tmp_path: Path, peril: Peril) -> None:
    library = load_library(written(tmp_path, curve(perils=[peril], intensity_unit="any")))
    made = table_response("c", library_curve(library, "c", peril), peril, factor=0.5)
    assert made.at([1.5]).tolist() == [0.175]
    assert made.spread_at([1.0]).tolist() == [0.05]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": None}, ["curves.c.table.source", "required"]),
        ({"licence": ""}, ["curves.c.table.licence", "at least 1 character"]),
        ({"status": "sure"}, ["curves.c.table.status"]),
        ({"sector": "castles"}, ["curves.c.table.sector", "'castles'"]),
        ({"perils": ["meteorite"]}, ["curves.c.table.perils.0", "'meteorite'"]),
        ({"perils": []}, ["curves.c.table.perils"]),
        ({"colour": "red"}, ["curves.c.table.colour", "not permitted"]),
        ({"form": "spline"}, ["curves.c", "'spline'"]),
        ({"value": [0.0, float("nan"), 0.5]}, ["curves.c.table.value.1", "finite"]),
        ({"value": [0.0, 0.5, 0.2]}, ["c: values fall", "correct the curve file"]),
        ({"value": [0.0, 0.5, 1.2], "spread": [0, 0, 0]}, ["c: damage ratio above 1", "1.2"]),
        ({"intensity": [0.0, 2.0, 1.0]}, ["c: intensities do not rise"]),
        ({"intensity": [1.0], "value": [0.2], "spread": [0.0]}, ["c: knots and values"]),
        ({"spread": [0.0, 0.41, 0.3]}, ["c: a spread that no ratio", "sqrt(m (1 - m))", "0.4"]),
        ({"spread": [0.0, 0.1]}, ["c: the spread is no standard deviation at each knot"]),
        ({"valid_range": [0.0, 3.0]}, ["c: the valid range", "at most 2"]),
        ({"valid_range": [1.5, 2.0]}, ["c: the valid range", "from at most 1 "]),
        ({"valid_range": [2.0, 0.0]}, ["c: the valid range"]),
    ],
)
def test_bad_curves_are_refused_with_their_place(
    tmp_path: Path, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ResponseError) as error:
        load_library(written(tmp_path, curve(**changes)))
    assert all(word in str(error.value) for word in words), str(error.value)
    assert error.value.found is not None or "found" in str(error.value)
    assert error.value.remedy


def test_all_faults_of_a_file_come_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(ResponseError, match=r"(?s)library\.yml.*sector.*licence.*to do"):
        load_library(written(tmp_path, curve(sector="castles", licence=None)))


def test_a_curve_written_twice_is_refused(tmp_path: Path) -> None:
    text = yaml.safe_dump({"c": curve()})
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    (tmp_path / "library.yml").write_text(f"curves:\n{indented}{indented}sets: {{}}\n", "utf-8")
    with pytest.raises(ResponseError, match=r"key .*c.* is written twice"):
        load_library(tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResponseError, match=r"classes\.yml: the file does not exist"):
        load_classes(tmp_path)


@pytest.mark.parametrize("weights", [(0.5, 0.6), (0.5, 0.3, 0.2), (1.0,)])
def test_weights_of_a_set_are_one_each_and_sum_to_one(
    tmp_path: Path, weights: tuple[float, ...]
) -> None:
    alternatives = {"key": "loss.v_half", "members": [80.2, 112.8], "weights": list(weights)}
    text = yaml.safe_dump({"curves": {}, "sets": {"wind": alternatives}})
    (tmp_path / "library.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ResponseError, match="one weight for each member, of sum 1"):
        load_library(tmp_path)


def test_a_curve_that_is_not_there_is_named_beside_those_that_are() -> None:
    with pytest.raises(ResponseError, match=r"found 'jrc_mars'.*jrc_asia_residential"):
        library_curve(load_library(), "jrc_mars", "rain_flood")
    with pytest.raises(ResponseError, match="landslide: no such table"):
        library_curve(load_library(), "jrc_asia_residential", "landslide")


@pytest.mark.parametrize("sector", JRC_SPREAD)
def test_spread_of_depth_damage_is_what_jrc_prints(sector: str) -> None:
    found = library_curve(load_library(), f"jrc_asia_{sector}", "rain_flood")
    np.testing.assert_allclose(found.spread, JRC_SPREAD[sector], atol=5.1e-4)


def test_mortality_is_the_published_formula_at_the_knots() -> None:
    def slow(depth: np.ndarray) -> np.ndarray:
        return stats.norm.cdf((np.log(depth) - 7.60) / 2.75)

    def rapid(depth: np.ndarray) -> np.ndarray:
        return np.maximum(
            slow(depth), np.where(depth < 2.1, 0.0, stats.norm.cdf((np.log(depth) - 1.46) / 0.28))
        )

    def boyd(depth: np.ndarray) -> np.ndarray:
        return 0.34 / (1.0 + np.exp(20.37 - 6.18 * depth))

    formulas = {"jonkman_2008": slow, "jonkman_2008_rapid": rapid, "boyd_2005": boyd}
    for name, formula in formulas.items():
        found = library_curve(load_library(), f"mortality_{name}", "storm_surge")
        knots = np.array(found.intensity)
        assert found.value[0] == 0.0
        np.testing.assert_allclose(found.value[1:], formula(knots[1:]), atol=5.1e-5, err_msg=name)


def test_the_model_set_holds_every_published_alternative() -> None:
    params = load_params(ROOT / "params" / "wenzhou.yml")
    content = params.model_dump(mode="json")
    for alternatives in load_library().sets.values():
        *sections, last = alternatives.key.split(".")
        section = content
        for name in sections:
            section = section[name]
        used = {section[last]} | {v.set.get(alternatives.key) for v in params.model_set}
        assert set(alternatives.members) <= used, alternatives.key
        assert sum(alternatives.weights_by_member().values()) == pytest.approx(1.0)


def test_a_shift_moves_knots_and_valid_range() -> None:
    table = library_curve(load_library(), "jrc_asia_residential", "rain_flood")
    plain, high, low = (
        table_response("c", table, "rain_flood", shift=shift) for shift in (0.0, 0.45, -0.2)
    )
    depth = np.linspace(0.0, 5.0, 51)
    np.testing.assert_allclose(high.at(depth + 0.45), plain.at(depth))
    np.testing.assert_allclose(high.spread_at(depth + 0.45), plain.spread_at(depth))
    assert high.at([0.45]).tolist() == [0.0]
    assert high.valid_range == (0.45, 6.45)
    assert low.at([0.0, 0.15, 0.3]).tolist() == pytest.approx([0.0, 0.327 / 2, 0.327])
    assert low.valid_range == pytest.approx((0.0, 5.8))


def test_what_a_factor_takes_to_one_does_not_vary() -> None:
    table = TableCurve.model_validate(curve())
    cut = table_response("c", table, "rain_flood", factor=2.0)
    assert cut.value == (0.0, 0.4, 1.0)
    assert cut.spread == (0.0, 0.2, 0.0)
