"""The folder of a run, and how a notebook opens it in its first code cell.

Nothing heavy is imported here: bad params stop a notebook before xarray or numba load.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskmodel.core.errors import ParamError, StageError
from riskmodel.run.params import Params, params_mapping, top_level_keys, validate_params
from riskmodel.run.refusal import unknown_key

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("params_file", "output_folder")
IPYTHON = ("In", "Out")
JSON_TYPES = (str, int, float, bool, list, dict, type(None))
MANIFEST, RESULTS = "manifest.json", "results.json"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the parts of one run lie.

    Parameters
    ----------
    root : Path
        ``outputs/<run>``, or wherever the batch is writing just now.
    """

    root: Path

    @property
    def stages(self) -> Path:
        """What one notebook hands to the next."""
        return self.root / "stages"

    @property
    def tables(self) -> Path:
        """Tables for export."""
        return self.root / "tables"

    @property
    def figures(self) -> Path:
        """Charts for export."""
        return self.root / "figures"

    @property
    def notebooks(self) -> Path:
        """Notebooks as they were executed."""
        return self.root / "notebooks"

    @property
    def proposal(self) -> Path:
        """The proposal pack."""
        return self.root / "proposal"

    @property
    def results(self) -> Path:
        """All records of the run."""
        return self.root / RESULTS

    @property
    def manifest(self) -> Path:
        """What went in, what came out."""
        return self.root / MANIFEST

    def make(self) -> RunFolder:
        """Make the folder and its parts where they are missing."""
        for part in (self.stages, self.tables, self.figures, self.notebooks, self.proposal):
            part.mkdir(parents=True, exist_ok=True)
        return self


@dataclass(frozen=True, slots=True)
class Run:
    """What a notebook works with: checked params, the folder to write to, and its own name."""

    params: Params
    folder: RunFolder
    notebook: str

    def path(self, relative: str) -> Path:
        """Return an input's place, from a path relative to the root of the checkout."""
        return ROOT / relative


def open_run(namespace: Mapping[str, Any], notebook: str) -> Run:
    """Open the run that a notebook belongs to, in its first code cell.

    The notebook's cell tagged ``parameters`` holds ``params_file``, ``output_folder = None`` and
    a line ``name = None`` for each top-level key of `Params`; papermill sets some of them. Keys
    that are not None replace those of the params file.

    Parameters
    ----------
    namespace : Mapping
        ``globals()`` of the notebook.
    notebook : str
        Name of the notebook without suffix, such as ``"03_exceedance"``.

    Raises
    ------
    ParamError
        If a name was set that is no key, or any key has an unusable value.
    StageError
        If the parameters cell did not run.

    Examples
    --------
    ``work = open_run(globals(), "03_exceedance")``
    """
    if "params_file" not in namespace:
        raise StageError(
            "the parameters cell did not run",
            where=notebook,
            remedy="run the notebook from the top",
        )
    _refuse_unknown(namespace, notebook)
    params_file = namespace["params_file"]
    if not isinstance(params_file, str):
        raise ParamError("params_file is no path", where=notebook, found=params_file)
    set_here = {
        key: namespace[key]
        for key in top_level_keys()
        if isinstance(namespace.get(key), JSON_TYPES) and namespace.get(key) is not None
    }
    complete = len(set_here) == len(top_level_keys())
    below = {} if complete else params_mapping(ROOT / params_file)
    where = f"{notebook}, {params_file}" + (f" under {', '.join(set_here)}" if set_here else "")
    params = validate_params({**below, **set_here}, where)
    given = namespace.get("output_folder")
    root = ROOT / given if given else ROOT / "outputs" / params.run
    return Run(params, RunFolder(root).make(), notebook)


def _refuse_unknown(namespace: Mapping[str, Any], notebook: str) -> None:
    known = [*top_level_keys(), *PLACES]
    unknown = [name for name in _set_names(namespace) if name not in known]
    if unknown:
        lines = [f"  {unknown_key(name, namespace[name], known)}" for name in unknown]
        raise ParamError(
            "parameters are refused\n" + "\n".join(lines) + "\n",
            where=notebook,
            remedy="correct them; in JupyterLab restart the kernel too",
        )


def _set_names(namespace: Mapping[str, Any]) -> Iterator[str]:
    """Names that were set as parameters.

    At the first call, all names that hold JSON: only parameters have been set so far. When a
    reader runs the first cells again in JupyterLab, names that parameters cells assign.
    """
    again = any(isinstance(value, Run) for value in namespace.values())
    assigned = set(_assigned_in_parameters(namespace.get("In", ()))) if again else None
    for name, value in namespace.items():
        if name.startswith("_") or name in IPYTHON or not isinstance(value, JSON_TYPES):
            continue
        if assigned is None or name in assigned:
            yield name


def _assigned_in_parameters(sources: list[str]) -> Iterator[str]:
    for source in sources:
        if not source.startswith("# Parameters") and "params_file" not in source:
            continue
        with suppress(SyntaxError):  # a cell with magics is no parameters cell
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id
