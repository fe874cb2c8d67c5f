"""Dependence, for question 2: which places suffer together, and from which source."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.messages import message
from riskmodel.hazard.chi import measured_chi
from riskmodel.hazard.composition import source_shares
from riskmodel.hazard.copula_source import CopulaSpec, copula_source, load_copula_source
from riskmodel.hazard.dependence import SolvedCopula, chi, event_probability
from riskmodel.hazard.drought import load_drought, sequence_table
from riskmodel.hazard.grid import WENZHOU
from riskmodel.run.folder import Run
from riskmodel.run.records import Record
from riskmodel.run.settings import catalogue_settings
from riskmodel.run.work.records import plain_record

DISTANCE_EDGES = (5.0, 15.0, 25.0, 40.0, 55.0, 70.0, 90.0, 115.0, 140.0)  # km
PAIRS_A_BIN = 400  # drawn pairs of nodes in each bin of distance
CURVE_DISTANCES = np.linspace(1.0, 150.0, 75)


def declared_source(run: Run) -> CopulaSpec | None:
    """Read the copula source from the file that the params name; None where they leave it out."""
    declared = run.params.hazard.sources.plum_rain
    return None if declared is None else load_copula_source(run.path(declared))


def chi_of(run: Run) -> xr.Dataset | None:
    """Tail dependence of the copula source: declared, solved, and measured in each block.

    Returns
    -------
    Dataset for `riskmodel.show.dependence.chi_figure`: ``measured`` with the lowest and highest
    block, ``solved`` and the declared targets; None where the params have no copula source.
    """
    spec, settings = declared_source(run), catalogue_settings(run.params)
    if spec is None:
        return None
    source = copula_source(
        spec, WENZHOU, years_per_block=settings.years_per_block, seed=settings.seed
    )
    targets = spec.solved.table
    periods = np.unique(targets["return_period"].values)
    latitude, longitude = WENZHOU.nodes()
    peril, blocks = spec.perils[0], []
    for block in range(settings.blocks):
        blocks.append(
            measured_chi(
                source.block(block).indices[peril], latitude, longitude,
                return_periods=periods.tolist(), events_a_year=spec.events_a_year,
                frequency=spec.frequency, distance_edges_km=DISTANCE_EDGES,
                pairs_a_bin=PAIRS_A_BIN, random=generator(settings.seed, "pairs of nodes", 0),
            )["chi"]
        )  # fmt: skip
    measured = xr.concat(blocks, "block")
    probability = event_probability(
        periods, events_a_year=spec.events_a_year, frequency=spec.frequency
    )
    solved = [chi(spec.solved.copula, CURVE_DISTANCES, p) for p in probability]
    data = xr.Dataset(
        {
            "measured": measured.mean("block"),
            "lower": measured.min("block"),
            "upper": measured.max("block"),
            "solved": (("return_period", "curve_distance"), np.array(solved)),
            "target_distance": ("target", targets["distance_km"].values),
            "target_return_period": ("target", targets["return_period"].values),
            "target_chi": ("target", targets["chi"].values),
            "target_attained": ("target", targets["attained"].values),
        },
        {"curve_distance": CURVE_DISTANCES},
    )
    names = {f"name_{code}": message(f"parent_event.{spec.name}", code) for code in ("zh", "en")}
    return data.assign_attrs(names)


def chi_table(data: xr.Dataset) -> pd.DataFrame:
    """List declared, solved and measured chi, the latter of the nearest distance bin."""
    nearest = data["measured"].sel(
        return_period=data["target_return_period"],
        distance=data["target_distance"],
        method="nearest",
    )
    return pd.DataFrame(
        {
            "return period (years)": data["target_return_period"].values,
            "distance (km)": data["target_distance"].values,
            "declared chi": data["target_chi"].values,
            "solved chi": data["target_attained"].values.round(3),
            "measured near (km)": nearest["distance"].values.round(1),
            "measured chi": nearest.values.round(3),
        }
    )


def declared_chi(run: Run) -> pd.DataFrame:
    """List declared and solved chi of every source with a copula, in the order of the params.

    Typhoons have none, their tracks decide; the field of earthquakes has a published correlation.
    """
    rows = []
    for source, solved in _solved(run).items():
        table = solved.table
        for one in range(table.sizes["target"]):
            rows.append(
                {
                    "source": source,
                    "return period (years)": float(table["return_period"][one]),
                    "distance (km)": float(table["distance_km"][one]),
                    "declared chi": float(table["chi"][one]),
                    "solved chi": round(float(table["attained"][one]), 3),
                    "range (km)": round(solved.copula.range_km, 1),
                }
            )
    return pd.DataFrame(rows)


def _solved(run: Run) -> dict[str, SolvedCopula]:
    """Solved copula by source."""
    named = run.params.hazard.sources
    files = (named.plum_rain, named.convective_rain, named.forest_fire, named.cold_snow)
    specs = [load_copula_source(run.path(file)) for file in files if file is not None]
    found = {spec.name: spec.solved for spec in specs}
    if named.drought is not None:
        drought = load_drought(run.path(named.drought))
        found[drought.said.name] = drought.solved
    return found


def dry_sequences(run: Run, catalogue: xr.DataTree) -> pd.DataFrame | None:
    """How often each sequence of dry seasons comes; None where the params have no droughts."""
    declared = run.params.hazard.sources.drought
    if declared is None:
        return None
    years = int(catalogue.attrs["blocks"]) * int(catalogue.attrs["years_per_block"])
    return sequence_table(catalogue.to_dataset(), load_drought(run.path(declared)), years)


def shares_of(catalogue: xr.DataTree, census: xr.DataTree, peril: str) -> xr.Dataset:
    """Share of each parent event in the occurrences that reach each mapped return period.

    Parent events that cause nothing of the peril are left out.
    """
    periods = census[peril].to_dataset()["return_period"].values
    shares = source_shares(catalogue, peril, periods.tolist())
    return shares.isel(parent_event=(shares["share"] > 0).any("return_period").values)


def dependence_records(shares: Iterable[xr.Dataset], declared: pd.DataFrame) -> list[Record]:
    """Source shares by return period, and the largest gap between declared and solved chi.

    Parameters
    ----------
    shares : iterable of Dataset
        From `shares_of`, one a peril.
    declared : DataFrame
        From `declared_chi`; without rows there is no gap to record.
    """
    where = "riskmodel.hazard.composition"
    records = [
        plain_record(
            f"hazard.source_share.{share.attrs['peril']}.{parent}.{period:g}",
            float(share["share"].sel(parent_event=parent, return_period=period)),
            "1",
            where,
        )
        for share in shares
        for parent in share["parent_event"].values
        for period in share["return_period"].values
    ]
    if len(declared):
        gap = float((declared["solved chi"] - declared["declared chi"]).abs().max())
        records.append(
            plain_record("hazard.chi.largest_misfit", gap, "1", "riskmodel.hazard.dependence")
        )
    return records
