"""Sections of a params file that say how the hazard is made and read; no key has a default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from riskmodel.run.sections import ByPeril, RelativePath, Section

StorageRate = Annotated[float, Field(gt=0.0, le=1.0, description="events a year")]


class FrequencyChoice(Section):
    """Family of the number of occurrences a year: typhoons drawn, and 1/T turned into a rate."""

    family: Literal["poisson", "negative_binomial"]
    kappa: Annotated[
        float | None, Field(gt=0.0, le=1e6, description="variance = mean + mean²/kappa")
    ]

    @model_validator(mode="after")
    def _kappa_fits(self) -> FrequencyChoice:
        if (self.family == "negative_binomial") != (self.kappa is not None):
            raise ValueError("kappa a number for negative_binomial, null for poisson")
        return self


class Sources(Section):
    """What makes occurrences; each source declares which cells suffer together."""

    typhoon: Annotated[
        Literal["typhoon_physics"], Field(description="dependence comes from storm tracks")
    ]
    plum_rain: RelativePath | None
    convective_rain: RelativePath | None
    drought: RelativePath | None
    forest_fire: RelativePath | None
    cold_snow: RelativePath | None
    earthquake: RelativePath | None


class Hazard(Section):
    """Size, frequency, sources and dependence of the catalogue."""

    blocks: Annotated[int, Field(ge=1, le=50)]
    years_per_block: Annotated[int, Field(ge=100, le=20_000, description="years")]
    block_shift: Annotated[float, Field(gt=0.0, lt=1.0, description="ranks")]
    frequency: FrequencyChoice
    storage_rate: ByPeril[StorageRate | None]
    sources: Sources
    fire_control: RelativePath | None

    @model_validator(mode="after")
    def _some_peril(self) -> Hazard:
        if not self.storage_rates():
            raise ValueError("storage_rate of one peril at least; null leaves a peril out")
        return self

    def storage_rates(self) -> dict[str, float]:
        """Storage rate of each peril that the run asks for."""
        return {p: r for p, r in self.storage_rate.model_dump().items() if r is not None}


class CensusCurve(Section):
    """Intensity over return period outside and between the census maps, for one peril."""

    head: Literal["zero_below", "loglinear_to_zero_at"]
    head_return_period: Annotated[float, Field(gt=1.0, lt=100.0, description="years")] | None
    tail: Literal["flat", "gumbel", "gev"]
    tail_shape: Annotated[float, Field(ge=-0.5, le=0.5, description="of a gev tail")] | None
    tail_source: Annotated[str, Field(min_length=1)] | None
    tail_cap: Annotated[float, Field(gt=0.0, le=150.0, description="in the unit of the maps")]
    passage: Literal["loglinear", "step_at_wet", "step_at_dry"]

    @model_validator(mode="after")
    def _head_fits(self) -> CensusCurve:
        if (self.head == "loglinear_to_zero_at") != (self.head_return_period is not None):
            raise ValueError(
                "head_return_period in years for loglinear_to_zero_at, null for zero_below"
            )
        return self

    @model_validator(mode="after")
    def _shape_fits(self) -> CensusCurve:
        if {self.tail_shape is None, self.tail_source is None} != {self.tail != "gev"}:
            raise ValueError("tail_shape and tail_source for a gev tail, null for others")
        return self
