"""Secondary uncertainty: occurrence losses by zone and item, sampled from their moments.

Each loss is a Beta on [0, value exposed] with the mean and the variance of the occurrence table,
with mass at 0 and 1 where a Beta alone would be too extreme (`beta_table.shape_of`). Losses of one
occurrence are joined by a Gaussian copula with one factor for the event and one for each zone. The
loadings are set so that two losses of the same shape have exactly the covariance of the moments,
(zone + event) s² within a zone and event s² between zones; shapes that differ come close to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.draws import key_state, purpose_code
from riskmodel.core.errors import MemoryLimitError, ParamError, SchemaError
from riskmodel.loss.beta_table import beta_table
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.sampling_kernels import Moments, occurrence_losses

FloatArray = npt.NDArray[np.float64]
MEMORY_LIMIT = 4 << 30  # bytes
PIECE = 256 << 20  # bytes of losses that are handed out together
ROUNDING = 1e-6  # by which a variance may exceed that of a total loss
PURPOSES = ("damage.event", "damage.zone", "damage.own")
VARIABLES = {
    "mean": ("row", "item"), "variance_independent": ("row", "item"),
    "sd_correlated": ("row", "item"), "value_exposed": ("zone", "item"),
    "row_occurrence": ("row",), "row_zone": ("row",), "zone": ("zone",), "item": ("item",),
    "year": ("occurrence",),
}  # fmt: skip


class ExactMoments(NamedTuple):
    """Mean and variance of each occurrence's loss over all zones and items (occurrence)."""

    mean: FloatArray
    variance: FloatArray


def exact_moments(moments: xr.Dataset, correlation: Correlation) -> ExactMoments:
    """Moments of the sum of an occurrence, without sampling.

    Var = Σ variance_independent + zone Σ_z (Σ_i s)² + event (Σ_z Σ_i s)², s = sd_correlated.

    Parameters
    ----------
    moments : Dataset
        As for `sample_losses`.
    correlation : Correlation
        Shares by level; that of the cell is in ``variance_independent`` already.
    """
    check_moments(moments)
    count, of_row = moments.sizes["occurrence"], moments["row_occurrence"].values
    independent, correlated, mean = (
        moments[name].values.sum(axis=1, dtype=np.float64)
        for name in ("variance_independent", "sd_correlated", "mean")
    )
    by_zone = independent + correlation.zone * correlated**2
    together = np.bincount(of_row, correlated, count)
    variance = np.bincount(of_row, by_zone, count) + correlation.event * together**2
    return ExactMoments(np.bincount(of_row, mean, count).astype(np.float64), variance)


