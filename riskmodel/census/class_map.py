"""A hazard given only as classes: a step curve at each cell, from declared annual probabilities.

A cell of class c has intensity v_c with annual probability p_c and none otherwise: its curve is
zero up to the return period 1 / p_c and v_c from there on. Without probabilities nothing can be
said of the peril, and it is not available, which is not zero.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from riskmodel.census.finding import Finding, FoundError, gathered, naming
from riskmodel.census.manifest import ClassMap
from riskmodel.census.rasters import read_raster
from riskmodel.census.units import map_unit, perils


def read_class_map(
    folder: Path, peril: str, one: ClassMap, crs: str
) -> tuple[xr.Dataset | None, list[Finding]]:
    """Read a map of classes as ``intensity`` (return_period, y, x), a step at each cell.

    Return periods are 1 / p of the declared probabilities, on the annual-probability basis.
    Attribute ``steps`` of the intensity says that it may be read as steps only. Returned too is
    what was found; without probabilities there is no Dataset and a warning.
    """
    findings: list[Finding] = []
    with gathered(findings):
        if peril not in perils():
            map_unit(peril, "")  # refuses the peril
        if not one.annual_probability:
            return None, [Finding("probabilities_missing", "census.yml", f"class_maps.{peril}")]
        findings += _declared(peril, one)
        zero = 0 not in one.annual_probability
        with naming(one.file, f"class_maps.{peril}"):
            data = read_raster(folder / one.file, crs, nodata=one.nodata, zero=zero).drop_attrs()
        present = set(np.unique(data.values[~np.isnan(data.values)]).tolist())
        if unknown := sorted(present - {float(c) for c in one.annual_probability}):
            bad = data.copy(data=np.isin(data.values, unknown))
            expected = sorted(one.annual_probability)
            findings.append(Finding("class_unknown", one.file, "", "", unknown, expected, bad))
        if findings:
            return None, findings
        attrs = {"units": next(iter(perils()[peril]["units"])), "crs": crs}
        attrs["probability_source"] = one.source
        return xr.Dataset({"intensity": _steps(data, one)}, attrs=attrs), findings
    return None, findings


def _declared(peril: str, one: ClassMap) -> list[Finding]:
    """Find probabilities that are none, have no source, or run against the stated direction."""
    place, findings = f"class_maps.{peril}", []
    probability, intensity = one.annual_probability, one.intensity
    low, high = perils()[peril]["range"]
    bad = {c: p for c, p in probability.items() if not 0.0 <= p < 1.0}
    bad |= {c: v for c, v in intensity.items() if not low <= v <= high}
    if bad or set(probability) != set(intensity) or not any(probability.values()):
        findings.append(
            Finding(
                "probability_invalid", "census.yml", place, "", [probability, intensity],
                f"for each class a probability from 0 to 1 and an intensity from {low} to {high}",
            )
        )  # fmt: skip
    if not one.source:
        findings.append(Finding("probability_source", "census.yml", place))
    ordered = [probability[c] for c in sorted(probability)]
    up = one.direction == "1_is_lowest"
    if ordered != sorted(ordered, reverse=not up):
        findings.append(
            Finding("class_direction", "census.yml", place, "", probability, one.direction)
        )
    return findings


def _steps(data: xr.DataArray, one: ClassMap) -> xr.DataArray:
    """Stack of maps at the return periods of the classes; nodata stays NaN."""
    acting = {c: p for c, p in one.annual_probability.items() if p > 0 and one.intensity[c] > 0}
    periods = sorted({1.0 / p for p in acting.values()})
    layers = np.zeros((len(periods), *data.shape), dtype=np.float32)
    for number, probability in acting.items():
        from_here = np.array(periods) >= 1.0 / probability
        layers[np.ix_(from_here)] += np.where(data.values == number, one.intensity[number], 0.0)
    layers[:, np.isnan(data.values)] = np.nan
    stack = xr.DataArray(layers, dims=("return_period", *data.dims), coords=data.coords)
    return stack.assign_coords(return_period=periods).assign_attrs(steps=1)


def require_once(class_maps: dict[str, ClassMap], layers: dict[str, object]) -> None:
    """Refuse a peril that has both maps by return period and a map of classes.

    Raises
    ------
    FoundError
        Naming the perils.
    """
    if both := sorted(set(class_maps) & set(layers)):
        raise FoundError(*(Finding("peril_twice", "census.yml", f"class_maps.{p}") for p in both))
