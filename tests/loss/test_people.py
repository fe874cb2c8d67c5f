"""People in the water, by head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from riskmodel.core.errors import ResponseError
from riskmodel.loss.people import PEOPLE, PeopleLevers, people_items
from riskmodel.loss.response import Response

# of 100 people 50 are warned, 20 of those leave; of the 80 who stay 60 go upstairs: 20 are left
LEVERS = PeopleLevers("jonkman_2008", 0.2, 0.5, 0.4, 0.75, 3.0)


def harmed(levers: PeopleLevers, peril: str = "rain_flood") -> dict[str, Response]:
    return {
        item.column.removeprefix("people."): item.responses[peril] for item in people_items(levers)
    }


def test_people_at_one_metre() -> None:
    found = {name: float(r.at(1.0)) for name, r in harmed(LEVERS).items()}
    assert list(found) == list(PEOPLE)
    assert found["affected"] == 1.0
    assert found["evacuated"] == pytest.approx(0.2)
    assert found["dead"] == pytest.approx(0.2 * 0.0029)
    assert found["injured"] == pytest.approx(3.0 * 0.2 * 0.0029)


def test_shallow_water_harms_nobody() -> None:
    for response in harmed(LEVERS).values():
        assert response.at([0.0, 0.19]).tolist() == [0.0, 0.0]


def test_nobody_in_the_water_nobody_dead() -> None:
    for saved in ({"upstairs_share": 1.0}, {"warned_share": 1.0, "evacuated_share": 1.0}):
        dead = harmed(replace(LEVERS, **saved))["dead"]
        assert dead.at([1.0, 9.0]).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("mortality", ["jonkman_2008", "jonkman_2008_rapid", "boyd_2005"])
@pytest.mark.parametrize("peril", ["rain_flood", "storm_surge"])
def test_one_person_is_harmed_or_not(mortality: str, peril: str) -> None:
    """The spread is that of a draw of 0 or 1 with the mean, at the knots."""
    for response in harmed(replace(LEVERS, mortality=mortality), peril).values():
        mean = np.array(response.value)
        assert (mean <= 1.0).all()
        np.testing.assert_allclose(response.spread, np.sqrt(mean * (1.0 - mean)), atol=1e-12)


def test_counts_are_of_persons_once_an_occurrence() -> None:
    for item in people_items(LEVERS):
        assert (item.quantity, item.unit, item.exposure) == ("persons", "person", "population")
        assert (item.combine, item.unit_value) == ("highest", 1.0)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"warned_share": 1.1}, "warned_share: no share"),
        ({"upstairs_share": float("nan")}, "upstairs_share: no share"),
        ({"injured_per_death": -1.0}, "injured_per_death: below 0"),
        ({"affected_depth": float("inf")}, "affected_depth: below 0"),
    ],
)
def test_shares_and_numbers_that_are_none(changed: dict[str, float], what: str) -> None:
    with pytest.raises(ResponseError, match=what):
        replace(LEVERS, **changed)


def test_an_unknown_mortality_is_named() -> None:
    with pytest.raises(ResponseError, match="found 'mortality_none'"):
        people_items(replace(LEVERS, mortality="none"))
