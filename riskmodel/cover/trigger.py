"""What an index cover pays on: an index, where it is read, and its line or steps of payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, model_validator

from riskmodel.core.errors import ParamError, TermsError, UnitsError
from riskmodel.core.vocabulary import Peril
from riskmodel.cover.benefit_table import Step, check_steps
from riskmodel.cover.fields import Frozen, Number, zone_code_of

Index = Literal[
    "minimum_pressure",
    "maximum_wind",
    "landfall_pressure",
    "landfall_wind",
    "rain_24h",
    "snow_24h",
    "lowest_temperature",
    "snow_depth",
]
INDEX_UNITS: Mapping[str, str] = {
    "minimum_pressure": "hPa",
    "maximum_wind": "m/s",
    "landfall_pressure": "hPa",
    "landfall_wind": "m/s",
    "rain_24h": "mm",
    "snow_24h": "mm",
    "lowest_temperature": "°C",
    "snow_depth": "cm",
}
WORSE_WHEN_LOWER = frozenset({"minimum_pressure", "landfall_pressure", "lowest_temperature"})
AT_STATIONS: Mapping[str, Peril] = {
    "rain_24h": "rain_flood",
    "snow_24h": "cold_snow",
    "lowest_temperature": "cold_snow",
}
"""Indices that are read at stations, with the peril that brings them."""
OVER_AREA: Mapping[str, Peril] = {"snow_depth": "cold_snow"}
"""Indices that are means over a county of what a peril's maps hold, with the peril."""


def _codes(value: Any) -> tuple[str, ...] | Literal["all"]:
    if value == "all":
        return "all"
    if not isinstance(value, list | tuple):
        raise ParamError("no stations", found=value, expected="all, or a list of zone codes")
    codes = tuple(zone_code_of(code) for code in value)
    if not codes:
        raise TermsError("an index without station", found=list(codes), expected="all, or codes")
    if len(set(codes)) < len(codes):
        raise TermsError("a station is named twice", found=list(codes))
    return codes


class Stations(Frozen):
    """Where an index is read that each station has its own value of.

    Parameters
    ----------
    reading : {"own", "mean", "worst"}
        Each county the station of its own code; or all counties one value: the mean over
        stations (areal), or the highest (the lowest of a temperature).
    of : {"all"} or list of zone codes
        Stations of a mean or worst value, by the code of their county.

    Raises
    ------
    ParamError
        If the stations of a mean or worst value are missing, or those of `own` are listed.
    TermsError
        If the list is empty or names a station twice.
    """

    reading: Literal["own", "mean", "worst"]
    of: Annotated[tuple[str, ...] | Literal["all"] | None, PlainValidator(_codes)] = None

    @model_validator(mode="after")
    def _check_stations(self) -> Self:
        if (self.of is None) != (self.reading == "own"):
            raise ParamError(
                "which stations are read",
                where="of",
                found=self.of,
                expected="all or codes for mean and worst, nothing for own",
            )
        return self


class Area(Frozen):
    """Over what of each county an areal index is a mean.

    Parameters
    ----------
    weight : str
        Exposure class of the census whose amount weighs each cell, such as ``infrastructure``.
    """

    weight: str = Field(min_length=1)


class Trigger(Frozen):
    """An index and what it pays.

    Parameters
    ----------
    index : str
        ``minimum_pressure`` (hPa) or ``maximum_wind`` (m/s, 10-minute) near the centre while it is
        in `box`; ``landfall_pressure`` or ``landfall_wind`` at the first landfall if that lies in
        `box`; ``rain_24h`` or ``snow_24h`` (mm) or ``lowest_temperature`` (°C) at `stations`;
        ``snow_depth`` (cm), the mean over `area` of each county.
    box : str
        Named box, for the first four.
    stations : Stations
        For those at stations.
    area : Area
        For a mean over each county.
    unit : str
        The unit of the index.
    payout : {"linear", "step"}
        A line, nothing at `attachment` and the event limit at `exhaustion`; or `steps`.
    attachment, exhaustion : float
        Index values of a line; where lower is worse the attachment is the higher one.
    steps : sequence of Step
        Amounts for the whole cover when all its counties reach the step; each pays from `from`
        (included) on, up to `to`, where lower is worse downwards. They join, amounts do not fall,
        the last is open and pays the event limit.

    Raises
    ------
    ParamError
        If a key that the index or the payout needs is missing, or one that it does not read is
        there.
    TermsError
        If the attachment is as bad as the exhaustion, or worse; if steps overlap, leave a gap or
        fall.
    UnitsError
        If the unit is not the index's.
    """

    index: Index
    box: str | None = Field(default=None, min_length=1)
    stations: Stations | None = None
    area: Area | None = None
    unit: str
    payout: Literal["linear", "step"]
    attachment: Number | None = None
    exhaustion: Number | None = None
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.unit != INDEX_UNITS[self.index]:
            raise UnitsError(
                f"another unit for {self.index}",
                where="unit",
                found=self.unit,
                expected=INDEX_UNITS[self.index],
            )
        self._check_keys()
        if self.payout == "step":
            check_steps(self.steps, falling=self.falling)
        else:
            self._check_line()
        return self

    def _check_keys(self) -> None:
        areal = "area" if self.index in OVER_AREA else "box"
        place = "stations" if self.index in AT_STATIONS else areal
        needs = {place} | ({"steps"} if self.payout == "step" else {"attachment", "exhaustion"})
        for key in ("box", "stations", "area", "attachment", "exhaustion", "steps"):
            given = getattr(self, key) not in (None, ())
            if key in needs and not given:
                missing = "an index without station" if key == "stations" else "a key is missing"
                raise ParamError(missing, where=key, expected=f"{key} for {self._words()}")
            if given and key not in needs:
                raise ParamError(f"a key that {self._words()} does not read", where=key)

    def _words(self) -> str:
        return f"{self.index} with payout {self.payout}"

    def _check_line(self) -> None:
        span = self.full - self.start
        if (-span if self.falling else span) <= 0.0:
            side = "above" if self.falling else "below"
            raise TermsError(
                "attachment beyond exhaustion",
                found={"attachment": self.attachment, "exhaustion": self.exhaustion},
                expected=f"{self.index} at attachment {side} that at exhaustion",
            )

    @property
    def falling(self) -> bool:
        """Whether a lower index is worse."""
        return self.index in WORSE_WHEN_LOWER

    @property
    def start(self) -> float:
        """Index value from which it pays."""
        return self.steps[0].start if self.attachment is None else self.attachment

    @property
    def full(self) -> float:
        """Index value from which it pays the event limit."""
        return self.steps[-1].start if self.exhaustion is None else self.exhaustion

    @property
    def place(self) -> str:
        """Where the index is read, in words."""
        if self.area is not None:
            return f"in the mean over {self.area.weight} of each county"
        if self.stations is None:
            return f"in {self.box}"
        if self.stations.of is None:
            return "at each county's own station"
        named = "all stations" if self.stations.of == "all" else ", ".join(self.stations.of)
        return f"{self.stations.reading} of {named}"

    def words(self) -> str:
        """Return the trigger as a line of the programme's table."""
        side = "below" if self.falling else "above"
        until = f"full at {self.full:g}"
        if self.payout == "step":
            until = f"{len(self.steps)} steps, {until}"
        return f"{self.index} {side} {self.start:g} {self.unit} {self.place}, {until}"
