"""What each county reads off a storm under an index cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import SchemaError, TermsError, UnitsError
from riskmodel.cover.covers import ParametricCover
from riskmodel.cover.fields import FloatArray
from riskmodel.cover.trigger import AT_STATIONS, OVER_AREA
from riskmodel.hazard.typhoon.geometry import distance_and_bearing
from riskmodel.hazard.typhoon.triggers import load_boxes


def read_index(cover: ParametricCover, triggers: xr.Dataset, zones: Sequence[str]) -> FloatArray:
    """Values (occurrence, zone) of the index that a cover reads for each zone.

    NaN where the storm missed the box, made no landfall in it, its source knows no station, or
    nothing of an areal index's class stands in the county.

    Parameters
    ----------
    cover : ParametricCover
    triggers : Dataset
        Of the indices of `riskmodel.cover.trigger.Trigger` those that covers read:
        ``minimum_pressure``, ``maximum_wind`` (occurrence, box); ``landfall_latitude``,
        ``landfall_longitude``, ``landfall_pressure``, ``landfall_wind`` (occurrence);
        ``rain_24h`` and so on (occurrence, station); ``snow_depth`` (occurrence, zone, weight);
        each with attrs ``units``.
    zones : sequence of str
        Codes.

    Raises
    ------
    SchemaError
        If the index, its box or a station is missing; of an index at stations or over an area the
        message says that its peril is not in the run.
    TermsError
        If a county of the cover has no station of its own, or nothing of the class over which an
        areal index is a mean.
    UnitsError
        If the index has another unit.
    """
    trigger, where = cover.trigger, f"cover {cover.cover}: trigger"
    if trigger.index not in triggers:
        peril = {**AT_STATIONS, **OVER_AREA}.get(trigger.index)
        raise SchemaError(
            f"the peril of the index, {peril}, is not in the run's events"
            if peril
            else "the trigger index is missing",
            where=f"{where}.index",
            found=sorted(map(str, triggers.data_vars)),
            expected=trigger.index,
            remedy="leave the cover out until the catalogue holds this index",
        )
    unit = triggers[trigger.index].attrs.get("units", trigger.unit)
    if unit != trigger.unit:
        raise UnitsError("another unit", where=f"{where}.unit", found=unit, expected=trigger.unit)
    if trigger.index in AT_STATIONS:
        return _at_stations(cover, triggers[trigger.index], zones, where)
    if trigger.area is not None:
        return _over_area(cover, triggers[trigger.index].sel(weight=trigger.area.weight), zones)
    found = _in_box(cover, triggers, where)
    return np.broadcast_to(found[:, None], (found.size, len(zones)))


def _at_stations(
    cover: ParametricCover, index: xr.DataArray, zones: Sequence[str], where: str
) -> FloatArray:
    values = index.transpose("occurrence", "station").to_numpy().astype(np.float64)
    known, stations = index["station"].to_numpy().astype(str).tolist(), cover.trigger.stations
    if stations is None or stations.of is None:
        of_cover = zones if cover.zones == "all" else [z for z in zones if z in cover.zones]
        if lost := [zone for zone in of_cover if zone not in known]:
            raise TermsError(
                "an index without station: counties have none of their own",
                where=f"{where}.stations",
                found=lost,
                expected=known,
                remedy="leave these counties out, or declare a station in data/hazard/stations.yml",
            )
        result = np.full((values.shape[0], len(zones)), np.nan)
        for place, zone in enumerate(zones):
            if zone in known:
                result[:, place] = values[:, known.index(zone)]
        return result
    named = known if stations.of == "all" else list(stations.of)
    if lost := [code for code in named if code not in known]:
        raise SchemaError(
            "an index without station", where=f"{where}.stations.of", found=lost, expected=known
        )
    chosen = values[:, [known.index(code) for code in named]]
    if stations.reading == "mean":
        one = chosen.mean(axis=1)
    else:
        one = chosen.min(axis=1) if cover.trigger.falling else chosen.max(axis=1)
    return np.broadcast_to(one[:, None], (one.size, len(zones)))


def _over_area(cover: ParametricCover, index: xr.DataArray, zones: Sequence[str]) -> FloatArray:
    values = index.sel(zone=list(zones)).transpose("occurrence", "zone").to_numpy()
    nowhere = np.isnan(values).all(axis=0)
    of_cover = zones if cover.zones == "all" else [z for z in zones if z in cover.zones]
    empty = [z for z, nothing in zip(zones, nowhere, strict=True) if nothing and z in of_cover]
    if empty and values.shape[0]:
        raise TermsError(
            "an areal index of counties where nothing of its class stands",
            where=f"cover {cover.cover}: trigger.area.weight",
            found={"class": str(index["weight"].item()), "counties": empty},
            remedy="leave these counties out, or weigh by a class that they have",
        )
    return np.asarray(values, dtype=np.float64)


def _in_box(cover: ParametricCover, triggers: xr.Dataset, where: str) -> FloatArray:
    index, box = triggers[cover.trigger.index], str(cover.trigger.box)
    landfall = cover.trigger.index.startswith("landfall_")
    boxes = list(load_boxes()) if landfall else triggers["box"].values.astype(str).tolist()
    if box not in boxes:
        raise SchemaError(
            "no storm was watched in this box",
            where=f"{where}.box",
            found=box,
            expected=boxes,
            remedy="name one of these, or declare it in data/hazard/trigger_boxes.yml",
        )
    if not landfall:
        return np.asarray(index.sel(box=box).to_numpy(), dtype=np.float64)
    inside = landfall_inside(
        box, triggers["landfall_latitude"].to_numpy(), triggers["landfall_longitude"].to_numpy()
    )
    return np.where(inside, index.to_numpy(), np.nan).astype(np.float64)


def landfall_inside(
    box: str, latitude: npt.ArrayLike, longitude: npt.ArrayLike
) -> npt.NDArray[np.bool_]:
    """Whether landfalls lie in a named box: a circle, or a range of latitudes of the coast.

    Parameters
    ----------
    box : str
        Name in ``data/hazard/trigger_boxes.yml``.
    latitude, longitude : array_like
        Degrees; NaN (no landfall) is in no box.
    """
    terms = load_boxes()[box]
    north, east = np.asarray(latitude, np.float64), np.asarray(longitude, np.float64)
    if terms["kind"] == "coast":  # the belt around the coast is of no matter to a landfall
        return (north >= terms["south"]) & (north <= terms["north"])
    made = np.isfinite(north)
    centre = terms["latitude"], terms["longitude"]
    distance, _ = distance_and_bearing(
        *centre, np.where(made, north, centre[0]), np.where(made, east, centre[1])
    )
    return np.asarray(made & (distance <= terms["radius"]))
