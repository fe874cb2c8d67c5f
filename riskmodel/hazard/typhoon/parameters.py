"""Declared and fitted numbers of the typhoon model, read once from ``data/hazard``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from riskmodel.core.errors import ParamError
from riskmodel.core.yaml_file import read_mapping

FOLDER = Path(__file__).parents[3] / "data" / "hazard"


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping of a YAML file of ``data/hazard``.

    Raises
    ------
    ParamError
        As `read_mapping`.
    """
    return read_mapping(path, ParamError, missing="take the file of the repository")


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
