"""The calibration finds known levers, and the params file holds what it found."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from riskmodel.core.errors import RiskModelError
from riskmodel.economy.calibration import fit_levers
from riskmodel.run.folder import ROOT
from riskmodel.run.params import load_params


def losses(v_half: float, scale: float) -> np.ndarray:
    """Wind falls with V_half cubed, water rises with the scale."""
    return np.array([500.0 * (80.0 / v_half) ** 3, 200.0 * scale, 90.0 * scale])


def test_published_levers_are_kept_where_they_already_fit() -> None:
    found = fit_levers(losses, losses(80.2, 1.0), published=(80.2, 1.0))
    assert found.v_half == pytest.approx(80.2, rel=1e-3)
    assert found.flood_damage_scale == pytest.approx(1.0, rel=1e-3)


def test_levers_solve_the_normal_equations_of_the_prior_weighted_fit() -> None:
    reported = np.array([300.0, 100.0, 45.0])
    found = fit_levers(losses, reported, published=(80.0, 1.0))
    # the cost is quadratic in the logarithms here, so each lever has a closed form
    wind = 3.0 * np.log(500.0 / 300.0) / (9.0 + 1.0 / 0.35**2)
    water = (np.log(100.0 / 200.0) + np.log(45.0 / 90.0)) / (2.0 + 1.0)
    assert np.log(found.v_half / 80.0) == pytest.approx(wind, abs=2e-3)
    assert np.log(found.flood_damage_scale) == pytest.approx(water, abs=2e-3)


def test_a_storm_without_loss_is_refused() -> None:
    with pytest.raises(RiskModelError, match="use: comparison"):
        fit_levers(lambda v, s: np.array([0.0]), np.array([1.0]), published=(80.2, 1.0))


def test_params_hold_the_calibrated_levers() -> None:
    content = yaml.safe_load((ROOT / "data/history/calibration.yml").read_text(encoding="utf-8"))
    loss = load_params(ROOT / "params" / "wenzhou.yml").loss
    assert loss.v_half == content["calibrated"]["v_half"]
    assert loss.flood_damage_scale == content["calibrated"]["flood_damage_scale"]
    assert loss.averaging_factor == content["averaging_factor"]
