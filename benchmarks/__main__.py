"""Run benchmarks by group or name: ``python -m benchmarks [usual | large | NAME ...]``."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness import ROOT, measure, merged, process, table
from benchmarks.register import BENCHMARKS

RESULTS = ROOT / "outputs" / "bench" / "results.json"


def main(asked: list[str]) -> int:
    """Prepare, run and record; return 1 when a benchmark did not pass although both sides ran."""
    chosen = [b for b in BENCHMARKS if {b.name, b.group} & set(asked or ["usual"])]
    known = {b.group for b in BENCHMARKS} | {b.name for b in BENCHMARKS}
    if unknown := set(asked) - known:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are {sorted(known)}\n")
        return 2
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=RESULTS.parent) as folder:
        for target in dict.fromkeys(target for b in chosen for target in b.prepared):
            sys.stderr.write(f"preparing: {target}\n")
            process(Path(sys.executable), "prepare", target, folder)
        records = []
        for benchmark in chosen:
            sys.stderr.write(f"running: {benchmark.name}, {benchmark.what}\n")
            records.append(measure(benchmark, Path(folder)))
    whole = merged(RESULTS, records, [b.name for b in BENCHMARKS])
    passed = sum(record["passed"] for record in whole)
    sys.stdout.write(f"{table(whole)}\n{passed} of {len(whole)} passed; {RESULTS.name} written\n")
    ran = [r for r in records if not (r["note"] or "").startswith("not compared")]
    return int(not all(record["passed"] for record in ran))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
