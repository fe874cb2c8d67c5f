"""What an event catalogue is: dated occurrences with footprints in rates, in blocks of years.

A catalogue is a folder: ``occurrences.nc``, one ``block_NN.nc`` with a group for each peril
(cell-major pairs), and one ``rank_function_PERIL.nc`` for each peril. Blocks are made, written and
read one at a time; perils of one parent event share its occurrence number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.files import read_once
from riskmodel.core.returnperiod import Frequency
from riskmodel.core.schema import Schema
from riskmodel.hazard.storage import PAIRS as PAIRS

OCCURRENCES = Schema(
    "catalogue.occurrences",
    {
        "block": ("occurrence",),
        "year": ("occurrence",),
        "start": ("occurrence",),
        "end": ("occurrence",),
        "parent_event": ("occurrence",),
    },
    ("blocks", "years_per_block"),
)
RANK_FUNCTION = Schema(
    "catalogue.rank_function",
    {"index": ("block", "cell", "knot"), "knot_position": ("block", "knot")},
    ("peril", "tail", "index_units"),
)


@dataclass(frozen=True, slots=True)
class CatalogueSettings:
    """Size, ranking and storage of a catalogue; every field is declared in the params file."""

    blocks: int
    years_per_block: int
    block_shift: float
    frequency: Frequency
    storage_rate: Mapping[str, float]
    seed: int


def open_catalogue(folder: Path) -> xr.DataTree:
    """Open a stored catalogue lazily.

    Occurrences are at the root, pairs in ``block_NN/peril``, rank functions in
    ``rank_function/peril``.

    Raises
    ------
    CatalogueError
        If the folder holds no complete catalogue, a file that ``complete.json`` lists is missing
        or has another size, or a file cannot be read. Hashes are not compared: they would take
        longer than all the rest.
    """
    names = _complete(folder)
    root = _opened(folder / "occurrences.nc").to_dataset()
    for name in ("perils", "storage_rate"):  # a list of one is read back as its only item
        root.attrs[name] = np.atleast_1d(root.attrs[name]).tolist()
    nodes: dict[str, xr.Dataset] = {"/": root}
    for name in names:
        if name.startswith("block_"):
            with read_once():
                tree, block = _opened(folder / name), name.removesuffix(".nc")
            nodes |= {f"{block}/{p}": node.to_dataset() for p, node in tree.children.items()}
    for peril in root.attrs["perils"]:
        function = _opened(folder / f"rank_function_{peril}.nc")
        nodes[f"rank_function/{peril}"] = function.to_dataset()
    return xr.DataTree.from_dict(nodes, name="catalogue")


def _complete(folder: Path) -> list[str]:
    """Names of the files of a catalogue, all of them there with the size that was written."""
    path = folder / "complete.json"
    if not path.is_file():
        raise CatalogueError(
            "no complete catalogue here", where=str(folder), remedy="run notebook 02_hazard first"
        )
    try:
        sizes = {name: int(kept["bytes"]) for name, kept in json.loads(path.read_text()).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _broken("no list of the files of a catalogue", path, str(error)) from None
    for name, size in sizes.items():
        file = folder / name
        found = file.stat().st_size if file.is_file() else None
        if found is None:
            raise _broken("a file of the catalogue is missing", file, None)
        if found != size:
            raise _broken("a file of the catalogue is not whole", file, found, f"{size} bytes")
    return sorted(sizes)


def _opened(path: Path) -> xr.DataTree:
    try:
        return _once(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, RuntimeError) as error:
        raise _broken("a file of the catalogue cannot be read", path, str(error)) from error


def _broken(what: str, path: Path, found: object, expected: object = None) -> CatalogueError:
    return CatalogueError(
        what, where=str(path), found=found, expected=expected,
        remedy="delete the folder of the catalogue, it is made again",
    )  # fmt: skip


def catalogue_frequency(catalogue: xr.DataTree) -> Frequency:
    """Return the frequency family under which a catalogue was ranked."""
    if catalogue.attrs["frequency"] == "poisson":
        return Frequency("poisson")
    return Frequency("negative_binomial", float(catalogue.attrs["kappa"]))


def block_names(catalogue: xr.DataTree) -> list[str]:
    """Names of the blocks of a catalogue, in order."""
    return [f"block_{block:02d}" for block in range(int(catalogue.attrs["blocks"]))]


@lru_cache(maxsize=128)
def _once(path: Path, modified: int) -> xr.DataTree:
    """Open a file once in a process: several handles of one file, some collected, crashed HDF5."""
    return xr.open_datatree(path, engine="netcdf4")
