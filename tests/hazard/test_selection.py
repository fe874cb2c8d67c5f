"""Some cells of a catalogue: each keeps its pairs, bit for bit, and every occurrence stays."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.selection import select_cells
from tests.loss.conftest import CELLS, UNITS, make_city


def catalogue_of_city() -> xr.DataTree:
    catalogue = make_city(5).catalogue
    for peril in UNITS:
        index = np.arange(2.0 * CELLS * 3).reshape(2, CELLS, 3)
        function = {"index": (("block", "cell", "knot"), index)}
        catalogue[f"rank_function/{peril}"] = xr.DataTree(xr.Dataset(function))
    return catalogue


WHOLE = catalogue_of_city()


@given(st.sets(st.integers(0, CELLS - 1), min_size=1))
def test_each_cell_keeps_its_pairs(chosen: set[int]) -> None:
    cells = np.array(sorted(chosen))
    part = select_cells(WHOLE, cells)
    xr.testing.assert_identical(part.to_dataset(), WHOLE.to_dataset())
    for block in ("block_00", "block_01"):
        for peril in UNITS:
            whole, found = (tree[f"{block}/{peril}"].to_dataset() for tree in (WHOLE, part))
            assert found["pointer"].values[0] == 0
            assert found.sizes["edge"] == cells.size + 1
            assert found.sizes["pair"] == found["pointer"].values[-1]
            for number, cell in enumerate(cells):
                run = slice(*found["pointer"].values[number : number + 2].tolist())
                old = slice(*whole["pointer"].values[cell : cell + 2].tolist())
                for name in ("occurrence", "position"):
                    assert found[name].dtype == whole[name].dtype
                    assert found[name].values[run].tolist() == whole[name].values[old].tolist()
    index = part[f"rank_function/{next(iter(UNITS))}"]["index"].values
    assert index.tolist() == WHOLE["rank_function/rain_flood"]["index"].values[:, cells].tolist()


@pytest.mark.parametrize("cells", [[2, 1], [1, 1], [], [-1, 2]])
def test_numbers_that_do_not_rise_are_refused(cells: list[int]) -> None:
    with pytest.raises(CatalogueError, match="do not rise"):
        select_cells(WHOLE, np.array(cells, dtype=np.int64))


def test_a_cell_that_is_not_there_is_named() -> None:
    with pytest.raises(CatalogueError, match=f"block_00/.*found {CELLS}.*below {CELLS}"):
        select_cells(WHOLE, np.array([0, CELLS]))
