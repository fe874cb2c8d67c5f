"""Figures as files: one self-contained HTML page, one SVG, one PNG, each stamped.

Images travel alone, so the status word (in both languages) and the source line are burned into
each of the three. Nothing is loaded from the network when they are opened.
"""

from __future__ import annotations

import html
from pathlib import Path
from types import MappingProxyType

import plotly.graph_objects as go

from riskmodel.core.errors import FigureError
from riskmodel.core.files import whole_file, write_text
from riskmodel.core.messages import LANGUAGES, message
from riskmodel.core.status import ORDER
from riskmodel.show.fonts import FONT_FAMILY
from riskmodel.show.frame import wrap_text
from riskmodel.show.render import figure_size, render
from riskmodel.show.theme import INK, STATUS_COLOURS, TEMPLATE

PNG_SCALE = 2.0
SOURCE_SIZE, BADGE_SIZE = 11, 12
LINE_HEIGHT, BADGE_HEIGHT = 15, 26

# These traces fetch outlines or tiles from the network; offline they are blank or fail.
NETWORK_TRACES = frozenset(
    {"choropleth", "scattergeo", "choroplethmap", "scattermap", "densitymap"}
    | {"choroplethmapbox", "scattermapbox", "densitymapbox"}
)

# plotly.js 4 offers by default a button that sends a chart's data to its maker's server: never.
PAGE_CONFIG = MappingProxyType(
    {"displaylogo": False, "responsive": False, "showSendToCloud": False, "plotlyServerURL": ""}
)

_PAGE = """<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0">
{body}
</body>
</html>
"""


def _check_stamp(name: str, status: str, source: str) -> None:
    """Refuse an export without a source line, a known status or a plain name."""
    if not source.strip():
        raise FigureError(
            "the source line is empty",
            where=name,
            found=source,
            expected="where the figure's numbers come from",
            remedy="pass source=",
        )
    if status not in ORDER:
        raise FigureError("unknown status", where=name, found=status, expected=ORDER)
    if not name or name != Path(name).name or name.startswith("."):
        raise FigureError(
            "the name is not a plain file name",
            found=name,
            expected="letters, digits, hyphens and underscores, without a suffix",
        )


def _used_axes(figure: go.Figure) -> dict[str, go.layout.XAxis | go.layout.YAxis]:
    """Layout objects of all axes that a trace is drawn on, by their layout name."""
    used: dict[str, go.layout.XAxis | go.layout.YAxis] = {}
    bare = {"x": go.layout.XAxis(), "y": go.layout.YAxis()}
    for trace in figure.data:
        for letter in ("x", "y"):
            if f"{letter}axis" in trace:
                reference = trace[f"{letter}axis"] or letter
                name = f"{letter}axis{reference[1:]}"
                used[name] = figure.layout[name] if name in figure.layout else bare[letter]
    return used


def _check_figure(figure: go.Figure, name: str) -> None:
    """Refuse traces that need the network, and axes that show numbers without saying of what."""
    network = sorted({trace.type for trace in figure.data} & NETWORK_TRACES)
    if network:
        raise FigureError(
            "a trace needs the network and is blank offline",
            where=name,
            found=network,
            expected="scatter lines and heatmaps",
            remedy="draw maps with riskmodel.show.maps",
        )
    for axis_name, axis in _used_axes(figure).items():
        hidden = axis.visible is False or axis.showticklabels is False
        if not hidden and not (axis.title.text or "").strip():
            raise FigureError(
                "an axis has no title",
                where=f"{name} {axis_name}",
                found=axis.title.text,
                expected="what it measures and in which unit",
                remedy=f"set layout.{axis_name}.title.text",
            )


def status_words(status: str) -> str:
    """Status word in both languages, such as ``"合成 synthetic"``."""
    return " ".join(message(f"status.{status}", language) for language in LANGUAGES)


def _margins(figure: go.Figure) -> dict[str, float]:
    """Margins left, right and below: the figure's own, its template's, or the theme's."""
    layouts = (figure.layout, figure.layout.template.layout, TEMPLATE.layout)
    sides: dict[str, float] = {}
    for side in ("l", "r", "b"):
        found = (layout.margin[side] for layout in layouts)
        sides[side] = next(margin for margin in found if margin is not None)
    return sides


