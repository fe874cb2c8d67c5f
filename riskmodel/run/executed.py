"""One notebook through papermill: in a kernel of its own, its copy free of machine paths."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from riskmodel.core.errors import RiskModelError
from riskmodel.core.files import write_json

OnCell = Callable[[str], None]
Replacements = Sequence[tuple[str, str]]
LONGEST_SOCKET = 90  # characters of a Unix socket's path, with room for its number


class NotebookError(RiskModelError):
    """A notebook stopped; the message names notebook, cell and what the cell said."""


def execute(
    source: Path,
    target: Path,
    parameters: dict[str, Any],
    *,
    cwd: Path,
    replacements: Replacements,
    on_cell: OnCell,
) -> float:
    """Execute one notebook and return the seconds it took.

    Parameters
    ----------
    source, target : Path
        The notebook, and where its executed copy goes.
    parameters : dict
        Names and values to inject after the parameters cell.
    cwd : Path
        Working folder of the kernel.
    replacements : sequence of (str, str)
        Machine paths and what stands for them in the executed copy.
    on_cell : callable
        Told the name of each code cell before it runs.

    Raises
    ------
    NotebookError
        If a cell fails or the kernel dies. The copy is then kept up to the error.
    """
    started = time.perf_counter()
    watch = _Watch(on_cell)
    try:
        _through_papermill(source, target, parameters, cwd, watch)
    finally:
        if target.is_file():
            scrub(target, replacements)
    return time.perf_counter() - started


class _Watch:
    """Follows a notebook cell by cell; a code cell is named by the heading above it."""

    def __init__(self, on_cell: OnCell) -> None:
        self.on_cell, self.heading, self.source = on_cell, "", ""

    def __call__(self, cell: Any, cell_index: int) -> None:
        text = str(cell.source).strip()
        if cell.cell_type == "markdown" and text.startswith("#"):
            self.heading = first_line(text).lstrip("# ")
        elif cell.cell_type == "code" and text:
            self.source = text
            self.on_cell(self.heading or first_line(text))


def _through_papermill(
    source: Path, target: Path, parameters: dict[str, Any], cwd: Path, watch: _Watch
) -> None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    logging.getLogger("papermill").setLevel(logging.ERROR)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rm-") as sockets:
        try:
            papermill.execute_notebook(
                source,
                target,
                parameters,
                kernel_name="python3",
                cwd=cwd,
                progress_bar=False,
                config=_kernel_settings(Path(sockets) / "k.json"),
                on_cell_start=watch,
            )
        except papermill.exceptions.PapermillExecutionError as error:
            said = f"{error.ename}: {error.evalue}".strip(": ")
            raise _stopped(source, error.source, said) from None
        except (DeadKernelError, CellTimeoutError) as error:
            said = f"{type(error).__name__}: {first_line(str(error))} (out of memory?)"
            raise _stopped(source, watch.source, said) from None


def _kernel_settings(connection: Path) -> Any:
    """Make settings for a kernel that is reached by files, not ports, where the system allows.

    They go in as settings, not as a manager of ours: such a kernel would never be shut down.
    """
    from traitlets.config import Config

    fits = os.name != "nt" and len(str(connection)) < LONGEST_SOCKET
    return Config(
        AsyncKernelManager={
            "transport": "ipc" if fits else "tcp",
            "connection_file": str(connection),
        }
    )


def _stopped(notebook: Path, cell_source: str, said: str) -> NotebookError:
    """Error that names the cell by its place in the notebook, from 1, and its first line."""
    cells = read_cells(notebook)
    places = [n for n, (_, text) in enumerate(cells, 1) if text == cell_source.strip()]
    place = f"cell {places[0]}" if places else "the injected parameters"
    line = first_line(cell_source)
    return NotebookError(f"{place} ({line}) stopped\n{_without_colour(said)}", where=notebook.name)


def read_cells(notebook: Path) -> list[tuple[str, str]]:
    """Read type and source of each cell of a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"]).strip()) for cell in cells]


def scrub(notebook: Path, replacements: Replacements) -> None:
    """Replace machine paths in sources, outputs and metadata of an executed notebook."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    paths = "|".join(re.escape(path) for path, _ in replacements)
    pattern = re.compile(rf"(?<![\w+])({paths})(?![\w-])")
    table = dict(replacements)
    write_json(notebook, _replaced(content, lambda text: pattern.sub(lambda m: table[m[1]], text)))


def _replaced(node: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return replace(node)
    if isinstance(node, dict):
        return {key: _replaced(value, replace) for key, value in node.items()}
    if isinstance(node, list):
        return [_replaced(value, replace) for value in node]
    return node


def first_line(text: str) -> str:
    """First line that says something, at most 80 characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else ""
    return line if len(line) <= 80 else line[:77] + "..."


def _without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
