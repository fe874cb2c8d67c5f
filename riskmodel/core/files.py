"""Whole files or none: outputs are written to a temporary name and moved; hashes are SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

PIECE_BYTES = 1 << 20  # a piece of the stored pairs of a catalogue, the largest that is kept


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends without error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def read_once() -> Iterator[None]:
    """Open NetCDF files whose values are read once: of a variable one piece stays in memory.

    Otherwise the library keeps up to 64 MB of each variable until its file is closed, and copies
    all that is read through it. Not for variables in larger pieces that are read bit by bit: each
    bit would unpack a piece anew.
    """
    import netCDF4

    before = netCDF4.get_chunk_cache()[0]
    netCDF4.set_chunk_cache(PIECE_BYTES)
    try:
        yield
    finally:
        netCDF4.set_chunk_cache(int(before))


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text as a whole file."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def write_json(path: Path, content: object) -> Path:
    """Write JSON with Chinese readable, floats exact and no NaN."""
    return write_text(
        path, json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    )


def _compression(dataset: xr.Dataset) -> dict[str, dict[str, object]]:
    return {
        str(name): {"zlib": True, "complevel": 1, "shuffle": True}
        for name, variable in dataset.variables.items()
        if variable.ndim and variable.dtype.kind in "fiu"
    }


def write_dataset(path: Path, data: xr.Dataset | xr.DataTree) -> Path:
    """Write a Dataset or DataTree as NetCDF-4, lightly compressed, as a whole file."""
    with whole_file(path) as temporary:
        if isinstance(data, xr.DataTree):
            nodes = {n.path: _compression(n.to_dataset(inherit=False)) for n in data.subtree}
            data.to_netcdf(temporary, engine="netcdf4", encoding=nodes)
        else:
            data.to_netcdf(temporary, engine="netcdf4", encoding=_compression(data))
    return path


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_of(content: object) -> str:
    """SHA-256 of JSON-like content, independent of key order."""
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()
