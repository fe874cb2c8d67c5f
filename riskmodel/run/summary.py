"""What the person at the terminal sees: progress while notebooks run, key figures at the end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

from rich import box
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
    "tier.1.gross_premium": ("第一层总保费", "tier 1 gross premium"),
    "gdp.loss_ratio": ("损失占 GDP 比重", "loss / GDP"),
    "gdp.breach_probability.1y": ("一年超标概率", "chance to breach the target in a year"),
    "gdp.breach_probability.5y": ("五年平均超标概率", "the same for a 5-year mean"),
    "hazard.fidelity.bracketed_share": ("还原图层比例", "share of maps reproduced"),
    "hazard.fidelity.max_year_count_error": ("最大年数误差", "largest error of year counts"),
}
HEADINGS = {
    "zh": {
        "name": "指标",
        "value": "数值",
        "simulation": "模拟区间",
        "model": "模型区间",
        "data": "数据区间",
        "share": "外推",
        "status": "状态",
        "meaning": "含义",
        "money": "金额：亿元",
        "levels": "区间水平",
    },
    "en": {
        "name": "figure",
        "value": "value",
        "simulation": "simulation",
        "model": "model",
        "data": "data",
        "share": "extrap.",
        "status": "status",
        "meaning": "meaning",
        "money": "money: 100 million CNY",
        "levels": "level of intervals",
    },
}
KINDS: tuple[Literal["simulation", "model", "data"], ...] = ("simulation", "model", "data")
WIDE, NARROW = 130, 100  # columns of a terminal with room for the meaning; for long names


def terminal() -> Console:
    """Console on standard output; wide where it is a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=150)


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
    console: Console, records: Mapping[str, Record], folder: str, language: str
) -> None:
    """Print the key figures with intervals by kind and status, and where to look."""
    found = [records[name] for name in KEY_FIGURES if name in records]
    kinds = [
        k for k in KINDS if k != "data" or any(i.kind == k for r in found for i in r.intervals)
    ]
    words = HEADINGS[language]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    narrow = console.width < NARROW
    table.add_column(words["name"], min_width=25 if narrow else 36, overflow="fold")
    table.add_column(words["value"], justify="right", no_wrap=True)
    for kind in kinds:
        table.add_column(words[kind], justify="right")
    table.add_column(words["share"], justify="right")
    table.add_column(words["status"], no_wrap=True)
    wide = console.width >= WIDE
    if wide:
        table.add_column(words["meaning"])
    for name, meaning in KEY_FIGURES.items():
        cells = _cells(records.get(name), kinds)
        table.add_row(name, *cells, *([meaning[language == "en"]] if wide else []))
    console.print(table)
    levels = {f"{interval.level:.0%}" for record in found for interval in record.intervals}
    note = f"{words['money']}; {words['levels']}: {', '.join(sorted(levels)) or '-'}"
    for line in (note, f"{folder}: results.json, figures/, tables/, proposal/, notebooks/"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _cells(record: Record | None, kinds: Sequence[str]) -> list[str]:
    if record is None:
        return ["-", *("" for _ in kinds), "", "not available"]
    intervals: dict[str, Interval] = {interval.kind: interval for interval in record.intervals}
    share = record.share_extrapolated
    unit = "" if record.unit in ("CNY", "1") else f" {record.unit}"
    return [
        _scaled(record.value, record.unit) + unit,
        *(_span(intervals.get(kind), record.unit) for kind in kinds),
        "" if share is None else f"{share:.0%}",
        record.status,
    ]


def _scaled(value: float, unit: str) -> str:
    """Three significant digits, money in 100 million yuan; whole numbers as they are."""
    if unit == "CNY":
        value /= 1e8
    elif value == int(value):
        return f"{value:,.0f}"
    decimals = 2 - math.floor(math.log10(abs(value))) if value else 0
    return (
        f"{value:,.{decimals}f}"
        if 0 <= decimals <= 7
        else f"{value:,.0f}"
        if decimals < 0
        else f"{value:.3g}"
    )


def _span(interval: Interval | None, unit: str) -> str:
    if interval is None:
        return ""
    return f"{_scaled(interval.lower, unit)} … {_scaled(interval.upper, unit)}"
