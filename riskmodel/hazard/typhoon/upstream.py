"""Rain over the area upstream of a place, as a declared approximation without rivers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from riskmodel.hazard.typhoon.geometry import distance_and_bearing, land_at
from riskmodel.hazard.typhoon.parameters import values

FloatArray = npt.NDArray[np.float64]

FARTHEST = 3.0  # scales; weights beyond are below 5 % of the highest and left out


def upstream_weights(latitude: npt.ArrayLike, longitude: npt.ArrayLike) -> sp.csr_array:
    """Weights of the nodes upstream of each node, rows sum to one.

    Upstream of a land node are the nodes at least as far from the coast, within three declared
    scales, with weights exp(-distance / scale). A node at sea stands for itself.

    Parameters
    ----------
    latitude, longitude : array_like
        Degrees, dims (node).

    Returns
    -------
    scipy.sparse.csr_array
        Dims (node, node).
    """
    lat, lon = np.ravel(latitude), np.ravel(longitude)
    scale, inland = values("rain")["upstream_scale"], land_at(lat, lon)
    distance, _ = distance_and_bearing(lat[:, None], lon[:, None], lat[None, :], lon[None, :])
    upstream = (inland[None, :] >= inland[:, None]) & (distance <= FARTHEST * scale)
    upstream &= inland[:, None] > 0.0
    np.fill_diagonal(upstream, True)
    weight = np.where(upstream, np.exp(-distance / scale), 0.0)
    return sp.csr_array(weight / weight.sum(axis=1, keepdims=True))


def upstream_rain(
    rain: npt.NDArray[np.float32], latitude: npt.ArrayLike, longitude: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """Mean rain over the area upstream of each node, dims and unit of `rain` (node, storm).

    The mean of each node's own highest 24 hours stands for the highest 24 hours of the area's
    mean; it is never less.
    """
    weights = upstream_weights(latitude, longitude).astype(np.float32)
    return np.asarray(weights @ rain, dtype=np.float32)
