"""One side of a benchmark, in a process of its own, so that its peak memory is its own.

A side is a function that takes the work folder, prepares and warms up (untimed), and returns the
part to be timed. What that part returns is kept: arrays for the judge, numbers as facts of the
record. An alternative may live in another environment, so this module needs nothing beyond numpy.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

KILOBYTES = 1024.0 if sys.platform == "linux" else 1024.0**2  # of ru_maxrss, in a megabyte

Outcome = Mapping[str, Any]
Side = Callable[[Path], Callable[[], Outcome]]


def named(target: str) -> Any:
    """Return the function named ``module:function``."""
    module, _, function = target.partition(":")
    return getattr(import_module(module), function)


def timed(target: str, work: Path, kept: Path) -> dict[str, Any]:
    """Seconds, peak memory (MB of the whole process) and facts of a side; its arrays go to `kept`.

    A module that is not there is told as ``missing``, for its environment may not be installed.
    """
    start = perf_counter()
    try:
        side: Side = named(target)
        import_seconds = perf_counter() - start
        run = side(work)
    except ModuleNotFoundError as error:
        return {"missing": f"module {error.name} is not installed"}
    start, cpu = perf_counter(), process_time()
    outcome = run()
    seconds, cpu_seconds = perf_counter() - start, process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES
    arrays: dict[str, Any] = {k: v for k, v in outcome.items() if isinstance(v, np.ndarray)}
    np.savez(kept, **arrays)
    facts = {k: v for k, v in outcome.items() if not isinstance(v, np.ndarray)}
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak,
        "facts": {"import_seconds": round(import_seconds, 3), **facts},
    }


def judged(target: str, ours: Path, theirs: Path) -> dict[str, Any]:
    """Whether two kept outcomes are equal, and how that was judged."""
    with np.load(ours) as one, np.load(theirs) as other:
        equal, how = named(target)(one, other)
    return {"equal": bool(equal), "how": how}


def main(task: str, target: str, *paths: str) -> None:
    """Do one task, ``time``, ``judge`` or ``prepare``, and write its result as a line of JSON."""
    tasks: dict[str, Callable[..., Any]] = {
        "time": timed,
        "judge": judged,
        "prepare": lambda target, work: named(target)(work),
    }
    result = tasks[task](target, *map(Path, paths))
    sys.stdout.write(f"\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
