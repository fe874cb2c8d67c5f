"""How far a figure can be trusted; a figure inherits the worst status of its inputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from riskmodel.core.errors import SchemaError

Status = Literal["real", "calibrated", "synthetic", "illustrative", "placeholder"]
ORDER: tuple[Status, ...] = get_args(Status)


def worst(statuses: Iterable[str]) -> Status:
    """Return the worst of some statuses, in the order real … placeholder.

    Raises
    ------
    SchemaError
        If there is none, or one is unknown.

    Examples
    --------
    >>> worst(["real", "synthetic", "calibrated"])
    'synthetic'
    """
    found = list(statuses)
    unknown = [s for s in found if s not in ORDER]
    if unknown or not found:
        raise SchemaError(
            "unknown status",
            found=unknown or "none",
            expected=ORDER,
            remedy="give each input one of these statuses",
        )
    return ORDER[max(ORDER.index(s) for s in found)]
