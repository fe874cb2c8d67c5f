"""Census section of a params file: which census, which of its zones, in which money."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from riskmodel.run.sections import Label, RelativePath, Section

ZoneCode = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="six digits in quotes")]


class Place(Section):
    """What the zones of a run are called on titles."""

    zh: Label
    en: Label


class CensusChoice(Section):
    """Which census, which of its zones, in which money."""

    folder: RelativePath
    zones: Literal["all"] | Annotated[tuple[ZoneCode, ...], Field(min_length=1)]
    place: Place
    currency: Literal["CNY"]
    price_year: Annotated[int, Field(ge=1990, le=2100)]
    return_period_basis: Literal["annual_probability"]
