"""Years with secondary uncertainty: each sample is one more realisation of the same years."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.exceedance.metrics import CURVES, FloatArray, Metric, year_points
from riskmodel.loss.beta_table import beta_table
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.sampling import (
    MEMORY_LIMIT,
    bases_of,
    exact_moments,
    kernel_moments,
    require_memory,
)
from riskmodel.loss.sampling_kernels import year_losses

By = Literal["all", "zone", "item"]


def sampled_year_losses(
    moments: xr.Dataset,
    *,
    correlation: Correlation,
    samples: int,
    seed: int,
    by: By = "all",
    progress: Callable[[str], None] = lambda text: None,
    memory_limit: int = MEMORY_LIMIT,
) -> xr.Dataset:
    """Sum and largest occurrence of each year in each sample, without keeping single losses.

    Parameters
    ----------
    moments, correlation, samples, seed
        As for `riskmodel.loss.sampling.sample_losses`, the Dataset with the attr ``years``.
    by : {"all", "zone", "item"}
        Groups whose losses are summed: everything together, or one for each zone or item.
    progress, memory_limit
        Told the memory before it is allocated; bytes that the result may take.

    Returns
    -------
    Dataset with dims ``year``, ``group`` and ``sample``: ``total`` (AEP) and ``largest`` (OEP).

    Raises
    ------
    SchemaError, ParamError, MemoryLimitError
        As `sample_losses`.
    """
    kernel = kernel_moments(moments, correlation, samples)
    years = int(moments.attrs["years"])
    groups, group_of = _groups(moments, by)
    shape = (years, len(groups), samples)
    needed = 16 * int(np.prod(shape))
    require_memory(needed, memory_limit, "sampled_year_losses")
    progress(f"{samples} samples of {years} years: {needed / 2**20:,.0f} MB")
    year = moments["year"].values.astype(np.int64)
    order = np.argsort(year, kind="stable")
    pointer = np.searchsorted(year[order], np.arange(years + 1)).astype(np.int64)
    total, largest = np.zeros(shape), np.zeros(shape)
    year_losses(kernel, order, pointer, group_of, bases_of(seed), beta_table(), total, largest)
    dims = ("year", "group", "sample")
    return xr.Dataset(
        {"total": (dims, total), "largest": (dims, largest)},
        {"group": groups},
        {k: moments.attrs[k] for k in ("currency", "price_year") if k in moments.attrs},
    )


def _groups(moments: xr.Dataset, by: By) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Names of the groups, and the group of each (zone, item)."""
    shape = (moments.sizes["zone"], moments.sizes["item"])
    if by == "all":
        return ["all"], np.zeros(shape, np.int64)
    place = np.arange(moments.sizes[by])
    of = place[:, None] if by == "zone" else place[None, :]
    names = [str(name) for name in moments[by].values]
    return names, np.ascontiguousarray(np.broadcast_to(of, shape)).astype(np.int64)


def sampled_metrics(
    years: xr.Dataset, return_periods: Sequence[float], *, group: str = "all"
) -> dict[str, Metric]:
    """AAL, standard deviation, OEP, AEP and TVaR over all years of all samples.

    Parameters
    ----------
    years : Dataset
        From `sampled_year_losses`.
    return_periods : sequence of float
        Years on the annual-probability basis, > 1, at most the years simulated.
    group : str
        Which group.

    Returns
    -------
    Figures under the names of `metrics.loss_metrics`; their extrapolated share is not followed.

    Raises
    ------
    ReturnPeriodError
        If the simulated years do not support one: samples are no more years of hazard.
    """
    total, largest = (years[n].sel(group=group).values for n in ("total", "largest"))
    found = {"loss.aal": float(total.mean()), "loss.standard_deviation": float(total.std())}
    year_points(total[:, 0], return_periods)  # refuses what one sample does not support
    oep, aep = (year_points(a.ravel(), return_periods) for a in (largest, total))
    for place, t in enumerate(return_periods):
        values = (oep[0, place], aep[0, place], aep[1, place])
        found |= {f"loss.{n}.{t:g}": float(v) for n, v in zip(CURVES, values, strict=True)}
    return {name: Metric(value) for name, value in found.items()}


def compare_moments(
    moments: xr.Dataset, years: xr.Dataset, correlation: Correlation
) -> dict[str, tuple[float, float, float]]:
    """Exact value, sampled value and standard error of the sampled one, by figure.

    The years are taken as they are: of the annual loss the mean, its standard deviation over
    samples (of an average over all years), and the standard deviation of a year, whose square is
    the variance between years of the means plus the mean variance within a year.

    Parameters
    ----------
    moments : Dataset
        As for `sampled_year_losses`.
    years : Dataset
        What it gave with ``by="all"``.
    correlation : Correlation
        The same shares.
    """
    exact = exact_moments(moments, correlation)
    total = years["total"].sel(group="all").values
    count, samples = total.shape
    year = moments["year"].values.astype(np.int64)
    mean, variance = (np.bincount(year, a, count) for a in (exact.mean, exact.variance))
    averages = total.mean(axis=0)
    squares = (total**2).mean(axis=0)
    within = float(np.sqrt(variance.sum())) / count
    deviation = float(np.sqrt(mean.var() + variance.mean()))
    sampled_deviation = float(total.std())
    return {
        "loss.aal": (float(mean.mean()), float(averages.mean()), within / samples**0.5),
        "loss.aal.secondary_deviation": (
            within, float(averages.std(ddof=1)), within / (2.0 * (samples - 1)) ** 0.5,
        ),
        "loss.standard_deviation": (
            deviation, sampled_deviation,
            float(_error(squares) + 2.0 * abs(mean.mean()) * _error(averages))
            / (2.0 * sampled_deviation),
        ),
    }  # fmt: skip


def _error(values: FloatArray) -> float:
    return float(values.std(ddof=1)) / values.size**0.5
