"""Compile curves, responses and exposure into the small tables that the pass gathers from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from riskmodel.core.errors import ResponseError, UnitsError
from riskmodel.core.vocabulary import WATER
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.loss.response import Item, Response

FloatArray = npt.NDArray[np.float64]
BINS = 1500  # look-up bins from zero to the tail cap of a peril
JUMP_BINS = 60_000  # when a response jumps: a jump is a line across one bin


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """All that the pass over the catalogue reads, for one scenario.

    ``lookup`` (peril, item, bin) holds the mean outcome on one exposed unit at equally spaced
    intensities, ``bins_per_unit`` (peril,) their density.
    ``value`` (entry, item) is what is exposed.
    """

    perils: tuple[str, ...]
    curves: tuple[IntensityCurves, ...]
    columns: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    item_column: npt.NDArray[np.int64]
    item_highest: npt.NDArray[np.bool_]
    lookup: npt.NDArray[np.float32]
    bins_per_unit: FloatArray
    value: npt.NDArray[np.float64]
    entry_cell: npt.NDArray[np.int64]
    zone_pointer: npt.NDArray[np.int64]
    zones: xr.Dataset
    price_year: int
    currency: str


def require_responses(items: Sequence[Item], perils: Collection[str]) -> None:
    """Refuse maps whose peril nothing responds to: their loss would be zero in silence.

    A response without maps does not act; `compile_table` passes it over.

    Parameters
    ----------
    items : sequence of Item
        All items of a run.
    perils : collection of str
        Perils of the census.

    Raises
    ------
    ResponseError
        Naming the first peril that no item responds to.
    """
    for peril in perils:
        if not any(peril in item.responses for item in items):
            raise ResponseError(
                "maps of a peril without a response", where=peril, found="no item that it harms",
                expected=sorted({p for item in items for p in item.responses}),
                remedy="add its rows to data/curves, or leave its maps out of census.yml",
            )  # fmt: skip


def compile_table(
    census: xr.DataTree,
    curves: Mapping[str, IntensityCurves],
    items: Sequence[Item],
    *,
    depth_spread: float,
) -> CompiledTable:
    """Compile responses on the census curves and the exposure.

    Parameters
    ----------
    census : DataTree
        From `load_census`.
    curves : mapping of str to IntensityCurves
        By peril; perils without curves do not act, whatever responses there are.
    items : sequence of Item
        Exposure classes with responses; items of one column are summed.
    depth_spread : float
        Coefficient of variation of the depth of water inside a cell of the coarse grid (lognormal
        with mean one); the response becomes its mean over that spread. Zero for none.

    Raises
    ------
    ResponseError, UnitsError
        If the census lacks an exposure class, or a response has another unit than the hazard.
    """
    exposure, zones = census["exposure"].to_dataset(), census["zones"].to_dataset()
    _require_known(items, exposure["exposure_class"].values.tolist())
    columns = {item.column: item for item in reversed(items)}
    order = np.argsort(zones["entry_zone"].values, kind="stable")
    value = exposure["value"].sel(exposure_class=[item.exposure for item in items]).values[order]
    names = tuple(dict.fromkeys(item.column for item in items))
    lookup = _lookup(census, curves, items, depth_spread)
    return CompiledTable(
        perils=tuple(curves),
        curves=tuple(curves.values()),
        columns=names,
        quantities=tuple(columns[name].quantity for name in names),
        units=tuple(columns[name].unit for name in names),
        item_column=np.array([names.index(item.column) for item in items]),
        item_highest=np.array([item.combine == "highest" for item in items]),
        lookup=lookup,
        bins_per_unit=np.array([(lookup.shape[2] - 1) / c.cap for c in curves.values()]),
        value=np.ascontiguousarray(value),
        entry_cell=zones["entry_cell"].values[order].astype(np.int64),
        zone_pointer=_pointer(zones["entry_zone"].values[order], zones.sizes["zone"]),
        zones=zones[["name_zh", "name_en"]],
        price_year=int(exposure.attrs["price_year"]),
        currency=str(exposure.attrs["currency"]),
    )


def _pointer(zone_of_entry: npt.NDArray[np.int64], zones: int) -> npt.NDArray[np.int64]:
    """First entry of each zone, entries being in order of zone."""
    return np.searchsorted(zone_of_entry, np.arange(zones + 1))


def _require_known(items: Sequence[Item], known: list[str]) -> None:
    for item in items:
        if item.exposure not in known:
            raise ResponseError(
                "an exposure class that the census lacks",
                where=item.column,
                found=item.exposure,
                expected=known,
            )


def _lookup(
    census: xr.DataTree,
    curves: Mapping[str, IntensityCurves],
    items: Sequence[Item],
    depth_spread: float,
) -> npt.NDArray[np.float32]:
    """Mean outcome of each peril and item at equally spaced intensities."""
    spread = {p: depth_spread if p in WATER else 0.0 for p in curves}
    jumps = any(
        spread.get(p) == 0.0 and _jumps(r) for item in items for p, r in item.responses.items()
    )
    bins = JUMP_BINS if jumps else BINS
    table = np.zeros((len(curves), len(items), bins), dtype=np.float32)
    for p, (peril, curve) in enumerate(curves.items()):
        intensity = np.linspace(0.0, curve.cap, bins)
        unit = census[peril].attrs["units"]
        for i, item in enumerate(items):
            response = item.responses.get(peril)
            if response is None:
                continue
            if response.intensity_unit != unit:
                raise UnitsError(
                    "response and hazard differ in unit",
                    where=response.name,
                    found=response.intensity_unit,
                    expected=unit,
                )
            if spread[peril] == 0.0:
                table[p, i] = _at_bins(response, intensity)
            else:
                table[p, i] = mean_over_spread(response, intensity, spread[peril])
    return table


def _jumps(response: Response) -> bool:
    return response.interpolation == "step" or response.value[0] > 0.0


def _at_bins(response: Response, intensity: FloatArray) -> FloatArray:
    """Response at the bins; a jump is taken one bin early, so that its threshold reads all of it.

    Maps hold round depths and so do benefit tables: a cell exactly at a threshold is no rare case.
    """
    ahead = intensity + (intensity[1] - intensity[0]) * (1.0 - 1e-6)
    if response.interpolation == "step":
        return response.at(ahead)
    first = np.where(ahead >= response.intensity[0], response.value[0], 0.0)
    return np.maximum(response.at(intensity), first)


def mean_over_spread(response: Response, intensity: FloatArray, spread: float) -> FloatArray:
    """Mean response when intensity inside the cell is lognormal with mean one and this spread.

    Parameters
    ----------
    response : Response
    intensity : array
        Cell intensities (mean inside the cell), >= 0.
    spread : float
        Coefficient of variation, >= 0.

    Notes
    -----
    Exact: with X lognormal of mean x and log-standard deviation s, d = ln(x / k) / s - s / 2, a
    jump at k contributes its height times P(X > k) = Φ(d), and a change of slope at k its size
    times E[(X - k)+] = x Φ(d + s) - k Φ(d).
    """
    if spread == 0.0:
        return response.at(intensity)
    x = np.asarray(intensity, dtype=np.float64)[..., None]
    knots, value = np.asarray(response.intensity), np.asarray(response.value)
    s = np.sqrt(np.log1p(spread**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.log(x / knots) / s - s / 2
    d = np.where(x > 0, d, -np.inf)
    above = special.ndtr(d)
    if response.interpolation == "step":
        return above @ np.diff(value, prepend=0.0)
    slope = np.diff(value) / np.diff(knots)
    bend = np.diff(slope, prepend=0.0, append=0.0)
    return (x * special.ndtr(d + s) - knots * above) @ bend + above[..., 0] * value[0]
