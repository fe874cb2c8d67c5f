"""Maps of grids and tracks, drawn as heatmaps and lines.

Map traces of plotly fetch outlines or tiles from the network and are blank offline, so boundaries
are plain lines and the axes are scaled to each other for the latitude.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.messages import Language, message
from riskmodel.show.frame import new_figure, wrap_text
from riskmodel.show.inputs import require_attrs, require_dims
from riskmodel.show.outlines import (
    FloatArray,
    Outlines,
    add_names,
    add_outlines,
    check_outlines,
    joined,
)
from riskmodel.show.theme import PERIL_COLOURS, SEQUENTIAL, SMALL_SIZE, translucent
from riskmodel.show.units import TEN_THOUSAND, DisplayUnit, is_money

MAP_HEIGHT = 560
BAR_TITLE_UNITS = 18


def _map_axes(
    figure: go.Figure,
    longitude: tuple[float, float],
    latitude: tuple[float, float],
    language: Language,
) -> None:
    """Degrees on both axes, one degree of latitude as long as on the ground."""
    middle = np.deg2rad(sum(latitude) / 2)
    figure.update_xaxes(
        range=list(longitude),
        constrain="domain",
        title_text=message("axis.longitude", language),
        showgrid=False,
    )
    figure.update_yaxes(
        range=list(latitude),
        constrain="domain",
        scaleanchor="x",
        scaleratio=float(1.0 / np.cos(middle)),
        title_text=message("axis.latitude", language),
        showgrid=False,
    )


def _edges(centres: FloatArray) -> tuple[float, float]:
    """Outer edges of evenly spaced cell centres, low then high."""
    half = abs(float(centres[1] - centres[0])) / 2 if centres.size > 1 else 0.5
    return float(centres.min()) - half, float(centres.max()) + half


def _field_unit(field: xr.DataArray, language: Language) -> tuple[DisplayUnit, str, str]:
    """Display unit of a grid, its name and the title of the colour bar."""
    require_attrs(field.attrs, ("units", "long_name"), where="map field")
    what = str(field.attrs.get(f"long_name_{language}", field.attrs["long_name"]))
    if is_money(field):
        require_attrs(field.attrs, ("price_year",), where="map field")
        name = TEN_THOUSAND.name(language)
        return TEN_THOUSAND, name, message("axis.with_unit", language, what=what, unit=name)
    name = "" if field.attrs["units"] == "1" else str(field.attrs["units"])
    title = message("axis.with_unit", language, what=what, unit=name) if name else what
    return DisplayUnit(1.0, ""), name, title


def grid_map_figure(
    field: xr.DataArray,
    *,
    outlines: Outlines,
    title_key: str,
    language: Language,
    name_zones: bool = False,
    **title_values: object,
) -> go.Figure:
    """Colour a grid of cells under the boundaries of its zones.

    Parameters
    ----------
    field : xarray.DataArray
        Dims `y`, `x` with coordinates in degrees north and east; attrs `units` and `long_name`
        (or also `long_name_zh`, `long_name_en`); NaN cells stay white. Money (units CNY, with
        `price_year`) is shown in 万元 a cell.
    outlines : mapping of str to sequence of array (n, 2)
        Rings of longitude and latitude for each zone name.
    title_key : str
        Message key of the question, such as ``"title.aal_map"``.
    language : {"zh", "en"}
        Language of all texts.
    name_zones : bool
        Write the zone names into the map.
    **title_values
        Placeholders of the title.

    Raises
    ------
    FigureError
        If dims, attributes or outlines are not as above.
    """
    require_dims(field, ("y", "x"), where="map field")
    check_outlines(outlines)
    grid = field.transpose("y", "x")
    x, y = grid["x"].values.astype(float), grid["y"].values.astype(float)
    figure = new_figure(message(title_key, language, **title_values), height=MAP_HEIGHT)
    _add_cells(figure, grid, language)
    add_outlines(figure, outlines)
    if name_zones:
        add_names(figure, outlines)
    _map_axes(figure, _edges(x), _edges(y), language)
    return figure


def _add_cells(figure: go.Figure, grid: xr.DataArray, language: Language) -> None:
    """Colour the cells, with a colour bar that names what is shown and its unit."""
    unit, name, title = _field_unit(grid, language)
    figure.add_heatmap(
        x=grid["x"].values.astype(float),
        y=grid["y"].values.astype(float),
        z=unit.shown(grid).values,
        colorscale=list(SEQUENTIAL),
        hoverongaps=False,
        hovertemplate=f"%{{y:.3f}}°N, %{{x:.3f}}°E<br>%{{z:.4~g}} {name}<extra></extra>",
        colorbar={
            "title": {"text": wrap_text(title, BAR_TITLE_UNITS), "font": {"size": SMALL_SIZE}},
            "tickfont": {"size": SMALL_SIZE},
            "thickness": 14,
            "outlinewidth": 0,
        },
    )


def tracks_figure(
    latitude: xr.DataArray,
    longitude: xr.DataArray,
    *,
    outlines: Outlines,
    language: Language,
    extent: tuple[float, float, float, float] | None = None,
) -> go.Figure:
    """Lines of simulated typhoon tracks over coast or county boundaries.

    Parameters
    ----------
    latitude, longitude : xarray.DataArray
        Degrees, dims `storm`, `step`; NaN after the end of a track.
    outlines : mapping of str to sequence of array (n, 2)
        Rings of longitude and latitude: coast, counties.
    language : {"zh", "en"}
        Language of all texts.
    extent : tuple of float, optional
        West, south, east, north of the map; the tracks' own by default.

    Raises
    ------
    FigureError
        If dims differ, or no track has two points.
    """
    check_outlines(outlines)
    points = _track_points(latitude, longitude)
    west, south, east, north = extent or _extent(points)
    if not (west < east and south < north):
        raise FigureError(
            "the extent is empty",
            where="tracks",
            found=(west, south, east, north),
            expected="west < east and south < north, in this order",
        )
    name = message("legend.tracks", language, number=points.shape[0])
    figure = new_figure(message("title.tracks", language), subtitle=name, height=MAP_HEIGHT)
    _add_tracks(figure, points, name)
    add_outlines(figure, outlines, width=1.2)
    _map_axes(figure, (west, east), (south, north), language)
    return figure


def _track_points(latitude: xr.DataArray, longitude: xr.DataArray) -> FloatArray:
    """Longitude and latitude of all tracks (storm, step, 2), or a refusal."""
    for name, values in (("latitude", latitude), ("longitude", longitude)):
        if set(values.dims) != {"storm", "step"}:
            raise FigureError(
                "an array has other dims",
                where=f"tracks {name}",
                found=values.dims,
                expected=("storm", "step"),
            )
    parts = [v.transpose("storm", "step").values.astype(float) for v in (longitude, latitude)]
    points = np.stack(parts, axis=-1)
    if not (np.isfinite(points).all(axis=-1).sum(axis=1) > 1).any():
        raise FigureError(
            "there is no track to draw",
            where="tracks",
            found=points.shape[:2],
            expected="a storm with two steps or more",
        )
    return points


def _add_tracks(figure: go.Figure, points: FloatArray, name: str) -> None:
    """Draw all tracks as one line trace."""
    line = joined(list(points))
    figure.add_scatter(
        x=line[:, 0],
        y=line[:, 1],
        mode="lines",
        line={
            "color": translucent(PERIL_COLOURS["typhoon_wind"], _opacity(len(points))),
            "width": 1.1,
        },
        name=name,
        hoverinfo="skip",
    )


def _opacity(tracks: int) -> float:
    """Opacity of a line, fainter the more there are."""
    return float(np.clip(12.0 / tracks, 0.12, 0.7))


def _extent(points: FloatArray) -> tuple[float, float, float, float]:
    """West, south, east and north of all points."""
    west, south = np.nanmin(points, axis=(0, 1))
    east, north = np.nanmax(points, axis=(0, 1))
    return float(west), float(south), float(east), float(north)
