"""Losses by CLIMADA, in the environment of `peers/climada.lock`, without ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.side import Outcome
from benchmarks.wind_peers import stub_night_lights

EVENTS, POINTS, CLASSES, KNOTS = 10_000, 100_000, 5, 100


def read_case(work: Path) -> dict[str, np.ndarray]:
    """Read what `impact.store` has written."""
    with np.load(work / "impact.npz") as loaded:
        return {name: loaded[name] for name in loaded.files}


def matrix_by_event(case: dict[str, np.ndarray]) -> Any:
    """Intensities as CLIMADA holds them: sparse, event after event."""
    from scipy import sparse

    by_point = (case["intensity"].astype(np.float64), case["occurrence"], case["pointer"])
    return sparse.csc_matrix(by_point, (EVENTS, POINTS)).tocsr()


def climada(work: Path) -> Callable[[], Outcome]:
    """`ImpactCalc.impact` without the matrix of single impacts, its leanest way."""
    stub_night_lights()
    import geopandas as gpd
    from climada.engine import ImpactCalc
    from climada.entity import Exposures, ImpactFunc, ImpactFuncSet
    from climada.hazard import Centroids, Hazard

    case = read_case(work)
    latitude, longitude = (
        20.0 + np.arange(POINTS) // 400 * 0.01,
        110.0 + np.arange(POINTS) % 400 * 0.01,
    )
    hazard = Hazard(
        "TC", units="m/s", centroids=Centroids(lat=latitude, lon=longitude),
        event_id=np.arange(1, EVENTS + 1), event_name=[str(e) for e in range(EVENTS)],
        date=np.full(EVENTS, 700_000), frequency=np.full(EVENTS, 1.0 / EVENTS),
        orig=np.ones(EVENTS, bool), intensity=matrix_by_event(case),
    )  # fmt: skip
    frame = gpd.GeoDataFrame(
        {
            "value": case["value"], "impf_TC": case["kind"] + 1, "centr_TC": np.arange(POINTS),
        },
        geometry=gpd.points_from_xy(longitude, latitude), crs="EPSG:4326",
    )  # fmt: skip
    exposures = Exposures(frame)
    functions = ImpactFuncSet(
        [
            ImpactFunc(
                "TC", k + 1, case["knots"], case["ratio"][k], np.ones(KNOTS), intensity_unit="m/s"
            )
            for k in range(CLASSES)
        ]
    )

    def run() -> Outcome:
        impact = ImpactCalc(exposures, functions, hazard).impact(
            save_mat=False, assign_centroids=False
        )
        return {"at_event": np.asarray(impact.at_event)}

    return run
