"""How strong an event of a given rate is at a cell: the census maps read along log-rate.

Between two maps intensity is a line in log-rate, which is exact for a Gumbel law of annual maxima
(the reduced variate is minus the logarithm of the Poisson rate). Head, tail and the passage from a
dry to a wet map are named choices, never defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import ReturnPeriodError
from riskmodel.core.returnperiod import Frequency, rate_from_return_period
from riskmodel.hazard.position import LAST_POSITION, STEP, mapped_positions, position_of_rate

FloatArray = npt.NDArray[np.float64]
MOST_EDGES = 257  # segments are numbered in one byte
GEV_PIECES = 32  # lines that stand for the bent tail, each right at its ends
Head = Literal["zero_below", "loglinear_to_zero_at"]
Tail = Literal["flat", "gumbel", "gev"]
Passage = Literal["loglinear", "step_at_wet", "step_at_dry"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Named choices for reading one peril's maps.

    Parameters
    ----------
    head : {"zero_below", "loglinear_to_zero_at"}
        Below the most frequent map: zero, or a line to zero at `head_return_period` (years).
    tail : {"flat", "gumbel", "gev"}
        Beyond the rarest map: constant, the line through the last two maps, or a generalised
        extreme value law through them; cut at `tail_cap`, which no map may exceed.
    passage : {"loglinear", "step_at_wet", "step_at_dry"}
        From a dry map to the next, wet one: a line, wet only from the wet map's return period, or
        wet already from the dry map's.
    tail_shape : float, optional
        Of a GEV tail, ξ in 1 + ξ z: below zero it is bounded, above zero heavy.
    intensity_factor : float
        Scenario multiplier of the intensity (wind), 1 for none.
    depth_shift : float
        Scenario shift (m) of the whole curve where it is wet, head and passages included; what
        falls to zero or below is dry, and what is dry in every map stays dry.
    rate_factor : float
        Scenario multiplier m of the rate: the curve is read at rate / m (larger footprints).
    """

    head: Head
    head_return_period: float | None
    tail: Tail
    tail_cap: float
    passage: Passage
    tail_shape: float | None = None
    intensity_factor: float = 1.0
    depth_shift: float = 0.0
    rate_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class IntensityCurves:
    """Piecewise lines in position: `left` and `right` (cell, segment) between common `edges`.

    A position p in segment j reads left + (right - left) · part, cut at zero and `cap`, where part
    is (p - edges[j]) / (edges[j+1] - edges[j]). Positions from `first_extrapolated` on are rarer
    than the rarest map.
    """

    edges: npt.NDArray[np.int64]
    left: npt.NDArray[np.float32]
    right: npt.NDArray[np.float32]
    cap: float
    first_extrapolated: int

    def segment_table(self) -> npt.NDArray[np.uint8]:
        """Segment of each of the 65,536 positions."""
        if self.edges.size > MOST_EDGES:
            raise ReturnPeriodError(
                "too many segments for the table of positions",
                where="intensity curves",
                found=self.edges.size - 1,
                expected=f"at most {MOST_EDGES - 1}",
                remedy="take fewer nodes",
            )
        table = np.searchsorted(self.edges, np.arange(LAST_POSITION + 1), side="right") - 1
        return np.clip(table, 0, self.edges.size - 2).astype(np.uint8)

    def equals(self, other: IntensityCurves) -> bool:
        """Tell whether other curves read the same at every cell and position."""
        facts = [(c.cap, c.first_extrapolated) for c in (self, other)]
        return facts[0] == facts[1] and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("edges", "left", "right")
        )

    def at(self, cell: npt.NDArray[np.int64], position: npt.ArrayLike) -> FloatArray:
        """Intensity at some cells and positions (broadcast), evaluated directly."""
        p = np.asarray(position, dtype=np.float64)
        j = np.clip(np.searchsorted(self.edges, p, side="right") - 1, 0, self.edges.size - 2)
        part = (p - self.edges[j]) / (self.edges[j + 1] - self.edges[j])
        left, right = self.left[cell, j].astype(np.float64), self.right[cell, j].astype(np.float64)
        return np.clip(left + (right - left) * part, 0.0, self.cap)


