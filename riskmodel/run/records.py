"""Records: every figure that is quoted anywhere, with its unit, status and intervals."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from riskmodel.core.errors import SchemaError
from riskmodel.core.status import Status
from riskmodel.run.folder import Run, RunFolder

SUFFIX = ".records.json"


def _plain(value: Any) -> Any:
    """Unpack a numpy or xarray scalar."""
    return value.item() if hasattr(value, "item") else value


Number = Annotated[float, BeforeValidator(_plain)]


class Interval(BaseModel):
    """An interval that says what it covers.

    Parameters
    ----------
    kind : {"simulation", "model", "data"}
        Spread between blocks, declared sets of assumptions, or length of the record.
    level : float
        Probability that it covers, or 1 for the full range of a declared set.
    lower, upper : float
        Its ends, in the record's unit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    kind: Literal["simulation", "model", "data"]
    level: Annotated[Number, Field(gt=0.0, le=1.0)]
    lower: Number
    upper: Number

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.lower > self.upper:
            raise ValueError("lower is above upper")
        return self


class Record(BaseModel):
    """One figure.

    Parameters
    ----------
    name : str
        Dotted, such as ``loss.oep.100``.
    value : float
        Money in yuan, ratios and errors as fractions.
    unit : str
        ``CNY``, ``1``, ``years``, …
    status : str
        The worst status of its inputs.
    share_extrapolated : float, optional
        Part of the figure that rests on cells beyond their rarest map.
    source : str
        Function, table or publication that it comes from.
    intervals : tuple of Interval
        At most one of each kind.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+$")]
    value: Number
    unit: Annotated[str, Field(min_length=1)]
    status: Status
    share_extrapolated: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    source: Annotated[str, Field(min_length=1)]
    intervals: Annotated[
        tuple[Interval, ...], BeforeValidator(lambda v: tuple(v) if isinstance(v, list) else v)
    ] = ()

    @model_validator(mode="after")
    def _one_of_each_kind(self) -> Record:
        kinds = [interval.kind for interval in self.intervals]
        if len(set(kinds)) != len(kinds):
            raise ValueError("an interval kind is there twice")
        return self


def make_record(**fields: Any) -> Record:
    """Make a record from its fields.

    Raises
    ------
    SchemaError
        If the name is not dotted, the status unknown, a number NaN or infinite, an interval upside
        down.
    """
    try:
        return Record(**fields)
    except ValidationError as error:
        raise _refusal(error, str(fields.get("name", "a record"))) from None


def save_records(run: Run, records: Iterable[Record]) -> Path:
    """Write the records of one notebook as a whole file; they replace its earlier ones.

    Raises
    ------
    SchemaError
        If a name is there twice.
    """
    from riskmodel.core.files import write_json

    content = list(records)
    _refuse_twice((record.name for record in content), run.notebook)
    path = run.folder.stages / f"{run.notebook}{SUFFIX}"
    return write_json(path, [record.model_dump(mode="json") for record in content])


def merge_records(folder: RunFolder) -> list[Record]:
    """Return the records of all notebooks of a run, in the order of the notebooks' names.

    Raises
    ------
    SchemaError
        If two notebooks wrote the same name, or a record is not usable.
    """
    paths = sorted(folder.stages.glob(f"*{SUFFIX}"))
    merged = [record for path in paths for record in read_records(path)]
    _refuse_twice((record.name for record in merged), "records of all notebooks")
    return merged


def collect_records(folder: RunFolder) -> Path:
    """Merge the records of all notebooks into ``results.json``."""
    from riskmodel.core.files import write_json

    content = [record.model_dump(mode="json") for record in merge_records(folder)]
    return write_json(folder.results, content)


def read_records(path: Path) -> list[Record]:
    """Read the records of one file.

    Raises
    ------
    SchemaError
        If the file is missing or damaged, or a record is not usable.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [Record.model_validate_json(json.dumps(item)) for item in content]
    except FileNotFoundError:
        raise SchemaError(
            "the file does not exist", where=path.name, remedy="run the notebooks first"
        ) from None
    except ValidationError as error:
        raise _refusal(error, path.name) from None
    except (ValueError, TypeError) as error:
        raise SchemaError("not a list of records", where=path.name, found=str(error)) from None


def read_results(path: Path) -> dict[str, Record]:
    """Read a ``results.json`` into records by name."""
    records = read_records(path)
    _refuse_twice((record.name for record in records), path.name)
    return {record.name: record for record in records}


def _refuse_twice(names: Iterable[str], where: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SchemaError(
            "records are there twice",
            where=where,
            found=twice,
            expected="each name once",
            remedy="write each figure in one notebook only",
        )


def _refusal(error: ValidationError, where: str) -> SchemaError:
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"])) or "intervals"
    return SchemaError(
        f"{key} of a record is refused",
        where=where,
        found=first["input"],
        expected=first["msg"],
        remedy="correct it where the record is made",
    )
