"""How kernels of the pass are compiled.

They own no arrays, all are handed in. So numba need not count references: it would at each slice
and each call, atomically, for every array of a named tuple, and that took longer than short lists.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba as nb

Function = TypeVar("Function", bound=Callable[..., Any])
CHANGED = max(source.stat().st_mtime for source in Path(__file__).parent.glob("*.py"))
BARE: dict[str, Any] = {"cache": True, "error_model": "numpy", "_nrt": False}


def kernel(function: Function) -> Function:
    """Compile a function that makes no arrays."""
    return cast("Function", _current(nb.njit(**BARE)(function)))


def unlocked(function: Function) -> Function:
    """Compile one that Python's threads run side by side."""
    return cast("Function", _current(nb.njit(nogil=True, **BARE)(function)))


def inlined(function: Function) -> Function:
    """Compile one into each that calls it."""
    return cast("Function", nb.njit(cache=True, error_model="numpy", inline="always")(function))


def _current(compiled: Any) -> Any:
    """Delete what was compiled before any file beside this one changed.

    numba looks at the file of a kernel alone, but links kernels of other files in.
    """
    name = f"{compiled.__module__.rpartition('.')[2]}.{compiled.__name__}-*.nb[ci]"
    for stored in Path(compiled.stats.cache_path).glob(name):
        if stored.stat().st_mtime < CHANGED:
            stored.unlink(missing_ok=True)
    return compiled
