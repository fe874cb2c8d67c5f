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
from riskmodel.show.cells import add_cells, add_marks, marked_name
from riskmodel.show.frame import new_figure
from riskmodel.show.inputs import require_dims
from riskmodel.show.outlines import (
    FloatArray,
    Outlines,
    add_names,
    add_outlines,
    check_outlines,
    joined,
)
from riskmodel.show.theme import PERIL_COLOURS, translucent

MAP_HEIGHT = 560


def _map_axes(
    figure: go.Figure,
    longitude: tuple[float, float],
    latitude: tuple[float, float],
    language: Language,
) -> None:
    """Degrees on both axes, one degree of latitude as long as on the ground; or metres alike."""
    degrees = max(map(abs, latitude)) <= 90.0
    names = ("longitude", "latitude") if degrees else ("easting", "northing")
    figure.update_xaxes(
        range=list(longitude),
        constrain="domain",
        title_text=message(f"axis.{names[0]}", language),
        showgrid=False,
    )
    figure.update_yaxes(
        range=list(latitude),
        constrain="domain",
        scaleanchor="x",
        scaleratio=float(1.0 / np.cos(np.deg2rad(sum(latitude) / 2))) if degrees else 1.0,
        title_text=message(f"axis.{names[1]}", language),
        showgrid=False,
    )


def _edges(coordinate: xr.DataArray) -> tuple[float, float]:
    """Outer edges of evenly spaced cell centres, low then high."""
    centres = coordinate.values.astype(float)
    half = abs(float(centres[1] - centres[0])) / 2 if centres.size > 1 else 0.5
    return float(centres.min()) - half, float(centres.max()) + half


def grid_map_figure(
    field: xr.DataArray,
    *,
    outlines: Outlines,
    title_key: str,
    language: Language,
    name_zones: bool = False,
    log_limits: tuple[float, float] | None = None,
    marked: xr.DataArray | None = None,
    **title_values: object,
) -> go.Figure:
    """Colour a grid of cells under the boundaries of its zones.

    Parameters
    ----------
    field : xarray.DataArray
        Dims `y`, `x`, in degrees or metres north and east, NaN is white; attrs `units`, `long_name`
        (or also `long_name_zh`, `long_name_en`) and, for CNY, shown in 万元 a cell, `price_year`.
    outlines : mapping of str to sequence of array (n, 2)
        Rings of longitude and latitude for each zone name.
    title_key : str
        Message key of the question, such as ``"title.aal_map"``; `title_values` fill it.
    language : {"zh", "en"}
        Language of all texts.
    name_zones : bool
        Write the zone names into the map.
    log_limits : tuple of float, optional
        Low and high end of a logarithmic scale of colours, in the unit shown; an end that values
        pass says ≤ or ≥. Without, colours are linear from the smallest to the largest value.
    marked : xarray.DataArray of bool, optional
        Cells to point out, on the grid of `field`, under their name (attrs as above).

    Raises
    ------
    FigureError
        If dims, attributes, outlines or limits are not as above.
    """
    require_dims(field, ("y", "x"), where="map field")
    check_outlines(outlines)
    legend = [] if marked is None else [marked_name(field, marked, language)]
    title = message(title_key, language, **title_values)
    figure = new_figure(title, legend=legend, height=MAP_HEIGHT)
    add_cells(figure, field.transpose("y", "x"), language, log_limits)
    add_outlines(figure, outlines)
    if marked is not None:
        add_marks(figure, marked, legend[0])
    if name_zones:
        add_names(figure, outlines)
    _map_axes(figure, _edges(field["x"]), _edges(field["y"]), language)
    return figure


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
