"""Stationary fields of a spatial copula on the domain grid, by circulant embedding.

The covariance of the nodes is the corner of a block-circulant matrix on a larger torus, whose
eigenvalues are a Fourier transform; where they are not negative, the transform of white noise
scaled by their roots has the exact covariance, and its real and imaginary parts are two
independent fields (Dietrich & Newsam 1997, SIAM J. Sci. Comput. 18, 1088-1107; Wood & Chan 1994,
J. Comput. Graph. Stat. 3, 409-432).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import fft, special, stats

from riskmodel.census.terrain import KM_PER_DEGREE
from riskmodel.core.errors import CatalogueError
from riskmodel.hazard.dependence import LONGEST_KM, SpatialCopula, correlation
from riskmodel.hazard.grid import PhysicsGrid

FloatArray = npt.NDArray[np.float64]
SingleArray = npt.NDArray[np.float32]

PADDINGS = (
    1.0,
    1.25,
    1.5,
    2.0,
    2.5,
    3.0,
    4.0,
    6.0,
    8.0,
)  # sides of the torus, in twice the sides of the domain
ROUNDING = 1e-7  # share of the variance in negative eigenvalues that is rounding alone
PAIRS_AT_ONCE = 16
SMALLEST, LARGEST = 1e-12, 1.0 - 2.0**-24  # open interval in single precision
# Student's t is tabulated in the logarithm of its tail over arcsinh(t), from -20 to 20.
STEPS_A_UNIT, FARTHEST = 200, 20


def node_spacing_km(grid: PhysicsGrid) -> tuple[float, float]:
    """Distance of neighbouring nodes in km, from north to south and from west to east.

    Degrees of longitude are those of the middle latitude of the domain.
    """
    middle = np.deg2rad(grid.south + grid.spacing * (grid.rows - 1) / 2.0)
    north = grid.spacing * KM_PER_DEGREE
    return north, float(north * np.cos(middle))


def require_inside(copula: SpatialCopula, grid: PhysicsGrid) -> None:
    """Refuse a copula whose range is longer than the diagonal of the grid.

    Raises
    ------
    CatalogueError
        Naming the range and the diagonal, both in km.
    """
    north, east = node_spacing_km(grid)
    diagonal = float(np.hypot(north * (grid.rows - 1), east * (grid.columns - 1)))
    if copula.range_km > diagonal:
        solved = copula.range_km < 0.999 * LONGEST_KM  # else the search stopped at its bound
        raise CatalogueError(
            "the range of the copula, to which the declared chi lead, lies beyond the domain",
            where="range_km",
            found=f"{copula.range_km:.0f} km" if solved else f"no range below {LONGEST_KM:g} km",
            expected=f"at most the diagonal of the grid, {diagonal:.0f} km",
            remedy="declare less dependence (a smaller chi) at long distances, or a larger grid",
        )


def normal_fields(
    copula: SpatialCopula, grid: PhysicsGrid, count: int, random: np.random.Generator
) -> SingleArray:
    """Draw standard normal fields with the correlation of a copula.

    Parameters
    ----------
    copula : SpatialCopula
        Its correlation; the family does not matter here.
    grid : PhysicsGrid
        Nodes of the domain.
    count : int
        Number of fields, >= 0.
    random : numpy.random.Generator
        Keyed stream.

    Returns
    -------
    array (node, event)

    Raises
    ------
    CatalogueError
        If the range lies beyond the domain, or no embedding of sensible size exists.
    """
    fields = np.empty((grid.rows * grid.columns, count), dtype=np.float32)
    for events, normal in _chunks(copula, grid, count, random):
        fields[:, events] = normal.T
    return fields


def uniform_fields(
    copula: SpatialCopula, grid: PhysicsGrid, count: int, random: np.random.Generator
) -> SingleArray:
    """Draw fields of uniforms whose copula is `copula`, one field an event.

    The uniform is the probability of exceedance, small where the event is rare: single precision
    tells rare events apart near zero but not near one. Both families are radially symmetric, so
    that the tail dependence is the same at either end.

    Parameters
    ----------
    copula : SpatialCopula
        With `student_t` the nodes of an event share one chi-square divisor.
    grid : PhysicsGrid
        Nodes of the domain.
    count : int
        Number of events, >= 0.
    random : numpy.random.Generator
        Keyed stream; the fields do not depend on how many are worked at once.

    Returns
    -------
    array (node, event) in (0, 1)

    Raises
    ------
    CatalogueError
        If the range lies beyond the domain, or no embedding of sensible size exists.
    """
    degrees = copula.degrees_of_freedom
    fields = np.empty((grid.rows * grid.columns, count), dtype=np.float32)
    if degrees is not None:
        # the divisors come first, so that the noise can be drawn piece by piece
        root = np.sqrt(random.chisquare(degrees, count) / degrees).astype(np.float32)
        table = _log_tail(degrees)
    for events, normal in _chunks(copula, grid, count, random):
        if degrees is None:
            tail = special.ndtr(-normal)
        else:
            tail = _tail(normal / root[events, None], table)
        fields[:, events] = np.clip(tail, SMALLEST, LARGEST).T
    return fields


def _log_tail(degrees: float) -> SingleArray:
    """Logarithm of P(T > t) of Student's t at equal steps of arcsinh(t)."""
    steps = FARTHEST * STEPS_A_UNIT
    t = np.sinh(np.arange(-steps, steps + 1) / STEPS_A_UNIT)
    with np.errstate(divide="ignore"):  # log(0), far beyond SMALLEST
        return np.maximum(stats.t.logsf(t, degrees), np.log(SMALLEST)).astype(np.float32)


