"""A sweep: the same chain for several scenarios, then one table that compares their records."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, JsonValue, model_validator
from rich.console import Console

from riskmodel.core.errors import RiskModelError, SchemaError
from riskmodel.core.files import whole_file, write_json
from riskmodel.run.batch import SWEEP_MARK, Batch, chain, run_batch
from riskmodel.run.folder import MANIFEST, ROOT, RunFolder
from riskmodel.run.manifest import hash_inputs
from riskmodel.run.params import (
    Params,
    apply_overrides,
    load_params,
    read_mapping,
    validate_section,
)
from riskmodel.run.records import Record, read_results
from riskmodel.run.sections import Label, RelativePath, Section, Slug
from riskmodel.run.summary import terminal


class ScenarioChoice(Section):
    """One scenario of a sweep: dotted keys of the base that take other values."""

    name: Slug
    label: Label
    set: Annotated[dict[str, JsonValue], Field(description="dotted key: other value")]


class Sweep(Section):
    """A sweep file."""

    name: Slug
    base: RelativePath
    scenarios: Annotated[tuple[ScenarioChoice, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> Sweep:
        names = [scenario.name for scenario in self.scenarios]
        if len(set(names)) != len(names):
            raise ValueError("scenarios with each name once")
        return self


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What became of a sweep.

    Parameters
    ----------
    folder : Path
        Where the scenarios and ``tables/comparison.csv`` lie.
    failed : dict
        Message by name of each scenario that failed.
    """

    folder: Path
    failed: dict[str, str]


def load_sweep(path: Path | str, root: Path = ROOT) -> tuple[Sweep, list[Params]]:
    """Read a sweep file and the params of each scenario, all checked.

    Raises
    ------
    ParamError
        If the sweep, its base or any scenario is not usable.
    """
    sweep = validate_section(Sweep, read_mapping(Path(path)), str(path))
    base = load_params(root / sweep.base)
    return sweep, [
        apply_overrides(
            base,
            {**scenario.set, "run": scenario.name},
            where=f"{path}, scenarios[{number}] {scenario.name}",
        )
        for number, scenario in enumerate(sweep.scenarios)
    ]


def run_sweep(
    path: Path | str,
    output_root: Path | None = None,
    *,
    notebooks: Sequence[Path] | None = None,
    root: Path = ROOT,
    console: Console | None = None,
) -> SweepResult:
    """Run all scenarios of a sweep; one that fails is listed and the rest goes on.

    Parameters
    ----------
    path : Path or str
        A sweep file.
    output_root : Path, optional
        The sweep goes to ``<output_root>/<name>``; ``outputs`` of the checkout when left out.
    notebooks : sequence of Path, optional
        Other notebooks than the whole chain.
    root : Path, optional
        Root of the checkout.
    console : Console, optional
        Where progress goes.

    Raises
    ------
    ParamError
        If anything in the sweep is not usable; nothing has been run then.
    """
    console, root = console or terminal(), root.resolve()
    sweep, all_params = load_sweep(path, root)
    books = tuple(notebooks) if notebooks else chain(root)
    folder = (output_root or root / "outputs") / sweep.name
    batches = [Batch(params, sweep.base, books, folder, root) for params in all_params]
    _refuse_early(folder, batches)
    write_json(folder / SWEEP_MARK, sweep.model_dump(mode="json"))
    done: dict[str, dict[str, Record]] = {}
    failed: dict[str, str] = {}
    for number, batch in enumerate(batches, start=1):
        name = batch.params.run
        console.rule(f"{number} of {len(batches)}: {name}")
        try:
            done[name] = read_results(RunFolder(run_batch(batch, console)).results)
        except (RiskModelError, OSError) as error:
            failed[name] = str(error)
            console.print(f"{name} failed: {error}", markup=False, soft_wrap=True)
    _write_comparison(folder / "tables", sweep, done, failed)
    _write_paired(folder, done, all_params[0])
    return SweepResult(folder, failed)


def _write_paired(folder: Path, done: Mapping[str, object], base: Params) -> None:
    """Write ``tables/paired.csv`` where the first scenario and others kept their occurrences."""
    stages = {name: RunFolder(folder / name).stages / "occurrence_table.nc" for name in done}
    tables = {name: path for name, path in stages.items() if path.is_file()}
    if base.run not in tables:
        return
    from riskmodel.run.work.comparison import paired_differences
    from riskmodel.show.tables import write_table

    write_table(paired_differences(tables, base), folder / "tables" / "paired.csv")


def _refuse_early(folder: Path, batches: Sequence[Batch]) -> None:
    """Refuse the folder of a run, and a census or programme that is not there."""
    if (folder / MANIFEST).exists():
        raise SchemaError(
            "a run has this name", where="name", found=folder.name, remedy="give another name"
        )
    for batch in batches:
        hash_inputs(batch.params, batch.root, batch.notebooks)


def compare_scenarios(
    names: Sequence[str], records: Mapping[str, Mapping[str, Record]]
) -> list[dict[str, Any]]:
    """One row for each record name, with values by scenario and differences from the first.

    A scenario that failed has no values; when the first failed, there are no differences.
    """
    figures: dict[str, Record] = {}
    for name in names:
        for figure, record in records.get(name, {}).items():
            figures.setdefault(figure, record)
    return [_row(figure, record.unit, names, records) for figure, record in figures.items()]


def _row(
    figure: str, unit: str, names: Sequence[str], records: Mapping[str, Mapping[str, Record]]
) -> dict[str, Any]:
    values = {
        name: found[figure].value if (found := records.get(name, {})) and figure in found else None
        for name in names
    }
    first = values[names[0]]
    difference = {
        name: value - first if value is not None and first is not None else None
        for name, value in values.items()
    }
    relative = {
        name: change / first if change is not None and first else None
        for name, change in difference.items()
    }
    return {
        "name": figure,
        "unit": unit,
        "value": values,
        "difference": difference,
        "relative_difference": relative,
    }


def _write_comparison(
    folder: Path, sweep: Sweep, done: Mapping[str, Mapping[str, Record]], failed: dict[str, str]
) -> None:
    names = [scenario.name for scenario in sweep.scenarios]
    rows = compare_scenarios(names, done)
    scenarios = [s.model_dump(mode="json") | {"failed": s.name in failed} for s in sweep.scenarios]
    write_json(
        folder / "comparison.json",
        {"sweep": sweep.name, "scenarios": scenarios, "failed": failed, "records": rows},
    )
    kinds = ("value", "difference", "relative_difference")
    header = [name if kind == "value" else f"{name}.{kind}" for kind in kinds for name in names]
    with whole_file(folder / "comparison.csv") as temporary:
        with temporary.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["name", "unit", *header])
            for row in rows:
                cells = [row[kind][name] for kind in kinds for name in names]
                writer.writerow([row["name"], row["unit"], *(_cell(cell) for cell in cells)])


def _cell(value: float | None) -> str:
    return "" if value is None else json.dumps(value)
