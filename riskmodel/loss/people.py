"""People harmed: affected, evacuated, injured and dead, as responses on the population.

Water harms by depth and the levers of the params; other perils by their rows of the library, or not
at all for a reason that ``data/curves/classes.yml`` states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from riskmodel.core.errors import ResponseError
from riskmodel.core.status import worst
from riskmodel.core.vocabulary import WATER, Peril
from riskmodel.loss.classes import PeopleHarmed, PeopleInWater, UsedTable, load_classes
from riskmodel.loss.library import FOLDER, library_curve, load_library, table_response
from riskmodel.loss.response import Item, Response, largest_spread

PEOPLE = ("affected", "evacuated", "injured", "dead")


@dataclass(frozen=True, slots=True)
class PeopleLevers:
    """What decides who is harmed, all declared in the params file.

    Parameters
    ----------
    mortality : str
        Curve of the library without its prefix ``mortality_``, for example ``jonkman_2008``.
    affected_depth : float
        Depth (m above ground) from which a person counts as affected; those evacuated are among
        them.
    warned_share : float
        Share of the people there whom a warning reaches in time.
    evacuated_share : float
        Share of those warned who leave.
    upstairs_share : float
        Share of those who do not leave who reach a safe floor.
    injured_per_death : float
        Injured persons for each death, >= 0.

    Raises
    ------
    ResponseError
        If a share is not between 0 and 1, or a number is negative.
    """

    mortality: str
    affected_depth: float
    warned_share: float
    evacuated_share: float
    upstairs_share: float
    injured_per_death: float

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1 and negative numbers."""
        for name in ("warned_share", "evacuated_share", "upstairs_share"):
            share = getattr(self, name)
            if not 0.0 <= share <= 1.0:
                raise ResponseError(
                    "no share", where=name, found=share, expected="0 to 1",
                    remedy="correct loss.people of the params file",
                )  # fmt: skip
        for name in ("affected_depth", "injured_per_death"):
            number = getattr(self, name)
            if not 0.0 <= number < float("inf"):
                raise ResponseError(
                    "below 0 or infinite", where=name, found=number, expected="0 or more",
                    remedy="correct loss.people of the params file",
                )  # fmt: skip

    @property
    def leaving(self) -> float:
        """Share of the people at a place who leave before the water comes."""
        return self.warned_share * self.evacuated_share

    @property
    def in_the_water(self) -> float:
        """Share who neither leave nor reach a safe floor: (1 - leaving)(1 - upstairs).

        Examples
        --------
        >>> levers = PeopleLevers("jonkman_2008", 0.2, 0.8, 0.75, 0.95, 0.67)
        >>> round(levers.in_the_water, 9)
        0.02
        """
        return (1.0 - self.leaving) * (1.0 - self.upstairs_share)


def death_response(levers: PeopleLevers, peril: Peril, folder: Path = FOLDER) -> Response:
    """Deaths for one person of a place, by depth (m above ground) or the peril's own intensity.

    In water: mortality x share in the water. Else the peril's table x the share who do not leave.

    Raises
    ------
    ResponseError
        If the library has no such curve for the peril, or the peril kills nobody for a reason.
    """
    found = people_responses(levers, peril, folder).get("dead")
    if found is None:
        raise ResponseError(
            "no deaths by this peril", where=f"people.dead/{peril}",
            found=load_classes(folder).people.get(peril), expected="a table of the dead",
            remedy="leave the peril out, or add its row to data/curves with its source",
        )  # fmt: skip
    return found


def injury_response(levers: PeopleLevers, peril: Peril, folder: Path = FOLDER) -> Response:
    """Injuries for one person of a place: in water, deaths x injured for each death.

    Raises
    ------
    ResponseError
        If nobody is injured by the peril.
    """
    found = people_responses(levers, peril, folder).get("injured")
    if found is None:
        raise ResponseError(
            "no injuries by this peril", where=f"people.injured/{peril}",
            remedy="leave the peril out, or add its row to data/curves with its source",
        )  # fmt: skip
    return found


def people_items(levers: PeopleLevers, folder: Path = FOLDER) -> list[Item]:
    """Items in persons on ``population``: affected, evacuated, injured and dead.

    A person is counted once an occurrence: the peril that harms most counts (as for benefits).
    """
    perils = dict.fromkeys((*WATER, *load_classes(folder).people))
    found = {peril: people_responses(levers, peril, folder) for peril in perils}
    return [
        Item(f"people.{name}", "persons", "person", "population",
             {peril: made[name] for peril, made in found.items() if name in made}, "highest", 1.0)
        for name in PEOPLE
    ]  # fmt: skip


def people_responses(
    levers: PeopleLevers, peril: Peril, folder: Path = FOLDER
) -> dict[str, Response]:
    """Responses of one peril by what happens to people; empty where a reason says why none.

    Raises
    ------
    ResponseError
        If the library has no curve of a name for the peril.
    """
    classes = load_classes(folder)
    row = classes.people.get(peril)
    if peril in WATER:
        own = row.mortality if isinstance(row, PeopleInWater) else levers.mortality
        there = classes.water[peril].reached if peril in classes.water else 1.0
        injured = there * levers.injured_per_death
        return {
            "affected": _from_depth(levers, peril, "affected", there),
            "evacuated": _from_depth(levers, peril, "evacuated", there * levers.leaving),
            "injured": _in_water(levers, own, peril, "injured", injured, folder),
            "dead": _in_water(levers, own, peril, "dead", there, folder),
        }
    return _by_table(levers, peril, row, folder) if isinstance(row, PeopleHarmed) else {}


def _by_table(
    levers: PeopleLevers, peril: Peril, row: PeopleHarmed, folder: Path
) -> dict[str, Response]:
    leaving = levers.leaving if row.warned else 0.0
    made = {"affected": _table("affected", peril, row.affected, 1.0, folder)}
    if leaving > 0.0:
        made["evacuated"] = _table("evacuated", peril, row.affected, leaving, folder)
    if not isinstance(row.dead, str):
        dead, staying = row.dead, 1.0 - leaving
        each = staying * (row.injured_per_death or 0.0)
        made["injured"] = _table("injured", peril, dead, each, folder)
        made["dead"] = _table("dead", peril, dead, staying, folder)
    return made


def _table(name: str, peril: Peril, used: UsedTable, factor: float, folder: Path) -> Response:
    curve = library_curve(load_library(folder), used.curve, peril)
    made = table_response(f"people.{name}/{peril}", curve, peril, factor=used.factor * factor)
    return replace(made, status=worst([curve.status, load_classes(folder).status]))


def _in_water(
    levers: PeopleLevers, mortality: str, peril: Peril, name: str, each_death: float, folder: Path
) -> Response:
    curve = library_curve(load_library(folder), f"mortality_{mortality}", peril)
    factor = levers.in_the_water * each_death
    return table_response(f"people.{name}/{peril}", curve, peril, factor=factor)


def _from_depth(levers: PeopleLevers, peril: Peril, name: str, share: float) -> Response:
    return Response(
        name=f"people.{name}/{peril}",
        peril=peril,
        intensity_unit="m",
        intensity=(levers.affected_depth,),
        value=(share,),
        interpolation="step",
        source="definition, params, loss.people",
        status="placeholder",
        spread=(float(largest_spread(share)),),
        valid_range=(0.0, float("inf")),
    )
