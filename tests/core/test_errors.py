"""Every error says what, where, found, expected and what to do, and every class is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import riskmodel
from riskmodel.core import errors
from riskmodel.core.errors import RiskModelError

PACKAGE = Path(riskmodel.__file__).parent
CLASSES = [
    c
    for c in vars(errors).values()
    if isinstance(c, type) and issubclass(c, RiskModelError) and c is not RiskModelError
]
NAMES = {c.__name__ for c in CLASSES}


@cache
def raised() -> list[tuple[str, str, set[str]]]:
    """Place, class and keywords of each error that the code makes."""
    return list(_raised())


def _raised() -> Iterator[tuple[str, str, set[str]]]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in NAMES:
                    place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                    yield place, node.func.id, {k.arg or "**" for k in node.keywords}


def test_all_classes_are_one_family_of_value_errors() -> None:
    assert len(CLASSES) >= 12
    assert all(issubclass(c, ValueError) and c.__doc__ for c in CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_message_holds_all_five_parts_in_order(kind: type[RiskModelError]) -> None:
    with pytest.raises(kind) as caught:
        raise kind("too deep", where="map.tif", found=7.0, expected="at most 6", remedy="check it")
    error = caught.value
    assert str(error) == "map.tif: too deep; found 7.0; expected at most 6; to do: check it"
    assert (error.what, error.where, error.remedy) == ("too deep", "map.tif", "check it")


def test_parts_that_are_not_given_leave_no_trace() -> None:
    assert str(RiskModelError("too deep")) == "too deep"
    assert str(RiskModelError("too deep", found=0)) == "too deep; found 0"


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_is_raised_with_a_remedy(kind: type[RiskModelError]) -> None:
    used = [keywords for _, name, keywords in raised() if name == kind.__name__]
    assert used
    assert any("remedy" in keywords for keywords in used)


@pytest.mark.parametrize("room", ["core", "census", "hazard"])
def test_every_error_of_the_lower_rooms_says_what_to_do(room: str) -> None:
    found = [(place, keywords) for place, _, keywords in raised() if place.startswith(f"{room}/")]
    assert found
    assert not [
        place
        for place, keywords in found
        if "remedy" not in keywords and not place.startswith("hazard/typhoon/")
    ]
