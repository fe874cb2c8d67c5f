"""How many households and persons a benefit table reaches, as columns of the same pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from riskmodel.loss.response import Item, Response

REACHED = "reached"


def reach_items(benefits: Sequence[Item]) -> list[Item]:
    """Items that count what `benefit_items` pays for: 1 for each unit that gets anything.

    A benefit by steps reaches all units from its first step on. One that is a rate, such as of
    deaths, is left out: whom it reaches is the number of the dead.

    Parameters
    ----------
    benefits : sequence of Item
        From `benefit_items`.

    Returns
    -------
    list of Item
        Columns such as ``basic.contents.reached``, quantity ``reached``, unit ``person`` on the
        population and ``household`` otherwise.
    """
    return [
        replace(
            item,
            column=f"{item.column}.{REACHED}",
            quantity="reached",
            unit="person" if item.exposure == "population" else "household",
            responses={peril: _whether(r) for peril, r in item.responses.items()},
        )
        for item in benefits
        if all(r.interpolation == "step" for r in item.responses.values())
    ]


def _whether(response: Response) -> Response:
    """Return 1 where a step response pays anything, 0 elsewhere."""
    paying = [x for x, y in zip(response.intensity, response.value, strict=True) if y > 0.0]
    first = paying[0] if paying else response.intensity[-1]
    return replace(
        response,
        name=f"{response.name}, {REACHED}",
        intensity=(first,),
        value=(1.0 if paying else 0.0,),
        spread=(0.0,),
    )
