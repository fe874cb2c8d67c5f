"""Params: every bad key is refused by name, and the committed files are good."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from riskmodel.core.errors import ParamError
from riskmodel.run.params import (
    Params,
    apply_overrides,
    load_params,
    params_mapping,
    top_level_keys,
    validate_params,
)
from riskmodel.run.sweep import load_sweep
from tests.run.conftest import because

PERILS = (
    "typhoon_wind", "rain_flood", "storm_surge", "flash_flood", "landslide", "drought",
    "forest_fire", "cold_snow", "earthquake",
)  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]


def spoil(mapping: dict[str, Any], dotted: str, value: Any) -> dict[str, Any]:
    *sections, last = dotted.split(".")
    section = mapping
    for name in sections:
        section = section[name]
    if value is ...:
        del section[last]
    else:
        section[last] = value
    return mapping


def refused(mapping: dict[str, Any]) -> str:
    with pytest.raises(ParamError) as caught:
        validate_params(mapping, "x.yml")
    message = str(caught.value)
    assert message.startswith("x.yml")
    return message


def leaves(mapping: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in mapping.items():
        found += leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "params").glob("*.yml")), ids=lambda p: p.stem)
def test_committed_params_load(path: Path) -> None:
    if path.stem != "assumptions":
        assert load_params(path).census.folder


@pytest.mark.parametrize(
    "path", sorted((ROOT / "params/sweeps").glob("*.yml")), ids=lambda p: p.stem
)
def test_committed_sweeps_load(path: Path) -> None:
    sweep, params = load_sweep(path)
    assert [p.run for p in params] == [s.name for s in sweep.scenarios]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("seeed", 3, ("seeed: unknown key", "found 3", "did you mean seed?")),
        ("hazard.blockz", 5, ("hazard.blockz: unknown key", "did you mean hazard.blocks?")),
        (
            "loss.tail_cap",
            5,
            ("loss.tail_cap: unknown", "did you mean curves.typhoon_wind.tail_cap"),
        ),
        ("hazard.blocks", ..., ("hazard.blocks: missing", "a whole number from 1 to 50", "add it")),
        ("hazard.blocks", 51, ("hazard.blocks: found 51", "from 1 to 50", "change it")),
        ("hazard.blocks", "5", ("found '5'", "whole number", "without quotes")),
        ("hazard.blocks", True, ("hazard.blocks: found True",)),
        ("hazard.blocks", 5.5, ("hazard.blocks: found 5.5",)),
        ("hazard.block_shift", 1.0, ("hazard.block_shift", "above 0 below 1")),
        ("hazard.dependence", "copula", ("hazard.dependence: unknown key",)),
        ("hazard.sources.typhoon", "copula", ("hazard.sources.typhoon", "typhoon_physics")),
        ("hazard.sources.plum_rain", ..., ("hazard.sources.plum_rain: missing", "add it")),
        ("hazard.sources.drought", ..., ("hazard.sources.drought: missing", "add it")),
        ("hazard.storage_rate.drought", ..., ("hazard.storage_rate.drought: missing", "add it")),
        ("hazard.storage_rate.drought", 1.1, ("hazard.storage_rate.drought: found 1.1",)),
        ("hazard.storage_rate", dict.fromkeys(PERILS), ("one peril at least; null leaves",)),
        ("curves.landslide.head_return_period", 3.0, ("hazard.storage_rate.landslide (0.25)",)),
        ("curves.cold_snow.head_return_period", 100.0, ("cold_snow.head_return_period",)),
        ("hazard.frequency.family", "negative_binomial", ("hazard.frequency", "kappa a number")),
        ("hazard.frequency.kappa", 2.0, ("hazard.frequency", "null for poisson")),
        ("hazard.frequency.kappa", 0.0, ("hazard.frequency.kappa: found 0.0", "above 0")),
        ("scenario.more_occurrences.typhoon", 0.4, ("more_occurrences.typhoon", "from 0.5 to 2")),
        ("scenario.depth_shift.storm_surge", 3.0, ("depth_shift.storm_surge", "from -2 to 2")),
        ("curves.rain_flood.tail", "weibull", ("curves.rain_flood.tail", "flat, gumbel, gev")),
        ("curves.rain_flood.tail", "gev", ("curves.rain_flood", "tail_shape and tail_source")),
        ("curves.rain_flood.tail_shape", 0.1, ("curves.rain_flood", "null for others")),
        ("curves.rain_flood.tail", ..., ("curves.rain_flood.tail: missing", "flat, gumbel")),
        ("curves.typhoon_wind.head_return_period", None, ("curves.typhoon_wind", "in years")),
        ("loss.v_half", float("nan"), ("loss.v_half: found nan",)),
        ("exceedance.return_periods", [10, 5], ("exceedance", "ascend")),
        ("exceedance.return_periods", [10, "x"], ("exceedance.return_periods[1]: found 'x'",)),
        ("exceedance.return_periods", [], ("exceedance.return_periods: found []",)),
        ("census.folder", "/data", ("census.folder", "relative to the root")),
        ("run", "Wen zhou", ("run: found 'Wen zhou'", "lower-case")),
        ("run", "reference", ("run: found 'reference'",)),
        ("hazard", None, ("hazard: found None", "a section with blocks")),
        ("economy.gdp_year", 2021, ("gdp_year (2021)", "price_year (2022)")),
        ("hazard.years_per_block", 150, ("years_per_block (150)", "(200)")),
    ],
)
def test_bad_key_is_named(
    content: dict[str, Any], key: str, value: Any, words: tuple[str, ...]
) -> None:
    message = refused(spoil(content, key, value))
    assert "1 key is refused" in message
    for word in words:
        assert word in message


def test_no_key_has_a_default(content: dict[str, Any]) -> None:
    read = Params.model_validate_json(validate_params(content, "").model_dump_json())
    for key in [*leaves(content), *content]:
        assert f"{key}: missing" in refused(spoil(read.model_dump(mode="json"), key, ...))


def test_all_bad_keys_come_in_one_message(content: dict[str, Any]) -> None:
    for key, value in {"seed": -1, "loss.v_half": 500, "hazard.x": 1, "language": ...}.items():
        spoil(content, key, value)
    message = refused(content)
    assert "4 keys are refused" in message
    for key in ("seed", "loss.v_half", "hazard.x", "language"):
        assert f"  {key}: " in message


def test_variant_of_the_model_set_is_tried(content: dict[str, Any]) -> None:
    content["model_set"][0]["set"] = {"curves.typhoon_wind.tial": "flat"}
    message = refused(content)
    assert "model_set[0]" in message
    assert "did you mean curves.typhoon_wind.tail?" in message


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("seed: 1\nseed: 2\n", "written twice"),
        ("- 1\n", "holds no mapping"),
        ("a: [1\n", "not readable as YAML"),
        ("", "holds no mapping"),
    ],
)
def test_bad_file_is_named(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamError, match=word):
        load_params(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamError, match=r"nothing\.yml: the file does not exist"):
        load_params(tmp_path / "nothing.yml")


def test_override_changes_only_its_key(content: dict[str, Any]) -> None:
    params = validate_params(content, "x.yml")
    other = apply_overrides(params, {"curves.typhoon_wind.tail": "flat"})
    assert other.curves.typhoon_wind.tail == "flat"
    assert params.curves.typhoon_wind.tail == "gumbel"
    assert apply_overrides(other, {"curves.typhoon_wind.tail": "gumbel"}) == params


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("scenario.rian", 1.1, "did you mean scenario.rain?"),
        ("scenario.rain", 3.0, "from 0.5 to 2"),
        ("model_set", [], "unknown key"),
        ("exceedance.return_periods[]", 5, "unknown key"),
    ],
)
def test_bad_override_is_named(content: dict[str, Any], key: str, value: Any, word: str) -> None:
    with pytest.raises(ParamError) as caught:
        apply_overrides(validate_params(content, "x.yml"), {key: value})
    assert key in str(caught.value)
    assert word in str(caught.value)


CHANGES = [
    {"scenario.rain": 1.1},
    {"scenario.depth_shift.storm_surge": 0.2},
    {"scenario.more_occurrences.plum_rain": 0.9},
    {"scenario.more_occurrences.drought": 1.2},
    {"scenario.larger_footprints.flash_flood": 1.1},
    {"scenario.larger_footprints.typhoon_wind": 1.1},
]


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_the_hazard_says_where_it_comes_from(
    content: dict[str, Any], change: dict[str, Any]
) -> None:
    params = validate_params(content, "x.yml")
    ((dotted, value),) = change.items()
    key = dotted.removeprefix("scenario.")
    assert params.scenario.changes() == {}
    told = rf"scenario: .*in because, source and year of the change of {re.escape(key)}"
    with pytest.raises(ParamError, match=told):
        apply_overrides(params, change)
    assert apply_overrides(params, change | because(change)).scenario.changes() == {key: value}
    with pytest.raises(ParamError, match=rf"changes only; {re.escape(key)} is as in the maps"):
        apply_overrides(params, because(change))
    for half in ({"source": "a published range"}, {"year": 2050}):
        with pytest.raises(ParamError, match=r"scenario\.because"):
            apply_overrides(params, change | {"scenario.because": {key: half}})


@pytest.mark.parametrize(
    "change",
    [
        {"scenario.larger_footprints.typhoon_wind": 1.3},
        {"hazard.storage_rate.storm_surge": 0.29},
        {"curves.rain_flood.head_return_period": 2.2},
        {"hazard.frequency.family": "negative_binomial", "hazard.frequency.kappa": 0.3},
    ],
)
def test_a_curve_that_begins_below_the_storage_rate_is_refused_at_once(
    content: dict[str, Any], change: dict[str, Any]
) -> None:
    params = validate_params(content, "x.yml")
    with pytest.raises(
        ParamError, match=r"hazard\.storage_rate\.\w+ \(0\.\d+\) of at least 0\.\d+"
    ):
        apply_overrides(params, change | because(change))


@pytest.mark.parametrize(
    "key", ["hazard.blocks", "seed", "scenario.more_occurrences.typhoon", "census.folder"]
)
def test_a_variant_cannot_change_what_the_catalogue_is_made_of(
    content: dict[str, Any], key: str
) -> None:
    content["model_set"][0]["set"] = {key: 1}
    told = rf"model_set\[0\].*{re.escape(key)}.*other occurrences.*run it as a scenario of a sweep"
    with pytest.raises(ParamError, match=told):
        validate_params(content, "x.yml")


def test_params_cannot_be_changed(content: dict[str, Any]) -> None:
    params = validate_params(content, "x.yml")
    with pytest.raises(ValueError, match="frozen"):
        params.hazard.blocks = 3  # type: ignore[misc]


def test_top_level_keys_are_those_of_the_file(content: dict[str, Any]) -> None:
    assert list(top_level_keys()) == list(content)


def test_a_file_may_say_only_what_differs_from_another(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    (tmp_path / "city.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    changes = {"run": "county", "census.zones": ["330381"], "scenario.rain": 1.0}
    path = tmp_path / "county.yml"
    path.write_text(yaml.safe_dump({"base": "city.yml", "set": changes}), encoding="utf-8")
    found, base = load_params(path), load_params(tmp_path / "city.yml")
    assert found == apply_overrides(base, changes)
    assert found.census.zones == ("330381",)
    assert params_mapping(path) == found.model_dump(mode="json")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("base: city.yml\n", "set: missing"),
        ("base: city.yml\nset: {}\nrun: x\n", "run: unknown key"),
        ("base: gone.yml\nset: {}\n", r"gone\.yml: the file does not exist"),
        ("base: city.yml\nset: {census.zone: all}\n", r"did you mean census\.zones"),
        ("base: city.yml\nset: {census.zones: [330381]}\n", r"census\.zones.*found 330381"),
        ("base: city.yml\nset: {census.zones: []}\n", r"census\.zones"),
        ("base: city.yml\nset: {census.zones: ['33038']}\n", r"census\.zones"),
    ],
)
def test_a_bad_file_with_a_base_is_named(
    tmp_path: Path, content: dict[str, Any], text: str, word: str
) -> None:
    (tmp_path / "city.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    path = tmp_path / "county.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParamError, match=word):
        load_params(path)


@pytest.mark.parametrize("name", ["ruian", "yongjia"])
def test_pilots_differ_from_the_city_in_what_they_say_only(name: str) -> None:
    pilot, city = load_params(ROOT / f"params/{name}.yml"), load_params(ROOT / "params/wenzhou.yml")
    assert pilot.run == name
    assert pilot.census.zones != "all"
    for section in ("hazard", "curves", "scenario", "loss", "exceedance", "price", "model_set"):
        assert getattr(pilot, section) == getattr(city, section)
    assert pilot.seed == city.seed
