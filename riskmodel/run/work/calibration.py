"""Calibrate the damage levers of a params file on the reported losses of named storms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from riskmodel.core.errors import ParamError
from riskmodel.core.files import write_text
from riskmodel.economy.calibration import Calibration, FloatArray, fit_levers
from riskmodel.economy.history import reported_losses
from riskmodel.exceedance.metrics import value_at_risk, year_losses
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.params import apply_overrides
from riskmodel.run.work.census import census_of
from riskmodel.run.work.hazard import catalogue_of
from riskmodel.run.work.losses import compiled, damage_of
from riskmodel.run.work.replay import replay_losses
from riskmodel.run.work.scope import is_whole
from riskmodel.run.work.storms import real_storms

PUBLISHED = (80.2, 1.0)
CALIBRATION = ROOT / "data" / "history" / "calibration.yml"
HEAD = (
    "# Joint calibration of V_half and the flood damage scale on named storms; written by\n"
    "# `riskmodel calibrate`, explained in docs/adr/0005-joint-calibration.md. "
    "The rounded values go\n"
    "# into the params file by hand; a test holds the two together.\n"
)


def calibrate(run: Run, path: Path = CALIBRATION) -> Calibration:
    """Fit the levers with the catalogue of a finished run and write what was found.

    Parameters
    ----------
    run : Run
        A run whose notebook 02 has been executed.
    path : Path
        Where the result is written.

    Raises
    ------
    ParamError
        If the run is of some zones: the reported losses are those of the whole city.
    """
    _require_whole(run)
    census, catalogue = census_of(run), catalogue_of(run)
    storms = real_storms(run, census, catalogue)
    reported = reported_losses()
    reported = reported[reported["use"].isin(["replay", "rank"])]

    def modelled(v_half: float, scale: float) -> FloatArray:
        params = apply_overrides(
            run.params, {"loss.v_half": v_half, "loss.flood_damage_scale": scale}
        )
        replayed = (
            replay_losses(run, params, census, catalogue, storms).isel(reading=0).sum("peril")
        )
        damage, perils = damage_of(params, census), list(storms.attrs["perils"])
        table = compiled(run, params, census, catalogue, perils=perils, items=damage)
        annual = typhoon_years(occurrence_table(catalogue, table))
        return np.array(
            [
                float(replayed.sel(storm=name))
                if row.use == "replay"
                else value_at_risk(annual, row.return_period)
                for name, row in zip(reported.index, reported.itertuples(), strict=True)
            ]
        )

    found = fit_levers(modelled, reported["today"].to_numpy(), published=PUBLISHED)
    content = _content(found, reported, run.params.loss.averaging_factor)
    write_text(path, HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return found


def typhoon_years(table: xr.Dataset) -> FloatArray:
    """Loss (year,) in CNY of the typhoons of each year, whichever perils they bring.

    The reported losses are of typhoons and so is their rank among years; plum rain or a drought
    of the year is not in them.
    """
    of_row = table["parent_event"].values[table["row_occurrence"].values]
    return year_losses(table.isel(row=np.flatnonzero(of_row == "typhoon"))).total


def _require_whole(run: Run) -> None:
    if not is_whole(run):
        raise ParamError(
            "the levers are calibrated on losses of the whole city",
            where="census.zones",
            found=run.params.census.zones,
            expected="all",
            remedy="calibrate with the params of the city",
        )


def _content(
    found: Calibration, reported: pd.DataFrame, averaging_factor: float
) -> dict[str, object]:
    """Levers, rounded as params take them, and what each storm came to."""
    return {
        "status": "calibrated",
        "source": "data/history/reported_losses.yml, storms marked `replay` or `rank`",
        "published": {"v_half": PUBLISHED[0], "flood_damage_scale": PUBLISHED[1]},
        "calibrated": {
            "v_half": round(found.v_half, 1),
            "flood_damage_scale": round(found.flood_damage_scale, 3),
        },
        "averaging_factor": averaging_factor,
        "storms": {
            name: {
                "use": str(reported.loc[name, "use"]),
                "reported_today_yi": round(float(reported.loc[name, "today"]) / 1e8, 2),
                "modelled_yi": round(float(loss) / 1e8, 2),
                "log_residual": round(float(residual), 3),
            }
            for name, loss, residual in zip(
                reported.index, found.modelled, found.residual, strict=True
            )
        },
    }
