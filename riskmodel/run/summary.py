"""What the person at the terminal sees: progress while notebooks run, key figures at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from riskmodel.run.records import Interval, Record

KEY_FIGURES = {
    "loss.aal": ("年均损失", "average annual loss"),
    "loss.oep.100": ("百年一遇单次事件损失", "1-in-100 loss of one event"),
    "loss.aep.100": ("百年一遇全年损失", "1-in-100 loss of a year"),
    "loss.tvar.100": ("百年以上全年平均损失", "mean of years beyond 1-in-100"),
    "tier.1.pure_premium": ("第一层纯保费", "tier 1 pure premium"),
    "tier.1.gross_premium": ("第一层毛保费", "tier 1 gross premium"),
    "gdp.loss_ratio": ("损失占 GDP 比重", "loss / GDP"),
    "gdp.breach_probability.1y": ("一年超标概率", "chance to breach the target in a year"),
    "gdp.breach_probability.5y": ("五年平均超标概率", "the same for a 5-year mean"),
    "hazard.fidelity.bracketed_share": ("还原图层比例", "share of maps reproduced"),
    "hazard.fidelity.max_year_count_error": ("最大年数误差", "largest error of year counts"),
}
HEADINGS = {
    "zh": ("指标", "含义", "数值", "模拟区间", "模型区间", "数据区间", "外推占比", "状态"),
    "en": ("figure", "meaning", "value", "simulation", "model", "data", "extrapolated", "status"),
}


class NotebookProgress:
    """Progress over all code cells of a batch, each named by its notebook and heading."""

    def __init__(self, progress: Progress, console: Console, cells: int) -> None:
        self._progress, self._console = progress, console
        self._task = progress.add_task("", total=cells)
        self._notebook, self._started = "", 0

    def start(self, notebook: str) -> None:
        """Say which notebook runs now."""
        self._notebook = notebook
        self._progress.update(self._task, description=notebook)

    def cell(self, name: str) -> None:
        """Say which cell runs now; the one before it is done."""
        self._progress.update(
            self._task, completed=self._started, description=f"{self._notebook} · {name[:40]}"
        )
        self._started += 1

    def finish(self, seconds: float) -> None:
        """Say that the notebook is done."""
        self._progress.update(self._task, completed=self._started)
        self._console.print(f"{self._notebook} · {seconds:.1f} s", highlight=False)


@contextmanager
def notebook_progress(console: Console, cells: int) -> Iterator[NotebookProgress]:
    """Show a bar on a terminal, and one line a notebook anywhere."""
    columns = (
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield NotebookProgress(progress, console, cells)


def show_key_figures(
    console: Console, records: Mapping[str, Record], folder: Path, language: str
) -> None:
    """Print the key figures with intervals by kind and status, and where to look."""
    table = Table(title=folder.name, show_lines=False)
    for heading in HEADINGS[language]:
        table.add_column(heading, overflow="fold")
    for name, meaning in KEY_FIGURES.items():
        record = records.get(name)
        if record is None:
            table.add_row(name, meaning[language == "en"], "-")
            continue
        intervals = {interval.kind: interval for interval in record.intervals}
        share = record.share_extrapolated
        table.add_row(
            name,
            meaning[language == "en"],
            _amount(record.value, record.unit, language),
            *(_span(intervals.get(kind), record.unit) for kind in ("simulation", "model", "data")),
            "" if share is None else f"{share:.0%}",
            record.status,
        )
    console.print(table)
    console.print(
        f"{folder}: results.json, figures/, tables/, proposal/, notebooks/",
        highlight=False,
        soft_wrap=True,
    )


def _amount(value: float, unit: str, language: str) -> str:
    if unit == "CNY":
        return f"{_scaled(value, unit)} {'亿元' if language == 'zh' else '100 M CNY'}"
    return _scaled(value, unit) if unit == "1" else f"{_scaled(value, unit)} {unit}"


def _scaled(value: float, unit: str) -> str:
    if unit == "CNY":
        return f"{value / 1e8:,.2f}"
    if value == int(value) and abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _span(interval: Interval | None, unit: str) -> str:
    if interval is None:
        return ""
    lower, upper = (_scaled(end, unit) for end in (interval.lower, interval.upper))
    return f"{lower} … {upper} ({interval.level:.0%})"
