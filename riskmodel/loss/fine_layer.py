"""From the fine cells of a census to those of compilation: each reads its own curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from riskmodel.core.errors import CensusError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.loss.entries import FineCells


def fine_cells(
    census: xr.DataTree, curves_of: Callable[[str, xr.DataArray], IntensityCurves]
) -> FineCells | None:
    """Cells finer than the census grid with their curves; None where the census has none.

    Parameters
    ----------
    census : DataTree
        From `load_census`; its node ``fine`` holds the cells and a child for each peril.
    curves_of : callable
        Curves of a peril from its maps (return_period, cell): those of its census cells, with the
        same head, tail, passage and scenario, so that only the maps differ.

    Raises
    ------
    CensusError
        If the node has no maps, or its cells are not those of the census.
    ReturnPeriodError
        As `intensity_curves` does, for example if a fine depth exceeds the cap of the tail.
    """
    if "fine" not in census.children:
        return None
    node = census.children["fine"]
    cells = node.to_dataset(inherit=False)
    highest = int(cells["parent"].values.max(initial=-1))
    known = census["zones"].sizes["cell"]
    if not node.children or highest >= known:
        raise CensusError(
            "fine cells without maps, or of other census cells",
            where="census, fine",
            found=f"perils {sorted(map(str, node.children))}, cells up to {highest}",
            expected=f"a node for each peril, cells below {known}",
            remedy="where a census is cut to some zones, cut its fine cells with `fine_of_cells`",
        )
    return FineCells(
        parent=cells["parent"].values.astype(np.int64),
        share=cells["share"].astype(np.float64),
        curves={
            str(peril): curves_of(str(peril), child.to_dataset()["intensity"].rename(fine="cell"))
            for peril, child in node.children.items()
        },
    )
