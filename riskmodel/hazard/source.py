"""What a physical source hands to the catalogue: occurrences and indices, block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.hazard.grid import PhysicsGrid


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """What a source delivers for one block: occurrences in order of date, and indices by peril.

    `occurrences` has dim ``occurrence`` with ``year`` (within the block), ``start``, ``end`` (days)
    and trigger indices; `indices` maps a peril to an array (node, occurrence), >= 0.
    """

    occurrences: xr.Dataset
    indices: Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Source:
    """A physical source of occurrences on a grid of its own; `identity` keys the cache."""

    grid: PhysicsGrid
    index_units: Mapping[str, str]
    parent_event: str
    identity: str
    block: Callable[[int], SourceBlock]
