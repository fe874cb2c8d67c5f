"""Files that declare a source: read as typed models, every number with its unit and source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskmodel.core.errors import ParamError
from riskmodel.core.vocabulary import Peril
from riskmodel.core.yaml_file import read_mapping
from riskmodel.hazard.dependence import ChiTarget, Family


class Fixed(BaseModel):
    """Base of the parts of a declared file: unknown keys and NaN refused, values fixed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Pool(Fixed):
    """Perils that a source ranks, and the unit of its index."""

    perils: Annotated[tuple[Peril, ...], Field(min_length=1)]
    unit: str


class Target(Fixed):
    """One declared tail dependence, as of `ChiTarget`."""

    distance_km: float
    return_period: float
    chi: float


def quantity(unit: str, low: float, high: float) -> Callable[[Any], float]:
    """Return a validator that takes ``{value, unit, source}`` to the value.

    Parameters
    ----------
    unit : str
        The one unit allowed.
    low, high : float
        Smallest and largest value allowed.
    """
    in_unit = "" if unit == "1" else f" {unit}"

    def number(entry: Any) -> float:
        if not isinstance(entry, dict) or set(entry) != {"value", "unit", "source"}:
            raise ValueError("a number with value, unit and source")
        value = entry["value"]
        if entry["unit"] != unit or not str(entry["source"]):
            raise ValueError(f"the unit {unit} and a source")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"a number in the unit {unit}")
        if not low <= value <= high:
            raise ValueError(f"from {low:g} to {high:g}{in_unit}")
        return float(value)

    return number


class Dependence(Fixed):
    """Family, accepted misfit and targets of a spatial copula."""

    family: Family
    tolerance: Any
    targets: tuple[Target, ...]

    def chi_targets(self) -> list[ChiTarget]:
        """Targets, each checked as a conditional probability at a distance."""
        return [ChiTarget(**one.model_dump()) for one in self.targets]

    def misfit(self) -> float:
        """Largest accepted misfit of chi."""
        return quantity("1", 0.0, 1.0)(self.tolerance)


def require_distinct(names: Sequence[str], where: str) -> None:
    """Refuse a name twice: draws are keyed by name, so two parts of one name would be alike.

    Raises
    ------
    ParamError
        Naming what comes twice.
    """
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ParamError(
            "a name twice", where=where, found=twice, expected="a name of its own for each",
            remedy="rename one, or leave out what is written twice",
        )  # fmt: skip


Model = TypeVar("Model", bound=BaseModel)


def read_declared(path: Path, model: type[Model]) -> Model:
    """Read a declared file and check it as a whole.

    Raises
    ------
    ParamError
        If the file is missing or not YAML, or keys are missing, unknown, written twice, of another
        unit or out of range; all offending keys are named.
    """
    content = read_mapping(
        path,
        ParamError,
        missing="correct its name under hazard in the params file; null leaves it out",
    )
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, d['loc']))}: {d['msg']}; found {d['input']!r:.90}"
            for d in error.errors(include_url=False)
        ]
        raise ParamError(
            "the file is refused\n" + "\n".join(lines), where=path.name,
            remedy="correct the named keys; every number has value, unit and source",
        ) from None  # fmt: skip
