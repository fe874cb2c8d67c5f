"""What a run is of and what its zones are called; what it leaves out, and why."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from riskmodel.core.messages import Language, message
from riskmodel.economy.product import Product
from riskmodel.run.folder import Run


def is_whole(run: Run) -> bool:
    """Whether the run is of all zones of its census."""
    return run.params.census.zones == "all"


def place_name(run: Run) -> str:
    """Name of what the run is of, in its language."""
    return str(getattr(run.params.census.place, run.params.language))


def zone_words(zones: xr.Dataset, language: Language) -> dict[str, str]:
    """Code to name of zones.

    Parameters
    ----------
    zones : Dataset
        With ``zone`` and ``name_<language>``: the zones of a census, or an occurrence table.
    language : {"zh", "en"}
        Language of the names.
    """
    names = zones[f"name_{language}"].values
    return {str(z): str(n) for z, n in zip(zones["zone"].values, names, strict=True)}


def left_out(run: Run, product: Product | None) -> pd.DataFrame:
    """One row for each result that the run does not have, with the reason; none for the city."""
    kinds = [] if product is not None else ["gdp"]
    kinds += [] if is_whole(run) else ["bands", "replay", "calibration"]
    language, place = run.params.language, place_name(run)
    economy = run.params.economy
    missing = {"year": economy.gdp_year, "file": economy.gdp}
    columns = [message(f"left_out.{column}", language) for column in ("what", "why")]
    rows = []
    for kind in kinds:
        words = {"place": place} | (missing if kind == "gdp" else {})
        what = message(f"left_out.{kind}.what", language)
        rows.append([what, message(f"left_out.{kind}.why", language, **words)])
    return pd.DataFrame(rows, columns=columns)