def intensity_curves(
    intensity: xr.DataArray, reading: Reading, frequency: Frequency, *, storage_rate: float,
    peril: str,
) -> IntensityCurves:  # fmt: skip
    """Curves of all cells of one peril.

    Parameters
    ----------
    intensity : DataArray (return_period, cell)
        Maps at the cells; return periods on the annual-probability basis, in years.
    reading : Reading
        Head, tail, passage and scenario factors.
    frequency : Frequency
        Family of the rates.
    storage_rate : float
        Rate up to which pairs are stored; the head must be zero there.
    peril : str
        For messages.

    Raises
    ------
    ReturnPeriodError
        If the head is not zero at the storage rate, a map exceeds the cap, return periods or maps
        do not rise, or a Gumbel tail has one map only.
    """
    periods = intensity["return_period"].values.astype(np.float64)
    maps = intensity.transpose("return_period", "cell").values.astype(np.float64)
    _require_rising(periods, maps, reading, peril)
    _require_steps(intensity, reading, peril)
    maps = maps * reading.intensity_factor
    _require_below_cap(maps, reading, peril)
    mapped = mapped_positions(periods, frequency)
    left, right = _between_maps(maps, reading.passage)
    head_edges, head_left, head_right = _head(maps, mapped, reading, frequency, storage_rate, peril)
    shift = np.log(reading.rate_factor) / STEP
    edges = np.concatenate([head_edges, mapped]).astype(np.float64)
    edges[1:] = np.rint(edges[1:] - shift)
    tail_edges, steps = _tail(reading, edges[-1], mapped)
    rise = maps[-1] - maps[-min(2, periods.size)]
    tail = [maps[-1] + rise * step for step in steps]
    begins, ends = [*head_left, *left, maps[-1], *tail[:-1]], [*head_right, *right, *tail]
    sides = np.stack([begins, ends])
    sides += reading.depth_shift * (sides > 0).any(axis=0)
    return IntensityCurves(
        edges=np.concatenate([edges, tail_edges]).astype(np.int64),
        left=sides[0].T.astype(np.float32, order="C"),
        right=sides[1].T.astype(np.float32, order="C"),
        cap=reading.tail_cap,
        first_extrapolated=int(np.rint(mapped[-1] - shift)) + 1,
    )


