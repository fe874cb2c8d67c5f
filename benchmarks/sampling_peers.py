"""Sampled losses by Oasis gulmc, in the environment of `peers/curves.lock`; nothing of ours.

gulmc is driven its leanest way: read-only structures built before, one certain intensity a place
and event with effective damageability (so it draws no hazard), its default and fastest random
numbers, no correlation, losses to nowhere. Two processes share the events, warmed up before.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from pathlib import Path

import numpy as np

from benchmarks.side import Outcome

EVENTS, ZONES, SECTORS, SAMPLES = 1000, 12, 6, 1000
JUDGED = 100  # events of which both sides hand their losses to the judge
ITEMS = ZONES * SECTORS
PROCESSES = 2
HEADER_WORDS, SPECIAL_SAMPLES = 2, 5  # of the stream; of an item: mean, deviation, exposed, ...


def run_gulmc(folder: str, events: str, written: str) -> None:
    """Sample the losses of the events of a file; gulmc logs to where it is called."""
    from oasislmf.pytools.gulmc.manager import run

    with chdir(folder):
        run(
            run_dir=folder, ignore_file_type=set(), sample_size=SAMPLES, loss_threshold=0.0,
            alloc_rule=0, debug=0, random_generator=2, file_in=f"{folder}/{events}",
            file_out=written, ignore_correlation=True, ignore_haz_correlation=True,
            effective_damageability=True,
        )  # fmt: skip


def gulmc(work: Path) -> Callable[[], Outcome]:
    """Sample both halves of the events at once; the judge's losses come from a file before."""
    from oasislmf.pytools.gulmc.structure import create_gulmc_structure

    folder = str((work / "gulmc").resolve())
    engine = "oasis_data_manager.df_reader.reader.OasisPandasReader"
    create_gulmc_structure(folder, set(), [], False, engine)
    run_gulmc(folder, "judged.bin", f"{folder}/losses.bin")
    pool = ProcessPoolExecutor(PROCESSES)
    halves = [f"half{number}.bin" for number in range(PROCESSES)]
    few = [pool.submit(run_gulmc, folder, "few.bin", os.devnull) for _ in halves]
    [task.result() for task in few]
    losses = written_losses(work / "gulmc" / "losses.bin")

    def run() -> Outcome:
        tasks = [pool.submit(run_gulmc, folder, half, os.devnull) for half in halves]
        [task.result() for task in tasks]
        return {"losses": losses, "samples": EVENTS * ITEMS * SAMPLES}

    return run


def written_losses(path: Path) -> np.ndarray:
    """Losses (event, item, sample) of a stream of gulmc without threshold, items by number."""
    words = 2 + 2 * (SPECIAL_SAMPLES + SAMPLES + 1)
    raw = np.fromfile(path, dtype=np.int32)[HEADER_WORDS:].reshape(JUDGED * ITEMS, words)
    own = raw[:, 2 + 2 * SPECIAL_SAMPLES : -2].reshape(len(raw), SAMPLES, 2)
    losses = own[:, :, 1].copy().view(np.float32)
    order = np.lexsort((raw[:, 1], raw[:, 0]))
    return losses[order].reshape(JUDGED, ITEMS, SAMPLES)
