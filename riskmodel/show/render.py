"""Static images of plotly figures, by whichever renderer the machine has.

Kaleido 1.x drives an installed Chrome or Chromium. Kaleido 0.2.1 brings its own Chromium, frozen
in 2021, and needs nothing else; plotly 7 no longer calls it, so its scope is called directly with
plotly's own plotly.min.js. Feed that old Chromium with figures of this project only.
"""

from __future__ import annotations

import atexit
import json
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Literal

import plotly.graph_objects as go

from riskmodel.core.errors import FigureError
from riskmodel.show.fonts import font_environment, require_chinese

ImageFormat = Literal["png", "svg"]
Engine = Callable[[go.Figure, ImageFormat, float], bytes]

DEFAULT_WIDTH, DEFAULT_HEIGHT = 640, 420
_REMEDY = (
    "install kaleido 0.2.1 (pip install 'kaleido==0.2.1'), or kaleido 1.x beside Chrome or "
    "Chromium with BROWSER_PATH naming it"
)
_SVG_UID = re.compile(r'id="defs-([0-9a-f]{6})"')


def figure_size(figure: go.Figure) -> tuple[int, int]:
    """Width and height of a figure in pixels: its own, its template's, or the default."""
    template = figure.layout.template.layout
    width = figure.layout.width or template.width or DEFAULT_WIDTH
    height = figure.layout.height or template.height or DEFAULT_HEIGHT
    return int(width), int(height)


@cache
def _scope() -> Any:
    """Start kaleido 0.2.1 once per process; it ends with the process."""
    from kaleido.scopes.plotly import PlotlyScope

    atexit.register(_scope.cache_clear)
    script = files("plotly").joinpath("package_data", "plotly.min.js")
    return PlotlyScope(plotlyjs=str(script))


def _render_bundled(figure: go.Figure, image_format: ImageFormat, scale: float) -> bytes:
    """Render with kaleido 0.2.1 and the Chromium inside it."""
    width, height = figure_size(figure)
    with font_environment():
        content: bytes = _scope().transform(
            json.loads(figure.to_json(remove_uids=False)),
            format=image_format,
            width=width,
            height=height,
            scale=scale,
        )
    return content


def _render_browser(figure: go.Figure, image_format: ImageFormat, scale: float) -> bytes:
    """Render with kaleido 1.x and an installed browser."""
    width, height = figure_size(figure)
    with font_environment():
        content: bytes = figure.to_image(
            format=image_format, width=width, height=height, scale=scale
        )
    return content


def kaleido_engine() -> Engine:
    """Choose the renderer for the kaleido that is installed.

    Raises
    ------
    FigureError
        If kaleido is not installed, or its version is neither 1.x nor 0.2.1.
    """
    try:
        found = version("kaleido")
    except PackageNotFoundError as error:
        raise FigureError("no renderer for static images", remedy=_REMEDY) from error
    if int(found.split(".")[0]) >= 1:
        return _render_browser
    if found.startswith("0.2.1"):
        return _render_bundled
    raise FigureError(
        "this kaleido cannot render figures of plotly 7",
        found=found,
        expected="0.2.1, or 1.x with a browser",
        remedy=_REMEDY,
    )


def _stable_svg(content: bytes) -> bytes:
    """Replace the random id of each drawing, so that equal figures are equal files."""
    text = content.decode("utf-8")
    match = _SVG_UID.search(text)
    return text.replace(match[1], "figure").encode("utf-8") if match else content


def render_unchecked(figure: go.Figure, image_format: ImageFormat, *, scale: float = 1.0) -> bytes:
    """Bytes of a static image, without the font probe.

    Raises
    ------
    FigureError
        If there is no renderer, or it fails.
    """
    engine = kaleido_engine()
    try:
        content = engine(figure, image_format, scale)
    except Exception as error:
        raise FigureError(
            "the renderer failed",
            where=f"{image_format} by {engine.__name__.removeprefix('_')}",
            found=str(error).strip()[:500],
            remedy=_REMEDY,
        ) from error
    return _stable_svg(content) if image_format == "svg" else content


@cache
def _probe_once() -> None:
    require_chinese(lambda figure: render_unchecked(figure, "png"))


def render(figure: go.Figure, image_format: ImageFormat, *, scale: float = 1.0) -> bytes:
    """Bytes of a static image of a figure.

    Before the first image of a process, the renderer must prove that it draws Chinese.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Figure of this project, without map traces.
    image_format : {"png", "svg"}
        Format of the image.
    scale : float
        Pixels of the image for each pixel of the layout (png).

    Raises
    ------
    FigureError
        If there is no renderer, it fails, or it has no Chinese font.
    """
    _probe_once()
    return render_unchecked(figure, image_format, scale=scale)
