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
from riskmodel.census.slots import completeness, slot_overview
from riskmodel.census.storage import require_outside
from riskmodel.census.units import slots
from riskmodel.core.files import write_json, write_text
from riskmodel.core.messages import LANGUAGES, Language, message
from riskmodel.core.status import ORDER, Status
from riskmodel.run.folder import Run
from riskmodel.show.export import PAGE_CONFIG, stamped, status_words
from riskmodel.show.fonts import FONT_FAMILY
from riskmodel.show.frame import wrap_text

MOST_DRAWN = 500  # rows or columns of a map on the page
TITLE_WIDTH = 90  # half-width characters
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
        If there is no such place, a file would be written into the folder of the census, or
        nothing is there to draft.
    """
    if not place.exists():
        raise FoundError(Finding("census_missing", str(place)))
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
        "slot_tables": None
        if examined.tree is None
        else slot_overview(examined.tree).to_dict("records"),
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
    """Page in both languages that stands alone: findings, maps of the offending cells, slots.

    Status and source of the census stand on the page and on each map.
    """
    title = " / ".join(message("finding.page", code) for code in LANGUAGES)
    status, source = _origin(examined)
    parts = [f"<h1>{title}</h1>", _origin_line(status, source), _rows(examined.findings)]
    drawn = [one for one in examined.findings if one.cells is not None]
    for number, one in enumerate(drawn):
        figure = stamped(offender_map(one), status=status, source=source)
        parts.append(
            figure.to_html(
                full_html=False, include_plotlyjs=number == 0, config=dict(PAGE_CONFIG),
                div_id=f"map-{number + 1}",
            )
        )  # fmt: skip
    if examined.manifest is not None:
        parts.append(f"<h2>{slots_label()}</h2>")
        parts += [completeness(examined.manifest, code).to_html(index=False) for code in LANGUAGES]
    if examined.tree is not None and not (tables := slot_overview(examined.tree)).empty:
        parts.append(tables.to_html(index=False))
    body = "\n".join(parts)
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>\n"
    )


def _origin(examined: Examined) -> tuple[Status, str]:
    """Status and source that the manifest states; the worst, and so said, where it states none."""
    if examined.manifest is None:
        return ORDER[-1], " / ".join(message("finding.no_source", code) for code in LANGUAGES)
    return examined.manifest.status, f"{examined.manifest.name}: {examined.manifest.source}"


def _origin_line(status: Status, source: str) -> str:
    words = [message("finding.status", code, status=status_words(status)) for code in LANGUAGES]
    return f"<p>{' / '.join(words)}<br>{html.escape(source)}</p>"


def slots_label() -> str:
    """Say in both languages that the list of slots is our reading."""
    return " / ".join(message("finding.slots", code, count=len(slots())) for code in LANGUAGES)


def offender_map(finding: Finding) -> go.Figure:
    """Map of the cells that a finding is about; of a large map blocks that hold one of them."""
    if finding.cells is None:
        raise ValueError(f"{finding.code} has no cells")
    cells = finding.cells.astype(int)
    if (block := -(-max(cells.shape) // MOST_DRAWN)) > 1:
        cells = cells.coarsen(y=block, x=block, boundary="pad").max()
    heat = go.Heatmap(
        z=cells.values,
        x=cells["x"].values,
        y=cells["y"].values,
        zmin=0,
        zmax=1,
        showscale=False,
        colorscale=[[0, "#e8e8e8"], [1, "#b00020"]],
    )
    degrees = abs(float(cells["x"].max())) <= 360.0
    axes = ("longitude", "latitude") if degrees else ("easting", "northing")
    titles = [" / ".join(message(f"axis.{name}", code) for code in LANGUAGES) for name in axes]
    what = " / ".join(finding.what(code) for code in LANGUAGES)
    where = html.escape(finding.where, quote=False)
    layout = go.Layout(
        title="<br>".join(wrap_text(text, TITLE_WIDTH) for text in (where, what)),
        xaxis={"title": titles[0], "constrain": "domain", "automargin": False},
        yaxis={"title": titles[1], "scaleanchor": "x"},
        font={"family": FONT_FAMILY, "size": 11},
        margin={"t": 110, "b": 60},
        height=620,
        width=760,
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
