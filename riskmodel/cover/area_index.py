"""Areal indices: the mean intensity over what stands in a county, by the pass that makes losses.

An index of this kind is a response that returns the intensity itself: the pass multiplies it by
what is exposed and sums by county; over the county's whole exposure it is a mean,
I = Σ value · intensity / Σ value. Positions that the catalogue does not store, more frequent than
its storage rate, count as zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from riskmodel.core.errors import ParamError, SchemaError
from riskmodel.core.vocabulary import Peril
from riskmodel.cover.benefit_table import ConsequentialBenefit, DamageBenefit
from riskmodel.cover.covers import BenefitCover, Cover, ParametricCover
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.programme import Programme
from riskmodel.cover.trigger import INDEX_UNITS, OVER_AREA
from riskmodel.loss.occurrence_table import by_zone_and_item
from riskmodel.loss.response import Item, Quantity, Response

QUANTITY: Quantity = "index"
DEEPEST = 5.0  # m, the upper end of what a map of snow may hold (data/census/perils.yml)
PER_METRE = 100.0  # cm


def area_weights(programme: Programme) -> dict[str, list[str]]:
    """Exposure classes that areal indices are means over, by index, in order of the covers."""
    found: dict[str, list[str]] = {}
    for cover in programme.covers:
        if isinstance(cover, ParametricCover) and (area := cover.trigger.area) is not None:
            weights = found.setdefault(cover.trigger.index, [])
            if area.weight not in weights:
                weights.append(area.weight)
    return found


def area_items(programme: Programme) -> list[Item]:
    """Items whose columns, intensity times exposure, the areal indices of a programme need."""
    return [
        Item(
            _column(index, weight), QUANTITY, f"{INDEX_UNITS[index]} x exposed", weight,
            {OVER_AREA[index]: _identity(index, OVER_AREA[index])}, "highest", 1.0,
        )
        for index, weights in area_weights(programme).items()
        for weight in weights
    ]  # fmt: skip


def _column(index: str, weight: str) -> str:
    return f"{index}.{weight}"


def _identity(index: str, peril: Peril) -> Response:
    """Depth in cm of a map in m."""
    return Response(
        name=index, peril=peril, intensity_unit="m", intensity=(0.0, DEEPEST),
        value=(0.0, PER_METRE * DEEPEST), interpolation="linear",
        source="the intensity itself", status="real", spread=(0.0, 0.0),
        valid_range=(0.0, DEEPEST),
    )  # fmt: skip


def area_indices(programme: Programme, table: xr.Dataset, total: xr.DataArray) -> xr.Dataset:
    """Areal indices of every occurrence, as `riskmodel.cover.index_readings.read_index` reads them.

    Parameters
    ----------
    programme : Programme
    table : Dataset
        Occurrence table with the columns of `area_items`.
    total : DataArray (zone, exposure_class)
        What stands in each county, in the unit of the class.

    Returns
    -------
    Dataset
        By index a variable (occurrence, zone, weight), cm of snow; NaN where nothing of the class
        stands in the county.

    Raises
    ------
    SchemaError
        If the table lacks the columns.
    """
    result = xr.Dataset()
    everything = np.arange(table.sizes["occurrence"])
    known = set(table["item"].values[table["quantity"].values == QUANTITY].tolist())
    for index, weights in area_weights(programme).items():
        columns = [_column(index, weight) for weight in weights]
        if lost := [name for name in columns if name not in known]:
            raise SchemaError(
                "columns of areal indices are missing", where="occurrence table", found=lost,
                expected=sorted(known), remedy="compile area_items(programme) with the losses",
            )  # fmt: skip
        summed = by_zone_and_item(table, QUANTITY, everything).sel(item=columns)
        held = total.sel(zone=table["zone"].values, exposure_class=weights)
        mean = _over(summed.to_numpy(), held.transpose("zone", "exposure_class").to_numpy())
        result[index] = xr.DataArray(
            mean, {"zone": table["zone"].values, "weight": weights},
            ("occurrence", "zone", "weight"), attrs={"units": INDEX_UNITS[index]},
        )  # fmt: skip
    return result


def _over(summed: FloatArray, held: FloatArray) -> FloatArray:
    none = np.full(summed.shape, np.nan)
    return np.divide(summed, held, out=none, where=np.broadcast_to(held > 0.0, summed.shape))


def check_census(
    programme: Programme, classes: Sequence[str], perils: Sequence[str], *, where: str
) -> None:
    """Refuse a programme that reads exposure classes or perils which a run does not have.

    Parameters
    ----------
    programme : Programme
    classes : sequence of str
        Exposure classes of the census.
    perils : sequence of str
        Perils of the run.
    where : str
        File of the programme.

    Raises
    ------
    ParamError
        Naming file, cover and key.
    """
    for cover in programme.covers:
        place = f"{where}: cover {cover.cover}"
        for key, exposure in _exposures(cover).items():
            if exposure not in classes:
                raise ParamError(
                    "an exposure class that the census lacks", where=f"{place}: {key}",
                    found=exposure, expected="one of " + ", ".join(classes),
                )  # fmt: skip
        if isinstance(cover, ParametricCover) and cover.trigger.area is not None:
            index = cover.trigger.index
            if OVER_AREA[index] not in perils:
                raise ParamError(
                    f"an index of {OVER_AREA[index]}, which the run does not have",
                    where=f"{place}: trigger.index", found=index,
                    expected="an index of " + ", ".join(perils),
                    remedy="give the peril a hazard.storage_rate, or leave the cover out",
                )  # fmt: skip


def _exposures(cover: Cover) -> dict[str, str]:
    """Exposure classes that a cover names, by key."""
    if isinstance(cover, ParametricCover):
        area = cover.trigger.area
        return {} if area is None else {"trigger.area.weight": area.weight}
    benefits = cover.benefits.items() if isinstance(cover, BenefitCover) else ()
    return {
        f"benefits.{name}.exposure": benefit.exposure
        for name, benefit in benefits
        if not isinstance(benefit, DamageBenefit | ConsequentialBenefit)
    }
