"""How each exposure class, and people, respond to each peril: ``data/curves/classes.yml``.

No gap is silent: for each further peril every class has a row of the library or a reason for none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Self, get_args

from pydantic import Field, model_validator

from riskmodel.core.status import Status
from riskmodel.core.vocabulary import WATER, Peril, Sector
from riskmodel.loss.library import FOLDER, Fixed, Positive, Text, read_model

Reason = Text
OWN_LEVERS: tuple[Peril, ...] = ("typhoon_wind", "rain_flood", "storm_surge")  # loss of the params


class ExposureClass(Fixed):
    """How one exposure class responds to wind and water; `optional` if a census may lack it."""

    sector: Sector
    curve: Text
    dwelling: bool
    v_half_factor: Positive
    maximum_damage: Annotated[float, Field(gt=0.0, le=1.0)]
    unit_value: Positive
    optional: bool = False


class UsedTable(Fixed):
    """A table of the library, and the factor on it: the share of the class that it acts on."""

    curve: Text
    factor: Annotated[float, Field(gt=0.0, le=1.0)]


class WaterFactor(Fixed):
    """Damage of a peril of water over that of fresh water at the same depth, where it reaches.

    ``reached`` is the share of a cell's value and people that stand where the map's depth is.
    """

    factor: Positive
    reached: Annotated[float, Field(gt=0.0, le=1.0)]
    source: Text


class PeopleInWater(Fixed):
    """People are harmed as in a flood, with a mortality of the peril's own."""

    mortality: Text


class PeopleHarmed(Fixed):
    """Tables of those affected and dead; those who leave on a warning are not harmed.

    ``injured_per_death`` is left out where ``dead`` is the reason why nobody is.
    """

    affected: UsedTable
    dead: UsedTable | Reason
    injured_per_death: Annotated[float, Field(ge=0.0)] | None = None
    warned: bool

    @model_validator(mode="after")
    def _injured_with_dead(self) -> Self:
        if isinstance(self.dead, str) == (self.injured_per_death is not None):
            raise ValueError("injured_per_death exactly where there is a table of the dead")
        return self


class Classes(Fixed):
    """Content of ``classes.yml``."""

    status: Status
    source: Text
    floor_in_curve: Annotated[float, Field(ge=0.0)]
    surge_source: Text
    classes: Mapping[str, ExposureClass]
    water: Mapping[Peril, WaterFactor]
    further: Mapping[Peril, Mapping[str, UsedTable | Reason]]
    people: Mapping[Peril, PeopleInWater | PeopleHarmed | Reason]

    @model_validator(mode="after")
    def _no_silent_gap(self) -> Self:
        perils = set(get_args(Peril))
        _require_all("water", self.water, set(WATER) - set(OWN_LEVERS))
        _require_all("further", self.further, perils - set(OWN_LEVERS) - set(WATER))
        _require_all("people", self.people, perils - {"rain_flood", "storm_surge"})
        for peril, used in self.further.items():
            _require_all(f"further.{peril}", used, set(self.classes))
        return self


def _require_all(where: str, given: Collection[str], wanted: Collection[str]) -> None:
    lacks, surplus = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    if lacks or surplus:
        raise ValueError(
            f"{where} lacks {lacks} and has {surplus} too many; one row or reason each"
        )


@cache
def load_classes(folder: Path = FOLDER) -> Classes:
    """Read ``classes.yml``.

    Raises
    ------
    ResponseError
        If the file is missing or not YAML, or a key is written twice, unknown or missing, or a
        class or a peril has neither a row of the library nor a reason for none.
    """
    return read_model(folder / "classes.yml", Classes)