def sample_losses(
    moments: xr.Dataset,
    *,
    correlation: Correlation,
    samples: int,
    seed: int,
    piece: int = PIECE,
    memory_limit: int = MEMORY_LIMIT,
) -> Iterator[xr.DataArray]:
    """Losses of occurrences by zone and item, a chunk of occurrences at a time.

    Parameters
    ----------
    moments : Dataset
        Dims ``row`` (occurrence, zone; occurrences rising) and ``item``: ``mean``,
        ``variance_independent`` and ``sd_correlated`` in money; ``value_exposed`` (zone, item);
        ``row_occurrence`` and ``row_zone``, positions; ``year`` (occurrence).
    correlation : Correlation
        Shares of variance by level.
    samples : int
        Samples of each loss, >= 1; more of them leave the first ones as they are.
    seed : int
        Seed of the run.
    piece, memory_limit : int
        Bytes handed out together; the most that one occurrence may need.

    Yields
    ------
    DataArray (row, item, sample), single precision, with ``row_occurrence`` and ``row_zone``.

    Raises
    ------
    SchemaError
        If a variable is missing, a number is not finite or negative, rows do not rise, a mean
        exceeds its value exposed, or a variance that of a total loss.
    ParamError
        If there is no sample to draw.
    MemoryLimitError
        If one occurrence does not fit the limit.
    """
    kernel, shape = kernel_moments(moments, correlation, samples), (moments.sizes["item"], samples)
    row_bytes = 4 * samples * shape[0]
    for first, stop in _chunks(kernel.pointer, max(1, piece // row_bytes)):
        rows = slice(int(kernel.pointer[first]), int(kernel.pointer[stop]))
        require_memory((rows.stop - rows.start) * row_bytes, memory_limit, "sample_losses")
        out = np.zeros((rows.stop - rows.start, *shape), np.float32)
        occurrence_losses(kernel, first, stop, bases_of(seed), beta_table(), out)
        coords = {n: ("row", moments[n].values[rows]) for n in ("row_occurrence", "row_zone")}
        coords |= {"item": ("item", moments["item"].values)}
        yield xr.DataArray(out, coords, ("row", "item", "sample"), name="loss")


def _chunks(pointer: npt.NDArray[np.int64], rows: int) -> Iterator[tuple[int, int]]:
    """First and stop of occurrences that have at most so many rows together, one at least."""
    first, count = 0, pointer.size - 1
    while first < count:
        reach = int(np.searchsorted(pointer, pointer[first] + rows, side="right")) - 1
        stop = min(max(first + 1, reach), count)
        yield first, stop
        first = stop


def bases_of(seed: int) -> npt.NDArray[np.uint64]:
    """Beginnings of the keys: of an event's score, of a zone's, of an item's own."""
    return np.array([key_state(seed, purpose_code(p)) for p in PURPOSES], dtype=np.uint64)


def require_memory(needed: int, limit: int, where: str) -> None:
    """Refuse an array larger than the limit, with its size."""
    if needed > limit:
        raise MemoryLimitError(
            "samples that do not fit the memory allowed",
            where=where,
            found=f"{needed / 2**20:,.0f} MB",
            expected=f"at most {limit / 2**20:,.0f} MB",
            remedy=f"draw at most 1/{-(-needed // limit)} of the samples, or sum by fewer groups",
        )


def kernel_moments(moments: xr.Dataset, correlation: Correlation, samples: int) -> Moments:
    """Check the moments and lay them out for the kernels."""
    if samples < 1:
        raise ParamError(
            "no samples", where="loss.samples", found=samples, expected="a whole number >= 1"
        )
    check_moments(moments)
    mean, correlated = moments["mean"].values, moments["sd_correlated"].values
    zone_of = moments["row_zone"].values.astype(np.int64)
    value = moments["value_exposed"].values.astype(np.float64)
    variance = moments["variance_independent"].values + correlated**2 * (
        correlation.event + correlation.zone
    )
    _require_bounded(mean, variance, value[zone_of])
    part = np.divide(correlated**2, variance, out=np.zeros_like(variance), where=variance > 0)
    most = mean * np.maximum(value[zone_of] - mean, 0.0)
    edges = np.arange(moments.sizes["occurrence"] + 1)
    return Moments(
        _dense(np.minimum(mean, value[zone_of])),
        _dense(np.minimum(variance, most)),
        _dense(correlation.event * part),
        _dense(correlation.zone * part),
        _dense(value),
        np.searchsorted(moments["row_occurrence"].values, edges).astype(np.int64),
        np.ascontiguousarray(zone_of),
        _keys(moments, "zone"),
        _keys(moments, "item"),
    )


def _dense(values: FloatArray) -> FloatArray:
    """In the one layout for which kernels are compiled."""
    return np.ascontiguousarray(values, dtype=np.float64)


def _keys(moments: xr.Dataset, dim: str) -> npt.NDArray[np.uint64]:
    """Keys by name, so that another zone or item changes no draw."""
    keys = [purpose_code(str(name)) for name in moments[dim].values]
    if len(set(keys)) < len(keys):
        raise SchemaError(
            "names that are not told apart", where=f"moments.{dim}",
            found=moments[dim].values.tolist(), expected="each name once",
            remedy="rename one; names are told apart by their CRC-32",
        )  # fmt: skip
    return np.array(keys, dtype=np.uint64)


def check_moments(moments: xr.Dataset) -> None:
    """Refuse moments that lack something, or hold what no moments can be."""
    for name, dims in VARIABLES.items():
        if name not in moments.variables or moments[name].dims != dims:
            raise SchemaError(
                "a variable is missing or has other dims", where=f"moments.{name}",
                found=moments[name].dims if name in moments.variables else None, expected=dims,
                remedy="hand in what `moments_of` gives of an occurrence table",
            )  # fmt: skip
        values = moments[name].values
        if values.dtype.kind in "iuf" and not (np.isfinite(values).all() and (values >= 0).all()):
            raise SchemaError(
                "a number that is negative or not finite", where=f"moments.{name}",
                found=float(values[~(np.isfinite(values) & (values >= 0))][0]), expected=">= 0",
            )  # fmt: skip
    _require_positions(moments)


def _require_positions(moments: xr.Dataset) -> None:
    for name, dim in (("row_occurrence", "occurrence"), ("row_zone", "zone")):
        values = moments[name].values
        if values.size and values.max() >= moments.sizes[dim]:
            raise SchemaError(
                "a position beyond its dimension", where=f"moments.{name}",
                found=int(values.max()), expected=f"below {moments.sizes[dim]}",
            )  # fmt: skip
    if (np.diff(moments["row_occurrence"].values.astype(np.int64)) < 0).any():
        raise SchemaError(
            "rows that do not rise by occurrence", where="moments.row_occurrence",
            remedy="sort the rows by occurrence first",
        )  # fmt: skip


def _require_bounded(mean: FloatArray, variance: FloatArray, value: FloatArray) -> None:
    """Refuse a mean above the value exposed, or more variance than a total loss has."""
    high = mean > value * (1.0 + ROUNDING)
    wide = variance > mean * np.maximum(value - mean, 0.0) + ROUNDING * mean * value
    for wrong, what, found in (
        (high, "a mean loss above the value exposed", mean),
        (wide, "more variance than a total loss of the same mean has", variance),
    ):
        if wrong.any():
            row, item = np.argwhere(wrong)[0]
            raise SchemaError(
                what, where=f"moments, row {row}, item {item}",
                found={"found": float(found[row, item]), "mean": float(mean[row, item])},
                expected=f"losses between 0 and {float(value[row, item]):g}",
                remedy="hand in the value of all units that the mean counts",
            )  # fmt: skip
