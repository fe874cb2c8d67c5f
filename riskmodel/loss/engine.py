"""The pass over the catalogue: blocks of years by chunks of occurrences, in bounded memory.

Blocks and chunks are independent; their results are put one behind the other. So a cluster is a
loop over blocks, and adding blocks changes nothing before them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import MemoryLimitError
from riskmodel.hazard.catalogue import block_names
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import Arrays, Outcomes, Pairs, Scratch, Sums, aligned
from riskmodel.loss.kernels import new_scratch, pass_task
from riskmodel.loss.pair_lists import ENTRIES
from riskmodel.loss.reading import bytes_of_pairs, stored_pairs

IntArray = npt.NDArray[np.int64]
Task = tuple[int, int, int, Outcomes]  # zone, first occurrence of its chunk, of its run in that
SHORTEST_RUN = 64  # occurrences of a task
LONGEST_RUN = 1 << 16  # occurrences of a task
LISTED_PAIRS = 1 << 18  # of a batch of entries in a run, on average: lists of some 13 MB a thread
SAMPLE = 64  # entries that tell whether lists are in vain
MOST, FEW = 0.5, 2.0  # share of pairs and of occurrences, and bundles of an entry, that say so
RUN_BYTES = 1 << 29  # sums of a run, of all threads
TASKS = 12  # at least, for threads to share evenly
CHUNK_BYTES = 1 << 31  # outcomes of a chunk, unless the limit is lower


@dataclass(frozen=True, slots=True)
class Chunk:
    """Outcomes of occurrences, from number `first` of a block on, until the next are asked for.

    They were passed in runs of so many.
    """

    first: int
    run: int
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class Plan:
    """Memory of a pass, announced before it is allocated (bytes), and its chunking.

    ``pairs`` are those of one block, or of two where the next is read while one is passed.
    """

    pairs: int
    table: int
    sums: int
    chunk: int
    run: int
    ahead: bool

    @property
    def total(self) -> int:
        """All that the pass holds at once; its results and the lists of its threads apart.

        Lists are short, see `LISTED_PAIRS`.
        """
        return self.pairs + self.table + self.sums

    def words(self) -> str:
        """Return one line for people."""
        parts = ", ".join(
            f"{name} {getattr(self, name) / 2**20:,.0f} MB" for name in ("pairs", "table", "sums")
        )
        return f"memory {self.total / 2**20:,.0f} MB ({parts}); {self.chunk} occurrences at a time"


def plan_pass(catalogue: xr.DataTree, table: CompiledTable, *, memory_limit: int) -> Plan:
    """Choose the chunking of a pass, and say what memory it takes.

    Parameters
    ----------
    catalogue : DataTree
    table : CompiledTable
    memory_limit : int
        Bytes that pairs of a block, compiled table and sums may take together.

    Raises
    ------
    MemoryLimitError
        If not even the shortest run of occurrences fits; says the size and how to divide the pass.
    """
    stored = [stored_pairs(catalogue, name, table) for name in block_names(catalogue)]
    pairs = max(bytes_of_pairs(nodes) for nodes in stored)
    held, zones = _held(table), table.entries.zone_pointer.size - 1
    by_storm, by_run = _by_occurrence(table)
    largest = int(np.bincount(catalogue.to_dataset()["block"].values).max(initial=1))
    longest = max(SHORTEST_RUN, min(LONGEST_RUN, RUN_BYTES // by_run))

    def run_of(chunk: int) -> int:
        runs = max(-(-TASKS // zones), -(-chunk // longest))
        return max(SHORTEST_RUN, -(-chunk // runs))

    def sums_of(chunk: int) -> int:
        return by_storm * max(chunk, SHORTEST_RUN) + by_run * run_of(chunk)

    whole = max(min(sums_of(largest), CHUNK_BYTES), sums_of(0))
    ahead = len(stored) > 1 and 2 * pairs + held + whole <= memory_limit
    pairs *= 1 + ahead
    left = min(memory_limit - pairs - held, CHUNK_BYTES)
    fits = sums_of(largest) <= left
    chunk = largest if fits else max(min(left // (by_storm + by_run), largest), 0)
    run, sums = run_of(chunk), sums_of(chunk)
    plan = Plan(pairs, held, sums, max(chunk, 1), run, ahead)
    if plan.total > memory_limit:
        raise MemoryLimitError(
            "the pass does not fit the memory it may take",
            where=f"{zones} zones x {len(table.columns)} columns x {len(table.perils)} perils x "
            f"{len(table.scenarios)} scenarios",
            found=plan.words(),
            expected=f"at most {memory_limit / 2**20:,.0f} MB",
            remedy=_division(plan, memory_limit, len(table.scenarios), zones),
        )
    return plan


def _held(table: CompiledTable) -> int:
    """Bytes of a compiled table, as it is and as the kernels read it."""
    entries = table.entries
    curves = sum(layer.curves.left.nbytes + layer.curves.right.nbytes for layer in table.layers)
    each = 12 if table.lanes.width == 1 else 4  # of a single lane in double precision too
    by_lane = each * table.lookup.shape[0] * table.lanes.item.size + (1 << 16) * len(table.layers)
    exposed = entries.cell.size * table.lanes.item.shape[0]
    held = table.lookup.nbytes + by_lane + 2 * table.deviation.nbytes + 3 * entries.value.nbytes
    return held + exposed + 5 * entries.row.nbytes + curves


def _by_occurrence(table: CompiledTable) -> tuple[int, int]:
    """Bytes of an occurrence's outcomes, and of its sums in the runs of all threads."""
    lanes, columns = table.lanes, len(table.columns)
    moments = 16 * columns if table.deviation.shape[0] else 0
    outcomes = len(table.scenarios) * (16 * table.acting.size + 1) + moments
    sums = 16 * lanes.slots * lanes.width + moments
    zones = table.entries.zone_pointer.size - 1
    return zones * (outcomes + 16), nb.get_num_threads() * max(sums, 1)


