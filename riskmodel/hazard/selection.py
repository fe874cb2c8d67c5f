"""Some cells of a stored catalogue: the same occurrences, the same positions, fewer pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.catalogue import block_names

IntArray = npt.NDArray[np.int64]


def select_cells(catalogue: xr.DataTree, cells: IntArray) -> xr.DataTree:
    """Catalogue of some cells, numbered anew in their order; every occurrence is kept.

    Nothing is drawn or ranked again, so what a cell suffers is what it suffers in the whole.
    Of each file only the run from the first to the last of the cells is read.

    Parameters
    ----------
    catalogue : DataTree
        From `open_catalogue`.
    cells : array of int (cell,)
        Rising numbers of cells of the catalogue.

    Returns
    -------
    DataTree like the catalogue, its pairs in memory.

    Raises
    ------
    CatalogueError
        If numbers do not rise, or the catalogue lacks a cell.
    """
    if cells.size == 0 or (np.diff(cells) <= 0).any() or cells[0] < 0:
        raise CatalogueError(
            "numbers of cells do not rise",
            where="select_cells",
            found=cells[:5].tolist(),
            expected="each cell once, in rising order",
            remedy="sort them",
        )
    nodes: dict[str, xr.Dataset] = {"/": catalogue.to_dataset()}
    for name in block_names(catalogue):
        for peril, node in catalogue[name].children.items():
            nodes[f"{name}/{peril}"] = _pairs_of(node.to_dataset(), cells, f"{name}/{peril}")
    if "rank_function" in catalogue.children:
        for peril, node in catalogue["rank_function"].children.items():
            nodes[f"rank_function/{peril}"] = node.to_dataset().isel(cell=cells)
    tree = xr.DataTree.from_dict(nodes, name="catalogue")
    tree.attrs = dict(catalogue.attrs)
    return tree


def _pairs_of(pairs: xr.Dataset, cells: IntArray, where: str) -> xr.Dataset:
    """Pairs of some cells of one block and peril."""
    if cells[-1] >= pairs.sizes["edge"] - 1:
        raise CatalogueError(
            "a cell that the catalogue lacks",
            where=where,
            found=int(cells[-1]),
            expected=f"cells below {pairs.sizes['edge'] - 1}",
            remedy="take cells of the census from which the catalogue was made",
        )
    edges = pairs["pointer"].values
    first, count = edges[cells], edges[cells + 1] - edges[cells]
    pointer = np.append(0, np.cumsum(count))
    # pair k of a cell lies k behind the cell's first one
    take = np.arange(pointer[-1]) + np.repeat(first - pointer[:-1], count) - edges[cells[0]]
    span = slice(int(edges[cells[0]]), int(edges[cells[-1] + 1]))
    kept = {
        name: ("pair", pairs[name].isel(pair=span).values[take])
        for name in ("occurrence", "position")
    }
    return xr.Dataset({"pointer": ("edge", pointer), **kept}, attrs=pairs.attrs)
