"""Direct evaluation of some occurrences beside the dense loops of the tests."""

from __future__ import annotations

import numpy as np
import pytest

from riskmodel.core.errors import CatalogueError
from riskmodel.loss.direct import direct_outcomes
from riskmodel.loss.response import Item, Response
from riskmodel.loss.scenario import Scenario
from tests.loss.conftest import City
from tests.loss.test_combination import COLUMNS, evaluated


def test_direct_outcomes_are_those_of_dense_loops(city: City, items: list[Item]) -> None:
    def read(number: int, response: Response, intensity: np.ndarray) -> np.ndarray:
        return response.at(intensity)

    expected, _ = evaluated(city, items, read)
    chosen = np.flatnonzero(expected.sum(axis=(0, 2, 3)) > 0)[::3]
    scenario = Scenario(city.curves, items, 0.0)
    found = direct_outcomes(city.catalogue, city.census, scenario, chosen.tolist())
    assert tuple(found["item"].values) == COLUMNS
    wanted = expected.sum(axis=3)[:, chosen].transpose(1, 0, 2)
    np.testing.assert_allclose(found.values, wanted, rtol=1e-9, atol=1e-9 * wanted.max())


def test_occurrences_that_do_not_rise_are_refused(city: City, items: list[Item]) -> None:
    with pytest.raises(CatalogueError, match="rising numbers"):
        direct_outcomes(city.catalogue, city.census, Scenario(city.curves, items, 0.0), [4, 2])
