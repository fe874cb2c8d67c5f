"""Assumptions of the workbench, and the status that a figure inherits from them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from riskmodel.core.errors import ParamError
from riskmodel.core.status import Status, worst
from riskmodel.core.yaml_file import read_mapping
from riskmodel.run.folder import ROOT

PATH = ROOT / "params" / "assumptions.yml"


class Assumption(BaseModel):
    """What is assumed, with which value, from where, and which figures rest on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    statement: str
    value: str
    source: str
    status: Status
    figures: tuple[str, ...] = Field(min_length=1)


@cache
def load_assumptions(path: Path = PATH) -> tuple[Assumption, ...]:
    """All assumptions of ``params/assumptions.yml``, in order.

    Raises
    ------
    ParamError
        If the file cannot be read, holds a key twice, or an id is there twice.
    """
    content = read_mapping(path, ParamError, missing="restore it from the checkout")["assumptions"]
    found = tuple(Assumption(**item) for item in content)
    ids = [item.id for item in found]
    if len(set(ids)) != len(ids):
        raise ParamError("an assumption id is there twice", where=str(path.name), found=sorted(ids))
    return found


def figure_status(*names: str, assumptions: Sequence[Assumption] | None = None) -> Status:
    """Worst status of the assumptions on which some figures rest.

    Raises
    ------
    ParamError
        If no assumption names a figure: every figure has an entry.
    """
    listed = load_assumptions() if assumptions is None else assumptions
    found = {
        n: [a.status for a in listed if any(fnmatchcase(n, p) for p in a.figures)] for n in names
    }
    unknown = [name for name, statuses in found.items() if not statuses]
    if unknown or not names:
        raise ParamError(
            "no assumption names the figure",
            where="params/assumptions.yml",
            found=unknown or names,
            remedy="add its name or a pattern under `figures` of the assumptions that it rests on",
        )
    return worst(status for statuses in found.values() for status in statuses)
