"""Reported losses of past storms, brought to one year, and plausible bands of results."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from riskmodel.core.errors import SchemaError
from riskmodel.core.yaml_file import read_mapping

FOLDER = Path(__file__).parents[2] / "data" / "history"
YI = 1e8
RESTORE = "restore it from the checkout"


def reported_losses(path: Path = FOLDER / "reported_losses.yml") -> pd.DataFrame:
    """Read reported losses by storm, in CNY of 2022 at that year's GDP and vulnerability.

    today = loss · (GDP 2022 / GDP then) · trend, where trend is the national loss-to-GDP ratio of
    2022 over that of the storm's year.

    Returns
    -------
    DataFrame indexed by storm (``"Name year"``): ``reported`` (CNY then), ``today`` (CNY),
    ``as_of``, ``is_final``, ``use``, ``scope``, ``source`` and ``return_period`` (years, for
    ``use: rank``).

    Raises
    ------
    SchemaError
        If the file is missing or not YAML, holds a key twice, or a storm lacks a key.
    """
    content = read_mapping(path, SchemaError, missing=RESTORE)
    rows = []
    for storm, entry in content["storms"].items():
        missing = [
            k
            for k in (
                "loss",
                "as_of",
                "is_final",
                "gdp",
                "trend",
                "use",
                "scope",
                "source",
            )
            if k not in entry
        ]
        if missing:
            raise SchemaError(
                "a reported loss lacks keys", where=f"{path.name}, {storm}", found=missing
            )
        rows.append(
            {
                "storm": storm,
                "reported": entry["loss"] * YI,
                "today": entry["loss"] * YI * content["gdp_2022"] / entry["gdp"] * entry["trend"],
                "return_period": float(entry.get("return_period", np.nan)),
                **{k: entry[k] for k in ("as_of", "is_final", "use", "scope", "source")},
            }
        )
    return pd.DataFrame(rows).set_index("storm")


class Band(NamedTuple):
    """Plausible range of a figure, and the central reading of the record (NaN: none)."""

    lower: float
    upper: float
    record: float


def plausible_bands(path: Path = FOLDER / "plausibility.yml") -> dict[str, Band]:
    """Bands fixed in ADR 1, as shares of GDP, by figure name."""
    content = read_mapping(path, SchemaError, missing=RESTORE)["bands"]
    return {
        name: Band(
            float(band["lower"]),
            float(band["upper"]),
            np.nan if band["record"] is None else float(band["record"]),
        )
        for name, band in content.items()
    }
