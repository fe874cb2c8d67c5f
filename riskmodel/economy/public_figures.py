"""Public figures of loss by peril: ``data/history/losses_by_peril.yml``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskmodel.core.errors import SchemaError
from riskmodel.core.messages import Language
from riskmodel.core.status import Status
from riskmodel.core.vocabulary import Peril
from riskmodel.core.yaml_file import read_mapping

PATH = Path(__file__).parents[2] / "data" / "history" / "losses_by_peril.yml"
Amount = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]  # 亿元


class _Fixed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublicFigure(_Fixed):
    """One published loss: of which perils, place and time, and that place's GDP then, 亿元.

    ``cause`` is the parent event of a figure that books all perils of an event to it.
    """

    perils: Annotated[tuple[Peril, ...], Field(min_length=1)]
    cause: Annotated[str, Field(min_length=1)] | None = None
    what: Mapping[Language, str]
    kind: Literal["mean_year", "one_year", "one_event"]
    loss: Amount
    gdp: Amount
    as_of: datetime.date
    is_final: bool
    source: Annotated[str, Field(min_length=1)]

    def at_gdp(self, gdp: float) -> float:
        """Loss at another GDP, in the unit of that GDP: loss / gdp x GDP.

        Examples
        --------
        >>> one = PublicFigure(perils=("drought",), what={}, kind="one_year", loss=2.0, gdp=500.0,
        ...                    as_of=datetime.date(2023, 12, 31), is_final=True, source="test")
        >>> one.at_gdp(1000.0)
        4.0
        """
        return self.loss / self.gdp * gdp


class PublicFigures(_Fixed):
    """All figures, the city's GDP that they are brought to (亿元), and perils without any."""

    status: Status
    source: str
    gdp_2022: Amount
    figures: tuple[PublicFigure, ...]
    absent: Mapping[Peril, Mapping[Language, str]]

    @model_validator(mode="after")
    def _no_silent_gap(self) -> Self:
        told = {peril for figure in self.figures for peril in figure.perils}
        if both := sorted(told & set(self.absent)):
            raise ValueError(f"perils with a figure that are absent too: {both}")
        if lost := sorted(set(get_args(Peril)) - told - set(self.absent)):
            raise ValueError(f"perils neither with a figure nor absent: {lost}")
        return self


@cache
def public_figures(path: Path = PATH) -> PublicFigures:
    """Read the public figures; every peril has one or stands under `absent`.

    Raises
    ------
    SchemaError
        If the file is missing or not YAML, a key is missing, unknown or refused, or a peril has
        neither a figure nor a word why.
    """
    content = read_mapping(path, SchemaError, missing="take data/history from the repository")
    try:
        return PublicFigures.model_validate(content)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SchemaError(
            "public figures are refused", where=path.name, found=found,
            expected="the keys of its neighbours", remedy="correct the named keys",
        ) from None  # fmt: skip
