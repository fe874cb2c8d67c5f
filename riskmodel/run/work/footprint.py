"""The catalogue in three pictures: a footprint in return periods, its reading, intensity.

Return periods are on the annual-probability basis, as those of the census maps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.messages import LANGUAGES, message
from riskmodel.core.returnperiod import (
    probability_from_rate,
    rate_from_return_period,
    return_period_from_probability,
)
from riskmodel.hazard.catalogue import catalogue_frequency
from riskmodel.hazard.intensity import cell_maps
from riskmodel.hazard.position import mapped_positions, position_of_rate, rate_of_position
from riskmodel.run.folder import Run
from riskmodel.run.settings import plain_curves
from riskmodel.run.work.census import UNIT_TEXT

NEAR = "wenzhou_150km"  # of data/hazard/trigger_boxes.yml
SHOWN_SPAN = (2.0, 2000.0)  # years, ends of the curve of one cell


def strongest_storm(catalogue: xr.DataTree) -> int:
    """Return the number of the occurrence with the lowest pressure near Wenzhou."""
    return int(catalogue["minimum_pressure"].sel(box=NEAR).fillna(9999.0).values.argmin())


def pairs_of(
    catalogue: xr.DataTree, peril: str, occurrence: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """Return the cells (pair,) and positions (pair,) that are stored of one occurrence."""
    block_of = catalogue.to_dataset()["block"].values
    block = int(block_of[occurrence])
    number = occurrence - int(np.searchsorted(block_of, block))
    pairs = catalogue[f"block_{block:02d}/{peril}"].to_dataset()
    hits = np.flatnonzero(pairs["occurrence"].values == number)
    cells = np.searchsorted(pairs["pointer"].values, hits, side="right") - 1
    return cells, pairs["position"].values[hits]


def _field(
    census: xr.DataTree, peril: str, cells: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> xr.DataArray:
    zones = census["zones"].to_dataset()
    field = xr.full_like(census[peril].to_dataset()["state"], np.nan, dtype=np.float64)
    field.values[zones["row"].values[cells], zones["column"].values[cells]] = values
    return field


def footprint(
    catalogue: xr.DataTree, census: xr.DataTree, peril: str, occurrence: int
) -> xr.DataArray:
    """Return period (years) of one occurrence at each cell."""
    cells, positions = pairs_of(catalogue, peril, occurrence)
    names = {f"long_name_{code}": message("hover.return_period", code) for code in LANGUAGES}
    return _field(census, peril, cells, _return_periods(catalogue, positions)).assign_attrs(
        units="years", long_name="return period", **names
    )


def _return_periods(catalogue: xr.DataTree, positions: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return periods (years, probability basis) of positions, under the catalogue's frequency."""
    rates = rate_of_position(positions)
    return return_period_from_probability(
        probability_from_rate(rates, catalogue_frequency(catalogue))
    )


def intensity_footprint(
    run: Run, catalogue: xr.DataTree, census: xr.DataTree, peril: str, occurrence: int
) -> xr.DataArray:
    """Intensity of one occurrence at each cell, read from the census curve; dry cells missing."""
    cells, positions = pairs_of(catalogue, peril, occurrence)
    curves = plain_curves(run.params, census, catalogue, peril)
    intensity = curves.at(cells, positions.astype(np.float64))
    field = _field(census, peril, cells, np.where(intensity > 0, intensity, np.nan))
    names = {f"long_name_{code}": message(f"peril.{peril}", code) for code in LANGUAGES}
    return field.assign_attrs(
        units=UNIT_TEXT[census[peril].attrs["units"]], long_name=peril, **names
    )


def reading_of(
    run: Run, catalogue: xr.DataTree, census: xr.DataTree, peril: str, occurrence: int
) -> xr.Dataset:
    """How a return period becomes an intensity, at the most populous cell that is reached.

    Returns
    -------
    Dataset for `riskmodel.show.reading.reading_figure`: the curve of the cell, its maps, the
    stored occurrences of the block there, and the one shown.
    """
    cells, positions = pairs_of(catalogue, peril, occurrence)
    best = int(np.argmax(_people(census)[cells]))
    cell, position = cells[best : best + 1], float(positions[best])
    curves = plain_curves(run.params, census, catalogue, peril)
    maps = cell_maps(census, peril).isel(cell=int(cell[0]))
    frequency = catalogue_frequency(catalogue)
    mapped = mapped_positions(maps["return_period"].values, frequency)
    first, last = position_of_rate(rate_from_return_period(SHOWN_SPAN, frequency))
    grid = np.union1d(np.arange(first, last, 20), mapped)
    years = _return_periods(catalogue, grid)
    years[np.searchsorted(grid, mapped)] = maps["return_period"].values  # not half a step beside
    storms = _stored_at(catalogue, peril, occurrence, int(cell[0]))
    return xr.Dataset(
        {
            "intensity": ("return_period", curves.at(cell, grid)),
            "map_return_period": ("map", maps["return_period"].values.astype(np.float64)),
            "map_intensity": ("map", maps.values.astype(np.float64)),
            "storm_return_period": ("storm", _return_periods(catalogue, storms)),
            "storm_intensity": ("storm", curves.at(cell, storms)),
            "shown_return_period": float(_return_periods(catalogue, position)),
            "shown_intensity": float(curves.at(cell, position)[0]),
        },
        {"return_period": years},
        {
            "units": UNIT_TEXT[census[peril].attrs["units"]],
            **{f"name_{code}": message(f"peril.{peril}", code) for code in LANGUAGES},
            **_place(census, int(cell[0])),
        },
    )


def _people(census: xr.DataTree) -> npt.NDArray[np.float64]:
    """Return the population of each cell."""
    zones, exposure = census["zones"].to_dataset(), census["exposure"].to_dataset()
    people = exposure["value"].sel(exposure_class="population").values
    held = np.bincount(zones["entry_cell"].values, people, zones.sizes["cell"])
    return held.astype(np.float64)


def _place(census: xr.DataTree, cell: int) -> dict[str, str]:
    """Name a cell by its first zone, in both languages."""
    zones = census["zones"].to_dataset()
    zone = int(zones["entry_zone"].values[zones["entry_cell"].values == cell][0])
    return {
        f"cell_{code}": message(
            "place.most_populous", code, zone=zones[f"name_{code}"].values[zone]
        )
        for code in LANGUAGES
    }


def _stored_at(
    catalogue: xr.DataTree, peril: str, occurrence: int, cell: int
) -> npt.NDArray[np.float64]:
    """Positions of all stored occurrences of the occurrence's block at one cell."""
    block = int(catalogue.to_dataset()["block"].values[occurrence])
    pairs = catalogue[f"block_{block:02d}/{peril}"].to_dataset()
    run = slice(*pairs["pointer"].values[cell : cell + 2].tolist())
    return pairs["position"].values[run].astype(np.float64)
