"""Scenario section of a params file: changes of the hazard, each with source and year."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from riskmodel.run.sections import ByPeril, Metres, Multiplier, Section


class WindIntensity(Section):
    """Intensity multipliers; depths take a shift, so only wind is here."""

    typhoon_wind: Multiplier


class DepthShift(Section):
    """What is added to depths where the curve is wet; a cell dry in every map stays dry."""

    rain_flood: Metres
    storm_surge: Metres


class MoreOccurrences(Section):
    """How many times as many occurrences; thinned or repeated by keyed draws."""

    typhoon: Multiplier
    plum_rain: Multiplier
    convective_rain: Multiplier
    drought: Multiplier
    forest_fire: Multiplier
    cold_snow: Multiplier
    earthquake: Multiplier


class Because(Section):
    """Who says that the hazard changes so, and of which year."""

    source: Annotated[str, Field(min_length=4, max_length=200)]
    year: Annotated[int, Field(ge=1990, le=2200)]


class Scenario(Section):
    """Changes of the hazard on the same draws; neutral is the climate of the maps.

    ``larger_footprints`` and ``more_occurrences`` are the two readings of "more frequent": the
    first reads the curve at rate / m, the second changes how many occurrences there are. Each
    change has its source and year in ``because``, under its dotted key.
    """

    because: Annotated[
        dict[str, Because], Field(description="source and year of each change, by its key")
    ]
    intensity: WindIntensity
    depth_shift: DepthShift
    rain: Multiplier
    larger_footprints: ByPeril[Multiplier]
    more_occurrences: MoreOccurrences

    @model_validator(mode="after")
    def _says_where_from(self) -> Scenario:
        changed = self.changes().keys()
        if missing := sorted(changed - self.because.keys()):
            raise ValueError(f"in because, source and year of the change of {', '.join(missing)}")
        if idle := sorted(self.because.keys() - changed):
            raise ValueError(f"in because, changes only; {', '.join(idle)} is as in the maps")
        return self

    def changes(self) -> dict[str, float]:
        """Return the factors and shifts that are not neutral, under their dotted keys."""
        sections = self.model_dump(exclude={"because", "rain"})
        named = {f"{s}.{key}": v for s, values in sections.items() for key, v in values.items()}
        return {
            name: value
            for name, value in {"rain": self.rain, **named}.items()
            if value != (0.0 if name.startswith("depth_shift.") else 1.0)
        }
