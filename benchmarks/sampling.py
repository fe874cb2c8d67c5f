"""Sampled losses at equal moments, beside Oasis gulmc.

Each place and event has one of some intensities, each sector and intensity a law of damage: a Beta
spread over damage bins, as Oasis wants it. Its cv stays below 2: beyond, our side puts mass at zero
and is several times slower. Our side is given the mean and the variance of the binned law, and sums
by event what it samples; gulmc hands single losses on, here to nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats

from benchmarks.sampling_peers import EVENTS, ITEMS, JUDGED, PROCESSES, SAMPLES, SECTORS, ZONES
from benchmarks.side import Outcome
from riskmodel.core.draws import generator
from riskmodel.exceedance.sampled_years import sampled_year_losses
from riskmodel.loss.correlation import Correlation
from riskmodel.loss.sampling import sample_losses

SEED = 20_251
INTENSITIES, BINS = 40, 101
VALUE = 1e9
ALONE = Correlation(event=0.0, zone=0.0, cell=0.0)
ERRORS = 5.0  # standard errors within which means and deviations agree
CORRELATIONS = (
    "item_id,peril_correlation_group,damage_correlation_value,hazard_group_id,"
    "hazard_correlation_value,source_item_id"
)
Arrays = Mapping[str, np.ndarray]


def laws() -> tuple[np.ndarray, np.ndarray]:
    """Edges of the damage bins, and the chances of each (sector, intensity, bin)."""
    draw = generator(SEED, "laws of a benchmark")
    shape = (SECTORS, INTENSITIES)
    mean = 10.0 ** draw.uniform(-2.0, -0.3, shape)
    variance = np.minimum((draw.uniform(0.2, 1.9, shape) * mean) ** 2, 0.3 * mean * (1.0 - mean))
    size = mean * (1.0 - mean) / variance - 1.0
    edges = np.linspace(0.0, 1.0, BINS + 1)
    chances = np.diff(
        stats.beta.cdf(edges, (mean * size)[..., None], ((1 - mean) * size)[..., None])
    )
    return edges, chances / chances.sum(axis=-1, keepdims=True)


def intensities() -> np.ndarray:
    """Intensity (event, zone), from 0."""
    return generator(SEED, "events of a benchmark").integers(0, INTENSITIES, (EVENTS, ZONES))


def moments() -> xr.Dataset:
    """Mean and variance of what each zone and sector loses, with uniform losses inside a bin."""
    edges, chances = laws()
    middle, width = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)
    mean = chances @ middle
    variance = chances @ (middle**2 + width**2 / 12.0) - mean**2
    rows = intensities().ravel()
    return xr.Dataset(
        {
            "mean": (("row", "item"), VALUE * mean.T[rows]),
            "variance_independent": (("row", "item"), VALUE**2 * variance.T[rows]),
            "sd_correlated": (("row", "item"), np.zeros((rows.size, SECTORS))),
            "value_exposed": (("zone", "item"), np.full((ZONES, SECTORS), VALUE)),
            "row_occurrence": ("row", np.repeat(np.arange(EVENTS), ZONES)),
            "row_zone": ("row", np.tile(np.arange(ZONES), EVENTS)),
            "year": ("occurrence", np.arange(EVENTS)),
        },
        {
            "zone": [f"zone {z}" for z in range(ZONES)],
            "item": [f"item {i}" for i in range(SECTORS)],
        },
        {"years": EVENTS},
    )


def store(work: Path) -> None:
    """Write the run folder of gulmc.

    Layouts of oasislmf 2.5.8, ``pytools/common/data.py`` and ``pytools/getmodel/common.py``.
    """
    folder = work / "gulmc"
    static, given = folder / "static", folder / "input"
    for made in (static, given):
        made.mkdir(parents=True, exist_ok=True)
    edges, chances = laws()
    bins = np.arange(1, BINS + 1)
    rows = np.stack([bins, edges[:-1], edges[1:], 0.5 * (edges[1:] + edges[:-1]), 0 * bins], axis=1)
    _table(static / "damage_bin_dict.csv", rows, "bin_index,bin_from,bin_to,interpolation,type")
    sector, intensity, damage = (1 + i.ravel() for i in np.indices(chances.shape))
    rows = np.stack([sector, intensity, damage, chances.ravel()], axis=1)
    _table(static / "vulnerability.csv", rows, "vulnerability_id,intensity_bin_id,damage_bin_id,p")
    item = np.arange(1, ITEMS + 1)
    rows = np.stack([item, item, 1 + (item - 1) // SECTORS, 1 + (item - 1) % SECTORS, item], axis=1)
    _table(given / "items.csv", rows, "item_id,coverage_id,areaperil_id,vulnerability_id,group_id")
    rows = np.stack([item, *np.zeros((5, ITEMS))], axis=1)
    _table(given / "correlations.csv", rows, CORRELATIONS)
    np.full(ITEMS, VALUE, np.float32).tofile(given / "coverages.bin")
    _footprint(static)
    events = np.arange(1, EVENTS + 1, dtype=np.int32)
    parts = {"few": events[:5], "judged": events[:JUDGED]}
    parts |= {f"half{k}": half for k, half in enumerate(np.array_split(events, PROCESSES))}
    for name, part in parts.items():
        part.tofile(folder / f"{name}.bin")


def _table(path: Path, rows: np.ndarray, header: str) -> None:
    np.savetxt(path, rows, fmt="%.9g", delimiter=",", header=header, comments="")


def _footprint(static: Path) -> None:
    """One intensity for certain at each place of each event."""
    head = np.array([INTENSITIES, 0], np.int32)
    row = np.dtype([("place", np.uint32), ("intensity", np.int32), ("chance", np.float32)])
    rows = np.zeros((EVENTS, ZONES), row)
    rows["place"] = np.arange(1, ZONES + 1)
    rows["intensity"], rows["chance"] = 1 + intensities(), 1.0
    with (static / "footprint.bin").open("wb") as file:
        file.write(head.tobytes() + rows.tobytes())
    index = np.zeros(
        EVENTS, np.dtype([("event", np.int32), ("offset", np.int64), ("size", np.int64)])
    )
    index["event"] = np.arange(1, EVENTS + 1)
    index["size"] = ZONES * row.itemsize
    index["offset"] = head.nbytes + np.arange(EVENTS) * index["size"]
    index.tofile(static / "footprint.idx")


def ours(work: Path) -> Callable[[], Outcome]:
    """Sum each event in each sample, an event a year; losses of the first events before."""
    given = moments()
    few = given.isel(row=slice(ZONES * JUDGED), occurrence=slice(JUDGED))
    parts = sample_losses(few, correlation=ALONE, samples=SAMPLES, seed=SEED)
    losses = np.concatenate([part.values for part in parts])
    sampled_year_losses(
        few.assign_attrs(years=JUDGED), correlation=ALONE, samples=SAMPLES, seed=SEED
    )

    def run() -> Outcome:
        years = sampled_year_losses(given, correlation=ALONE, samples=SAMPLES, seed=SEED)
        return {
            "losses": losses.reshape(JUDGED, ITEMS, SAMPLES),
            "total": years["total"].values[:JUDGED, 0],
            "samples": EVENTS * ITEMS * SAMPLES,
        }

    return run


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether means and deviations agree with the moments that both were given, within error."""
    given = moments()
    rows = slice(ZONES * JUDGED)
    mean = given["mean"].values[rows].reshape(JUDGED, ITEMS)
    sd = np.sqrt(given["variance_independent"].values[rows]).reshape(JUDGED, ITEMS)
    summed = np.allclose(one["total"], one["losses"].sum(axis=1, dtype=np.float64), rtol=1e-6)
    apart = [_errors(side["losses"].astype(np.float64), mean, sd) for side in (one, other)]
    how = (
        f"{mean.size} losses of {SAMPLES} samples: means and variances beside the exact ones, on "
        f"average over losses and in standard errors, ours {apart[0][0]:+.1f} and "
        f"{apart[0][1]:+.1f}, theirs {apart[1][0]:+.1f} and {apart[1][1]:+.1f}; "
        f"sums by event are those of our losses: {summed}"
    )
    return bool(summed and np.abs(apart).max() < ERRORS), how


def _errors(losses: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> tuple[float, float]:
    """Average differences of means and of variances from the exact ones, in standard errors."""
    centred = (losses - mean[..., None]) / sd[..., None]
    parts = (centred.mean(axis=-1), (centred**2).mean(axis=-1) - 1.0)
    means, variances = (float(p.mean() / (p.std() / np.sqrt(p.size))) for p in parts)
    return means, variances
