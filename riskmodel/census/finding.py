"""What a check of a census finds: a code, a severity, a place and a remedy, in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Literal

import xarray as xr

from riskmodel.core.errors import CensusError, ConservationError
from riskmodel.core.messages import Language, message

Severity = Literal["error", "warning", "note"]
WARNINGS = frozenset(
    {
        "duplicate_layer",
        "file_unlisted",
        "fine_scale_other",
        "geometry_repaired",
        "hazard_without_exposure",
        "not_replacement_cost",
        "peril_reaches_nothing",
        "period_in_name",
        "polygons_overlap",
        "probabilities_missing",
        "rows_elsewhere",
        "slot_code_unknown",
        "slot_column_unnamed",
        "slot_row_without_code",
        "township_code_unknown",
        "unit_not_read",
        "zones_overlap",
    }
)
NOTES = frozenset(
    {
        "class_name_unknown",
        "fine_cells_cut",
        "fine_kept_coarse",
        "gdp_missing",
        "layer_missing_in_slot",
        "longgang_cut",
        "map_repaired",
        "name_en_missing",
        "nodata_is_dry",
        "periods_differ",
        "slot_missing",
        "slot_without_codes",
        "weight_summed",
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a check; its words are ``finding.<code>`` of the message table.

    Parameters
    ----------
    code : str
        What is wrong, for example ``crs_other``.
    file, layer, place : str
        File of the census, layer or key of the manifest, and cell, row or zone.
    found, expected : object
        The offending value, and what is permitted.
    cells : DataArray, optional
        Offending cells as True (y, x), for a map.
    """

    code: str
    file: str = ""
    layer: str = ""
    place: str = ""
    found: object = None
    expected: object = None
    cells: xr.DataArray | None = field(default=None, compare=False, repr=False)

    @property
    def severity(self) -> Severity:
        """How bad it is: an error stops the import, a warning or a note does not."""
        if self.code in WARNINGS:
            return "warning"
        return "note" if self.code in NOTES else "error"

    @property
    def where(self) -> str:
        """File, layer and place in one text."""
        return ", ".join(part for part in (self.file, self.layer, self.place) if part)

    def what(self, language: Language) -> str:
        """Say what is wrong, in one clause."""
        return message(f"finding.{self.code}.what", language)

    def remedy(self, language: Language) -> str:
        """Say what the reader can do about it."""
        return message(f"finding.{self.code}.remedy", language)

    def record(self) -> dict[str, Any]:
        """JSON-like content, with the words of both languages."""
        shown = {n: None if v is None else str(v) for n, v in self._values().items()}
        words = {
            f"{name}_{code}": getattr(self, name)(code)
            for name in ("what", "remedy")
            for code in ("zh", "en")
        }
        places = {"file": self.file, "layer": self.layer, "place": self.place}
        return {"code": self.code, "severity": self.severity, **places, **shown, **words}

    def line(self, language: Language) -> str:
        """Text of a report: severity, place, what, found, expected and remedy."""
        values = "".join(f"; {n} {v}" for n, v in self._values().items() if v is not None)
        start = f"{self.severity} {self.code}: {self.where}: {self.what(language)}"
        return f"{start}{values}\n    {self.remedy(language)}"

    def _values(self) -> dict[str, object]:
        return {"found": self.found, "expected": self.expected}


class FoundError(CensusError):
    """Findings that stop a census, told by the first of them."""

    def __init__(self, *findings: Finding) -> None:
        first, self.findings = findings[0], findings
        more = f" (and {len(findings) - 1} more: riskmodel check lists them)"
        super().__init__(
            first.what("en") + (more if len(findings) > 1 else ""),
            where=first.where,
            found=first.found,
            expected=first.expected,
            remedy=first.remedy("en"),
        )


@contextmanager
def naming(file: str, layer: str = "") -> Iterator[None]:
    """Tell what a block refuses of a file under its name in the manifest, folders included.

    Parameters
    ----------
    file : str
        Name in the manifest; readers know the last part of it only.
    layer : str
        Key of the manifest, where the finding has none.
    """
    try:
        yield
    except FoundError as error:
        own = PurePosixPath(file).name
        told = (
            replace(one, file=file if one.file == own else one.file, layer=one.layer or layer)
            for one in error.findings
        )
        raise FoundError(*told) from error


class gathered:
    """Add what a block finds to a list instead of stopping.

    Parameters
    ----------
    findings : list of Finding
        Grows by what the block refuses; its other errors pass through.
    """

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, FoundError):
            self._findings.extend(error.findings)
            return True
        if isinstance(error, ConservationError):
            missed = Finding("grid_misses_zone", "", "", error.where, error.found, error.expected)
            self._findings.append(missed)
            return True
        return False


def errors_of(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Keep the findings that stop an import."""
    return tuple(one for one in findings if one.severity == "error")
