"""Whole files or none, and hashes that others can check."""

from __future__ import annotations

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from riskmodel.core.files import (
    read_once,
    sha256,
    sha256_of,
    whole_file,
    write_dataset,
    write_json,
    write_text,
)

# FIPS 180-2, appendix B.1
SHA_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


class InterruptedWriteError(Exception):
    pass


def test_a_block_that_raises_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InterruptedWriteError), whole_file(tmp_path / "new.txt") as temporary:
        temporary.write_text("half")
        raise InterruptedWriteError
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "old.txt", "whole")
    with pytest.raises(InterruptedWriteError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise InterruptedWriteError
    assert [p.name for p in tmp_path.iterdir()] == ["old.txt"]
    assert path.read_text() == "whole"


def test_nothing_is_seen_under_the_name_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    with whole_file(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_json_keeps_chinese_and_exact_floats(tmp_path: Path) -> None:
    content = {"名称": "温州", "value": 0.1 + 0.2, "tiny": 5e-324}
    path = write_json(tmp_path / "a.json", content)
    assert "温州" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == content


def test_json_refuses_what_is_no_number(tmp_path: Path) -> None:
    path = write_json(tmp_path / "a.json", {"value": 1.0})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"value": float("nan")})
    assert path.read_bytes() == before


def test_datasets_and_trees_come_back_bit_for_bit(tmp_path: Path) -> None:
    data = xr.Dataset(
        {
            "loss": (("zone", "year"), np.linspace(0.0, 1.0, 6).reshape(2, 3) / 3.0),
            "position": ("zone", np.array([0, 65_535], dtype=np.uint16)),
            "name": ("zone", np.array(["鹿城区", "龙港市"], dtype=object)),
        },
        attrs={"currency": "CNY"},
    )
    with xr.open_dataset(write_dataset(tmp_path / "a.nc", data)) as stored:
        assert stored.identical(data)
        assert stored["position"].dtype == np.uint16
    tree = xr.DataTree.from_dict({"/": data[["name"]], "wind/block": data[["loss"]]})
    with xr.open_datatree(write_dataset(tmp_path / "b.nc", tree)) as stored_tree:
        assert stored_tree.identical(tree)


def test_a_tree_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_dataset(tmp_path / "a.nc", xr.Dataset(attrs={"bad": {"a": 1}}))
    assert list(tmp_path.iterdir()) == []


def test_hashes_are_sha_256(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert sha256(path) == SHA_OF_ABC
    path.write_bytes(b"a" * 3_000_000)  # more than one chunk
    whole = sha256(path)
    path.write_bytes(b"a" * 2_999_999 + b"b")
    assert sha256(path) != whole


def test_the_hash_of_content_does_not_depend_on_the_order_of_keys() -> None:
    assert sha256_of({"a": 1, "b": [1, 2]}) == sha256_of({"b": [1, 2], "a": 1})
    assert sha256_of({"a": [1, 2]}) != sha256_of({"a": [2, 1]})


def test_a_file_read_once_holds_no_more_than_a_piece_of_a_variable(tmp_path: Path) -> None:
    """What the library keeps of a variable is the setting it had when its file was opened."""
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        file.createDimension("pair", 1 << 20)
        file.createVariable("position", "u2", ("pair",), compression="zlib")[:] = 7
    before = netCDF4.get_chunk_cache()
    with read_once():
        file = netCDF4.Dataset(tmp_path / "a.nc")
    with file:
        assert file["position"].get_var_chunk_cache()[0] == 1 << 20
        assert (file["position"][:] == 7).all()
    assert netCDF4.get_chunk_cache() == before
    with pytest.raises(ValueError, match="stop"), read_once():
        raise ValueError("stop")
    assert netCDF4.get_chunk_cache() == before
