"""Params of a run: read from YAML, checked as a whole, never changed afterwards."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, JsonValue, ValidationError, model_validator

from riskmodel.core import yaml_file
from riskmodel.core.errors import ParamError
from riskmodel.run.census_choice import CensusChoice
from riskmodel.run.hazard_sections import CensusCurve, Hazard
from riskmodel.run.refusal import dotted_keys, refuse, unknown_key
from riskmodel.run.scenario import Scenario
from riskmodel.run.sections import (
    ByPeril,
    Economy,
    Exceedance,
    Loss,
    Price,
    Section,
    Slug,
    Variant,
)
from riskmodel.run.tier_sections import Tiers

# keys on which the catalogue or its occurrences depend
OTHER_OCCURRENCES = ("run", "seed", "census.", "hazard.", "scenario.more_occurrences.")
SectionType = TypeVar("SectionType", bound=Section)


class Params(Section):
    """Everything that a run depends on, besides code, data and the tier programme."""

    run: Slug
    language: Literal["zh", "en"]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    census: CensusChoice
    hazard: Hazard
    curves: ByPeril[CensusCurve]
    scenario: Scenario
    loss: Loss
    exceedance: Exceedance
    tiers: Tiers
    price: Price
    economy: Economy
    model_set: tuple[Variant, ...]

    @model_validator(mode="after")
    def _sections_agree(self) -> Params:
        if self.hazard.years_per_block < self.exceedance.return_periods[-1]:
            raise ValueError(
                f"hazard.years_per_block ({self.hazard.years_per_block}) of at least the largest "
                f"of exceedance.return_periods ({self.exceedance.return_periods[-1]:g})"
            )
        self._require_stored()
        if self.economy.gdp_year != self.census.price_year:
            raise ValueError(
                f"economy.gdp_year ({self.economy.gdp_year}) equal to census.price_year "
                f"({self.census.price_year})"
            )
        names = [variant.name for variant in self.model_set]
        if len(set(names)) != len(names):
            raise ValueError("model_set with each name once")
        return self

    def _require_stored(self) -> None:
        """Refuse a head that begins below the storage rate, before a catalogue is made."""
        from riskmodel.core.returnperiod import Frequency, rate_from_return_period  # heavy

        choice = self.hazard.frequency
        frequency = Frequency(choice.family, choice.kappa)
        for peril, rate in self.hazard.storage_rates().items():
            years = getattr(self.curves, peril).head_return_period
            factor = getattr(self.scenario.larger_footprints, peril)
            if years is None:
                continue
            needed = factor * float(rate_from_return_period(years, frequency))
            if needed > rate:
                raise ValueError(
                    f"hazard.storage_rate.{peril} ({rate:g}) of at least {needed:.4f}, the rate at "
                    f"which its curve begins (head {years:g} years, larger_footprints {factor:g})"
                )


def top_level_keys() -> tuple[str, ...]:
    """Names that a notebook's parameters cell declares, one for each section or single value."""
    return tuple(Params.model_fields)


def load_params(path: Path | str) -> Params:
    """Params of a YAML file.

    Raises
    ------
    ParamError
        If the file is missing or not YAML, or a key is unknown, missing, mistyped, written twice
        or out of range; all offending keys are named in one message.
    """
    path = Path(path)
    return validate_params(params_mapping(path), str(path))


class Based(Section):
    """A params file that says only in what it differs from another one."""

    base: Annotated[str, Field(min_length=1, description="params file, relative to this one")]
    set: Annotated[dict[str, JsonValue], Field(description="dotted key: other value")]


def params_mapping(path: Path) -> dict[str, Any]:
    """Whole content of a params file, that of its base with its own changes where it names one.

    Raises
    ------
    ParamError
        If a file is missing or not YAML, one with a base holds more than ``base`` and ``set``, or
        a dotted key does not exist or has a value that is not allowed.
    """
    content = read_mapping(path)
    if "base" not in content:
        return content
    own = validate_section(Based, content, str(path))
    base = load_params(path.parent / own.base)
    return apply_overrides(base, own.set, where=f"{path}, set").model_dump(mode="json")


def validate_params(mapping: Mapping[str, Any], where: str) -> Params:
    """Params from a mapping, each variant of the model set tried too.

    Parameters
    ----------
    mapping : Mapping
        Content of a params file.
    where : str
        What to call its place in messages.

    Raises
    ------
    ParamError
        Naming each offending key, its value, what is allowed, and what to do.
    """
    params = validate_section(Params, mapping, where)
    for number, variant in enumerate(params.model_set):
        place = f"{where}, model_set[{number}] {variant.name}"
        _require_same_occurrences(variant.set, place)
        apply_overrides(params, variant.set, where=place)
    return params


def _require_same_occurrences(overrides: Mapping[str, Any], where: str) -> None:
    """Refuse a variant that another catalogue would be needed for: all share one pass."""
    for key in overrides:
        if key.startswith(OTHER_OCCURRENCES):
            raise ParamError(
                "a variant of the model set has other occurrences",
                where=f"{where}, {key}",
                expected="keys that leave the catalogue as it is",
                remedy="run it as a scenario of a sweep",
            )


def validate_section(
    model: type[SectionType], mapping: Mapping[str, Any], where: str
) -> SectionType:
    """Any model of the run checked against a mapping, with the same complaints as params."""
    try:
        # through JSON, so that YAML lists may fill tuples although types are strict
        return model.model_validate_json(json.dumps(mapping, default=str, ensure_ascii=False))
    except ValidationError as error:
        raise refuse(error, model, where) from None


def apply_overrides(
    params: Params, overrides: Mapping[str, Any], *, where: str = "overrides"
) -> Params:
    """Params with some dotted keys set to other values, checked again.

    Examples
    --------
    ``apply_overrides(params, {"curves.typhoon_wind.tail": "flat"})``

    Raises
    ------
    ParamError
        If a dotted key does not exist or its value is not allowed.
    """
    mapping = params.model_dump(mode="json")
    known = [k for k in dotted_keys(Params) if not k.startswith("model_set") and "[]" not in k]
    unknown = [key for key in overrides if key not in known]
    if unknown:
        lines = [f"  {unknown_key(key, overrides[key], known)}" for key in unknown]
        raise ParamError("dotted keys are refused\n" + "\n".join(lines), where=where)
    for key, value in overrides.items():
        *sections, last = key.split(".")
        section = mapping
        for name in sections:
            section = section[name]
        section[last] = copy.deepcopy(value)
    return validate_section(Params, mapping, where)


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds, each key written once.

    Raises
    ------
    ParamError
        If the file is missing, is not YAML, or holds something else.
    """
    content = yaml_file.read_mapping(path, ParamError, missing="check its name")
    return {str(key): value for key, value in content.items()}
