"""Curves whose cells are read at other rates or intensities: modifiers that differ by place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION, STEP, position_of_rate

FloatArray = npt.NDArray[np.float64]


def modified_curves(
    curves: IntensityCurves,
    rate_factor: FloatArray,
    intensity_factor: FloatArray,
    *,
    storage_rate: float,
    peril: str,
) -> IntensityCurves:
    """Curves of cells that are hit `rate_factor` times as often and `intensity_factor` as hard.

    Parameters
    ----------
    curves : IntensityCurves
        As the maps say.
    rate_factor, intensity_factor : array (cell,)
        Above 0; a cell's curve is read at rate / factor, to one position step, and multiplied.
    storage_rate, peril : float and str
        Rate up to which the catalogue holds pairs; for messages.

    Returns
    -------
    IntensityCurves between the edges of all factors together; exact, steps included. From the
    position where the first cell is beyond its rarest map, all count as extrapolated.

    Raises
    ------
    CatalogueError
        If events below the storage rate would begin to cost, or an intensity exceeds the cap.
    """
    if (rate_factor == 1.0).all() and (intensity_factor == 1.0).all():
        return curves
    shift = np.rint(np.log(rate_factor) / STEP).astype(np.int64)
    inner = (curves.edges[1:-1] - np.unique(shift)[:, None]).ravel()
    inner = np.unique(inner[(inner > 0) & (inner <= LAST_POSITION)])
    edges = np.concatenate([[0], inner, [LAST_POSITION + 1]])
    begin = edges[:-1] + shift[:, None]
    end = edges[1:] + shift[:, None]
    segment = np.clip(np.searchsorted(curves.edges, begin, "right") - 1, 0, curves.edges.size - 2)
    cell = np.arange(shift.size)[:, None]
    left = curves.left[cell, segment].astype(np.float64)
    rise = curves.right[cell, segment] - left
    length = np.diff(curves.edges)[segment]
    ends = (left + rise * ((p - curves.edges[segment]) / length) for p in (begin, end))
    low, high = (np.maximum(part, 0.0) * intensity_factor[:, None] for part in ends)
    made = IntensityCurves(
        edges, low.astype(np.float32, order="C"), high.astype(np.float32, order="C"), curves.cap,
        int(np.clip(curves.first_extrapolated - shift.max(), 1, LAST_POSITION)),
    )  # fmt: skip
    _require_held(curves, made, intensity_factor, storage_rate, peril)
    return made


def _require_held(
    curves: IntensityCurves, made: IntensityCurves, factor: FloatArray, storage_rate: float,
    peril: str,
) -> None:  # fmt: skip
    """Refuse curves that cost below the storage rate, or maps that a factor takes past the cap."""
    cells = np.arange(factor.size)
    first = int(position_of_rate(storage_rate))
    early = made.at(cells, max(first - 1, 0)) > 0.0
    if early.any():
        raise CatalogueError(
            "events more frequent than the storage rate would begin to cost",
            where=f"{peril}, modifier of place, {int(early.sum())} cells",
            found=storage_rate, expected="no intensity at the storage rate",
            remedy=f"raise hazard.storage_rate.{peril}, or take a smaller factor",
        )  # fmt: skip
    mapped = curves.at(cells, curves.first_extrapolated - 1) * factor
    if (mapped > curves.cap * (1.0 + 1e-6)).any():
        raise CatalogueError(
            "a map, as the modifier changes it, exceeds the cap of its tail",
            where=f"curves.{peril}.tail_cap", found=float(mapped.max()),
            expected=f"at most {curves.cap:g}", remedy="raise tail_cap",
        )  # fmt: skip