def _tail(
    reading: Reading, start: float, mapped: npt.NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Edges beyond the rarest map, which stands at `start`, and growth there.

    Growth counts in steps of what intensity grows by between the last two maps. In u, the minus
    logarithm of the rate over that of the rarest map, the line of Gumbel is u / d, where d lies
    between the two maps, and a GEV of shape ξ (exp(ξ u) - 1) / (1 - exp(-ξ d)).
    """
    end = np.array([LAST_POSITION + 1.0])
    if reading.tail == "flat":
        return end, np.zeros(1)
    between = float(mapped[-1] - mapped[-2]) * STEP
    if reading.tail == "gumbel" or not (shape := reading.tail_shape):
        return end, (end - start) * STEP / between
    edges = np.rint(np.linspace(start, end[0], GEV_PIECES + 1)[1:])
    beyond = np.expm1(shape * (edges - start) * STEP)
    return edges, beyond / -np.expm1(-shape * between)


def _require_rising(periods: FloatArray, maps: FloatArray, reading: Reading, peril: str) -> None:
    if (np.diff(periods) <= 0).any():
        raise ReturnPeriodError(
            "return periods are out of order",
            where=f"maps of {peril}",
            found=periods.tolist(),
            expected="rising years, each once",
            remedy="sort the maps by return period",
        )
    layer, cell = np.nonzero(np.diff(maps, axis=0) < 0)
    if layer.size:
        t, c = int(layer[0]), int(cell[0])
        raise ReturnPeriodError(
            "a map lies below a more frequent one",
            where=f"{peril}, {periods[t + 1]:g} years, cell {c}",
            found=f"{maps[t + 1, c]:g} below {maps[t, c]:g}, in {np.unique(cell).size} cells",
            expected="intensities that never fall with return period",
            remedy="correct the map, or repair the census by a named choice",
        )
    if reading.tail == "gev" and reading.tail_shape is None:
        raise ReturnPeriodError(
            "a GEV tail needs its shape",
            where=f"curves.{peril}.tail_shape",
            remedy="give tail_shape and its source, or take another tail",
        )
    if reading.tail != "flat" and periods.size < 2:
        raise ReturnPeriodError(
            "a tail that rises needs two maps to go by",
            where=f"curves.{peril}.tail",
            found=f"one map, of {periods[0]:g} years",
            expected="two return periods or more",
            remedy="add a map, or take the flat tail",
        )


def _require_steps(intensity: xr.DataArray, reading: Reading, peril: str) -> None:
    """Refuse to draw lines between the classes of a map of classes."""
    chosen = (reading.head, reading.passage, reading.tail)
    if intensity.attrs.get("steps") and chosen != ("zero_below", "step_at_wet", "flat"):
        raise ReturnPeriodError(
            "a map of classes is read as steps only",
            where=f"curves.{peril}",
            found=f"head {chosen[0]}, passage {chosen[1]}, tail {chosen[2]}",
            expected="head zero_below, passage step_at_wet, tail flat",
            remedy="choose these for the peril: its classes state at which rate they act",
        )


def _require_below_cap(maps: FloatArray, reading: Reading, peril: str) -> None:
    if (highest := float(maps.max(initial=0.0)) + reading.depth_shift) > reading.tail_cap:
        raise ReturnPeriodError(
            "a map, as the scenario changes it, exceeds the cap of its tail",
            where=f"curves.{peril}.tail_cap",
            found=highest,
            expected=f"at most {reading.tail_cap:g}",
            remedy="raise tail_cap",
        )


def _between_maps(maps: FloatArray, passage: Passage) -> tuple[list[FloatArray], list[FloatArray]]:
    left, right = list(maps[:-1].copy()), list(maps[1:].copy())
    for j in range(len(left)):
        waking = (maps[j] == 0) & (maps[j + 1] > 0)
        if passage == "step_at_wet":
            right[j] = np.where(waking, 0.0, right[j])
        if passage == "step_at_dry":
            left[j] = np.where(waking, maps[j + 1], left[j])
    return left, right


def _head(
    maps: FloatArray,
    mapped: npt.NDArray[np.int64],
    reading: Reading,
    frequency: Frequency,
    storage_rate: float,
    peril: str,
) -> tuple[list[int], list[FloatArray], list[FloatArray]]:
    zero = np.zeros_like(maps[0])
    first_stored = int(position_of_rate(storage_rate / reading.rate_factor))
    if reading.head == "zero_below":
        if first_stored > mapped[0]:
            raise ReturnPeriodError(
                "the first map is more frequent than the storage rate",
                where=f"curves.{peril}, rate factor {reading.rate_factor:g}",
                found=storage_rate,
                expected="the rate of the first map, times the rate factor, or more",
                remedy=f"raise hazard.storage_rate.{peril}, or take a smaller rate factor",
            )
        return [0], [zero], [zero]
    if reading.head_return_period is None:
        raise ReturnPeriodError(
            "the head needs head_return_period",
            where=f"curves.{peril}",
            remedy="give the return period (years) at which the line reaches zero",
        )
    start = int(position_of_rate(rate_from_return_period(reading.head_return_period, frequency)))
    if not first_stored <= start < mapped[0]:
        raise ReturnPeriodError(
            "the head is not zero at the storage rate, or reaches beyond the first map",
            where=f"curves.{peril}.head_return_period, rate factor {reading.rate_factor:g}",
            found=f"{reading.head_return_period:g} years, storage rate {storage_rate:g}",
            expected="a head beyond storage rate / factor, and before the first map",
            remedy=f"raise hazard.storage_rate.{peril} or head_return_period, or lower the factor",
        )
    return [0, start], [zero, zero], [zero, maps[0]]


def cell_maps(census: xr.DataTree, peril: str) -> xr.DataArray:
    """Read the maps of one peril at the cells of the census, dims (return_period, cell).

    Cells outside the survey read zero: `load_census` lets nothing be exposed there.
    """
    zones, layer = census["zones"].to_dataset(), census[peril].to_dataset()
    row = xr.DataArray(zones["row"].values, dims="cell")
    column = xr.DataArray(zones["column"].values, dims="cell")
    return layer["intensity"].isel(y=row, x=column).fillna(0.0)
