"""The section of a params file on tiers: which programme, and how far indices may miss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from riskmodel.run.sections import RelativePath, Section


class IndexResidual(Section):
    """Spread of what is measured about the modelled index; null where none is declared."""

    pressure: Annotated[float, Field(gt=0.0, le=30.0, description="hPa")] | None
    wind: Annotated[float, Field(gt=0.0, le=20.0, description="m/s")] | None
    rain: Annotated[float, Field(gt=0.0, le=1.0, description="of the log of rain")] | None
    snow: Annotated[float, Field(gt=0.0, le=1.0, description="of the log of depth")] | None


class Tiers(Section):
    """Which 1+N+X programme, whether its limits are those of the run, how far indices may miss."""

    programme: RelativePath
    limits: Literal["as_written", "by_population"]
    index_residual: IndexResidual
