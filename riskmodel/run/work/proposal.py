"""Question 6: what goes into the proposal, and on what does it rest?"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from riskmodel.core.files import write_text
from riskmodel.core.messages import Language
from riskmodel.run.assumptions import load_assumptions
from riskmodel.run.folder import Run
from riskmodel.run.records import Record, merge_records
from riskmodel.run.summary import KEY_FIGURES
from riskmodel.show.tables import results_table, write_table

STYLE = (
    "body{font-family:'Noto Sans SC',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;font-size:.9rem}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}"
    "img{max-width:100%;margin:1rem 0}"
)
TITLE = {
    "zh": "温州市“1+N+X”巨灾保险：测算摘要",
    "en": "Wenzhou 1+N+X catastrophe insurance: summary of results",
}
HEADINGS = {
    "zh": (
        "主要结果",
        "图",
        "假设与状态",
        "示范普查为合成数据，方案为示意模板；数字不是官方结果。",
    ),
    "en": (
        "Key figures",
        "Charts",
        "Assumptions and their status",
        "The demo census is synthetic and the programme a template; no figure here is official.",
    ),
}


def all_records(run: Run) -> list[Record]:
    """Records of all notebooks of the run so far."""
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


def write_proposal(run: Run, figures: pd.DataFrame, assumptions: pd.DataFrame) -> Path:
    """One page for the proposal: key figures, charts of the run, assumptions."""
    language: Language = run.params.language
    key, charts, listed, note = HEADINGS[language]
    images = "".join(
        f'<p><img src="../figures/{path.name}" alt="{html.escape(path.stem)}"></p>'
        for path in sorted(run.folder.figures.glob("*.png"))
    )
    body = (
        f"<h1>{TITLE[language]}</h1><p>{note}</p><h2>{key}</h2>{figures.to_html(index=False, border=0)}"
        f"<h2>{charts}</h2>{images}<h2>{listed}</h2>{assumptions.to_html(index=False, border=0)}"
    )
    head = f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{TITLE[language]}</title><style>{STYLE}</style></head>'
    return write_text(run.folder.proposal / "index.html", f"{head}<body>{body}</body></html>\n")
