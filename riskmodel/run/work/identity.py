"""Does the catalogue cost what the maps say: the identity of question 3, peril by peril."""

from __future__ import annotations

from functools import partial

import pandas as pd
import xarray as xr

from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.hazard.drought import load_drought, second_spells
from riskmodel.loss.identity import MONEY, NUMBERS, SHARES, average_from_maps, combination_term
from riskmodel.loss.occurrence_table import occurrence_table
from riskmodel.loss.second_storms import Expected
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.work.losses import compiled, damage_of
from riskmodel.run.work.records import plain_record

SOURCE = "riskmodel.loss.identity"


EXACT = "none: an integral over maps and rates, without chance"
ROUNDING = "none: follows from ranks, years and shifts; exact to rounding"
CHANCE = "its standard error stands below"
INTERVALS = {
    "aal_from_maps": EXACT, "aal_from_rates": EXACT, "aal_all_occurrences": CHANCE,
    "annual_maxima_error": ROUNDING, "quadrature_error": ROUNDING, "unexplained": ROUNDING,
    "all_occurrences_error": CHANCE, "second_storms": CHANCE,
    "second_storms_expected": "none: follows from the declared counts",
    "within_three_standard_errors": "none: a verdict",
    "other_storms_share": "that of all_occurrences_error, to which it adds the quadrature",
    "over_dispersion_share": "that of all_occurrences_error, which it is a part of",
}  # fmt: skip


def check_identity(run: Run, census: xr.DataTree, catalogue: xr.DataTree) -> xr.Dataset:
    """Identity of each peril, and what combining perils in one storm takes away.

    The catalogue's own occurrences are judged, whatever the scenario repeats or thins. Attribute
    ``combination_term`` is in CNY a year, ``combined_aal`` the AAL it is taken from.
    """
    damage = damage_of(run.params, census)
    table = compiled(run, run.params, census, catalogue, items=damage)
    checks = average_from_maps(catalogue, census, table, _counts(run))
    combined = loss_metrics(occurrence_table(catalogue, table), [])["loss.aal"].value
    term = combination_term(checks, combined)
    return checks.assign_attrs(combination_term=term, combined_aal=combined)


def _counts(run: Run) -> dict[str, Expected]:
    """Second storms that sources declare otherwise than the frequency family: droughts."""
    drought = run.params.hazard.sources.drought
    if drought is None:
        return {}
    return {"drought": partial(second_spells, load_drought(run.path(drought)).said)}


def identity_table(checks: xr.Dataset) -> pd.DataFrame:
    """One column a peril for reading: money in 亿元, shares in per cent, numbers a year and cell.

    Beside the error of all occurrences and the number of second storms stands how many standard
    errors they are off; the verdict is that of the number. The last column says what chance each
    figure is open to, or why none.
    """
    frame = checks.to_dataframe().reset_index()
    shown = pd.DataFrame({"peril": frame["peril"]})
    for name in MONEY:
        shown[f"{name} (亿元)"] = (frame[name] / 1e8).round(3)
    for name in SHARES:
        shown[f"{name} (%)"] = (frame[name] * 100).round(3)
    shown["all_occurrences_error (standard errors)"] = (
        frame["all_occurrences_error"] / frame["standard_error"]
    ).round(2)
    for name in NUMBERS:
        shown[name] = frame[name].round(5)
    off = frame["second_storms"] - frame["second_storms_expected"]
    shown["second_storms (standard errors)"] = (off / frame["second_storms_standard_error"]).round(
        2
    )
    shown["within_three_standard_errors"] = frame["within_three_standard_errors"].astype(bool)
    turned = shown.set_index("peril").T.rename_axis(columns=None).reset_index(names="figure")
    bare = turned["figure"].str.split(" ").str[0]
    spread = turned["figure"].str.endswith("(standard errors)")
    return turned.assign(interval=bare.map(INTERVALS).where(~spread).fillna("is itself a spread"))


def identity_records(checks: xr.Dataset) -> list[Record]:
    """Every figure of the identity, and the combination term."""
    units = dict.fromkeys(MONEY, "CNY") | dict.fromkeys((*SHARES, *NUMBERS), "1")
    records = [
        plain_record(
            f"loss.identity.{peril}.{name}", float(checks[name].sel(peril=peril)), unit, SOURCE
        )
        for peril in checks["peril"].values
        for name, unit in units.items()
    ]
    term = float(checks.attrs["combination_term"])
    return [*records, plain_record("loss.identity.combination_term", term, "CNY", SOURCE)]
