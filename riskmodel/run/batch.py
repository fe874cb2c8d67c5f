"""The batch: all notebooks of a run, into a folder that appears only when it is whole."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from riskmodel.core.errors import ParamError, RiskModelError, StageError
from riskmodel.run.executed import NotebookError, execute, read_cells
from riskmodel.run.folder import ROOT, RunFolder
from riskmodel.run.manifest import (
    changed_inputs,
    hash_inputs,
    inputs_hash,
    is_current,
    relative_name,
    write_manifest,
)
from riskmodel.run.params import Params, load_params
from riskmodel.run.records import collect_records, read_results
from riskmodel.run.summary import NotebookProgress, notebook_progress, show_key_figures, terminal

if sys.platform != "win32":
    import fcntl

SWEEP_MARK = "sweep.json"


@dataclass(frozen=True, slots=True)
class Batch:
    """One run to be made: checked params, notebooks in order, and where things lie.

    Parameters
    ----------
    params : Params
        What to run.
    params_file : str
        Where they came from, relative to `root` where possible; shown in executed notebooks.
    notebooks : tuple of Path
        Notebooks in the order of execution.
    output_root : Path
        The run goes to ``<output_root>/<params.run>``.
    root : Path
        Root of the checkout whose files are hashed as inputs.
    """

    params: Params
    params_file: str
    notebooks: tuple[Path, ...]
    output_root: Path
    root: Path

    def place(self, prefix: str = "", suffix: str = "") -> Path:
        """Folder of the run, or a folder beside it with another name."""
        return self.output_root / f"{prefix}{self.params.run}{suffix}"


def chain(root: Path = ROOT) -> tuple[Path, ...]:
    """Notebooks of the whole chain, in order.

    Raises
    ------
    StageError
        If there is none.
    """
    found = tuple(sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")))
    if not found:
        raise StageError(
            "no notebooks", where="notebooks/", remedy="use riskmodel from its checkout"
        )
    return found


def run_notebooks(
    params_path: Path | str,
    output_root: Path | None = None,
    *,
    notebooks: Sequence[Path] | None = None,
    root: Path = ROOT,
    console: Console | None = None,
) -> Path:
    """Run the notebooks with a params file, and return the finished folder.

    Parameters
    ----------
    params_path : Path or str
        A params file.
    output_root : Path, optional
        Where run folders lie; ``outputs`` of the checkout when left out.
    notebooks : sequence of Path, optional
        Other notebooks than the whole chain.
    root : Path, optional
        Root of the checkout whose files are hashed as inputs.
    console : Console, optional
        Where progress and key figures go.

    Raises
    ------
    ParamError
        If params are not usable; no kernel has started then.
    NotebookError
        If a notebook stops. What it made is under ``<run>.failed``; an earlier good run is as it
        was.
    """
    path, root = Path(params_path), root.resolve()
    params = load_params(path)
    shown = path.resolve().relative_to(root) if path.resolve().is_relative_to(root) else path
    batch = Batch(
        params,
        shown.as_posix(),
        tuple(notebooks) if notebooks else chain(root),
        output_root or root / "outputs",
        root,
    )
    return run_batch(batch, console or terminal())


def run_batch(batch: Batch, console: Console, *, show: bool = True) -> Path:
    """Run one batch unless its result is already there, and show its key figures if wanted."""
    inputs = hash_inputs(batch.params, batch.root, batch.notebooks)
    target = batch.place()
    if (target / SWEEP_MARK).exists():
        raise ParamError("a sweep has this name", where="run", found=batch.params.run)
    with _alone(batch):
        if is_current(RunFolder(target), inputs_hash(batch.params, inputs)):
            console.print(
                f"{_shown(batch, target)} is up to date: same inputs, outputs intact. "
                "Nothing to do (remove the folder to run again).",
                highlight=False,
                soft_wrap=True,
            )
            return target
        _make(batch, inputs, console)
    if show:
        records = read_results(RunFolder(target).results)
        show_key_figures(console, records, _shown(batch, target), batch.params.language)
    return target


def _make(batch: Batch, inputs: dict[str, str], console: Console) -> None:
    """Make the run beside its final name and move it there; on failure keep what there is."""
    partial = RunFolder(batch.place(".", ".partial"))
    shutil.rmtree(partial.root, ignore_errors=True)
    try:
        seconds = _execute_all(batch, partial.make(), console)
        collect_records(partial)
        changed = changed_inputs(inputs, hash_inputs(batch.params, batch.root, batch.notebooks))
        names = [relative_name(path, batch.root) for path in batch.notebooks]
        write_manifest(
            partial, batch.params, inputs, notebooks=names, seconds=seconds, changed=changed
        )
    except BaseException as error:
        kept = _keep_failed(batch, partial)
        if isinstance(error, NotebookError):
            raise NotebookError(
                error.what, where=error.where, remedy=f"look at {_shown(batch, kept)}/notebooks"
            ) from None
        raise
    if changed:
        console.print(f"Inputs changed while the run was under way: {', '.join(changed)}")
    _swap(batch, partial)


def _execute_all(batch: Batch, partial: RunFolder, console: Console) -> dict[str, float]:
    cells = [cell for path in batch.notebooks for cell in read_cells(path)]
    count = sum(kind == "code" and bool(source) for kind, source in cells)
    parameters = batch.params.model_dump(mode="json")
    parameters |= {"params_file": batch.params_file, "output_folder": _for_kernel(partial.root)}
    seconds = {}
    # papermill adds one cell with the parameters to each notebook
    with notebook_progress(console, count + len(batch.notebooks)) as progress:
        for path in batch.notebooks:
            seconds[path.stem] = round(_one(batch, partial, path, parameters, progress), 1)
    return seconds


def _one(
    batch: Batch,
    partial: RunFolder,
    path: Path,
    parameters: dict[str, object],
    progress: NotebookProgress,
) -> float:
    progress.start(path.stem)
    seconds = execute(
        path,
        partial.notebooks / path.name,
        parameters,
        cwd=batch.root,
        replacements=_replacements(batch, partial),
        on_cell=progress.cell,
    )
    progress.finish(seconds)
    return seconds


def _for_kernel(folder: Path) -> str:
    """Path as `open_run` reads it: relative to the checkout when inside it."""
    folder = folder.resolve()
    return (folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder).as_posix()


def _replacements(batch: Batch, partial: RunFolder) -> list[tuple[str, str]]:
    """Machine paths, longest first, and what an executed notebook shows for them."""
    target = batch.place().resolve()
    inside = target.is_relative_to(batch.root)
    shown = _shown(batch, target) if inside else f"outputs/{target.name}"
    params_file = Path(batch.params_file)
    elsewhere = [(batch.params_file, params_file.name)] if params_file.is_absolute() else []
    return [
        *elsewhere,
        (str(partial.root.resolve()), shown),
        (_for_kernel(partial.root), shown),
        (str(batch.output_root.resolve()), "outputs"),
        (str(batch.root), "."),
        (str(ROOT), "."),
        (sys.prefix, ".venv"),
        (str(Path.home()), "~"),
    ]


def _shown(batch: Batch, folder: Path) -> str:
    """Folder for messages: relative to the checkout when inside it."""
    folder = folder.resolve()
    inside = folder.is_relative_to(batch.root)
    return folder.relative_to(batch.root).as_posix() if inside else str(folder)


def _keep_failed(batch: Batch, partial: RunFolder) -> Path:
    kept = batch.place("", ".failed")
    shutil.rmtree(kept, ignore_errors=True)
    with suppress(FileNotFoundError):
        partial.root.replace(kept)
    return kept


def _swap(batch: Batch, partial: RunFolder) -> None:
    """Move the finished run to its name; the older one goes only afterwards."""
    target, older = batch.place(), batch.place(".", ".older")
    shutil.rmtree(older, ignore_errors=True)
    if target.exists():
        target.replace(older)
    partial.root.replace(target)
    shutil.rmtree(older, ignore_errors=True)
    shutil.rmtree(batch.place("", ".failed"), ignore_errors=True)


@contextmanager
def _alone(batch: Batch) -> Iterator[None]:
    """Keep a second start of the same run out; the system frees the lock when we end or die."""
    batch.output_root.mkdir(parents=True, exist_ok=True)
    lock = batch.place(".", ".lock")
    with lock.open("w") as stream:
        if sys.platform != "win32":
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RiskModelError(
                    "this run is under way already",
                    where=_shown(batch, batch.place()),
                    remedy="wait for it, or give `run:` another name",
                ) from None
        target, older = batch.place(), batch.place(".", ".older")
        if older.exists() and not target.exists():
            older.replace(target)  # we were stopped in the middle of a swap
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps an open file
                lock.unlink()
