"""What is wrong with a manifest before it is read: open questions, odd keys, paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PureWindowsPath
from typing import Any

from riskmodel.census.finding import Finding

ASK = "ASK"
PATHS = ("workbook", "weight", "file", "spread")


def open_questions(content: Mapping[Any, Any]) -> Iterator[Finding]:
    """Find values, and return periods, that a draft left open."""
    for key, value in leaves(content):
        if isinstance(value, str) and value.startswith(ASK):
            yield Finding("open_question", "census.yml", key, found=value)
        elif f".{ASK}" in key:
            place, _, question = key.partition(f".{ASK}")
            yield Finding("open_question", "census.yml", place, found=f"{ASK}{question}")


def no_return_periods(content: Mapping[Any, Any]) -> Iterator[Finding]:
    """Keys that are no return period; texts too, for "5" beside 5 would be one map lost."""
    hazard = content.get("hazard")
    for place, files in _by_period(hazard, "hazard") if isinstance(hazard, Mapping) else ():
        for key, name in files.items():
            asked = isinstance(key, str) and key.startswith(ASK)
            if not asked and (type(key) not in (int, float) or not 1.0 < key < float("inf")):
                place = f"{place}, {name}"
                expected = "a number of years above 1, on the annual-probability basis"
                yield Finding("return_period_invalid", "census.yml", place, "", key, expected)


def bad_paths(content: Mapping[Any, Any]) -> Iterator[Finding]:
    """Find paths that leave the folder (a run could not see them change) or use backslashes."""
    for key, value in leaves(content):
        last = key.rsplit(".", 1)[-1]
        if last not in PATHS and ".files." not in key:
            continue
        path = PureWindowsPath(str(value))  # takes / as well, wherever we run
        if path.drive or path.root or ".." in path.parts:
            yield Finding("path_outside", "census.yml", key, found=value)
        elif "\\" in str(value):
            yield Finding("path_backslash", "census.yml", key, "", value, path.as_posix())


def leaves(content: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Yield values of a nested mapping with their keys, joined by dots."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from leaves(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from leaves(value, f"{key}[{number}]")
    else:
        yield key, content


def _by_period(content: Mapping[Any, Any], key: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """Yield mappings whose keys are return periods, with their place."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            if name in ("files", "columns"):
                yield f"{key}.{name}", value
            else:
                yield from _by_period(value, f"{key}.{name}")
