"""The typed errors of the workbench; every message says what, where, found, expected and remedy."""

from __future__ import annotations


class RiskModelError(ValueError):
    """Base of every error that the workbench raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in one clause.
    where : str, optional
        File, layer, cell, zone, cover or key.
    found, expected : object, optional
        The offending value and the permitted ones.
    remedy : str, optional
        What the reader can do about it.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        found: object = None,
        expected: object = None,
        remedy: str = "",
    ) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        self.found, self.expected = found, expected
        parts = [f"{where}: {what}" if where else what]
        if found is not None:
            parts.append(f"found {found!r}")
        if expected is not None:
            parts.append(f"expected {expected}")
        if remedy:
            parts.append(f"to do: {remedy}")
        super().__init__("; ".join(parts))


class ParamError(RiskModelError):
    """A params or programme file holds an unknown, missing, mistyped or out-of-range key."""


class CensusError(RiskModelError):
    """A census file is missing, truncated, or says something impossible."""


class SchemaError(RiskModelError):
    """A Dataset lacks a variable, dimension or attribute that its schema names."""


class UnitsError(RiskModelError):
    """A unit, currency or price year is missing or does not match."""


class ReturnPeriodError(RiskModelError):
    """A return period, probability or rate is outside what the years or maps support."""


class CatalogueError(RiskModelError):
    """The catalogue cannot be built or read as asked."""


class MemoryLimitError(RiskModelError):
    """What is asked does not fit the memory that it may take."""


class ResponseError(RiskModelError):
    """A damage curve or benefit table is not usable."""


class TermsError(RiskModelError):
    """Terms of a cover or a premium principle contradict themselves."""


class ConservationError(RiskModelError):
    """Parts do not sum to the whole."""


class StageError(RiskModelError):
    """A notebook was started before the stage it reads from exists."""


class FigureError(RiskModelError):
    """A figure cannot be exported as asked (font, renderer, missing source line)."""


class VerificationError(RiskModelError):
    """A rerun or a hash does not agree with the run folder."""
