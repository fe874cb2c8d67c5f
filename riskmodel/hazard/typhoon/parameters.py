"""Declared and fitted numbers of the typhoon model, read once from ``data/hazard``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from riskmodel.core.errors import ParamError

FOLDER = Path(__file__).parents[3] / "data" / "hazard"


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping of a YAML file of ``data/hazard``.

    Raises
    ------
    ParamError
        If the file is missing, is not YAML, or holds no mapping.
    """
    if not path.is_file():
        raise ParamError("the parameter file does not exist", where=str(path))
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ParamError("not readable as YAML", where=str(path), found=str(error)) from error
    if not isinstance(content, dict):
        raise ParamError("holds no mapping", where=str(path), found=type(content).__name__)
    return content


@cache
def physics() -> dict[str, Any]:
    """Return the constants of ``physics.yml``: wind field, rain, surge, domain."""
    return read_yaml(FOLDER / "physics.yml")


def values(section: str) -> dict[str, float]:
    """Return the plain numbers of one section of ``physics.yml``."""
    try:
        return {name: float(entry["value"]) for name, entry in physics()[section].items()}
    except (KeyError, TypeError) as error:
        raise ParamError(
            "a constant is missing or has no value",
            where=f"physics.yml, {section}",
            found=str(error),
        ) from error
