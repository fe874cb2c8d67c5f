"""Which of the eleven slots of a census are filled, with what, and what is disabled without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.census.checks.totals import CODE, is_record
from riskmodel.census.finding import Finding, gathered
from riskmodel.census.manifest import Manifest
from riskmodel.census.tables import code_of, numbers_in, read_table
from riskmodel.census.units import perils, slots, unit_in_header
from riskmodel.core.messages import Language, message
from riskmodel.core.schema import Schema, stamp

SLOT = Schema("census.slot", {"code": ("row",)}, ("status",))


def layers_of(slot: str) -> list[str]:
    """Layers that a slot is made of: perils, exposure classes, GDP; none for a mere table."""
    return list(perils()) if slots()[slot].get("key") == "hazard" else list(_without(slot))


def class_names() -> list[str]:
    """Names of exposure classes that figures are computed of."""
    return [name for slot in slots() for name in _without(slot) if name != "gdp"]


def filled(slot: str, manifest: Manifest) -> list[str]:
    """Layers of the manifest that fill a slot; empty where nothing does."""
    exposure = manifest.exposure
    mapped = {name for name, one in manifest.class_maps.items() if one.annual_probability}
    there = {*manifest.hazard, *mapped, *exposure.classes, *(["gdp"] if exposure.gdp else [])}
    table = [manifest.slots[slot].workbook] if slot in manifest.slots else []
    return [*(name for name in layers_of(slot) if name in there), *table]


def missing(slot: str, manifest: Manifest) -> list[str]:
    """Layers that a slot lacks; the slot itself where it is a table that is not there."""
    there = filled(slot, manifest)
    if layers := layers_of(slot):
        return [name for name in layers if name not in there]
    return [] if there else [slot]


def disabled(slot: str, layer: str, language: Language) -> str:
    """Say what cannot be computed without a layer of a slot."""
    about = slots()[slot]
    if about.get("key") == "hazard":
        return message("finding.without_peril", language, peril=message(f"peril.{layer}", language))
    return str((about["disables"] if layer == slot else about["layers"][layer])[language])


def completeness(manifest: Manifest, language: Language) -> pd.DataFrame:
    """One row a slot: its name, what is there, what is missing, and what that disables.

    The list of slots is our reading of the surveys, not an official one (data/census/slots.yml).
    """
    rows = []
    for slot, about in slots().items():
        there, lacking = filled(slot, manifest), missing(slot, manifest)
        effects = dict.fromkeys(disabled(slot, layer, language) for layer in lacking)
        rows.append(
            {
                "slot": slot,
                "name": about["name"][language],
                "present": bool(there),
                "layers": ", ".join(there),
                "missing": ", ".join(lacking),
                "disabled": "; ".join([about["disables"][language]] if not there else effects),
            }
        )
    return pd.DataFrame(rows)


def slot_findings(manifest: Manifest) -> Iterator[Finding]:
    """Find slots that are unknown, empty, or lack layers, and classes that nothing knows."""
    if strange := [name for name in manifest.exposure.classes if name not in class_names()]:
        place, known = "exposure.classes", ", ".join(class_names())
        yield Finding("class_name_unknown", "census.yml", place, "", ", ".join(strange), known)
    for slot in manifest.slots:
        if slot not in slots():
            known = ", ".join(slots())
            yield Finding("slot_unknown", "census.yml", f"slots.{slot}", expected=known)
    for slot, about in slots().items():
        there, lacking = filled(slot, manifest), missing(slot, manifest)
        if not there:
            words = about["disables"]
            found = f"{words['zh']} / {words['en']}"
            yield Finding("slot_missing", "census.yml", slot, found=found)
        elif lacking:
            yield Finding("layer_missing_in_slot", "census.yml", slot, found=", ".join(lacking))


def read_slots(
    folder: Path, manifest: Manifest, codes: list[str]
) -> tuple[dict[str, xr.Dataset], list[Finding]]:
    """Read the tables of the slots, tidied, and what was found; keys are those of the manifest.

    Parameters
    ----------
    folder : Path
        Folder of the census.
    manifest : Manifest
        From `read_manifest`.
    codes : list of str
        Codes of the zones of the census; those of a table should begin with one of them.
    """
    nodes: dict[str, xr.Dataset] = {}
    findings: list[Finding] = []
    for slot, table in manifest.slots.items():
        with gathered(findings):
            frame = read_table(folder, table)
            code = code_column(frame)
            if code is None:
                findings.append(Finding("slot_without_codes", table.workbook, f"slots.{slot}"))
            findings += _dropped(frame, code, table.workbook, slot)
            data = tidy(frame, code)
            findings += _codes_known(data, codes, table.workbook, slot)
            data.attrs["file"] = table.workbook
            nodes[slot] = stamp(
                data, SLOT, source=manifest.source, history="load_census", status=manifest.status
            )
    return nodes, findings


def slot_overview(tree: xr.DataTree) -> pd.DataFrame:
    """One row a table of the slots: its file, rows, zones with rows, and columns with their units.

    Parameters
    ----------
    tree : DataTree
        From `load_census`; ``tree["slots/<slot>"].to_dataset().to_dataframe()`` is the table.
    """
    rows = []
    for slot, node in tree["slots"].children.items() if "slots" in tree.children else ():
        data = node.to_dataset()
        columns = [f"{v.attrs['long_name']}" for n, v in data.data_vars.items() if n != "code"]
        codes = {code[:6] for code in data["code"].values.tolist() if code}
        sizes = {"rows": data.sizes["row"], "zones": len(codes)}
        rows.append(
            {"slot": slot, "file": data.attrs["file"], **sizes, "columns": ", ".join(columns)}
        )
    return pd.DataFrame(rows, columns=["slot", "file", "rows", "zones", "columns"])


def code_column(frame: pd.DataFrame) -> str | None:
    """Column of division codes, by its name or by its content; None where there is none."""
    if "code" in frame:
        return "code"
    for name in frame:
        codes = [code_of(value) for value in frame[name]]
        good = [bool(one and re.fullmatch(CODE, one)) for one in codes]
        if sum(good) >= max(1, len(good) // 2):
            return str(name)
    return None


def tidy(frame: pd.DataFrame, code: str | None) -> xr.Dataset:
    """Turn a table into a Dataset: one ``row`` a record, a variable for each column, and ``code``.

    Columns whose values are all numbers become float64 with NaN for what is not there, others text;
    a unit in brackets in the header becomes an attribute. Rows without a code are left out where
    the table has codes, and counted in ``rows_without_code``: units beneath the header, totals.
    """
    codes = pd.Series([code_of(v) for v in frame[code]]) if code else pd.Series([""] * len(frame))
    kept = codes.notna().to_numpy()
    data = xr.Dataset({"code": ("row", codes[kept].to_numpy(dtype=object))})
    for name in frame:
        if name in (code, ""):
            continue
        values, variable = _column(frame[name][kept]), re.sub(r"[/\s]+", "_", str(name)).strip("_")
        data[variable] = ("row", values, {"long_name": str(name)} | unit_in_header(str(name)))
    data.attrs["rows_without_code"] = int((~kept).sum())
    return data


def _column(values: pd.Series) -> np.ndarray:
    numbers = numbers_in(values)
    empty = values.isna()
    if not empty.all() and (numbers.notna() | empty).all():
        return numbers.to_numpy(dtype=np.float64)
    texts = values.astype(object).where(~empty, "")
    return np.array([str(value).strip() for value in texts], dtype=object)


def _dropped(frame: pd.DataFrame, code: str | None, file: str, slot: str) -> Iterator[Finding]:
    """Find what a tidied table leaves out: columns without a name, records without a code."""
    nameless = frame.loc[:, [not name for name in frame]]
    if nameless.notna().any(axis=None):
        found = [value for value in nameless.to_numpy().ravel() if value is not None][:5]
        yield Finding("slot_column_unnamed", file, f"slots.{slot}", found=found)
    if code is None:
        return
    rows = frame[[code_of(value) is None for value in frame[code]]]
    lost = rows[is_record(rows)]
    if len(lost):
        place = f"row {lost.index[0] + 1} of the data, the first of {len(lost)}"
        found = [value for value in lost.iloc[0] if value is not None][:5]
        yield Finding("slot_row_without_code", file, f"slots.{slot}", place, found)


def _codes_known(data: xr.Dataset, codes: list[str], file: str, slot: str) -> Iterator[Finding]:
    """Find codes that lie in no zone of the census, by their first digits."""
    present = sorted(set(data["code"].values.tolist()) - {""})
    strange = [one for one in present if not any(one.startswith(code) for code in codes)]
    if strange:
        yield Finding("slot_code_unknown", file, f"slots.{slot}", found=strange[:5])


def _without(slot: str) -> dict[str, dict[str, str]]:
    return dict(slots()[slot].get("layers", {}))
