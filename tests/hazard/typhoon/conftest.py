from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.typhoon.layout import STEP_VARIABLES, storm_dataset
from riskmodel.hazard.typhoon.tracks import TrackModel, load_track_model, simulate_storms

CMA = Path(__file__).parents[4] / "shared" / "data" / "typhoon_cma_bst_500km_1949_2024.csv"


POISSON = Frequency("poisson")


@pytest.fixture(scope="session")
def model() -> TrackModel:
    return load_track_model()


@pytest.fixture(scope="session")
def storms(model: TrackModel) -> xr.Dataset:
    return simulate_storms(model, years=2000, block=0, seed=7, frequency=POISSON)


@pytest.fixture(scope="session")
def few_storms(model: TrackModel) -> xr.Dataset:
    return simulate_storms(model, years=10, block=0, seed=7, frequency=POISSON)


@pytest.fixture(scope="session")
def cma_path() -> Path:
    if not CMA.is_file():
        pytest.skip("the best-track record lies beside the checkout, not in it")
    return CMA


def still_storm(*, speed: float = 0.0, deficit: float = 60.0, hours: int = 1) -> xr.Dataset:
    """A storm at 25N 124E, far from the coast, that keeps its place and strength."""
    state = {
        "latitude": 25.0,
        "longitude": 124.0,
        "deficit": deficit,
        "speed": speed,
        "heading": 0.0,
        "radius_of_maximum_wind": 40.0,
        "maximum_wind": 35.0,
    }
    steps = {name: np.full((1, hours), state[name]) for name in STEP_VARIABLES}
    columns = {"year": np.array([0]), "start": np.array([200.0]), "end": np.array([200.0])}
    return storm_dataset(steps, columns, "made for a test", "still_storm")
