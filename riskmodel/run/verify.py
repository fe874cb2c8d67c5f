"""Verify a run folder: its files against its manifest, then a second run against its records."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from riskmodel.core.errors import RiskModelError, VerificationError
from riskmodel.run.batch import Batch, chain, run_batch
from riskmodel.run.executed import NotebookError
from riskmodel.run.folder import RESULTS, ROOT, RunFolder
from riskmodel.run.manifest import (
    altered_outputs,
    changed_inputs,
    hash_inputs,
    inputs_hash,
    read_manifest,
)
from riskmodel.run.params import Params, validate_params
from riskmodel.run.records import Record, merge_records, read_results
from riskmodel.run.summary import terminal

RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12  # rounding of figures that should be zero


def verify_run(
    folder: Path | str,
    *,
    notebooks: Sequence[Path] | None = None,
    root: Path = ROOT,
    console: Console | None = None,
) -> None:
    """Compare a run folder with its manifest, and its records with those of a second run.

    Parameters
    ----------
    folder : Path or str
        A finished run.
    notebooks : sequence of Path, optional
        Other notebooks than the whole chain.
    root : Path, optional
        Root of the checkout.
    console : Console, optional
        Where progress goes.

    Raises
    ------
    VerificationError
        Listing every file that was altered, or every record that differs.
    """
    console = console or terminal()
    found = RunFolder(Path(folder).resolve())
    root = root.resolve()
    manifest = read_manifest(found)
    params = validate_params(manifest["params"], f"{found.root.name}/manifest.json, params")
    _refuse_altered(found, manifest, params)
    console.print(
        f"{len(manifest['outputs'])} files are as the manifest says; running again",
        highlight=False,
        soft_wrap=True,
    )
    books = tuple(notebooks) if notebooks else chain(root)
    _say_changed_inputs(manifest, hash_inputs(params, root, books), console)
    before = read_results(found.results)
    after = _run_again(found, params, books, root, console)
    _refuse_differences(list(compare_records(before, after)), found.root.name)
    console.print(
        f"verified: {len(before)} records agree within a relative {RELATIVE_TOLERANCE:g}",
        highlight=False,
        soft_wrap=True,
    )


def _refuse_differences(differences: list[str], where: str) -> None:
    if differences:
        raise VerificationError(
            f"{len(differences)} differences from a second run\n" + _lines(differences),
            where=where,
            expected=f"each record within a relative {RELATIVE_TOLERANCE:g}",
            remedy="run it again with unchanged inputs, or report the differences",
        )


def compare_records(before: Mapping[str, Record], after: Mapping[str, Record]) -> Iterator[str]:
    """List the differences between two sets of records, by name."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"{name}: only in the run folder"
        elif name not in before:
            yield f"{name}: only in the second run"
        else:
            yield from _compare(before[name], after[name])


def _compare(before: Record, after: Record) -> Iterator[str]:
    left, right = _flat(before), _flat(after)
    for key in sorted(left.keys() | right.keys()):
        one, other = left.get(key), right.get(key)
        if isinstance(one, float) and isinstance(other, float):
            if math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE):
                continue
        if one != other:
            yield f"{before.name}, {key}: {one!r} in the run folder, {other!r} in the second run"


def _flat(record: Record) -> dict[str, Any]:
    flat: dict[str, Any] = {
        "value": record.value,
        "unit": record.unit,
        "status": record.status,
        "share_extrapolated": record.share_extrapolated,
    }
    for interval in record.intervals:
        for end in ("level", "lower", "upper"):
            flat[f"{interval.kind} {end}"] = getattr(interval, end)
    return flat


def _refuse_altered(folder: RunFolder, manifest: dict[str, Any], params: Params) -> None:
    offenders = altered_outputs(folder, manifest)
    if any(line.startswith(f"{RESULTS}: altered") for line in offenders):
        offenders += [f"  {line}" for line in _altered_records(folder)]
    if inputs_hash(params, manifest["inputs"]) != manifest["inputs_hash"]:
        offenders.append("manifest.json: its params or inputs do not match its inputs_hash")
    if offenders:
        raise VerificationError(
            "files are not as the run left them\n" + _lines(offenders),
            where=folder.root.name,
            expected="the hashes in manifest.json",
            remedy="run it again",
        )


def _altered_records(folder: RunFolder) -> Iterator[str]:
    """Name the figures that were altered, from the records that the notebooks wrote."""
    try:
        original = {record.name: record for record in merge_records(folder)}
        altered = read_results(folder.results)
    except RiskModelError as error:
        yield str(error)
        return
    for name in sorted(original.keys() | altered.keys()):
        one, other = original.get(name), altered.get(name)
        if one is None or other is None:
            yield f"{name}: {'added' if one is None else 'removed'}"
        elif one != other:
            left, right = one.model_dump(mode="json"), other.model_dump(mode="json")
            for key in left:
                if left[key] != right[key]:
                    yield f"{name}, {key}: {right[key]!r}, was {left[key]!r}"


def _say_changed_inputs(manifest: dict[str, Any], now: dict[str, str], console: Console) -> None:
    changed = changed_inputs(manifest["inputs"], now)
    changed += manifest.get("inputs_changed_during_run", [])
    if changed:
        shown = ", ".join(changed[:10]) + (" …" if len(changed) > 10 else "")
        console.print(
            f"{len(changed)} inputs are not those of the run: {shown}",
            highlight=False,
            soft_wrap=True,
        )


def _run_again(
    folder: RunFolder, params: Params, notebooks: tuple[Path, ...], root: Path, console: Console
) -> dict[str, Record]:
    """Run in a clean folder on the same disk, which is removed afterwards."""
    clean = Path(tempfile.mkdtemp(prefix=f".{folder.root.name}.verify-", dir=folder.root.parent))
    try:
        batch = Batch(params, f"{params.run}/manifest.json", notebooks, clean, root)
        return read_results(RunFolder(run_batch(batch, console, show=False)).results)
    except NotebookError as error:
        raise VerificationError(
            f"the second run stopped, {error.what}",
            where=error.where,
            remedy="run it again with `riskmodel run`, which keeps the executed notebook",
        ) from None
    finally:
        shutil.rmtree(clean, ignore_errors=True)


def _lines(offenders: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in offenders) + "\n"
