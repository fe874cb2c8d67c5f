"""What question 6 needs: what goes into the proposal, and on what does it rest."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from riskmodel.core.files import write_text
from riskmodel.core.messages import Language
from riskmodel.run.assumptions import load_assumptions
from riskmodel.run.folder import Run
from riskmodel.run.records import Record, merge_records
from riskmodel.run.summary import KEY_FIGURES
from riskmodel.run.work.scope import place_name
from riskmodel.show.tables import results_table, write_table

STYLE = (
    "body{font-family:'Noto Sans SC',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#222}table{border-collapse:collapse;font-size:.9rem}"
    "td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}"
    "img{max-width:100%;margin:1rem 0}"
)
TITLE = {
    "zh": "{place}“1+N+X”巨灾保险：测算摘要",
    "en": "{place}, 1+N+X catastrophe insurance: summary of results",
}
HEADINGS = {
    "zh": (
        "主要结果",
        "图",
        "各步的表",
        "假设与状态",
        "示范普查为合成数据，方案为示意模板；数字不是官方结果。",
    ),
    "en": (
        "Key figures",
        "Charts",
        "Tables of each step",
        "Assumptions and their status",
        "The demo census is synthetic and the programme a template; no figure here is official.",
    ),
}


def all_records(run: Run) -> list[Record]:
    """Return the records of all notebooks of the run so far."""
    return merge_records(run.folder)


def key_table(run: Run, records: Sequence[Record]) -> pd.DataFrame:
    """Key figures with intervals and status, written to ``tables/key_figures.csv``."""
    there = {record.name for record in records}
    frame = results_table(
        [record.model_dump() for record in records],
        [n for n in KEY_FIGURES if n in there],
        language=run.params.language,
    )
    write_table(frame, run.folder.tables / "key_figures.csv")
    return frame


def assumption_table() -> pd.DataFrame:
    """Every assumption with value, source and status."""
    return pd.DataFrame([a.model_dump(exclude={"figures"}) for a in load_assumptions()])


def _tables(folder: Path) -> str:
    """Tables of notebooks 01 to 05 as HTML, each under its file name."""
    parts = []
    for path in sorted(folder.glob("0[1-5]_*.csv")):
        frame = pd.read_csv(path, dtype=str)
        shown = frame.to_html(index=False, border=0, na_rep="")
        parts.append(f"<h3>{html.escape(path.stem)}</h3>{shown}")
    return "".join(parts)


def write_proposal(run: Run, figures: pd.DataFrame, assumptions: pd.DataFrame) -> Path:
    """One page for the proposal: key figures, charts and tables of the run, assumptions."""
    language: Language = run.params.language
    title = TITLE[language].format(place=place_name(run))
    key, charts, more, listed, note = HEADINGS[language]
    images = "".join(
        f'<p><img src="../figures/{quote(path.name)}" alt="{html.escape(path.stem)}"></p>'
        for path in sorted(run.folder.figures.glob("*.png"))
    )
    sections = {
        key: figures.to_html(index=False, border=0),
        charts: images,
        more: _tables(run.folder.tables),
        listed: assumptions.to_html(index=False, border=0),
    }
    body = "".join(f"<h2>{heading}</h2>{part}" for heading, part in sections.items())
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>{note}</p>{body}</body></html>\n"
    )
    return write_text(run.folder.proposal / "index.html", page)
