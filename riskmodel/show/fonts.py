"""The Chinese font of static images, and a probe that fails loudly when it is missing.

A fresh machine has no Chinese font and a renderer then draws the same empty box for every
character. The font comes from the package ``pylopdf-fonts-zh-cn`` (Noto Sans SC, OFL 1.1), handed
to the renderer by a generated fontconfig file that names this font and no other, so that images
look the same on every Linux machine. macOS and Windows have no fontconfig and bring Chinese fonts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import plotly.graph_objects as go

from riskmodel.core.errors import FigureError

FONT_FAMILY = "Noto Sans SC, sans-serif"
FONTCONFIG_VARIABLE = "FONTCONFIG_FILE"

# Characters of our own charts, then a code point that no font may define, then nothing at all.
PROBE_CHARACTERS = ("温", "州", "险", "损")
MISSING_CHARACTER = "\ue83a"
BLANK_CHARACTER = "\u3000"

_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Noto Sans SC</family></prefer></alias>
</fontconfig>
"""


def font_path() -> Path:
    """Path of the Noto Sans SC font file.

    Raises
    ------
    FigureError
        If the package that brings it is not installed.
    """
    try:
        from pylopdf_fonts_zh_cn import sans_path
    except ImportError as error:
        raise FigureError(
            "the Chinese font is not installed",
            expected="package pylopdf-fonts-zh-cn",
            remedy="install the locked requirements (make venv)",
        ) from error
    return Path(sans_path())


@cache
def _configuration() -> tuple[TemporaryDirectory[str], Path]:
    """Write the fontconfig file once per process; the folder lives as long as the process."""
    folder = TemporaryDirectory(prefix="riskmodel-fonts-")
    path = Path(folder.name) / "fonts.conf"
    text = _CONFIGURATION.format(
        folder=escape(str(font_path().parent)), cache=escape(str(Path(folder.name) / "cache"))
    )
    path.write_text(text, encoding="utf-8")
    return folder, path


@contextmanager
def font_environment() -> Iterator[None]:
    """Let a renderer that starts inside this block find the Chinese font.

    A fontconfig file that the user names is kept; the probe then says whether it serves.
    """
    chosen = os.environ.get(FONTCONFIG_VARIABLE)
    if chosen and Path(chosen).is_file():
        yield
        return
    os.environ[FONTCONFIG_VARIABLE] = str(_configuration()[1])
    try:
        yield
    finally:
        if chosen is None:
            del os.environ[FONTCONFIG_VARIABLE]
        else:
            os.environ[FONTCONFIG_VARIABLE] = chosen


def character_figure(character: str) -> go.Figure:
    """One large character on white, for the probe."""
    figure = go.Figure(layout={"template": "none", "width": 64, "height": 64})
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    font = {"family": FONT_FAMILY, "size": 40, "color": "black"}
    figure.add_annotation(
        text=character, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font=font
    )
    return figure


def require_chinese(render: Callable[[go.Figure], bytes]) -> None:
    """Check that a renderer draws Chinese characters, not boxes.

    The same picture is drawn with each probe character, with a code point that no font has, and
    with a blank. Two equal pictures mean that the renderer has no glyph for a character.

    Parameters
    ----------
    render : callable
        Turns a figure into PNG bytes, the same bytes for the same figure.

    Raises
    ------
    FigureError
        If two of the pictures are equal.
    """
    characters = (*PROBE_CHARACTERS, MISSING_CHARACTER, BLANK_CHARACTER)
    pictures = {character: render(character_figure(character)) for character in characters}
    for first, second in combinations(characters, 2):
        if pictures[first] != pictures[second]:
            continue
        raise FigureError(
            "the renderer draws boxes or nothing in place of Chinese characters",
            where="font probe",
            found=f"the same picture for U+{ord(first):04X} and U+{ord(second):04X}",
            expected=f"different glyphs from the font {font_path().name}",
            remedy=f"unset {FONTCONFIG_VARIABLE}, or install a Chinese font such as Noto Sans SC",
        )
