"""Boundaries on maps, as plain lines with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from riskmodel.core.errors import FigureError
from riskmodel.show.theme import INK, SMALL_SIZE, translucent

FloatArray = npt.NDArray[np.float64]
Outlines = Mapping[str, Sequence[FloatArray]]


def joined(lines: Sequence[FloatArray]) -> FloatArray:
    """Several (n, 2) lines as one, with a gap of NaN after each.

    Examples
    --------
    >>> joined([np.zeros((2, 2)), np.ones((1, 2))]).shape
    (5, 2)
    """
    gap = np.full((1, 2), np.nan)
    return np.concatenate([part for line in lines for part in (line, gap)] or [gap])


def ring_centre(ring: FloatArray) -> tuple[float, float]:
    """Centre of the area inside a closed ring, or of its points if it has no area.

    Examples
    --------
    >>> ring_centre(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0], [0.0, 0.0]]))
    (1.0, 0.5)
    """
    origin = np.mean(ring, axis=0)
    x, y = (np.asarray(ring, dtype=float) - origin).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    area = cross.sum()
    if not area:
        return float(origin[0]), float(origin[1])
    shift = [float(((v[:-1] + v[1:]) * cross).sum() / (3.0 * area)) for v in (x, y)]
    return float(origin[0]) + shift[0], float(origin[1]) + shift[1]


def check_outlines(outlines: Outlines) -> None:
    """Refuse rings that are not longitude and latitude pairs."""
    for name, rings in outlines.items():
        for ring in rings:
            if np.ndim(ring) != 2 or np.shape(ring)[1] != 2:
                raise FigureError(
                    "an outline is not a list of points",
                    where=f"outlines {name}",
                    found=np.shape(ring),
                    expected="an array (n, 2) of longitude and latitude",
                )


def add_outlines(figure: go.Figure, outlines: Outlines, *, width: float = 1.0) -> None:
    """Draw all boundaries as one line trace."""
    rings = [np.asarray(ring, dtype=float) for parts in outlines.values() for ring in parts]
    if not rings:
        return
    line = joined(rings)
    figure.add_scatter(
        x=line[:, 0],
        y=line[:, 1],
        mode="lines",
        line={"color": translucent(INK, 0.75), "width": width},
        hoverinfo="skip",
        showlegend=False,
    )


def add_names(figure: go.Figure, outlines: Outlines) -> None:
    """Write each outline's name at the centre of its longest ring."""
    for name, rings in outlines.items():
        if not rings:
            continue
        x, y = ring_centre(max(rings, key=len))
        figure.add_annotation(
            x=x,
            y=y,
            text=name,
            showarrow=False,
            font={"size": SMALL_SIZE - 1, "color": INK},
            bgcolor="rgba(255,255,255,0.55)",
            borderpad=1,
        )
