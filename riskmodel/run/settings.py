"""From the typed params of a run to the settings that each room takes."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.catalogue import CatalogueSettings, catalogue_frequency
from riskmodel.hazard.intensity import IntensityCurves, Reading, cell_maps, intensity_curves
from riskmodel.hazard.rank_function import scaled_curves
from riskmodel.loss.curves import DamageLevers
from riskmodel.price.premiums import Loads
from riskmodel.price.principles import (
    ExpectedValue,
    PremiumPrinciple,
    StandardDeviation,
    TvarCostOfCapital,
    Wang,
)
from riskmodel.run.params import Params


def catalogue_settings(params: Params) -> CatalogueSettings:
    """Size, ranking and storage of the catalogue."""
    hazard = params.hazard
    return CatalogueSettings(
        blocks=hazard.blocks,
        years_per_block=hazard.years_per_block,
        block_shift=hazard.block_shift,
        frequency=Frequency(hazard.frequency),
        storage_rate=hazard.storage_rate.model_dump(),
        seed=params.seed,
    )


def damage_levers(params: Params) -> DamageLevers:
    """Levers of the damage curves."""
    loss = params.loss
    return DamageLevers(
        loss.v_half,
        loss.v_threshold,
        loss.averaging_factor,
        loss.flood_damage_scale,
        loss.surge_multiplier,
    )


def reading(params: Params, peril: str) -> Reading:
    """Head, tail, passage and scenario factors of one peril."""
    curve = getattr(params.curves, peril)
    factor = params.scenario.intensity.typhoon_wind if peril == "typhoon_wind" else 1.0
    return Reading(
        **curve.model_dump(),
        intensity_factor=factor,
        rate_factor=getattr(params.scenario.rate, peril),
    )


def scenario_curves(
    params: Params, census: xr.DataTree, catalogue: xr.DataTree
) -> dict[str, IntensityCurves]:
    """Intensity curves of all perils under the params' choices and scenario."""
    rates: Mapping[str, float] = params.hazard.storage_rate.model_dump()
    frequency = catalogue_frequency(catalogue)
    curves = {
        peril: intensity_curves(
            cell_maps(census, peril),
            reading(params, peril),
            frequency,
            storage_rate=rate,
            peril=peril,
        )
        for peril, rate in rates.items()
    }
    curves["rain_flood"] = scaled_curves(
        curves["rain_flood"], catalogue["rank_function/rain_flood"].to_dataset(),
        params.scenario.rain, storage_rate=rates["rain_flood"], peril="rain_flood",
    )  # fmt: skip
    return curves


def principles(params: Params) -> list[PremiumPrinciple]:
    """Premium principles with the params' loads."""
    chosen = params.price.principles
    return [
        ExpectedValue(**chosen.expected_value.model_dump()),
        StandardDeviation(**chosen.standard_deviation.model_dump()),
        Wang(**chosen.wang.model_dump()),
        TvarCostOfCapital(**chosen.tvar_cost_of_capital.model_dump()),
    ]


def loads(params: Params) -> Loads:
    """Shares of the gross premium that are not for losses."""
    return Loads(**params.price.loads.model_dump())
