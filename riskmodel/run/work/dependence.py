"""Dependence, for question 2: which places suffer together, and from which source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from riskmodel.core.draws import generator
from riskmodel.core.messages import message
from riskmodel.hazard.chi import measured_chi
from riskmodel.hazard.composition import source_shares
from riskmodel.hazard.copula_source import CopulaSpec, copula_source, load_copula_source
from riskmodel.hazard.dependence import chi, event_probability
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


def shares_of(catalogue: xr.DataTree, census: xr.DataTree, peril: str) -> xr.Dataset:
    """Share of each parent event in the occurrences that reach each mapped return period."""
    periods = census[peril].to_dataset()["return_period"].values
    return source_shares(catalogue, peril, periods.tolist())


def dependence_records(shares: xr.Dataset, data: xr.Dataset | None) -> list[Record]:
    """Source shares by return period, and the largest gap between declared and solved chi."""
    peril, where = shares.attrs["peril"], "riskmodel.hazard.composition"
    records = [
        plain_record(
            f"hazard.source_share.{peril}.{parent}.{period:g}",
            float(shares["share"].sel(parent_event=parent, return_period=period)),
            "1",
            where,
        )
        for parent in shares["parent_event"].values
        for period in shares["return_period"].values
    ]
    if data is not None:
        gap = float(np.abs(data["target_attained"] - data["target_chi"]).max())
        records.append(
            plain_record("hazard.chi.largest_misfit", gap, "1", "riskmodel.hazard.dependence")
        )
    return records
