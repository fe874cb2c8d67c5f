"""Read the stored pairs of a catalogue, block by block, in memory that is used again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.catalogue import block_names
from riskmodel.loss.compilation import CompiledTable
from riskmodel.loss.kernel_arrays import IntArray, Pairs

PIECE = 1 << 22  # pairs that are read at a time
KINDS = {"occurrence": np.uint32, "position": np.uint16}


def bytes_of_pairs(nodes: Sequence[xr.Dataset]) -> int:
    """Bytes that the pairs of one block take in memory."""
    each = sum(np.dtype(kind).itemsize for kind in KINDS.values())
    return sum(each * n.sizes["pair"] + n["pointer"].nbytes for n in nodes)


def stored_blocks(
    catalogue: xr.DataTree, table: CompiledTable, *, ahead: bool = False, keep: bool = False
) -> Iterator[Pairs]:
    """Read the stored pairs of a catalogue block by block, the perils of a table joined.

    Parameters
    ----------
    catalogue : DataTree
    table : CompiledTable
    ahead : bool
        Read the next block in a thread meanwhile, so that two are in memory.
    keep : bool
        Give each block memory of its own. Otherwise a block lasts until the next is asked for.

    Raises
    ------
    CatalogueError
        If the catalogue lacks a peril or a cell of the table.
    """
    names = block_names(catalogue)
    stored = [stored_pairs(catalogue, name, table) for name in names]
    sizes = [sum(node.sizes["pair"] for node in nodes) for nodes in stored]
    rooms = [_Room(max(sizes, default=0)) for _ in range(1 + ahead)]

    def read(number: int) -> Pairs:
        room = _Room(sizes[number]) if keep else rooms[number % len(rooms)]
        return _block(stored[number], room)

    if not ahead:
        yield from (read(number) for number in range(len(names)))
        return
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(read, 0)
        for following in range(1, len(names) + 1):
            pairs = coming.result()
            if following < len(names):
                coming = reader.submit(read, following)
            yield pairs


class _Room:
    """Memory for the pairs of one block of at most a size; new memory is slow to touch."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def of(self, name: str, size: int) -> npt.NDArray[Any]:
        """Array of a variable, as long as is asked for."""
        if name not in self._arrays:
            self._arrays[name] = np.empty(self._size, KINDS[name])
        return self._arrays[name][:size]


def _block(nodes: Sequence[xr.Dataset], room: _Room) -> Pairs:
    """Read the pairs of one block, peril after peril into one array."""
    edges = np.cumsum([0] + [n.sizes["pair"] for n in nodes])
    pointer = np.stack([n["pointer"].values + s for n, s in zip(nodes, edges[:-1], strict=True)])
    return Pairs(pointer, *(_joined(nodes, name, edges, room) for name in KINDS))


def _joined(
    nodes: Sequence[xr.Dataset], name: str, edges: IntArray, room: _Room
) -> npt.NDArray[Any]:
    """Read one variable of all perils into one array, in pieces that need little memory.

    What a single peril has in memory already is not copied.
    """
    first = nodes[0].variables[name]
    if len(nodes) == 1 and first._in_memory and first.dtype == KINDS[name]:
        return first.values
    joined = room.of(name, int(edges[-1]))
    for node, start, stop in zip(nodes, edges[:-1], edges[1:], strict=True):
        for begin in range(0, stop - start, PIECE):
            end = min(begin + PIECE, stop - start)
            # an indexed view of a lazy variable is read without staying in the tree's memory
            joined[start + begin : start + end] = node[name].isel(pair=slice(begin, end)).values
    return joined


def stored_pairs(catalogue: xr.DataTree, block: str, table: CompiledTable) -> list[xr.Dataset]:
    """Find the stored pairs of one block, a dataset for each peril of a table.

    Raises
    ------
    CatalogueError
        If the catalogue lacks a peril or a cell of the table.
    """
    missing = [p for p in table.perils if p not in catalogue[block].children]
    if missing:
        raise CatalogueError("the catalogue lacks perils of the table", where=block, found=missing)
    nodes = [catalogue[f"{block}/{p}"].to_dataset() for p in table.perils]
    last_cell = int(table.entries.cell.max(initial=0))
    if any(node.sizes["edge"] <= last_cell + 1 for node in nodes):
        raise CatalogueError(
            "the table has cells that the catalogue lacks",
            where=block,
            found=f"cell {last_cell}",
            expected=f"cells below {min(node.sizes['edge'] for node in nodes) - 1}",
            remedy="compile with the census from which the catalogue was made",
        )
    return nodes
