"""Check a census and report what was found: text, table, JSON and an HTML page with maps."""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from riskmodel.census.draft import draft_manifest
from riskmodel.census.finding import Finding, FoundError, errors_of
from riskmodel.census.manifest import manifest_path
from riskmodel.census.read import Examined, examine
from riskmodel.census.slots import completeness
from riskmodel.census.storage import require_outside
from riskmodel.census.units import slots
from riskmodel.core.files import write_json, write_text
from riskmodel.core.messages import LANGUAGES, Language, message
from riskmodel.run.folder import Run

STYLE = """body { font-family: "Noto Sans SC", sans-serif; margin: 2em; max-width: 75em; }
table { border-collapse: collapse; } td, th { border: 1px solid #bbb; padding: 0.3em 0.6em; }
td { vertical-align: top; } .error { color: #b00; } .warning { color: #960; }"""


def check_census(
    place: Path,
    *,
    draft: Path | None = None,
    json: Path | None = None,
    page: Path | None = None,
) -> Examined:
    """Examine a census, and write what is asked for; its folder is never written to.

    Parameters
    ----------
    place : Path
        Folder or ``census.yml``.
    draft, json, page : Path, optional
        Where a draft of the manifest, the findings as JSON and as HTML go.

    Raises
    ------
    FoundError
        If a file would be written into the folder of the census, or nothing is there to draft.
    """
    folder = manifest_path(place).parent
    for target in (draft, json, page):
        if target is not None:
            require_outside(folder, target)
    if draft is not None:
        write_text(draft, draft_manifest(folder))
    examined = examine(place)
    if json is not None:
        write_json(json, report(examined))
    if page is not None:
        write_text(page, html_page(examined))
    return examined


def report(examined: Examined) -> dict[str, object]:
    """JSON-like content: whether it may be imported, findings, and the slots of the census."""
    manifest = examined.manifest
    filled = None if manifest is None else completeness(manifest, "en").to_dict("records")
    return {
        "importable": not errors_of(examined.findings),
        "findings": [one.record() for one in examined.findings],
        "slots": filled,
    }


def examined_of(run: Run) -> Examined:
    """Examine the census of a run, for its notebook."""
    return examine(run.path(run.params.census.folder))


def slots_table(examined: Examined, language: Language) -> pd.DataFrame:
    """One row a slot of the census: there or missing, and what is disabled without it.

    Raises
    ------
    FoundError
        If the manifest cannot be read.
    """
    if examined.manifest is None:
        raise FoundError(*examined.findings)
    return completeness(examined.manifest, language)


def findings_table(examined: Examined, language: Language) -> pd.DataFrame:
    """One row a finding, for a notebook."""
    rows = [
        {
            "severity": one.severity,
            "code": one.code,
            "where": one.where,
            "what": one.what(language),
            "found": "" if one.found is None else str(one.found),
            "remedy": one.remedy(language),
        }
        for one in examined.findings
    ]
    return pd.DataFrame(rows, columns=["severity", "code", "where", "what", "found", "remedy"])


def html_page(examined: Examined) -> str:
    """Page in both languages that stands alone: findings, maps of the offending cells, slots."""
    title = " / ".join(message("finding.page", code) for code in LANGUAGES)
    parts = [f"<h1>{title}</h1>", _rows(examined.findings)]
    drawn = [one for one in examined.findings if one.cells is not None]
    for number, one in enumerate(drawn):
        figure = offender_map(one).to_html(full_html=False, include_plotlyjs=number == 0)
        parts.append(figure)
    if examined.manifest is not None:
        label = slots_label()
        table = completeness(examined.manifest, "zh")
        parts.append(f"<h2>{label}</h2>" + table.to_html(index=False))
    body = "\n".join(parts)
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def slots_label() -> str:
    """Say in both languages that the list of slots is our reading."""
    return " / ".join(message("finding.slots", code, count=len(slots())) for code in LANGUAGES)


def offender_map(finding: Finding) -> go.Figure:
    """Map of the cells that a finding is about."""
    cells = finding.cells
    if cells is None:
        raise ValueError(f"{finding.code} has no cells")
    heat = go.Heatmap(
        z=cells.astype(int).values,
        x=cells["x"].values,
        y=cells["y"].values,
        zmin=0,
        zmax=1,
        showscale=False,
        colorscale=[[0, "#e8e8e8"], [1, "#b00020"]],
    )
    unit = "°" if abs(float(cells["x"].max())) <= 360.0 else " m"
    what = " / ".join(finding.what(code) for code in LANGUAGES)
    layout = go.Layout(
        title=f"{finding.where}<br>{what}",
        xaxis={"ticksuffix": unit, "constrain": "domain"},
        yaxis={"ticksuffix": unit, "scaleanchor": "x"},
        font={"family": "Noto Sans SC, sans-serif", "size": 11},
        height=520,
    )
    return go.Figure(heat, layout)


def _rows(findings: tuple[Finding, ...]) -> str:
    rows = []
    for one in findings:
        words = [f"{one.what(code)}<br>{one.remedy(code)}" for code in LANGUAGES]
        found = "" if one.found is None else html.escape(str(one.found))
        cells = [one.severity, one.code, html.escape(one.where), found, *words]
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr class="{one.severity}">{row}</tr>')
    return f"<table>{''.join(rows)}</table>"
