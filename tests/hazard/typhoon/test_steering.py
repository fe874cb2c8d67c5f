from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import RegularGridInterpolator

from riskmodel.core.errors import ParamError
from riskmodel.hazard.typhoon.motion import _local
from riskmodel.hazard.typhoon.regression import regress, unexplained
from riskmodel.hazard.typhoon.steering import (
    VARIABLES,
    load_steering,
    nodes,
    smooth_residuals,
    write_steering,
)

SHAPE = (len(VARIABLES), *(axis.size for axis in nodes()))


def some_steps(size: int = 1500) -> pd.DataFrame:
    random = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "storm": np.repeat(np.arange(size // 5), 5),
            "latitude": random.uniform(24.0, 32.0, size),
            "longitude": random.uniform(117.0, 125.0, size),
            "heading": random.uniform(-90.0, 30.0, size),
        }
    )


def test_a_turn_of_the_west_is_found_in_the_west() -> None:
    table = some_steps()
    turn = np.where(table["longitude"] < 121.0, -8.0, 8.0)
    noise = np.random.default_rng(1).normal(0.0, 4.0, len(table))
    field, elsewhere = smooth_residuals(table, turn + noise, np.ones(len(table)))
    headings, latitudes, longitudes = nodes()
    middle = field[headings == 330.0][0][(latitudes > 26.0) & (latitudes < 30.0)]
    assert middle[:, (longitudes > 118.0) & (longitudes < 120.0)].mean() < -3.0
    assert middle[:, (longitudes > 122.0) & (longitudes < 124.0)].mean() > 3.0
    # No storm runs south-east: nothing is known, so nothing is added.
    assert np.abs(field[headings == 150.0]).max() < 0.2
    assert np.mean((turn - elsewhere) ** 2) < 0.5 * np.mean(turn**2)


def test_noise_has_no_steering_on_storms_left_out() -> None:
    table = some_steps()
    noise = np.random.default_rng(2).normal(0.0, 4.0, len(table))
    _, elsewhere = smooth_residuals(table, noise, np.ones(len(table)))
    assert np.mean((noise - elsewhere) ** 2) > np.mean(noise**2)


def test_a_storm_does_not_predict_itself() -> None:
    table = some_steps(10).assign(storm=1)
    _, elsewhere = smooth_residuals(table, np.full(10, 5.0), np.ones(10))
    assert (elsewhere == 0.0).all()


def test_steering_between_nodes_is_linear_and_periodic_in_heading() -> None:
    random = np.random.default_rng(3)
    table = random.normal(size=SHAPE[1:])
    headings, latitudes, longitudes = nodes()
    around = RegularGridInterpolator(
        (np.append(headings, 360.0), latitudes, longitudes), np.concatenate([table, table[:1]])
    )
    for _ in range(50):
        place = random.uniform(22.0, 34.0), random.uniform(113.5, 128.0)
        heading = random.uniform(-180.0, 540.0)
        expected = around((heading % 360.0, *place)).item()
        assert _local(table, *place, heading) == pytest.approx(expected, abs=1e-9)
    assert _local(table, 10.0, 100.0, 0.0) == pytest.approx(table[0, 0, 0])


def test_steering_comes_back_from_its_file(tmp_path: Path) -> None:
    table = np.random.default_rng(5).normal(size=SHAPE).round(1)
    path = write_steering(tmp_path / "steering.csv", table)
    np.testing.assert_array_equal(load_steering(path), table)
    with pytest.raises(ParamError, match="fit-tracks"):
        load_steering(tmp_path / "absent.csv")
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    with pytest.raises(ParamError, match="other nodes"):
        load_steering(path)


def test_spread_of_residuals_follows_several_columns() -> None:
    random = np.random.default_rng(6)
    by = random.uniform(0.0, 3.0, (20_000, 2))
    scale = 1.0 + 0.5 * by[:, 0] + 2.0 * by[:, 1]
    design = {"constant": np.ones(len(by)), "x": random.normal(size=len(by))}
    target = 3.0 + 2.0 * design["x"] + scale * random.laplace(size=len(by))
    part = regress(design, target, by)
    # The mean size of a Laplace variable is its scale.
    np.testing.assert_allclose(part["residual_scale"], [1.0, 0.5, 2.0], atol=0.15)
    np.testing.assert_allclose(list(part["coefficients"].values()), [3.0, 2.0], atol=0.1)
    residual, fitted = unexplained(part, design, target, by)
    assert np.abs(residual / fitted).mean() == pytest.approx(1.0, abs=0.02)


def test_committed_steering_is_of_a_plausible_size() -> None:
    turn, log_speed = load_steering()
    assert np.abs(turn).max() < 45.0
    assert np.abs(log_speed).max() < 1.0
