"""Schemas name what is missing; a figure inherits the worst status of its inputs."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import xarray as xr

from riskmodel.core.errors import SchemaError
from riskmodel.core.schema import Schema, check, stamp
from riskmodel.core.status import ORDER, worst

SCHEMA = Schema("test.losses", {"loss": ("zone", "year"), "zone": ("zone",)}, ("currency",))


def losses() -> xr.Dataset:
    data = xr.Dataset({"loss": (("zone", "year"), [[1.0, 2.0]])}, {"zone": ["330302"]})
    return stamp(data, SCHEMA, source="test", history="made", currency="CNY")


def test_a_dataset_that_fits_is_returned_unchanged() -> None:
    data = losses()
    assert check(data, SCHEMA) is data
    assert data.attrs == {
        "schema": "test.losses",
        "source": "test",
        "history": "made",
        "currency": "CNY",
    }


def without_attribute(name: str) -> xr.Dataset:
    data = losses()
    del data.attrs[name]
    return data


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        (lambda: losses().drop_vars("loss"), r"test\.losses\.loss: a variable is missing"),
        (lambda: losses().drop_vars("zone"), r"test\.losses\.zone: a variable is missing"),
        (lambda: losses().transpose("year", "zone"), r"other dims; found \('year', 'zone'\)"),
        (
            lambda: without_attribute("currency"),
            r"attributes are missing;.*expected \['currency'\]",
        ),
        (lambda: without_attribute("history"), r"attributes are missing;.*expected \['history'\]"),
        (lambda: losses().assign_attrs(schema="other"), r"another schema; found 'other'"),
    ],
)
def test_what_does_not_fit_is_named(spoilt: Callable[[], xr.Dataset], told: str) -> None:
    with pytest.raises(SchemaError, match=f"{told}.*to do: "):
        check(spoilt(), SCHEMA)


def test_the_worst_of_two_is_the_later_in_order() -> None:
    for (i, a), (j, b) in itertools.product(enumerate(ORDER), repeat=2):
        assert worst([a, b]) == worst([b, a]) == ORDER[max(i, j)]
    assert ORDER[0] == "real"
    assert ORDER[-1] == "placeholder"


@pytest.mark.parametrize("statuses", [[], ["real", "guessed"]])
def test_no_or_unknown_status_is_refused(statuses: list[str]) -> None:
    with pytest.raises(SchemaError, match=r"unknown status.*to do: "):
        worst(statuses)
