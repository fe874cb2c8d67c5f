"""Write the pairs of one block as they are ranked, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import netCDF4
import numpy as np
import numpy.typing as npt

from riskmodel.core.files import whole_file
from riskmodel.core.schema import Schema
from riskmodel.hazard.ranking import CellPairs

PAIRS = Schema(
    "catalogue.pairs",
    {"pointer": ("edge",), "occurrence": ("pair",), "position": ("pair",)},
    ("peril", "shift"),
)
Kind = Literal["u2", "u4"]
PAIRS_TOGETHER = 1 << 18  # pairs in one compressed piece of the file


def write_block(
    path: Path,
    ranked: Mapping[str, Iterator[CellPairs]],
    *,
    cells: int,
    occurrences: int,
    knots: Mapping[str, int],
    shift: float,
) -> dict[str, npt.NDArray[np.float32]]:
    """Write one block, a group for each peril, as a whole file or none.

    Parameters
    ----------
    path : Path
        File of the block.
    ranked : mapping of str to iterator of CellPairs
        By peril, cells rising; each is written before the next is asked for.
    cells : int
        Cells of the census.
    occurrences : int
        Occurrences of the block; up to 65,536 are stored in two bytes each, which are read several
        times as fast as four.
    knots : mapping of str to int
        How many ranks the rank function is kept at, by peril.
    shift : float
        Shift u of the block.

    Returns
    -------
    Index at the knots, by peril: arrays (cell, knot), zero where nothing is stored.
    """
    kind: Kind = "u2" if occurrences <= 1 << 16 else "u4"
    with whole_file(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        return {
            peril: _write_peril(
                file.createGroup(peril), pairs, kind, cells, knots[peril], peril, shift
            )
            for peril, pairs in ranked.items()
        }


def _write_peril(
    group: netCDF4.Group,
    pairs: Iterator[CellPairs],
    kind: Kind,
    cells: int,
    knots: int,
    peril: str,
    shift: float,
) -> npt.NDArray[np.float32]:
    group.setncatts(
        {
            "schema": PAIRS.name, "source": "catalogue", "history": "rank_block", "peril": peril,
            "shift": shift,
        }
    )  # fmt: skip
    group.createDimension("edge", cells + 1)
    group.createDimension("pair", None)
    occurrence, position = _variable(group, "occurrence", kind), _variable(group, "position", "u2")
    count = np.zeros(cells, dtype=np.int64)
    rank_index = np.zeros((cells, knots), dtype=np.float32)
    written = 0
    for part in pairs:
        end = written + part.position.size
        occurrence[written:end], position[written:end] = part.occurrence, part.position
        count[part.cells], rank_index[part.cells] = part.count, part.rank_index
        written = end
    group.createVariable("pointer", "i8", ("edge",))[:] = np.append(0, np.cumsum(count))
    return rank_index


def _variable(group: netCDF4.Group, name: str, kind: Kind) -> netCDF4.Variable[Any]:
    """Growing variable; Zstandard is several times faster than zlib at the same size."""
    return group.createVariable(
        name, kind, ("pair",), chunksizes=(PAIRS_TOGETHER,), compression="zstd", complevel=1,
        shuffle=True,
    )  # fmt: skip
