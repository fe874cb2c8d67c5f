"""The sections of a params file: one small model each, with types, ranges and units.

No key has a default: a params file is the whole record of what was asked for. To change a key,
change its line here and in ``params/*.yml``; error messages follow by themselves.
"""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

T = TypeVar("T")

RESERVED = ("bench", "figures", "notebooks", "proposal", "reference", "stages", "tables")


def _free_name(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"a name other than {', '.join(RESERVED)}")
    return name


def _relative_path(path: str) -> str:
    absolute = PurePosixPath(path).is_absolute() or PureWindowsPath(path).anchor
    if absolute or path.startswith("~") or not path:
        raise ValueError("a path relative to the root of the checkout")
    return path


Slug = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="folder name: lower-case letters, digits, - and _",
    ),
    AfterValidator(_free_name),
]
RelativePath = Annotated[
    str, Field(description="relative to the root of the checkout"), AfterValidator(_relative_path)
]
Label = Annotated[str, Field(min_length=1, max_length=80)]
Multiplier = Annotated[float, Field(ge=0.5, le=2.0, description="multiplier, 1 = as mapped")]
Metres = Annotated[float, Field(ge=-2.0, le=2.0, description="m added to wet depths")]
Portion = Annotated[float, Field(ge=0.0, le=1.0, description="share, 0 to 1")]
Load = Annotated[float, Field(ge=0.0, lt=1.0, description="fraction of the gross premium")]


class Section(BaseModel):
    """Base of all sections: unknown keys refused, types strict, values fixed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ByPeril(Section, Generic[T]):
    """One value for each peril of the census."""

    typhoon_wind: T
    rain_flood: T
    storm_surge: T
    flash_flood: T
    landslide: T
    drought: T
    forest_fire: T
    cold_snow: T
    earthquake: T


class GroundFloorShare(Section):
    """Share of the value of dwellings that stands on ground floors, by structure class."""

    residential_rc: Portion
    residential_brick_concrete: Portion
    residential_brick_wood: Portion
    residential_other: Portion


class People(Section):
    """Who is harmed where water comes; shares of those there, then of those left."""

    mortality: Literal["jonkman_2008", "jonkman_2008_rapid", "boyd_2005"]
    affected_depth: Annotated[float, Field(ge=0.0, le=3.0, description="m above ground")]
    warned_share: Portion
    evacuated_share: Annotated[float, Field(ge=0.0, le=1.0, description="of those warned")]
    upstairs_share: Annotated[float, Field(ge=0.0, le=1.0, description="of those who stay")]
    injured_per_death: Annotated[float, Field(ge=0.0, le=100.0, description="persons")]


class CorrelationShares(Section):
    """Shares of the variance of one unit's damage that it has in common, by level."""

    event: Annotated[float, Field(ge=0.0, le=1.0, description="share of variance")]
    zone: Annotated[float, Field(ge=0.0, le=1.0, description="share of variance")]
    cell: Annotated[float, Field(ge=0.0, le=1.0, description="share of variance")]

    @model_validator(mode="after")
    def _sum_at_most_one(self) -> CorrelationShares:
        if self.event + self.zone + self.cell > 1.0 + 1e-12:
            raise ValueError("shares of event, zone and cell that sum to at most 1")
        return self


class Loss(Section):
    """Damage of wind, flood and surge, and harm to people."""

    v_half: Annotated[float, Field(ge=20.0, le=300.0, description="m/s")]
    v_threshold: Annotated[float, Field(ge=0.0, le=60.0, description="m/s")]
    averaging_factor: Annotated[
        float, Field(ge=1.0, le=1.4, description="wind of the curve / wind of the maps")
    ]
    depth_curve: Literal["jrc_asia", "jrc_europe"]
    flood_damage_scale: Annotated[float, Field(ge=0.01, le=2.0, description="multiplier")]
    further_damage_scale: Annotated[float, Field(ge=0.01, le=5.0, description="multiplier")]
    surge_multiplier: Annotated[float, Field(ge=0.5, le=3.0, description="multiplier")]
    depth_spread: Annotated[
        float, Field(ge=0.0, le=2.0, description="coefficient of variation inside a cell")
    ]

    floor_height: Annotated[
        float, Field(ge=0.0, le=3.0, description="m, ground floor of dwellings above ground")
    ]
    ground_floor_share: GroundFloorShare
    people: People
    correlation: CorrelationShares
    samples: Annotated[int, Field(ge=2, le=10_000, description="samples of each loss")]

    @model_validator(mode="after")
    def _threshold_below_half(self) -> Loss:
        if self.v_threshold >= self.v_half:
            raise ValueError("v_threshold below v_half")
        return self


class Exceedance(Section):
    """Where curves are read, and how wide intervals are."""

    return_periods: Annotated[
        tuple[Annotated[float, Field(ge=2.0, le=10_000.0, description="years")], ...],
        Field(min_length=1),
    ]
    interval_level: Annotated[float, Field(ge=0.5, lt=1.0, description="probability")]

    @model_validator(mode="after")
    def _ascending(self) -> Exceedance:
        if list(self.return_periods) != sorted(set(self.return_periods)):
            raise ValueError("return_periods that ascend, each once")
        return self


class ExpectedValueLoad(Section):
    """Load on the mean."""

    theta: Annotated[float, Field(ge=0.0, le=5.0, description="multiple of the mean")]


class StandardDeviationLoad(Section):
    """Load on the standard deviation of a year."""

    multiple: Annotated[float, Field(ge=0.0, le=5.0, description="multiple of sd")]


class WangShift(Section):
    """Wang transform."""

    shift: Annotated[float, Field(ge=0.0, le=2.0, description="shift of the normal")]


class CapitalCost(Section):
    """Return asked on capital held to the tail mean."""

    level: Annotated[float, Field(gt=0.5, lt=1.0, description="probability")]
    cost: Annotated[float, Field(ge=0.0, le=0.5, description="a year")]


class Principles(Section):
    """Premium principles, all computed side by side."""

    expected_value: ExpectedValueLoad
    standard_deviation: StandardDeviationLoad
    wang: WangShift
    tvar_cost_of_capital: CapitalCost


class Loads(Section):
    """Loads on top of the risk premium."""

    expenses: Load
    tax: Load
    guarantee_fund: Load
    profit: Load

    @model_validator(mode="after")
    def _below_one(self) -> Loads:
        if self.expenses + self.profit + self.tax + self.guarantee_fund >= 0.9:
            raise ValueError("loads that sum to less than 0.9 of the gross premium")
        return self


class Price(Section):
    """How premiums are made."""

    headline: Literal["expected_value", "standard_deviation", "wang", "tvar_cost_of_capital"]
    principles: Principles
    loads: Loads


class Economy(Section):
    """Denominator and target of the loss-to-GDP ratio."""

    gdp: Annotated[
        Literal["census"] | RelativePath, Field(description="census, or a file of published GDP")
    ]
    gdp_year: Annotated[int, Field(ge=1990, le=2100)]
    target_ratio: Annotated[float, Field(gt=0.0, lt=0.1, description="fraction of GDP")]
    windows: Annotated[
        tuple[Annotated[int, Field(ge=1, le=30, description="years")], ...], Field(min_length=1)
    ]


class Variant(Section):
    """One change of assumption that feeds the `model` interval."""

    name: Slug
    label_zh: Label
    label_en: Label
    set: Annotated[dict[str, JsonValue], Field(min_length=1, description="dotted key: other value")]
