"""People in the water: affected, evacuated, injured and dead, as responses on the population.

Wind casualties are not modelled: no source with numbers was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from riskmodel.core.errors import ResponseError
from riskmodel.core.vocabulary import Peril
from riskmodel.loss.library import FOLDER, library_curve, load_library, table_response
from riskmodel.loss.response import Item, Response, largest_spread

WATER: tuple[Peril, ...] = ("rain_flood", "storm_surge")
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
    """Deaths for one person at a depth (m above ground): mortality x share in the water.

    Raises
    ------
    ResponseError
        If the library has no such curve for the peril.
    """
    return _harmed(levers, peril, "dead", 1.0, folder)


def injury_response(levers: PeopleLevers, peril: Peril, folder: Path = FOLDER) -> Response:
    """Injuries for one person at a depth (m above ground): deaths x injured for each death."""
    return _harmed(levers, peril, "injured", levers.injured_per_death, folder)


def _harmed(
    levers: PeopleLevers, peril: Peril, name: str, each_death: float, folder: Path
) -> Response:
    curve = library_curve(load_library(folder), f"mortality_{levers.mortality}", peril)
    factor = levers.in_the_water * each_death
    return table_response(f"people.{name}/{peril}", curve, peril, factor=factor)


def people_items(levers: PeopleLevers, folder: Path = FOLDER) -> list[Item]:
    """Items in persons on ``population``: affected, evacuated, injured and dead.

    A person is counted once an occurrence: the peril that harms most counts (as for benefits).
    """
    responses = {
        "affected": lambda peril: _from_depth(levers, peril, "affected", 1.0),
        "evacuated": lambda peril: _from_depth(levers, peril, "evacuated", levers.leaving),
        "injured": lambda peril: injury_response(levers, peril, folder),
        "dead": lambda peril: death_response(levers, peril, folder),
    }
    return [
        Item(f"people.{name}", "persons", "person", "population",
             {peril: responses[name](peril) for peril in WATER}, "highest", 1.0)
        for name in PEOPLE
    ]  # fmt: skip


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
