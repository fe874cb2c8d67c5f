"""Damage curves of the classes exposed, from ``data/curves`` and the levers of the params file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import special

from riskmodel.core.errors import ResponseError
from riskmodel.core.status import worst
from riskmodel.core.vocabulary import WATER, Peril
from riskmodel.loss.classes import Classes, ExposureClass, load_classes
from riskmodel.loss.library import (
    FOLDER,
    EmanuelCurve,
    Library,
    library_curve,
    load_library,
    table_response,
)
from riskmodel.loss.response import Item, Response

FloatArray = npt.NDArray[np.float64]
WIND_KNOTS = 400
QUARTILE_RANGE = 2.0 * float(special.ndtri(0.75))  # of a normal of standard deviation one
DRAWS = 2001  # equally likely values of a normal, for moments


@dataclass(frozen=True, slots=True)
class DamageLevers:
    """The few explicit parameters of damage, all declared in the params file.

    Parameters
    ----------
    v_half : float
        1-minute wind in m/s at which half the value is lost, for brick-concrete dwellings.
    v_threshold : float
        1-minute wind in m/s below which wind costs nothing.
    averaging_factor : float
        1-minute wind over 10-minute wind; census wind maps are 10-minute.
    depth_curve : str
        Family of depth curves in the library, for example ``jrc_asia``.
    flood_damage_scale : float
        Factor on the damage of depth: the share of a cell's value that stands where water comes.
    further_damage_scale : float
        Factor on the damage of perils beyond wind and water, whose responses are placeholders.
    surge_multiplier : float
        Damage of sea water over damage of fresh water at the same depth.
    floor_height : float
        Ground floor of dwellings above ground, m, >= 0.
    ground_floor_share : mapping of str to float
        Share of the value of each class of dwellings that stands on ground floors, 0 to 1.
    """

    v_half: float
    v_threshold: float
    averaging_factor: float
    depth_curve: str
    flood_damage_scale: float
    further_damage_scale: float
    surge_multiplier: float
    floor_height: float
    ground_floor_share: Mapping[str, float]


def emanuel(wind: npt.ArrayLike, *, v_half: float, v_threshold: float) -> FloatArray:
    """Damage ratio x³/(1 + x³) with x = max(v - v0, 0)/(v_half - v0) (Emanuel 2011).

    Parameters
    ----------
    wind : array_like
        1-minute sustained wind in m/s.
    v_half, v_threshold : float
        m/s, v_half above v_threshold.

    Notes
    -----
    Emanuel, K. (2011), doi 10.1175/WCAS-D-11-00007.1.

    Examples
    --------
    >>> float(emanuel(74.7, v_half=74.7, v_threshold=25.7))
    0.5
    """
    x = np.maximum(np.asarray(wind, dtype=np.float64) - v_threshold, 0.0) / (v_half - v_threshold)
    return x**3 / (1.0 + x**3)


def emanuel_spread(ratio: npt.ArrayLike, curve: EmanuelCurve) -> FloatArray:
    """Spread of the damage ratio around its mean, as V_half of single storms spreads.

    With ln(V_half - v0) normal of standard deviation s, the ratio x³/(1 + x³) is logit-normal of
    scale 3 s; s is the range between quartiles over 1.349. The mean is kept as given, so the spread
    is a function of the mean alone, and below sqrt(m (1 - m)).

    Parameters
    ----------
    ratio : array_like
        Mean damage ratio, 0 to 1.
    curve : EmanuelCurve
        Holds the quartiles.
    """
    low, _, high = (v - curve.v_threshold for v in curve.v_half_quartiles)
    mean, spread = _logit_normal(3.0 * float(np.log(high / low)) / QUARTILE_RANGE)
    return np.interp(np.asarray(ratio, dtype=np.float64), mean, spread)


@cache
def _logit_normal(scale: float) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of logit-normal ratios of one scale, over their location."""
    normal = special.ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    location = np.linspace(-30.0, 30.0, 1201)
    ratio = special.expit(location[:, None] + scale * normal)
    mean, spread = ratio.mean(axis=1), ratio.std(axis=1)
    return np.concatenate([[0.0], mean, [1.0]]), np.concatenate([[0.0], spread, [0.0]])


