"""Small maps side by side: how rare given storms were, place by place, with their tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.cells import log_scale
from riskmodel.show.frame import dress
from riskmodel.show.inputs import require_attrs, require_dims
from riskmodel.show.outlines import Outlines, check_outlines, joined
from riskmodel.show.theme import ACCENT, INK, SEQUENTIAL, SMALL_SIZE, translucent

COLUMNS = 3
PANEL_HEIGHT = 205  # pixels
TITLE_ROOM = 170


@dataclass(frozen=True, slots=True)
class Panel:
    """One map: its title, a field (y, x) of return periods in years, and a track in degrees.

    The field's attrs are `units` and `long_name` (or also `long_name_zh`, `long_name_en`); NaN
    cells stay white. `longitude` and `latitude` (step,) may hold NaN.
    """

    title: str
    field: xr.DataArray
    longitude: npt.NDArray[np.floating]
    latitude: npt.NDArray[np.floating]


def storm_maps_figure(
    panels: Sequence[Panel],
    *,
    outlines: Outlines,
    title_key: str,
    limits: tuple[float, float],
    language: Language,
    **title_values: object,
) -> go.Figure:
    """Draw maps of return period in rows of three, on one logarithmic scale of colours.

    Parameters
    ----------
    panels : sequence of Panel
        All on the same grid.
    outlines : mapping of str to sequence of array (n, 2)
        Rings of longitude and latitude for each zone name.
    title_key : str
        Message key of the question; `title_values` fill it.
    limits : tuple of float
        Ends of the scale in years; an end that values pass says ≤ or ≥.
    language : {"zh", "en"}
        Language of all texts.

    Raises
    ------
    FigureError
        If there is no panel, the grids differ, or attributes, outlines or limits are not as above.
    """
    _check(panels)
    check_outlines(outlines)
    rows = -(-len(panels) // COLUMNS)
    figure = make_subplots(
        rows, COLUMNS, subplot_titles=[panel.title for panel in panels],
        horizontal_spacing=0.02, vertical_spacing=0.14 / rows,
    )  # fmt: skip
    figure.update_annotations(font={"size": SMALL_SIZE, "color": INK})
    note = message("legend.storm_maps", language)
    title = message(title_key, language, **title_values)
    dress(figure, title, subtitle=note, height=TITLE_ROOM + PANEL_HEIGHT * rows)
    for number, panel in enumerate(panels):
        place = {"row": number // COLUMNS + 1, "col": number % COLUMNS + 1}
        _add_panel(figure, panel, outlines, limits, place, language)
    _hide_axes(figure, panels[0].field, len(panels))
    _add_scale(figure, panels, limits, language, rows)
    figure.update_layout(margin={"l": 20, "r": 95, "t": figure.layout.margin.t + 24})
    return figure


def _add_scale(
    figure: go.Figure,
    panels: Sequence[Panel],
    limits: tuple[float, float],
    language: Language,
    rows: int,
) -> None:
    """One scale of colours for all panels."""
    _, ticks = log_scale(np.concatenate([panel.field.values.ravel() for panel in panels]), limits)
    bar = {
        "title": {"text": _name(panels[0].field, language), "font": {"size": SMALL_SIZE}},
        "tickfont": {"size": SMALL_SIZE}, "thickness": 14, "outlinewidth": 0,
        "len": min(1.0, 1.6 / rows),
    }  # fmt: skip
    figure.update_layout(
        coloraxis={
            "cmin": float(np.log10(limits[0])), "cmax": float(np.log10(limits[1])),
            "colorscale": list(SEQUENTIAL), "colorbar": bar | ticks,
        }
    )  # fmt: skip


def _check(panels: Sequence[Panel]) -> None:
    if not panels:
        raise FigureError("there is no storm to draw", where="storm maps", remedy="give a panel")
    for panel in panels:
        require_dims(panel.field, ("y", "x"), where=f"storm map {panel.title}")
        require_attrs(panel.field.attrs, ("units", "long_name"), where=f"storm map {panel.title}")
        if not panel.field.coords.equals(panels[0].field.coords):
            raise FigureError(
                "maps side by side lie on different grids",
                where=f"storm map {panel.title}",
                found=dict(panel.field.sizes),
                expected=dict(panels[0].field.sizes),
            )


def _name(field: xr.DataArray, language: Language) -> str:
    what = str(field.attrs.get(f"long_name_{language}", field.attrs["long_name"]))
    return message("axis.with_unit", language, what=what, unit=message("unit.years", language))


def _add_panel(
    figure: go.Figure,
    panel: Panel,
    outlines: Outlines,
    limits: tuple[float, float],
    place: dict[str, int],
    language: Language,
) -> None:
    """Cells, boundaries and track of one storm."""
    field = panel.field.transpose("y", "x").astype(np.float32)  # half the size of the page
    scale, _ = log_scale(field.values, limits)
    years = message("unit.years", language)
    figure.add_heatmap(
        x=field["x"].values, y=field["y"].values, z=np.asarray(scale["z"], np.float32),
        customdata=field.values, coloraxis="coloraxis", hoverongaps=False,
        hovertemplate=f"%{{y:.3f}}°N, %{{x:.3f}}°E<br>%{{customdata:.3~g}} {years}<extra></extra>",
        **place,
    )  # fmt: skip
    rings = joined([np.asarray(ring, float) for parts in outlines.values() for ring in parts])
    lines = (
        (rings[:, 0], rings[:, 1], {"color": translucent(INK, 0.6), "width": 0.7}),
        (panel.longitude, panel.latitude, {"color": ACCENT, "width": 2.0}),
    )
    for x, y, line in lines:
        figure.add_scatter(
            x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False, **place
        )


def _hide_axes(figure: go.Figure, field: xr.DataArray, count: int) -> None:
    """Show the extent of the field without ticks, its sides as long as on the ground."""
    ends = {name: [float(field[name].min()), float(field[name].max())] for name in ("x", "y")}
    degrees = max(map(abs, ends["y"])) <= 90.0
    ratio = float(1.0 / np.cos(np.deg2rad(sum(ends["y"]) / 2))) if degrees else 1.0
    figure.update_xaxes(range=ends["x"], visible=False, constrain="domain")
    figure.update_yaxes(range=ends["y"], visible=False, constrain="domain")
    for number in range(1, count + 1):
        name = str(number) if number > 1 else ""
        figure.layout[f"yaxis{name}"].update(scaleanchor=f"x{name}", scaleratio=ratio)
