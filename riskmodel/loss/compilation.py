"""Compile curves, responses and exposure into the small tables that the pass gathers from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import ResponseError
from riskmodel.core.vocabulary import WATER
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.entries import Entries, FineCells, coarse_entries, fine_entries
from riskmodel.loss.lanes import Lanes, lanes_of
from riskmodel.loss.lookup import bins_for, deviation_table, mean_table
from riskmodel.loss.response import Item
from riskmodel.loss.scenario import Scenario, read_alike, require_alike

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MOST_PERILS = 15  # a bit for each, beside that of extrapolated places


@dataclass(frozen=True, slots=True)
class Layer:
    """One peril at one resolution: its curves, and the rows of the look-up table that it reads."""

    peril: str
    curves: IntensityCurves
    first_row: int
    bins: int

    @property
    def density(self) -> float:
        """Bins per unit of intensity."""
        return (self.bins - 1) / self.curves.cap


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """All that the pass reads, for scenarios that share their intensity curves.

    ``lookup`` (row, item, scenario) holds the mean outcome on one exposed unit at equally spaced
    intensities, each layer in rows of its own; layer p is that of peril p, those of fine cells
    follow. ``acting`` lists, among columns × perils, those in which a peril does anything.
    ``lanes`` are the order in which the pass takes items and scenarios.
    ``deviation`` (row, item) is the standard deviation of one unit in the first scenario,
    without rows where moments are not carried. ``entries`` are pieces of cells in one zone.
    """

    scenarios: tuple[str, ...]
    perils: tuple[str, ...]
    layers: tuple[Layer, ...]
    columns: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    acting: IntArray
    item_column: IntArray
    item_highest: npt.NDArray[np.bool_]
    item_unit_value: FloatArray
    lanes: Lanes
    lookup: npt.NDArray[np.float32]
    deviation: npt.NDArray[np.float32]
    correlation: Correlation | None
    entries: Entries
    zones: xr.Dataset
    price_year: int
    currency: str

    def of_layer(self, layer: int) -> npt.NDArray[np.float32]:
        """Mean outcomes (bin, item, scenario) of one layer."""
        chosen = self.layers[layer]
        return self.lookup[chosen.first_row : chosen.first_row + chosen.bins]


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
    fine: FineCells | None = None,
    correlation: Correlation | None = None,
) -> CompiledTable:
    """Compile one scenario: responses on the census curves, and the exposure.

    Parameters
    ----------
    census : DataTree
        From `load_census`.
    curves : mapping of str to IntensityCurves
        By peril; perils without curves do not act, whatever responses there are.
    items : sequence of Item
        Exposure classes with responses; items of one column are summed.
    depth_spread : float
        Coefficient of variation of the depth of water inside a cell of the coarse grid; the
        response becomes its mean over that spread. Zero for none.
    fine : FineCells, optional
        Cells of a finer grid, or polygons, that take the place of their catalogue cells.
    correlation : Correlation, optional
        Shares of deviations by level; with it the pass carries moments beside means.

    Raises
    ------
    ResponseError, UnitsError
        If the census lacks an exposure class, or a response has another unit than the hazard.
    """
    one = Scenario(curves, items, depth_spread, fine)
    return _compiled(census, {"baseline": one}, correlation)


def compile_scenarios(
    census: xr.DataTree,
    scenarios: Mapping[str, Scenario],
    *,
    correlation: Correlation | None = None,
) -> list[CompiledTable]:
    """Compile scenarios into as few tables as there are sets of intensity curves.

    Scenarios with equal curves and fine cells are columns of one table: the pass reads their
    intensity once. The first scenario, and it alone, carries moments if `correlation` is given.

    Raises
    ------
    ResponseError
        If scenarios differ in columns, exposure classes or rules, not only in responses.
    """
    groups: list[dict[str, Scenario]] = []
    for name, scenario in scenarios.items():
        for group in groups:
            if read_alike(next(iter(group.values())), scenario):
                group[name] = scenario
                break
        else:
            groups.append({name: scenario})
    require_alike(scenarios)
    return [
        _compiled(census, group, None if number else correlation)
        for number, group in enumerate(groups)
    ]


def _compiled(
    census: xr.DataTree, scenarios: Mapping[str, Scenario], correlation: Correlation | None
) -> CompiledTable:
    base = next(iter(scenarios.values()))
    exposure, zones = census["exposure"].to_dataset(), census["zones"].to_dataset()
    _require_known(base.items, exposure["exposure_class"].values.tolist())
    classes = [item.exposure for item in base.items]
    value = exposure["value"].sel(exposure_class=classes).values
    columns = {item.column: item for item in reversed(base.items)}
    names = tuple(dict.fromkeys(item.column for item in base.items))
    perils = tuple(base.curves)
    _require_few(perils)
    layers, lookup, deviation = _tabulated(census, list(scenarios.values()), correlation)
    fine, entries = base.fine, coarse_entries(zones, value, len(perils))
    item_column = np.array([names.index(item.column) for item in base.items])
    highest = np.array([item.combine == "highest" for item in base.items], np.bool_)
    return CompiledTable(
        scenarios=tuple(scenarios), perils=perils, layers=layers, columns=names,
        quantities=tuple(columns[name].quantity for name in names),
        units=tuple(columns[name].unit for name in names),
        acting=_acting(base.items, names, perils),
        item_column=item_column,
        item_highest=highest,
        item_unit_value=np.array([item.unit_value for item in base.items]),
        lanes=lanes_of(
            entries.value, item_column, _item_perils(layers, lookup, perils), highest,
            perils=len(perils), scenarios=len(scenarios),
        ),
        lookup=lookup, deviation=deviation, correlation=correlation,
        entries=entries if fine is None else fine_entries(entries, perils, fine, classes),
        zones=zones[["name_zh", "name_en"]],
        price_year=int(exposure.attrs["price_year"]), currency=str(exposure.attrs["currency"]),
    )  # fmt: skip


def _item_perils(
    layers: Sequence[Layer], lookup: npt.NDArray[np.float32], perils: Sequence[str]
) -> IntArray:
    """Perils with any effect on each item, a bit for each."""
    found = np.zeros(lookup.shape[1], np.int64)
    for layer in layers:
        acts = np.any(lookup[layer.first_row : layer.first_row + layer.bins], axis=(0, 2))
        found[acts] |= 1 << perils.index(layer.peril)
    return found


def _acting(items: Sequence[Item], columns: Sequence[str], perils: Sequence[str]) -> IntArray:
    """Numbers, among columns × perils, of those that act; one a column at least."""
    responds = np.zeros((len(columns), len(perils)), np.bool_)
    for item in items:
        responds[columns.index(item.column)] |= [p in item.responses for p in perils]
    responds[~responds.any(axis=1), 0] = True
    return np.flatnonzero(responds)


def _require_few(perils: Sequence[str]) -> None:
    if len(perils) > MOST_PERILS:
        raise ResponseError(
            "more perils than the pass can tell apart", where="compile_table",
            found=f"{len(perils)}: {', '.join(perils)}", expected=f"at most {MOST_PERILS}",
            remedy="pass those that never share a storm with others on their own",
        )  # fmt: skip


def _require_known(items: Sequence[Item], known: list[str]) -> None:
    for item in items:
        if item.exposure not in known:
            raise ResponseError(
                "an exposure class that the census lacks",
                where=item.column,
                found=item.exposure,
                expected=known,
            )


def _tabulated(
    census: xr.DataTree, scenarios: Sequence[Scenario], correlation: Correlation | None
) -> tuple[tuple[Layer, ...], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Layers with their look-up tables, one below the other, and a last row of zeros."""
    base = scenarios[0]
    finer = base.fine.curves if base.fine else {}
    wanted = [*((p, c, True) for p, c in base.curves.items()),
              *((p, finer[p], False) for p in base.curves if p in finer)]  # fmt: skip
    layers, means, deviations, first = [], [], [], 0
    for peril, curves, coarse in wanted:
        unit = census[peril].attrs["units"]
        spreads = [s.depth_spread if peril in WATER and coarse else 0.0 for s in scenarios]
        bins = max(bins_for(s.items, peril, d) for s, d in zip(scenarios, spreads, strict=True))
        intensity = np.linspace(0.0, curves.cap, bins)
        means.append(np.stack(
            [mean_table(s.items, peril, intensity, unit=unit, spread=d)
             for s, d in zip(scenarios, spreads, strict=True)], axis=-1,
        ))  # fmt: skip
        if correlation is not None:
            deviations.append(deviation_table(base.items, peril, intensity, spread=spreads[0]))
        layers.append(Layer(peril, curves, first, bins))
        first += bins
    last = np.zeros((1, len(base.items), len(scenarios)), np.float32)
    deviation = np.concatenate([*deviations, last[..., 0]]) if deviations else last[:0, :, 0]
    return tuple(layers), np.concatenate([*means, last]), deviation