def _division(plan: Plan, memory_limit: int, scenarios: int, zones: int) -> str:
    """Advise how to divide a pass that does not fit."""
    free = memory_limit - plan.pairs - plan.table
    if free <= 0:
        return "make the catalogue in blocks of fewer years, or raise memory_limit"
    parts = -(-plan.sums // free)
    if parts <= scenarios:
        return f"pass at most {scenarios // parts} scenarios at once, or raise memory_limit"
    return f"pass one scenario and at most {max(1, zones * scenarios // parts)} zones at once"


def new_room(plans: Sequence[Plan]) -> npt.NDArray[np.uint8]:
    """Make room for the outcomes of one chunk of any of some passes."""
    return np.empty(max(plan.sums for plan in plans), np.uint8)


def pass_block(
    pairs: Pairs, table: CompiledTable, arrays: Arrays, plan: Plan, room: npt.NDArray[np.uint8],
    *, count: int,
) -> Iterator[Chunk]:  # fmt: skip
    """Pass one block and yield its outcomes, chunk by chunk, in the same room."""
    size = np.diff(pairs.pointer).sum(axis=0)[table.entries.cell]
    of_zone = np.diff(np.append(0, np.cumsum(size))[table.entries.zone_pointer])
    heaviest_first = np.argsort(-of_zone, kind="stable")
    most, direct = _largest_batch(table, size), _direct(pairs, arrays, count)
    run = min(plan.run, max(SHORTEST_RUN, -(-count * LISTED_PAIRS // max(most, 1))))
    own = [_scratch(table, arrays, run, most) for _ in range(nb.get_num_threads())]

    def work(left: Iterator[Task], scratch: Scratch) -> None:
        try:
            for zone, first, low, outcomes in left:
                pass_task(*arrays, pairs, scratch, outcomes, zone, first, low, run, count, direct)
        finally:
            list(left)  # after an error, so that the other threads stop

    with ThreadPoolExecutor(len(own)) as threads:
        for first in range(0, max(count, 1), plan.chunk):  # a block without any has an empty chunk
            outcomes = _outcomes(table, min(plan.chunk, count - first), run, room)
            runs = range(0, outcomes.occurrence.shape[1], run)
            left = iter([(int(z), first, low, outcomes) for z in heaviest_first for low in runs])
            # this thread works too: while it waits, two others may share a processor
            others = [threads.submit(work, left, scratch) for scratch in own[1:]]
            work(left, own[0])
            for other in others:
                other.result()
            yield Chunk(first, run, outcomes)


def _largest_batch(table: CompiledTable, size: IntArray) -> int:
    """Count the pairs of the batch of entries that has the most, from those of entries."""
    pointer = table.entries.zone_pointer
    of_zones = [np.arange(a, b, ENTRIES) for a, b in pairwise(pointer)]
    starts = np.concatenate([*of_zones, pointer[:0]])
    return int(np.add.reduceat(size, starts).max()) if starts.size else 0


def _direct(pairs: Pairs, arrays: Arrays, count: int) -> bool:
    """Tell whether lists would be in vain, see `add_directly`; some entries tell roughly."""
    items, places = arrays.items, arrays.places
    if pairs.pointer.shape[0] > 1 or arrays.spread.deviation.shape[1]:
        return False
    if not count or not places.cell.size:
        return False
    found, costing, bundles = np.zeros(count, np.bool_), 0, 0
    some = np.unique(np.linspace(0, places.cell.size - 1, SAMPLE).astype(np.int64))
    for e in some:
        of = slice(*pairs.pointer[0, places.cell[e] : places.cell[e] + 2])
        found[pairs.occurrence[of]] = True
        costing += int(np.count_nonzero(pairs.position[of] >= places.first_damaging[0, e]))
        bundles += int(np.count_nonzero(items.exposed[e]))
    stored = sum(np.diff(pairs.pointer[0])[places.cell[some]])
    return bool(found.mean() > MOST and costing > MOST * stored and bundles <= FEW * some.size)


def _scratch(table: CompiledTable, arrays: Arrays, run: int, most: int) -> Scratch:
    lanes, columns = table.lanes, len(table.columns) if table.deviation.shape[0] else 0
    means, moments = (lanes.slots, run, lanes.width), (columns, run)
    sums = Sums(*(aligned(shape, np.float64) for shape in (means, means, moments, moments)))
    return new_scratch(len(table.perils), arrays.curves.left.shape[1], most, sums)


def _outcomes(table: CompiledTable, storms: int, run: int, room: npt.NDArray[np.uint8]) -> Outcomes:
    """Cut arrays out of the room, each whole in memory: kernels go through slices slowly.

    Those of shorter numbers come last, so that all stand where the processor wants them.
    """
    zones, columns = table.entries.zone_pointer.size - 1, len(table.columns)
    place = (len(table.scenarios), zones, storms)
    moments = (zones, storms, columns if table.deviation.shape[0] else 0)
    start = 0
    found: dict[str, Any] = {}
    for name, kind, shape in (
        ("mean", np.float64, (*place, table.acting.size)),
        ("independent", np.float64, moments), ("correlated", np.float64, moments),
        ("occurrence", np.int64, (zones, storms)), ("filled", np.int64, (zones, -(-storms // run))),
        ("extrapolated", np.float64, (*place, table.acting.size)), ("costs", np.bool_, place),
    ):  # fmt: skip
        stop = start + math.prod(shape) * np.dtype(kind).itemsize
        found[name] = room[start:stop].view(kind).reshape(shape)
        start = stop
    return Outcomes(**found)
