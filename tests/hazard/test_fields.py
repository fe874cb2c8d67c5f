from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from riskmodel.census.terrain import KM_PER_DEGREE
from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError
from riskmodel.hazard import fields
from riskmodel.hazard.dependence import SpatialCopula, chi
from riskmodel.hazard.fields import node_spacing_km, normal_fields, require_inside, uniform_fields
from riskmodel.hazard.grid import WENZHOU, PhysicsGrid

GRID = PhysicsGrid(west=120.0, south=27.5, columns=6, rows=5, spacing=0.1)
LARGE = 40_000
COPULAS = [
    SpatialCopula("gaussian", 30.0, 0.7, None),
    SpatialCopula("gaussian", 40.0, 1.8, None),
    SpatialCopula("student_t", 30.0, 1.2, 4.0),
]


def distances() -> np.ndarray:
    """Distance between all nodes in km, in the plane of the middle latitude."""
    latitude, longitude = GRID.nodes()
    x = longitude * np.cos(np.deg2rad(27.7)) * KM_PER_DEGREE
    y = latitude * KM_PER_DEGREE
    return np.hypot(x[:, None] - x, y[:, None] - y)


def stream(key: int = 0) -> np.random.Generator:
    return generator(11, "fields of a test", key)


@pytest.mark.parametrize("copula", COPULAS[:2])
def test_covariance_is_exact_up_to_sampling(copula: SpatialCopula) -> None:
    drawn = normal_fields(copula, GRID, LARGE, stream())
    closed = np.exp(-((distances() / copula.range_km) ** copula.exponent))
    error = (drawn @ drawn.T) / LARGE - closed
    # a sample covariance of normals has variance (1 + rho²) / n
    assert (np.abs(error) < 5.0 * np.sqrt((1 + closed**2) / LARGE)).all()
    assert (np.abs(drawn.mean(axis=1)) < 5.0 / np.sqrt(LARGE)).all()


def test_spectrum_gives_the_covariance_itself() -> None:
    """Without sampling: the transform of the eigenvalues, for a copula that needs padding."""
    copula = SpatialCopula("gaussian", 120.0, 1.0, None)
    root = fields._root_of_spectrum(copula, WENZHOU)
    assert root.shape[0] > 2 * WENZHOU.rows
    covariance = np.fft.fft2(root**2).real
    north, east = node_spacing_km(WENZHOU)
    apart = np.hypot(north * np.arange(WENZHOU.rows)[:, None], east * np.arange(WENZHOU.columns))
    assert covariance[: WENZHOU.rows, : WENZHOU.columns] == pytest.approx(
        np.exp(-apart / 120.0), abs=2e-7
    )


def test_two_fields_of_one_transform_are_independent() -> None:
    drawn = normal_fields(COPULAS[0], GRID, LARGE, stream(1))
    across = drawn[:, 0::2] @ drawn[:, 1::2].T / (LARGE // 2)
    assert np.abs(across).max() < 5.0 / np.sqrt(LARGE // 2)


@pytest.mark.parametrize("copula", COPULAS)
def test_margins_are_uniform(copula: SpatialCopula) -> None:
    drawn = uniform_fields(copula, GRID, LARGE, stream(2))
    assert drawn.shape == (30, LARGE)
    assert drawn.dtype == np.float32
    assert 0.0 < drawn.min() <= drawn.max() < 1.0
    for node in (0, 17, 29):
        assert stats.kstest(drawn[node], "uniform").pvalue > 1e-3
        assert (drawn[node] < 1e-3).sum() == pytest.approx(40, abs=4 * np.sqrt(40))


@pytest.mark.parametrize("copula", COPULAS)
def test_rare_events_coincide_as_chi_says(copula: SpatialCopula) -> None:
    drawn, p = uniform_fields(copula, GRID, LARGE, stream(3)), 0.02
    apart = distances()
    for i, j in ((0, 1), (0, 6), (2, 20), (0, 29)):
        joint = float(((drawn[i] < p) & (drawn[j] < p)).mean())
        expected = p * float(chi(copula, apart[i, j], p))
        assert joint == pytest.approx(expected, abs=3.0 * np.sqrt(expected / LARGE))


def test_both_ends_depend_alike() -> None:
    """Radial symmetry: reading large uniforms as the rare ones changes nothing."""
    drawn, p = uniform_fields(COPULAS[2], GRID, LARGE, stream(4)), 0.02
    both = [float(((d[0] < p) & (d[7] < p)).mean()) for d in (drawn, 1.0 - drawn)]
    assert both[0] == pytest.approx(both[1], abs=4.0 * np.sqrt(2 * both[0] / LARGE))


@pytest.mark.parametrize("degrees", [1.0, 4.0, 12.0, 200.0])
def test_tabulated_student_tail(degrees: float) -> None:
    t = np.concatenate([-np.geomspace(1e-3, 50, 500), np.geomspace(1e-3, 50, 500)])
    tail = fields._tail(t.astype(np.float32), fields._log_tail(degrees))
    exact = stats.t.sf(t, degrees)
    kept = exact > 1e-9
    assert tail[kept] == pytest.approx(exact[kept], rel=2e-4)


@pytest.mark.parametrize("copula", COPULAS)
@pytest.mark.parametrize("pairs", [1, 3, 500])
def test_draws_do_not_depend_on_the_piece(
    copula: SpatialCopula, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = uniform_fields(copula, GRID, 75, stream(5))
    assert (usual == uniform_fields(copula, GRID, 75, stream(5))).all()
    monkeypatch.setattr(fields, "PAIRS_AT_ONCE", pairs)
    assert (usual == uniform_fields(copula, GRID, 75, stream(5))).all()
    assert not (usual == uniform_fields(copula, GRID, 75, stream(6))).all()


def test_no_event_is_no_field() -> None:
    assert uniform_fields(COPULAS[2], GRID, 0, stream()).shape == (30, 0)


def test_range_beyond_the_domain_is_refused() -> None:
    diagonal = np.hypot(4 * 11.1195, 5 * 11.1195 * np.cos(np.deg2rad(27.7)))
    uniform_fields(SpatialCopula("gaussian", diagonal - 0.5, 1.0, None), GRID, 1, stream())
    with pytest.raises(CatalogueError, match=r"range_km.*beyond the domain.*66 km.*larger grid"):
        uniform_fields(SpatialCopula("gaussian", diagonal + 0.5, 1.0, None), GRID, 1, stream())


def test_an_embedding_that_cannot_be_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "PADDINGS", (1.0,))
    with pytest.raises(CatalogueError, match=r"cannot be embedded.*range 60 km.*shorter range"):
        normal_fields(SpatialCopula("gaussian", 60.0, 1.9, None), GRID, 1, stream())


def test_the_bound_of_the_search_is_not_told_as_a_range() -> None:
    near = SpatialCopula("gaussian", 4999.9999, 1.0, None)
    with pytest.raises(CatalogueError, match=r"declared chi lead.*no range below 5000 km") as told:
        require_inside(near, GRID)
    assert "4999" not in str(told.value)
    with pytest.raises(CatalogueError, match=r"range_km: .*found '728 km'.*to do: declare less"):
        require_inside(SpatialCopula("gaussian", 727.6, 1.0, None), GRID)
