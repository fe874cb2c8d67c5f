"""Run benchmarks side by side, each side in processes of its own, and record what came out.

This module imports the standard library only: the peak memory that the kernel reports for a child
starts at the memory of its parent.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("numpy", "numba", "scipy", "xarray", "netCDF4")
Record = dict[str, Any]


class SideError(RuntimeError):
    """A side of a benchmark, its preparation or its judge stopped with an error."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to the same outputs: its `side` and the `judge` of both outcomes.

    `python` is the interpreter of its environment; `least_ratio` how many times its seconds must be
    ours, and `leaner` whether our peak memory must be lower, for the benchmark to pass.
    """

    name: str
    side: str
    judge: str
    python: Path = field(default=Path(sys.executable))
    least_ratio: float = 1.0
    leaner: bool = False


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is timed (functions as ``module:function``), beside which alternative or budget.

    `what` says in one clause what is counted; `group` is what it is asked for by, beside its name;
    each of `prepared` runs once before anything is timed.
    """

    name: str
    what: str
    side: str
    group: str = "usual"
    repetitions: int = 3
    prepared: tuple[str, ...] = ()
    alternative: Alternative | None = None
    budget_seconds: float | None = None
    budget_mb: float | None = None


def process(python: Path, *arguments: str) -> Any:
    """Run a task of `benchmarks.side` in a process of its own; return what it says.

    Raises
    ------
    SideError
        With the last line that the process wrote, if it stopped with an error.
    """
    command = [str(python), "-m", "benchmarks.side", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"]
        raise SideError(f"{arguments[1]}: {lines[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def versions() -> Record:
    """Interpreter, packages and machine of a record."""
    packages = {name.lower(): version(name) for name in PACKAGES}
    machine = {"cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 2)}
    return {"python": platform.python_version(), **packages, **machine}


def measure(benchmark: Benchmark, work: Path) -> Record:
    """Time both sides in turn and judge their outcomes.

    Parameters
    ----------
    benchmark : Benchmark
        What is timed.
    work : Path
        Folder with what was prepared; what the sides return is kept here too.

    Returns
    -------
    dict with ``seconds`` and ``cpu_seconds`` (of all threads; median of the repetitions),
    ``peak_mb`` (of the whole process; the largest), the same of the alternative, ``ratio`` =
    alternative seconds / ours, ``equal``, the budgets, and ``passed``: equal, as much faster and
    leaner as the alternative asks (not slower at least), and within budget. A side that is missing
    or failed is told in ``note``, and does not pass.
    """
    record = _blank(benchmark)
    other = benchmark.alternative
    ours: list[Record] = []
    theirs: list[Record] = []
    try:
        for _ in range(benchmark.repetitions):
            ours.append(_time(benchmark.side, Path(sys.executable), work, "ours"))
            if other and (not theirs or "missing" not in theirs[-1]):
                theirs.append(_time(other.side, other.python, work, "theirs"))
        if "missing" in ours[0]:
            raise SideError(ours[0]["missing"])
        record.update(_middle(ours), facts=ours[-1]["facts"])
        if other and "missing" in theirs[-1]:
            record["note"] = f"not compared: {theirs[-1]['missing']}"
        elif other:
            record.update({f"alternative_{k}": v for k, v in _middle(theirs).items()})
            record["ratio"] = record["alternative_seconds"] / record["seconds"]
            record.update(_judge(other, work))
    except SideError as error:
        record["note"] = f"failed: {error}"
    record["within_budget"] = _within(record)
    record["passed"] = _passed(record)
    return record


def _blank(benchmark: Benchmark) -> Record:
    other = benchmark.alternative
    return {
        "name": benchmark.name, "what": benchmark.what, "seconds": None, "peak_mb": None,
        "alternative": other.name if other else None, "alternative_seconds": None,
        "alternative_peak_mb": None, "ratio": None, "equal": None, "how_judged": None,
        "budget_seconds": benchmark.budget_seconds, "budget_mb": benchmark.budget_mb,
        "least_ratio": other.least_ratio if other else None,
        "leaner": other.leaner if other else None, "within_budget": None, "passed": False,
        "note": None, "facts": {}, "versions": versions(),
    }  # fmt: skip


def _time(side: str, python: Path, work: Path, kept: str) -> Record:
    if not python.is_file():
        return {"missing": f"no interpreter at {python.name}; build its environment first"}
    result: Record = process(python, "time", side, str(work), str(work / f"{kept}.npz"))
    return result


def _middle(runs: Sequence[Record]) -> Record:
    seconds = [run["seconds"] for run in runs]
    return {
        "seconds": median(seconds),
        "cpu_seconds": median(run["cpu_seconds"] for run in runs),
        "peak_mb": max(run["peak_mb"] for run in runs),
        "seconds_of_runs": seconds,
    }


def _judge(other: Alternative, work: Path) -> Record:
    said = process(
        Path(sys.executable), "judge", other.judge, str(work / "ours.npz"), str(work / "theirs.npz")
    )
    return {"equal": said["equal"], "how_judged": said["how"]}


def _within(record: Record) -> bool | None:
    budgets = [
        (record[name], record[f"budget_{short}"])
        for name, short in (("seconds", "seconds"), ("peak_mb", "mb"))
        if record[f"budget_{short}"] is not None
    ]
    if not budgets or record["seconds"] is None:
        return None
    return all(found <= allowed for found, allowed in budgets)


def _passed(record: Record) -> bool:
    if record["seconds"] is None or record["within_budget"] is False:
        return False
    if record["alternative"] is None:
        return True
    if record["ratio"] is None:
        return False
    leaner = not record["leaner"] or record["peak_mb"] < record["alternative_peak_mb"]
    return bool(record["equal"] and leaner and record["ratio"] >= record["least_ratio"])


def merged(path: Path, records: Iterable[Record], order: Sequence[str]) -> list[Record]:
    """Put records into the file beside those of other benchmarks; return all that it holds.

    Records of benchmarks that are no longer in `order` are dropped.
    """
    held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    by_name: Mapping[str, Record] = {r["name"]: r for r in (*held, *records)}
    whole = [by_name[name] for name in order if name in by_name]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    temporary.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)
    return whole


def table(records: Iterable[Record]) -> str:
    """Lay records out as a small table, a line each."""
    titles = ("benchmark", "seconds", "MB", "budget", "alternative s", "ratio", "equal", "passed")
    rows = [titles, *(_row(record) for record in records)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(titles))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _row(record: Record) -> tuple[str, ...]:
    budget = [
        f"{record[name]:g} {unit}"
        for name, unit in (("budget_seconds", "s"), ("budget_mb", "MB"))
        if record[name] is not None
    ]
    said = {True: "yes", False: "no", None: "-"}
    return (
        record["name"],
        _figure(record["seconds"], ".2f"),
        _figure(record["peak_mb"], ".0f"),
        ", ".join(budget) or "-",
        _figure(record["alternative_seconds"], ".2f"),
        _figure(record["ratio"], ".1f"),
        said[record["equal"]],
        said[record["passed"]] + (f" ({record['note']})" if record["note"] else ""),
    )


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
