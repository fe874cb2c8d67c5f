"""How many households and persons a benefit table reaches, as columns of the same pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from riskmodel.cover.damage_payments import share_of_cell
from riskmodel.loss.response import Item, Response

REACHED = "reached"
COUNTED: Mapping[str, str] = {
    "population": "person",
    "households": "household",
    "ground_floor_households": "household",
}
"""Exposure classes that count somebody, and whom; the others are values."""


def reach_items(benefits: Sequence[Item]) -> list[Item]:
    """Items that count what `benefit_items` pays for: the units that get anything.

    A benefit by steps reaches all units from its first step on. Left out are those that are a
    rate, such as of deaths (whom they reach is the number of the dead), and those on values.

    Parameters
    ----------
    benefits : sequence of Item
        From `benefit_items`.

    Returns
    -------
    list of Item
        Columns such as ``basic.contents.reached``, quantity ``reached``, unit ``person`` or
        ``household``.
    """
    return [
        replace(
            item,
            column=f"{item.column}.{REACHED}",
            quantity="reached",
            unit=COUNTED[item.exposure],
            responses={
                peril: _whether(r, share_of_cell(r.peril)) for peril, r in item.responses.items()
            },
        )
        for item in benefits
        if item.exposure in COUNTED
        and all(r.interpolation == "step" for r in item.responses.values())
    ]


def _whether(response: Response, share: float) -> Response:
    """Return the share of a cell that is reached where a step response pays anything, else 0."""
    paying = [x for x, y in zip(response.intensity, response.value, strict=True) if y > 0.0]
    first = paying[0] if paying else response.intensity[-1]
    return replace(
        response,
        name=f"{response.name}, {REACHED}",
        intensity=(first,),
        value=(share if paying else 0.0,),
        spread=(0.0,),
    )
