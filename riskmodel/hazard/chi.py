"""Tail dependence measured on indices: how often two places exceed their levels in one event."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.census.terrain import KM_PER_DEGREE
from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency
from riskmodel.core.schema import Schema, stamp
from riskmodel.hazard.dependence import event_probability

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
MOST_NODES = 2000  # their pairs are listed before some are drawn

MEASURED = Schema(
    "dependence.measured",
    {
        "chi": ("return_period", "distance"),
        "probability": ("return_period",),
        "pairs": ("distance",),
    },
    ("events",),
)


def measured_chi(
    index: npt.NDArray[np.float32],
    latitude: npt.ArrayLike,
    longitude: npt.ArrayLike,
    *,
    return_periods: Sequence[float],
    events_a_year: float,
    frequency: Frequency,
    distance_edges_km: Sequence[float],
    pairs_a_bin: int,
    random: np.random.Generator,
) -> xr.Dataset:
    """Measure chi of the events of one block, by return period and distance.

    Each node's level is its own k-th largest index, k = p · events; chi is the share of these k
    events that exceed at the other node too, averaged over drawn pairs of nodes.

    Parameters
    ----------
    index : array (node, event)
        Physical index of the events of one source, >= 0.
    latitude, longitude : array_like (node,)
        Degrees; distances are those of the middle latitude.
    return_periods, events_a_year, frequency : sequence of float, float and Frequency
        Levels in years, and the source's counts: p as in `event_probability`.
    distance_edges_km, pairs_a_bin, random : sequence of float, int and numpy.random.Generator
        Rising edges of the bins, and pairs drawn in each, >= 1 (all, where there are fewer).

    Returns
    -------
    Dataset of schema `MEASURED`: ``chi`` (return_period, distance) from 0 to 1, ``probability`` of
    a level and number of ``pairs``; ``distance`` is the mean of a bin's pairs in km.

    Raises
    ------
    CatalogueError
        If a bin holds no pair, or the events are too few or too dry for a level.
    """
    p = event_probability(return_periods, events_a_year=events_a_year, frequency=frequency)
    pairs = _drawn_pairs(latitude, longitude, distance_edges_km, pairs_a_bin, random)
    counts = np.rint(p * index.shape[1]).astype(np.int64)
    variables = {
        "chi": (("return_period", "distance"), _shares(index, [n for n, _ in pairs], counts)),
        "probability": ("return_period", p),
        "pairs": ("distance", [nodes.shape[0] for nodes, _ in pairs]),
    }
    place = {"return_period": list(return_periods), "distance": [mean for _, mean in pairs]}
    data = xr.Dataset(variables, place, {"events": index.shape[1]})
    return stamp(data, MEASURED, source="indices of one block", history="measured_chi")


def _shares(
    index: npt.NDArray[np.float32], pairs: Sequence[IntArray], counts: IntArray
) -> FloatArray:
    """Mean share of shared events by level and bin, from pairs of nodes (pair, 2) by bin."""
    nodes, number = np.unique(np.concatenate(pairs), return_inverse=True)
    exceeding = _exceeding(index[nodes], counts)
    first, second = number.reshape(-1, 2).T
    share = np.stack([(e[first] & e[second]).sum(axis=1) / e[first].sum(axis=1) for e in exceeding])
    sizes = np.array([pair.shape[0] for pair in pairs])
    return np.add.reduceat(share, np.cumsum(sizes) - sizes, axis=1) / sizes


def _drawn_pairs(
    latitude: npt.ArrayLike,
    longitude: npt.ArrayLike,
    edges: Sequence[float],
    pairs_a_bin: int,
    random: np.random.Generator,
) -> list[tuple[IntArray, float]]:
    """Pairs of nodes (pair, 2) and their mean distance in km, for each bin."""
    lat, lon = np.asarray(latitude, dtype=np.float64), np.asarray(longitude, dtype=np.float64)
    kept = np.arange(lat.size)
    if kept.size > MOST_NODES:
        kept = np.sort(random.choice(kept, MOST_NODES, replace=False))
    middle = np.deg2rad((lat.min() + lat.max()) / 2.0)
    x, y = lon[kept] * np.cos(middle) * KM_PER_DEGREE, lat[kept] * KM_PER_DEGREE
    first, second = np.triu_indices(kept.size, 1)
    distance = np.hypot(x[first] - x[second], y[first] - y[second])
    drawn = []
    for low, high in pairwise(edges):
        inside = np.flatnonzero((distance >= low) & (distance < high))
        if not inside.size:
            raise CatalogueError(
                "no pair of nodes lies this far apart",
                where="distance_edges_km",
                found=(low, high),
                expected=f"rising edges between {distance.min():.1f} and {distance.max():.1f} km",
                remedy="choose distances that the nodes have",
            )
        if inside.size > pairs_a_bin:
            inside = random.choice(inside, pairs_a_bin, replace=False)
        pair = np.stack([kept[first[inside]], kept[second[inside]]], axis=1)
        drawn.append((pair, float(distance[inside].mean())))
    return drawn


def _exceeding(index: npt.NDArray[np.float32], counts: IntArray) -> list[npt.NDArray[np.bool_]]:
    """Whether each event (node, event) is among the `count` largest of its node, for each count."""
    if counts.min() < 1:
        raise CatalogueError(
            "too few events for a level",
            where="measured_chi",
            found=f"{index.shape[1]} events",
            expected="one event beyond each level or more",
            remedy="measure longer blocks, or more frequent return periods",
        )
    events = index.shape[1]
    ordered = np.partition(index, events - counts, axis=1)
    levels = ordered[:, events - counts].T
    if (levels <= 0).any():
        raise CatalogueError(
            "a node is dry at a level",
            where="measured_chi",
            found=f"{int((levels <= 0).any(axis=0).sum())} nodes",
            expected="an index above zero in more events than reach the level",
            remedy="measure rarer return periods, or only nodes that the source reaches",
        )
    return [index >= level[:, None] for level in levels]
