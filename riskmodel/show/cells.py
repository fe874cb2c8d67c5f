"""Cells of a grid on a map: their colours, linear or logarithmic, and marks on some of them."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import log_ticks, wrap_text
from riskmodel.show.inputs import require_attrs
from riskmodel.show.outlines import FloatArray
from riskmodel.show.theme import ACCENT, SEQUENTIAL, SMALL_SIZE
from riskmodel.show.units import TEN_THOUSAND, DisplayUnit, is_money, number

BAR_TITLE_UNITS = 18
MARK_SIZE = 6  # pixels, about two cells of the city
UNIT_KEYS = {"years": "unit.years"}  # units that are words


def add_cells(
    figure: go.Figure,
    grid: xr.DataArray,
    language: Language,
    log_limits: tuple[float, float] | None,
) -> None:
    """Colour the cells, with a colour bar that names what is shown and its unit.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Map to draw on.
    grid : xarray.DataArray
        Dims `y`, `x` in this order; attrs as `riskmodel.show.maps.grid_map_figure` says.
    language : {"zh", "en"}
        Language of the colour bar.
    log_limits : tuple of float, optional
        Ends of a logarithmic scale, in the unit shown; linear without.

    Raises
    ------
    FigureError
        If an attribute is missing, or the limits do not rise from above zero.
    """
    unit, name, title = _field_unit(grid, language)
    shown = unit.shown(grid).values.astype(float)
    scale, ticks = ({"z": shown}, {}) if log_limits is None else log_scale(shown, log_limits)
    figure.add_heatmap(
        x=grid["x"].values.astype(float),
        y=grid["y"].values.astype(float),
        **scale,
        customdata=shown,
        colorscale=list(SEQUENTIAL),
        hoverongaps=False,
        hovertemplate=f"%{{y:.3f}}°N, %{{x:.3f}}°E<br>%{{customdata:.4~g}} {name}<extra></extra>",
        colorbar={
            "title": {"text": wrap_text(title, BAR_TITLE_UNITS), "font": {"size": SMALL_SIZE}},
            "tickfont": {"size": SMALL_SIZE},
            "thickness": 14,
            "outlinewidth": 0,
            **ticks,
        },
    )


def log_scale(
    values: FloatArray, limits: tuple[float, float]
) -> tuple[dict[str, object], dict[str, object]]:
    """Logarithms to colour, and ticks in the values' own unit; an end that is passed says so."""
    low, high = limits
    if not 0 < low < high:
        raise FigureError(
            "the limits of a logarithmic scale do not rise from above zero",
            where="map field: log_limits",
            found=limits,
            expected="0 < low < high",
            remedy="give the smaller limit first, above zero",
        )
    ticks = [low, *log_ticks(low * 1.001, high * 0.999), high]
    texts = [number(tick) for tick in ticks]
    texts[0] = f"≤ {texts[0]}" if bool((values < low).any()) else texts[0]
    texts[-1] = f"≥ {texts[-1]}" if bool((values > high).any()) else texts[-1]
    ends = {"zmin": np.log10(low), "zmax": np.log10(high)}
    scale = {"z": np.log10(np.clip(values, low, high)), **ends}
    return scale, {"tickvals": np.log10(ticks).tolist(), "ticktext": texts}


def marked_name(field: xr.DataArray, marked: xr.DataArray, language: Language) -> str:
    """Name of the marked cells, which must lie on the grid of the field.

    Raises
    ------
    FigureError
        If the marks have no `long_name`, are not bool, or lie on another grid.
    """
    require_attrs(marked.attrs, ("long_name",), where="marked cells")
    if marked.dtype != bool or not marked.coords.equals(field.coords):
        raise FigureError(
            "the marks do not fit the map",
            where="marked cells",
            found=f"{marked.dtype} on {dict(marked.sizes)}",
            expected=f"bool on {dict(field.sizes)}, with the same coordinates",
            remedy="mark cells of the field's own grid",
        )
    return _name(marked, language)


def add_marks(figure: go.Figure, marked: xr.DataArray, name: str) -> None:
    """Point cells out; the legend names them even when there is none."""
    row, column = np.nonzero(marked.transpose("y", "x").values)
    figure.add_scatter(
        x=[*marked["x"].values[column], None],
        y=[*marked["y"].values[row], None],
        mode="markers",
        marker={"symbol": "square", "size": MARK_SIZE, "color": ACCENT},
        name=name,
        hoverinfo="x+y+name",
    )


def _field_unit(field: xr.DataArray, language: Language) -> tuple[DisplayUnit, str, str]:
    """Display unit of a grid, its name and the title of the colour bar."""
    require_attrs(field.attrs, ("units", "long_name"), where="map field")
    what = _name(field, language)
    if is_money(field):
        require_attrs(field.attrs, ("price_year",), where="map field")
        name = TEN_THOUSAND.name(language)
        return TEN_THOUSAND, name, message("axis.with_unit", language, what=what, unit=name)
    unit = DisplayUnit(1.0, UNIT_KEYS.get(field.attrs["units"], ""))
    written = "" if field.attrs["units"] == "1" else str(field.attrs["units"])
    name = unit.name(language) or written
    title = message("axis.with_unit", language, what=what, unit=name) if name else what
    return unit, name, title


def _name(field: xr.DataArray, language: Language) -> str:
    """Name of what an array shows."""
    return str(field.attrs.get(f"long_name_{language}", field.attrs["long_name"]))
