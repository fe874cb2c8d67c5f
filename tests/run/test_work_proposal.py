"""The proposal page holds figures, charts, tables and assumptions, and escapes their text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import plotly.graph_objects as go
import pytest

from riskmodel.core.errors import ParamError
from riskmodel.run.assumptions import load_assumptions
from riskmodel.run.folder import Run
from riskmodel.run.records import Record, make_record, save_records
from riskmodel.run.summary import KEY_FIGURES
from riskmodel.run.work.charts import keep, show
from riskmodel.run.work.proposal import all_records, assumption_table, key_table, write_proposal
from tests.run.work_case import make_run

HOSTILE = "<script>alert('x')</script> & \"quoted\""
NAME = '01_a&b"><script> 100%'


class Page(HTMLParser):
    """Tags, image addresses, and all text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path, "06_proposal")


def record(name: str, value: float = 1.5e9, unit: str = "CNY") -> Record:
    interval = {"kind": "simulation", "level": 0.9, "lower": 0.5 * value, "upper": 2.0 * value}
    return make_record(
        name=name, value=value, unit=unit, status="placeholder", source="test", intervals=[interval]
    )


def test_page_escapes_what_is_not_its_own(run: Run) -> None:
    figures = pd.DataFrame({"figure": [HOSTILE], "value": ["1"]})
    assumptions = assumption_table().head(1).assign(statement=HOSTILE)
    keep(run, pd.DataFrame({"note": [HOSTILE], HOSTILE: ["2"]}), "03_notes")
    (run.folder.figures / f"{NAME}.png").write_bytes(b"\x89PNG")
    page = Page(write_proposal(run, figures, assumptions))
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 4  # twice as a cell of a table, once a head, once a cell
    assert [image["alt"] for image in page.images] == [NAME]
    assert [unquote(str(image["src"])) for image in page.images] == [f"../figures/{NAME}.png"]


def test_page_shows_the_charts_and_tables_of_the_run(run: Run) -> None:
    for name in ("02_map.png", "01_exposure.png"):
        (run.folder.figures / name).write_bytes(b"\x89PNG")
    keep(run, pd.DataFrame({"县": ["鹿城"], "loss": [1.25]}), "03_losses")
    keep(run, pd.DataFrame({"x": ["not shown"]}), "key_figures")
    path = write_proposal(run, pd.DataFrame({"a": ["b"]}), assumption_table())
    page = Page(path)
    sources = [str(image["src"]) for image in page.images]
    assert sources == ["../figures/01_exposure.png", "../figures/02_map.png"]
    assert all((path.parent / source).is_file() for source in sources)
    assert "鹿城" in page.text
    assert "1.25" in page.text
    assert "not shown" not in page.text


def test_page_prints_every_assumption_and_that_nothing_is_official(run: Run) -> None:
    text = Page(write_proposal(run, pd.DataFrame({"a": ["b"]}), assumption_table())).text
    for item in load_assumptions():
        assert item.id in text
        assert item.statement[:50] in text  # the rest may be cut
        assert item.status in text
    assert "不是官方结果" in text


def test_key_table_shows_what_is_there_in_the_order_of_the_list(run: Run) -> None:
    names = ["gdp.loss_ratio", "loss.aal", "loss.oep.100"]
    records = [
        record(n, 0.01 if n.startswith("gdp") else 1.5e9, "1" if n.startswith("gdp") else "CNY")
        for n in names
    ]
    frame = key_table(run, [*records, record("loss.oep.200")])
    assert len(frame) == 3
    order = [n for n in KEY_FIGURES if n in names]
    assert order == ["loss.aal", "loss.oep.100", "gdp.loss_ratio"]
    assert frame["数值"].tolist() == ["15", "15", "1"]  # 亿元, and per cent
    assert frame["单位"].tolist() == ["亿元", "亿元", "%"]
    written = pd.read_csv(run.folder.tables / "key_figures.csv", dtype=str)
    assert written.shape == frame.shape


def test_all_records_are_those_of_every_notebook(run: Run, tmp_path: Path) -> None:
    save_records(make_run(tmp_path, "03_exceedance"), [record("loss.aal")])
    save_records(make_run(tmp_path, "05_ratio"), [record("gdp.loss_ratio", 0.01, "1")])
    assert [r.name for r in all_records(run)] == ["loss.aal", "gdp.loss_ratio"]


def test_a_chart_cannot_be_shown_without_a_status(run: Run) -> None:
    with pytest.raises(ParamError, match="no assumption names the figure"):
        show(run, go.Figure(), "01_a", rests_on="nothing.known", source="test")
    assert not list(run.folder.figures.iterdir())


def test_kept_tables_open_with_chinese_intact(run: Run) -> None:
    frame = pd.DataFrame({"层级": ["第一层"], "value": [1.5]})
    assert keep(run, frame, "04_tiers") is frame
    raw = (run.folder.tables / "04_tiers.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")  # the mark by which spreadsheets know UTF-8
    assert pd.read_csv(run.folder.tables / "04_tiers.csv").equals(frame)
