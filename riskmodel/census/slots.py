"""Which of the eleven slots of a census are filled, and what each empty one disables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from riskmodel.census.finding import Finding, gathered
from riskmodel.census.manifest import Manifest
from riskmodel.census.tables import read_table
from riskmodel.census.units import slots
from riskmodel.core.messages import Language


def filled(slot: str, manifest: Manifest) -> list[str]:
    """Layers of the manifest that fill a slot; empty where nothing does."""
    about = slots()[slot]
    if about.get("key") == "hazard":
        return list(manifest.hazard)
    if "classes" in about:
        return [name for name in about["classes"] if name in manifest.exposure.classes]
    return [manifest.slots[slot].workbook] if slot in manifest.slots else []


def completeness(manifest: Manifest, language: Language) -> pd.DataFrame:
    """One row a slot: its name, whether it is there, its layers, and what is disabled without it.

    The list of slots is our reading of the surveys, not an official one (data/census/slots.yml).
    """
    rows = []
    for slot, about in slots().items():
        layers = filled(slot, manifest)
        rows.append(
            {
                "slot": slot,
                "name": about["name"][language],
                "present": bool(layers),
                "layers": ", ".join(layers),
                "disabled": "" if layers else about["disables"][language],
            }
        )
    return pd.DataFrame(rows)


def slot_findings(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Find slots that are unknown, empty, or filled with a table that cannot be read."""
    for slot in manifest.slots:
        if slot not in slots():
            known = ", ".join(slots())
            yield Finding("slot_unknown", "census.yml", f"slots.{slot}", expected=known)
    for table in manifest.slots.values():
        findings: list[Finding] = []
        with gathered(findings):
            read_table(folder, table)
        yield from findings
    for slot, about in slots().items():
        if not filled(slot, manifest):
            words = about["disables"]
            yield Finding(
                "slot_missing", "census.yml", slot, found=f"{words['zh']} / {words['en']}"
            )
