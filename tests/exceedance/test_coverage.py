"""Does the simulation interval cover? Tried on years ranked as the catalogue ranks them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from riskmodel.exceedance.intervals import simulation_interval
from riskmodel.exceedance.metrics import tail_value_at_risk, value_at_risk
from riskmodel.hazard.position import block_shift

CELLS, YEARS, BLOCKS, TRIALS, LEVEL = 8, 400, 5, 600, 0.9
COMMON = 0.7  # of each cell's latent normal


def latent(draw: np.random.Generator, years: int) -> np.ndarray:
    """Normals (year, cell) that share a factor: storms hit neighbouring cells together."""
    own = np.sqrt(1.0 - COMMON**2) * draw.standard_normal((years, CELLS))
    return own + COMMON * draw.standard_normal((years, 1))


def loss(probability: np.ndarray, alpha: float) -> np.ndarray:
    """Loss of a cell at an annual exceedance probability: Pareto (Lomax) with an open tail."""
    return probability ** (-1.0 / alpha) - 1.0


def ranked_years(draw: np.random.Generator, alpha: float, shift: float) -> np.ndarray:
    """Annual losses (block, year): rank k of a cell has EP = (k - u) / years, block by block."""
    drawn = latent(draw, BLOCKS * YEARS).reshape(BLOCKS, YEARS, CELLS)
    rank = (-drawn).argsort(axis=1).argsort(axis=1) + 1
    shifts = np.array([block_shift(shift, block) for block in range(BLOCKS)])
    total: np.ndarray = loss((rank - shifts[:, None, None]) / YEARS, alpha).sum(axis=2)
    return total


FIGURES: dict[str, Callable[[np.ndarray], float]] = {
    "aep.10": lambda years: value_at_risk(years, 10.0),
    "aep.20": lambda years: value_at_risk(years, 20.0),
    "aep.50": lambda years: value_at_risk(years, 50.0),
    "tvar.20": lambda years: tail_value_at_risk(years, 20.0),
    "aal": lambda years: float(years.mean()),
}


@pytest.mark.parametrize("alpha", [3.0, 1.8])
def test_interval_covers_figures_of_ranked_years(alpha: float) -> None:
    """Truth from two million years that are drawn plainly, without ranks, blocks or shifts."""
    draw = np.random.default_rng(11)
    plain = np.concatenate(
        [loss(special.ndtr(-latent(draw, 250_000)), alpha).sum(axis=1) for _ in range(8)]
    )
    truth = {name: figure(plain) for name, figure in FIGURES.items()}
    truth["aal"] = CELLS / (alpha - 1.0)
    hits = dict.fromkeys(FIGURES, 0)
    for _ in range(TRIALS):
        years = ranked_years(draw, alpha, 0.3)
        for name, figure in FIGURES.items():
            found = simulation_interval(
                figure(years.ravel()), [figure(block) for block in years], level=LEVEL
            )
            hits[name] += found["lower"] <= truth[name] <= found["upper"]
    error = np.sqrt(LEVEL * (1.0 - LEVEL) / TRIALS)
    for name, count in hits.items():
        assert count / TRIALS >= LEVEL - 3.0 * error, name


@pytest.mark.parametrize("shift", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("alpha", [3.0, 1.8, 1.4])
def test_interval_of_the_average_covers_whatever_the_first_shift(
    alpha: float, shift: float
) -> None:
    """Ranked losses of a cell sum to the same in every trial: only shifts can move the average."""
    years = ranked_years(np.random.default_rng(1), alpha, shift)
    again = ranked_years(np.random.default_rng(2), alpha, shift)
    assert years.mean() == pytest.approx(again.mean(), rel=1e-12)
    blocks = years.mean(axis=1).tolist()
    found = simulation_interval(float(years.mean()), blocks, level=LEVEL)
    assert found["lower"] <= CELLS / (alpha - 1.0) <= found["upper"]
