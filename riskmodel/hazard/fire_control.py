"""The county's index of forest-fire control: a modifier of ignition and spread by place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import BeforeValidator, Field

from riskmodel.core.errors import ParamError
from riskmodel.core.status import Status
from riskmodel.hazard.declared import Fixed, quantity, read_declared

FloatArray = npt.NDArray[np.float64]
Points = Annotated[float, BeforeValidator(quantity("points", 0.0, 1000.0))]


class FireControl(Fixed):
    """Scale of the index, its effect, and its value in each county (points)."""

    status: Status
    source: Annotated[str, Field(min_length=1)]
    lowest: Points
    highest: Points
    reference: Points
    ignition_halving: Points
    spread_halving: Points
    counties: Mapping[str, float]


def load_fire_control(path: Path) -> FireControl:
    """Read and check the control index of the counties.

    Raises
    ------
    ParamError
        If the file is refused, the scale is empty, or an index lies outside it; the county is
        named.
    """
    control = read_declared(path, FireControl)
    low, high = control.lowest, control.highest
    values = {"reference": control.reference} | {
        f"counties.{code}": value for code, value in control.counties.items()
    }
    for key, value in values.items():
        if not low <= value <= high:
            raise ParamError(
                "a fire-control index out of range", where=f"{path.name}, {key}", found=value,
                expected=f"from {low:g} to {high:g} points", remedy="correct the index",
            )  # fmt: skip
    if not (low < high and control.ignition_halving > 0.0 and control.spread_halving > 0.0):
        raise ParamError(
            "an empty scale, or an effect without size", where=path.name,
            found=control.model_dump(exclude={"counties"}),
            expected="lowest < highest, halvings above 0", remedy="correct the file",
        )  # fmt: skip
    return control


def control_factors(control: FireControl, zones: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Factors on the rate and on the share burned at each cell.

    Parameters
    ----------
    control : FireControl
        Index by county.
    zones : Dataset
        Node ``zones`` of a census; a cell takes the index of its ``main_zone``, the county with its
        largest share, which stays when the census is cut to counties, townships or cells.

    Returns
    -------
    ignition, spread : array (cell,)
        2^((reference - index) / halving).

    Raises
    ------
    ParamError
        If a zone of the census has no index.
    """
    codes = [str(code) for code in zones["main_zone"].values]
    if missing := sorted(set(codes) - set(control.counties)):
        raise ParamError(
            "counties without a fire-control index", where="counties", found=missing,
            expected="an index for each zone of the census",
            remedy="add them; at the reference nothing changes",
        )  # fmt: skip
    below = control.reference - np.array([control.counties[code] for code in codes])
    return 2.0 ** (below / control.ignition_halving), 2.0 ** (below / control.spread_halving)