def damage_items(
    levers: DamageLevers, folder: Path = FOLDER, *, exposed: Collection[str] | None = None
) -> list[Item]:
    """One item for each exposure class, with its responses to all perils that harm it.

    Parameters
    ----------
    levers : DamageLevers
    folder : Path
        Holds the library and the classes.
    exposed : collection of str, optional
        Classes that the census values; optional classes that it lacks are left out.

    Raises
    ------
    ResponseError
        If the library or the classes are refused, a curve is missing, or dwellings and the shares
        of their ground floors do not match.
    """
    library, classes = load_library(folder), load_classes(folder)
    dwellings = {name for name, c in classes.classes.items() if c.dwelling}
    if set(levers.ground_floor_share) != dwellings:
        raise ResponseError(
            "one share for each class of dwellings", where="loss.ground_floor_share",
            found=sorted(levers.ground_floor_share), expected=sorted(dwellings),
        )  # fmt: skip
    items = []
    for name, own in classes.classes.items():
        if own.optional and exposed is not None and name not in exposed:
            continue
        responses = {"typhoon_wind": _wind(name, own, library, classes, levers)}
        responses |= {p: _depth(name, p, own, library, classes, levers) for p in WATER}
        responses |= _further(name, library, classes, levers.further_damage_scale)
        items.append(Item(own.sector, "loss", "CNY", name, responses, "complement", own.unit_value))
    return items


def _further(name: str, library: Library, classes: Classes, scale: float) -> dict[str, Response]:
    """Responses of a class to perils beyond wind and water, where it has any."""
    found: dict[str, Response] = {}
    for peril, tables in classes.further.items():
        if not isinstance(used := tables[name], str):
            curve = library_curve(library, used.curve, peril)
            factor = used.factor * scale
            made = table_response(f"{peril}/{name}", curve, peril, factor=factor)
            found[peril] = replace(made, status=worst([curve.status, classes.status]))
    return found


def _wind(
    name: str, exposed: ExposureClass, library: Library, classes: Classes, levers: DamageLevers
) -> Response:
    curve = library.curves["emanuel_china"]
    if not isinstance(curve, EmanuelCurve):
        raise ResponseError("the wind curve has another form", where="emanuel_china")
    threshold = levers.v_threshold
    v_half = max(levers.v_half * exposed.v_half_factor, threshold + 1.0)
    wind = np.linspace(threshold, curve.valid_range[1], WIND_KNOTS)
    ratio = emanuel(wind, v_half=v_half, v_threshold=threshold)
    return Response(
        name=f"typhoon_wind/{name}",
        peril="typhoon_wind",
        intensity_unit=curve.intensity_unit,
        intensity=tuple((wind / levers.averaging_factor).tolist()),
        value=tuple(ratio.tolist()),
        interpolation="linear",
        source=curve.source,
        status=worst([curve.status, classes.status]),
        spread=tuple(emanuel_spread(ratio, curve).tolist()),
        valid_range=(
            threshold / levers.averaging_factor,
            curve.valid_range[1] / levers.averaging_factor,
        ),
    )


def _depth(
    name: str, peril: Peril, exposed: ExposureClass, library: Library, classes: Classes,
    levers: DamageLevers,
) -> Response:  # fmt: skip
    curve = library_curve(library, f"{levers.depth_curve}_{exposed.curve}", peril)
    factor = exposed.maximum_damage * levers.flood_damage_scale
    shift = 0.0
    if exposed.dwelling:
        factor *= levers.ground_floor_share[name]
        shift = levers.floor_height - classes.floor_in_curve
    source = curve.source
    if peril == "storm_surge":
        factor *= levers.surge_multiplier
        source = f"{source}; {classes.surge_source}"
    elif peril in classes.water:
        factor *= classes.water[peril].factor * classes.water[peril].reached
        source = f"{source}; {classes.water[peril].source}"
    response = table_response(f"{peril}/{name}", curve, peril, factor=factor, shift=shift)
    return replace(response, source=source, status=worst([curve.status, classes.status]))
