"""How kernels of the pass are compiled.

They own no arrays, all are handed in. So numba need not count references: it would at each slice
and each call, atomically, for every array of a named tuple, and that took longer than short lists.
Its cache looks at the file of a kernel alone: after a change here, delete what it has compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba as nb

Function = TypeVar("Function", bound=Callable[..., Any])


BARE: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}


def kernel(function: Function) -> Function:
    """Compile a function that makes no arrays."""
    return cast("Function", nb.njit(**BARE)(function))


def unlocked(function: Function) -> Function:
    """Compile one that Python's threads run side by side."""
    return cast("Function", nb.njit(nogil=True, **BARE)(function))


def inlined(function: Function) -> Function:
    """Compile one into each that calls it."""
    return cast("Function", nb.njit(cache=True, error_model="numpy", inline="always")(function))