def stamped(figure: go.Figure, *, status: str, source: str) -> go.Figure:
    """Copy of a figure with status and source burned into a footer of its own.

    The footer is added below the figure: its height grows and its drawing area stays. It hangs on
    the bottom margin, so the axes at the bottom must not move that margin (the template's do not).

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Figure to stamp; it is not changed.
    status : str
        A status word of `riskmodel.core.status`.
    source : str
        Where the numbers come from.
    """
    copy = go.Figure(figure)
    for number, trace in enumerate(copy.data):
        trace.uid = f"{number}"  # else a random one, and no two exports are equal
    width, height = figure_size(copy)
    margins = _margins(copy)
    label = "/".join(message("export.source", language) for language in LANGUAGES)
    room = width - margins["l"] - margins["r"]
    lines = wrap_text(f"{label}: {source}", int(room / SOURCE_SIZE * 2)).split("<br>")
    footer = BADGE_HEIGHT + LINE_HEIGHT * len(lines) + 8
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 0, "align": "left"}
    place |= {"xanchor": "left", "yanchor": "top", "showarrow": False}
    title = "/".join(message("export.status", language) for language in LANGUAGES)
    copy.add_annotation(
        text=f"<b>{title}: {status_words(status)}</b>",
        yshift=-margins["b"],
        bgcolor=STATUS_COLOURS[status],
        borderpad=3,
        font={"size": BADGE_SIZE, "color": "white"},
        **place,
    )
    copy.add_annotation(
        text="<br>".join(html.escape(line, quote=False) for line in lines),
        yshift=-margins["b"] - BADGE_HEIGHT,
        font={"size": SOURCE_SIZE, "color": INK},
        **place,
    )
    copy.update_layout(
        height=height + footer,
        width=width,
        margin_b=margins["b"] + footer,
        font_family=FONT_FAMILY,
    )
    return copy


def _page(figure: go.Figure, name: str) -> str:
    """Self-contained HTML page: the figure, its data and one copy of plotly.js."""
    body = figure.to_html(
        full_html=False,
        include_plotlyjs=True,
        include_mathjax=False,
        div_id=name,
        config=dict(PAGE_CONFIG),
    )
    return _PAGE.format(title=html.escape(name), body=body)


def export_figure(
    figure: go.Figure, folder: Path, name: str, *, status: str, source: str
) -> list[Path]:
    """Write a figure as ``name.html``, ``name.svg`` and ``name.png``.

    The HTML page holds its own copy of plotly.js and opens offline. HTML and SVG keep their text
    as text in the font family "Noto Sans SC, sans-serif" and refer to no font file: Chinese shows
    on a machine that has any Chinese font, which its browser takes for ``sans-serif``. The PNG
    holds pixels and depends on nothing. Equal figures give equal bytes on one machine.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Figure whose visible axes all have titles; it is not changed.
    folder : pathlib.Path
        Folder of the files, made if needed.
    name : str
        File name without suffix.
    status : {"real", "calibrated", "synthetic", "illustrative", "placeholder"}
        Worst status of what the figure shows.
    source : str
        Where its numbers come from; one or two sentences.

    Returns
    -------
    list of pathlib.Path
        The three files, in the order html, svg, png.

    Raises
    ------
    FigureError
        If the source line is empty, the status unknown, an axis untitled, a trace in need of the
        network, or if no renderer that draws Chinese is installed.
    """
    _check_stamp(name, status, source)
    _check_figure(figure, name)
    final = stamped(figure, status=status, source=source)
    paths = [Path(folder) / f"{name}.{suffix}" for suffix in ("html", "svg", "png")]
    drawing = render(final, "svg").decode("utf-8")
    picture = render(final, "png", scale=PNG_SCALE)
    write_text(paths[0], _page(final, name))
    write_text(paths[1], drawing)
    with whole_file(paths[2]) as temporary:
        temporary.write_bytes(picture)
    return paths
