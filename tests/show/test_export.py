"""Exports stand alone: three files, stamped, offline, in Chinese."""

from __future__ import annotations

import re
import struct
from html import unescape
from pathlib import Path

import plotly.graph_objects as go
import pytest
import xarray as xr

from riskmodel.core.errors import FigureError
from riskmodel.core.status import ORDER
from riskmodel.show import fonts, render
from riskmodel.show.curves import exceedance_figure
from riskmodel.show.export import export_figure, stamped, status_words

SOURCE = "演示普查，五组各 2,000 年；see <SOURCES>"
LOADS = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)\s*=\s*["']?https?:""", re.I)


def plain_figure(**layout: object) -> go.Figure:
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]), layout=layout)
    return figure.update_layout(xaxis_title_text="x", yaxis_title_text="y")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("figures") / "deep"
    figure = plain_figure(title_text="温州的损失")
    paths = export_figure(figure, folder, "loss", status="synthetic", source=SOURCE)
    assert sorted(p.name for p in folder.iterdir()) == ["loss.html", "loss.png", "loss.svg"]
    return {path.suffix: path for path in paths}


def test_order_of_files(exported: dict[str, Path]) -> None:
    assert list(exported) == [".html", ".svg", ".png"]


def test_html_loads_nothing_and_holds_plotly_once(exported: dict[str, Path]) -> None:
    text = exported[".html"].read_text(encoding="utf-8")
    assert not LOADS.search(text)
    assert "cdn.plot.ly" not in re.sub(r"<script[^>]*>.*?</script>", "", text, flags=re.S)
    assert len(re.findall(r"plotly\.js v\d", text)) == 1
    assert text.count("Plotly.newPlot(") == 1
    assert 'id="loss"' in text


def test_html_offers_no_button_that_sends_data_away(exported: dict[str, Path]) -> None:
    text = exported[".html"].read_text(encoding="utf-8")
    call = text[text.index("Plotly.newPlot(") :]
    assert '"showSendToCloud": false' in call
    assert "https://" not in call


def test_svg_keeps_chinese_as_text_in_the_font_family(exported: dict[str, Path]) -> None:
    text = exported[".svg"].read_text(encoding="utf-8")
    assert "温州的损失" in text
    assert "Noto Sans SC" in text
    assert not re.search(r"@import|@font-face|url\(\W?http|href=\"http", text)


def test_svg_shows_status_and_source(exported: dict[str, Path]) -> None:
    text = exported[".svg"].read_text(encoding="utf-8")
    assert "合成 synthetic" in text
    shown = "".join(re.findall(r">([^<]+)</t", text))
    assert "演示普查，五组各 2,000 年；see" in shown
    assert "<SOURCES>" in unescape(shown)


def test_png_has_twice_the_pixels_of_the_layout(exported: dict[str, Path]) -> None:
    content = exported[".png"].read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    final = stamped(plain_figure(), status="synthetic", source=SOURCE)
    assert (width, height) == (2 * final.layout.width, 2 * final.layout.height)


@pytest.mark.parametrize("suffix", [".html", ".svg", ".png"])
def test_export_is_repeatable(exported: dict[str, Path], tmp_path: Path, suffix: str) -> None:
    figure = plain_figure(title_text="温州的损失")
    again = export_figure(figure, tmp_path, "loss", status="synthetic", source=SOURCE)
    assert {p.suffix: p for p in again}[suffix].read_bytes() == exported[suffix].read_bytes()


@pytest.mark.parametrize("status", ORDER)
def test_each_status_is_stamped_in_both_languages(status: str) -> None:
    final = stamped(plain_figure(), status=status, source="s")
    assert status_words(status).endswith(status)
    assert any(status_words(status) in note.text for note in final.layout.annotations)


def test_stamp_adds_a_footer_and_leaves_the_figure_alone() -> None:
    figure = plain_figure(height=300, width=500, margin={"b": 50})
    before = figure.to_json()
    final = stamped(figure, status="real", source="s" * 400)
    assert figure.to_json() == before
    added = final.layout.height - 300
    assert added > 0
    assert final.layout.margin.b == 50 + added


def test_the_stamp_changes_the_picture() -> None:
    pictures = {render.render(stamped(plain_figure(), status=s, source="s"), "png") for s in ORDER}
    assert len(pictures) == len(ORDER)