def _tail(t: SingleArray, log_tail: SingleArray) -> SingleArray:
    """P(T > t) from the table, linear between its steps; relative error below 2e-4 down to 1e-9.

    scipy's own distribution takes ten times as long as the fields themselves.
    """
    place = np.clip((np.arcsinh(t) + FARTHEST) * STEPS_A_UNIT, 0, log_tail.size - 1.001)
    step = place.astype(np.int32)
    return np.exp(log_tail[step] + (place - step) * (log_tail[step + 1] - log_tail[step]))


def _chunks(
    copula: SpatialCopula, grid: PhysicsGrid, count: int, random: np.random.Generator
) -> Iterator[tuple[slice, SingleArray]]:
    """Slices of events and their standard normal fields, dims (event, node)."""
    root = _root_of_spectrum(copula, grid).astype(np.float32)
    step = 2 * PAIRS_AT_ONCE
    for start in range(0, count, step):
        events = slice(start, min(start + step, count))
        pairs = (events.stop - start + 1) // 2
        noise = random.standard_normal((pairs, *root.shape, 2), dtype=np.float32)
        # rows outside the domain are dropped before the second transform
        half = fft.fft(root * noise.view(np.complex64)[..., 0], axis=1)[:, : grid.rows]
        both = fft.fft(half, axis=2)[:, :, : grid.columns].reshape(pairs, -1)
        fields = np.stack([both.real, both.imag], axis=1).reshape(2 * pairs, -1)
        yield events, fields[: events.stop - start]


def _root_of_spectrum(copula: SpatialCopula, grid: PhysicsGrid) -> FloatArray:
    """Roots of the eigenvalues over the number of nodes of the smallest torus that is exact."""
    require_inside(copula, grid)
    north, east = node_spacing_km(grid)
    negative = 0.0
    for padding in PADDINGS:
        rows, columns = (
            fft.next_fast_len(max(int(2 * padding * (nodes - 1)), 1))
            for nodes in (grid.rows, grid.columns)
        )
        up, right = (np.minimum(np.arange(n), n - np.arange(n)) for n in (rows, columns))
        covariance = correlation(copula, np.hypot(up[:, None] * north, right * east))
        eigenvalues = fft.fft2(covariance).real
        negative = float(-eigenvalues[eigenvalues < 0].sum() / eigenvalues.size)
        if negative <= ROUNDING:
            return np.sqrt(np.maximum(eigenvalues, 0.0) / eigenvalues.size)
    raise CatalogueError(
        "the fields cannot be embedded in a torus of sensible size",
        where="SpatialCopula",
        found=f"{negative:.2g} of the variance in negative eigenvalues at {PADDINGS[-1]} times "
        f"the domain, range {copula.range_km:g} km, exponent {copula.exponent:g}",
        expected=f"at most {ROUNDING:g}",
        remedy="declare a shorter range or a smaller exponent",
    )
