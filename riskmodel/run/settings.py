"""From the typed params of a run to the settings that each room takes."""

from __future__ import annotations

from dataclasses import replace

import xarray as xr

from riskmodel.core.errors import ParamError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.catalogue import CatalogueSettings, catalogue_frequency
from riskmodel.hazard.fire_control import control_factors, load_fire_control
from riskmodel.hazard.intensity import IntensityCurves, Reading, cell_maps, intensity_curves
from riskmodel.hazard.rank_function import scaled_curves
from riskmodel.hazard.zone_modifier import modified_curves
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.curves import DamageLevers
from riskmodel.loss.entries import FineCells
from riskmodel.loss.fine_layer import fine_cells
from riskmodel.loss.people import PeopleLevers
from riskmodel.price.premiums import Loads
from riskmodel.price.principles import (
    ExpectedValue,
    PremiumPrinciple,
    StandardDeviation,
    TvarCostOfCapital,
    Wang,
)
from riskmodel.run.folder import ROOT
from riskmodel.run.params import Params

RAIN_PERILS = ("rain_flood", "flash_flood", "landslide")  # scenario.rain changes their index


def catalogue_settings(params: Params) -> CatalogueSettings:
    """Size, ranking and storage of the catalogue."""
    hazard = params.hazard
    return CatalogueSettings(
        blocks=hazard.blocks,
        years_per_block=hazard.years_per_block,
        block_shift=hazard.block_shift,
        frequency=Frequency(hazard.frequency.family, hazard.frequency.kappa),
        storage_rate=hazard.storage_rates(),
        seed=params.seed,
    )


def damage_levers(params: Params) -> DamageLevers:
    """Levers of the damage curves."""
    loss = params.loss
    return DamageLevers(
        loss.v_half,
        loss.v_threshold,
        loss.averaging_factor,
        loss.depth_curve,
        loss.flood_damage_scale,
        loss.further_damage_scale,
        loss.surge_multiplier,
        loss.floor_height,
        loss.ground_floor_share.model_dump(),
    )


def people_levers(params: Params) -> PeopleLevers:
    """Levers of harm to people."""
    return PeopleLevers(**params.loss.people.model_dump())


def correlation(params: Params) -> Correlation:
    """Shares of deviations from the mean damage, by level."""
    return Correlation(**params.loss.correlation.model_dump())


def reading(params: Params, peril: str) -> Reading:
    """Head, tail, passage and scenario factors of one peril."""
    scenario = params.scenario
    return replace(
        plain_reading(params, peril),
        intensity_factor=getattr(scenario.intensity, peril, 1.0),
        depth_shift=getattr(scenario.depth_shift, peril, 0.0),
        rate_factor=getattr(scenario.larger_footprints, peril),
    )


def plain_reading(params: Params, peril: str) -> Reading:
    """Head, tail and passage of one peril, without scenario: what the census maps say."""
    return Reading(**getattr(params.curves, peril).model_dump(exclude={"tail_source"}))


def plain_curves(
    params: Params, census: xr.DataTree, catalogue: xr.DataTree, peril: str
) -> IntensityCurves:
    """Intensity curves of one peril as the census maps say, without scenario."""
    return intensity_curves(
        cell_maps(census, peril), plain_reading(params, peril), catalogue_frequency(catalogue),
        storage_rate=params.hazard.storage_rates()[peril], peril=peril,
    )  # fmt: skip


def scenario_curves(
    params: Params, census: xr.DataTree, catalogue: xr.DataTree
) -> dict[str, IntensityCurves]:
    """Intensity curves of the catalogue's perils under the params' choices and scenario."""
    rates, frequency = params.hazard.storage_rates(), catalogue_frequency(catalogue)
    curves = {
        peril: intensity_curves(
            cell_maps(census, peril),
            reading(params, peril),
            frequency,
            storage_rate=rates[peril],
            peril=peril,
        )
        for peril in catalogue.attrs["perils"]
    }
    for peril in (p for p in RAIN_PERILS if p in curves):
        curves[peril] = scaled_curves(
            curves[peril], catalogue[f"rank_function/{peril}"].to_dataset(),
            params.scenario.rain, storage_rate=rates[peril], peril=peril,
        )  # fmt: skip
    if "forest_fire" in curves and params.hazard.fire_control is not None:
        control = load_fire_control(ROOT / params.hazard.fire_control)
        ignition, spread = control_factors(control, census["zones"].to_dataset())
        curves["forest_fire"] = modified_curves(
            curves["forest_fire"], ignition, spread, storage_rate=rates["forest_fire"],
            peril="forest_fire",
        )  # fmt: skip
    return curves


def scenario_fine(params: Params, census: xr.DataTree, catalogue: xr.DataTree) -> FineCells | None:
    """Cells finer than the census grid under the params' choices and scenario, if there are any.

    Raises
    ------
    ParamError
        If more rain is asked of fine cells: the rank function of each census cell would have to be
        read on every curve in it.
    """
    frequency = catalogue_frequency(catalogue)
    fine = fine_cells(
        census,
        lambda peril, maps: intensity_curves(
            maps, reading(params, peril), frequency,
            storage_rate=getattr(params.hazard.storage_rate, peril), peril=peril,
        ),
    )  # fmt: skip
    if fine is not None and "rain_flood" in fine.curves and params.scenario.rain != 1.0:
        raise ParamError(
            "more or less rain is not offered where flood maps are finer than the census grid",
            where="scenario.rain", found=params.scenario.rain, expected=1.0,
            remedy="use scenario.depth_shift or larger_footprints, or a census without fine maps",
        )  # fmt: skip
    return fine


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
