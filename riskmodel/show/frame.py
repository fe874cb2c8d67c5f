"""The frame of every figure: template, wrapped title, margins sized for what they hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from unicodedata import east_asian_width

import plotly.graph_objects as go

from riskmodel.core.messages import Language, message
from riskmodel.show.theme import MUTED, SMALL_SIZE, TEMPLATE, TITLE_SIZE, WIDTH

TITLE_UNITS = int((WIDTH - 40) / TITLE_SIZE * 1.9)  # half-width characters in a line of a title
LEGEND_WIDTH, LEGEND_SYMBOL, LEGEND_ROW = 530, 45, 21
_TOKENS = re.compile(r"[（《「]?[\x21-\x7e]+|\s+|[（《「]?.")
_NO_LINE_START = frozenset("，。；：？！、）》」%")
_TICK_STEPS = (1.0, 2.0, 5.0)


def text_width(text: str) -> int:
    """Width of a text in half-width units: Chinese characters count two.

    Examples
    --------
    >>> text_width("GDP 之比")
    8
    """
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def wrap_text(text: str, units: int) -> str:
    """Break a text into lines of at most so many half-width units, joined by ``<br>``.

    Latin words stay whole, Chinese breaks anywhere but before closing and after
    opening punctuation.

    Examples
    --------
    >>> wrap_text("one two three", 8)
    'one two<br>three'
    """
    lines = [""]
    for token in _TOKENS.findall(text):
        fits = text_width(lines[-1] + token.rstrip()) <= units
        if fits or token in _NO_LINE_START or not lines[-1]:
            lines[-1] += token
        else:
            lines.append(token.lstrip())
    return "<br>".join(line.rstrip() for line in lines)


def pixels(text: str, size: int) -> int:
    """Estimate the width of a text in pixels."""
    return int(text_width(text) * size * 0.55)


def legend_rows(names: Sequence[str], width: int = LEGEND_WIDTH) -> int:
    """Rows of a horizontal legend: one if all names fit, else columns as wide as the widest."""
    widths = [pixels(name, SMALL_SIZE) + LEGEND_SYMBOL for name in names]
    if sum(widths) <= width:
        return int(bool(widths))
    columns = max(1, width // max(widths))
    return -(-len(widths) // columns)


def new_figure(
    title: str, *, subtitle: str = "", legend: Sequence[str] = (), height: int | None = None
) -> go.Figure:
    """Empty figure in the house style, its top margin sized for the title and the legend.

    Parameters
    ----------
    title : str
        A question, wrapped to the width.
    subtitle : str
        A line below the title that helps to read the figure.
    legend : sequence of str
        Names that the legend above the drawing area will show; none for no legend.
    height : int, optional
        Height in pixels, the template's by default.
    """
    figure = go.Figure()
    dress(figure, title, subtitle=subtitle, legend=legend, height=height)
    return figure


def dress(
    figure: go.Figure,
    title: str,
    *,
    subtitle: str = "",
    legend: Sequence[str] = (),
    height: int | None = None,
) -> None:
    """Give a figure the house template, its title, and room above for these and the legend."""
    wrapped = wrap_text(title, TITLE_UNITS)
    lines = 1 + wrapped.count("<br>")
    note = wrap_text(subtitle, int((WIDTH - 40) / SMALL_SIZE * 1.9))
    notes = 1 + note.count("<br>") if note else 0
    top = 28 + int(lines * TITLE_SIZE * 1.3 + notes * SMALL_SIZE * 1.9)
    top += legend_rows(legend) * LEGEND_ROW
    figure.update_layout(
        template=TEMPLATE,
        title_text=wrapped,
        title_subtitle={"text": note, "font": {"size": SMALL_SIZE, "color": MUTED}},
        margin_t=top,
        showlegend=bool(legend),
        width=WIDTH,
        height=height or TEMPLATE.layout.height,
    )


def titled(figure: go.Figure, place: str, *, language: Language) -> go.Figure:
    """Copy of a figure whose title begins with a place; where it takes a line more, it grows.

    Parameters
    ----------
    figure : Figure
        From `new_figure`, or dressed by `dress`.
    place : str
        Name in the language of the title.
    language : {"zh", "en"}
        Of the title.
    """
    copy = go.Figure(figure)
    old = str(figure.layout.title.text)
    plain = old.replace("<br>", " " if language == "en" else "")
    text = message("place.title", language, place=place, title=plain)
    new = wrap_text(text, TITLE_UNITS)
    more = int((new.count("<br>") - old.count("<br>")) * TITLE_SIZE * 1.3)
    copy.update_layout(
        title_text=new,
        margin_t=figure.layout.margin.t + more,
        height=(figure.layout.height or TEMPLATE.layout.height) + more,
    )
    return copy


def left_margin(names: Sequence[str]) -> int:
    """Left margin for row names and an axis title beside them."""
    return max(pixels(name, SMALL_SIZE) for name in names) + 46


def bottom_margin(names: Sequence[str]) -> int:
    """Bottom margin for wrapped column names and an axis title below them."""
    return 52 + 18 * max(1 + name.count("<br>") for name in names)


def row_height(rows: int, *, legend: bool) -> int:
    """Height of a figure with one horizontal bar a row."""
    return 190 + 24 * max(rows, 5) + 40 * legend


def hover(*lines: tuple[str, str]) -> str:
    """Hover text of (name, value) lines.

    Examples
    --------
    >>> hover(("T", "100"))
    'T: 100'
    """
    return "<br>".join(f"{name}: {value}" for name, value in lines)


def name_rows(figure: go.Figure, names: Sequence[str], title: str) -> None:
    """Give horizontal bars their axis title, and a left margin wide enough for the names."""
    figure.update_yaxes(title_text=title, showgrid=False, ticks="")
    figure.update_layout(margin_l=left_margin(names))


def log_ticks(low: float, high: float) -> list[float]:
    """Ticks 1, 2, 5, 10, 20 … of a logarithmic axis.

    Examples
    --------
    >>> log_ticks(8.0, 60.0)
    [10.0, 20.0, 50.0]
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in _TICK_STEPS]
    return [tick for tick in ticks if low <= tick <= high]