@pytest.mark.parametrize(
    ("figure", "change", "told"),
    [
        (plain_figure(), {"source": "  "}, "source line is empty"),
        (plain_figure(), {"status": "guess"}, "unknown status"),
        (plain_figure(), {"name": "a/b"}, "plain file name"),
        (go.Figure(go.Scatter(x=[1], y=[1])), {}, "no title"),
        (
            plain_figure().update_layout(yaxis_title_text=" "),
            {},
            "yaxis: an axis has no",
        ),
        (
            plain_figure().add_scatter(x=[1], y=[1], yaxis="y2"),
            {},
            "yaxis2: an axis has no title",
        ),
        (go.Figure(go.Scattergeo(lon=[1], lat=[1])), {}, "needs the network"),
    ],
)
def test_refusals(tmp_path: Path, figure: go.Figure, change: dict[str, str], told: str) -> None:
    arguments = {"name": "loss", "status": "real", "source": "s"} | change
    with pytest.raises(FigureError, match=told):
        export_figure(figure, tmp_path, **arguments)
    assert not list(tmp_path.iterdir())


def test_hidden_axes_need_no_title(tmp_path: Path) -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[1]))
    figure.update_layout(xaxis_visible=False, yaxis_showticklabels=False)
    assert len(export_figure(figure, tmp_path, "bare", status="real", source="s")) == 3


def test_a_figure_of_ours_is_exported(tmp_path: Path, curve: xr.Dataset) -> None:
    figure = exceedance_figure(curve, language="zh")
    paths = export_figure(
        figure, tmp_path, "curve", status=curve.attrs["status"], source=curve.attrs["source"]
    )
    assert "重现期" in paths[1].read_text(encoding="utf-8")


def test_the_renderer_draws_chinese() -> None:
    fonts.require_chinese(lambda figure: render.render_unchecked(figure, "png"))


def test_without_the_font_the_probe_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = tmp_path / "fonts.conf"
    empty = tmp_path / "empty"
    empty.mkdir()
    bare.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>/usr/share/fonts/truetype/dejavu</dir><dir>{empty}</dir>"
        f"<cachedir>{tmp_path}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    if render.kaleido_engine().__name__ != "_render_bundled":
        pytest.skip("a browser of the system keeps its own fonts")
    monkeypatch.setenv(fonts.FONTCONFIG_VARIABLE, str(bare))
    render._scope.cache_clear()
    try:
        with pytest.raises(FigureError, match="boxes or nothing"):
            fonts.require_chinese(lambda figure: render.render_unchecked(figure, "png"))
    finally:
        render._scope.cache_clear()


def test_the_probe_tells_a_box_from_a_glyph() -> None:
    with pytest.raises(FigureError, match="U\\+6E29 and U\\+5DDE"):
        fonts.require_chinese(lambda figure: b"always the same box")

    def boxes(figure: go.Figure) -> bytes:
        text = figure.layout.annotations[0].text
        return b"box" if text in ("州", fonts.MISSING_CHARACTER) else text.encode()

    with pytest.raises(FigureError, match="U\\+5DDE and U\\+E83A"):
        fonts.require_chinese(boxes)


def test_a_fontconfig_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    own = tmp_path / "fonts.conf"
    own.write_text("<fontconfig/>", encoding="utf-8")
    monkeypatch.setenv(fonts.FONTCONFIG_VARIABLE, str(own))
    with fonts.font_environment():
        assert os.environ[fonts.FONTCONFIG_VARIABLE] == str(own)
    monkeypatch.delenv(fonts.FONTCONFIG_VARIABLE)
    with fonts.font_environment():
        assert Path(os.environ[fonts.FONTCONFIG_VARIABLE]).is_file()
    assert fonts.FONTCONFIG_VARIABLE not in os.environ


@pytest.mark.parametrize(
    ("found", "told"), [(None, "no renderer"), ("0.2.0", "cannot render"), ("0.4.1", "cannot")]
)
def test_without_a_renderer_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, found: str | None, told: str
) -> None:
    def version(name: str) -> str:
        if found is None:
            raise render.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(render, "version", version)
    with pytest.raises(FigureError, match=told) as caught:
        render.kaleido_engine()
    assert "kaleido" in caught.value.remedy


def test_kaleido_1_goes_through_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def to_image(self: go.Figure, **options: object) -> bytes:
        asked.update(options)
        raise RuntimeError("Kaleido requires Google Chrome")

    monkeypatch.setattr(render, "version", lambda name: "1.5.0")
    monkeypatch.setattr(go.Figure, "to_image", to_image)
    with pytest.raises(FigureError, match="requires Google Chrome"):
        render.render_unchecked(plain_figure(), "svg")
    assert asked == {"format": "svg", "width": 640, "height": 420, "scale": 1.0}
