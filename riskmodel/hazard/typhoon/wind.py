"""Holland's wind profile, compiled for kernels and callable from Python."""

from __future__ import annotations

import math

import numba as nb

EARTH_ROTATION = 7.2921e-5  # 1/s
PASCAL_PER_HPA = 100.0


@nb.njit(cache=True)
def coriolis(latitude: float) -> float:
    """Coriolis parameter 2 Ω sin(latitude) in 1/s; latitude in degrees."""
    return 2.0 * EARTH_ROTATION * math.sin(math.radians(latitude))


@nb.njit(cache=True)
def vortex(
    radius: float, deficit: float, radius_of_maximum_wind: float, shape: float, density: float,
    rotation: float,
) -> tuple[float, float]:  # fmt: skip
    """Gradient wind (m/s) and pressure deficit (hPa) of Holland's vortex at a radius.

    As `gradient_wind`; the deficit at a radius is Δp (1 - exp(-x)).
    """
    if radius <= 0.0 or deficit <= 0.0:
        return 0.0, max(deficit, 0.0)
    x = (radius_of_maximum_wind / radius) ** shape
    decay = math.exp(-x)
    half = 0.5 * radius * 1000.0 * rotation
    force = shape * deficit * PASCAL_PER_HPA / density * x * decay
    return math.sqrt(force + half * half) - half, deficit * (1.0 - decay)


@nb.njit(cache=True)
def gradient_wind(
    radius: float, deficit: float, radius_of_maximum_wind: float, shape: float, density: float,
    rotation: float,
) -> float:  # fmt: skip
    """Gradient wind of Holland's vortex in m/s.

    V = sqrt(B Δp / ρ · x · exp(-x) + (r f / 2)²) - r f / 2 with x = (Rmax / r)^B.

    Parameters
    ----------
    radius, radius_of_maximum_wind : float
        Distances from the centre in km.
    deficit : float
        Central pressure deficit Δp in hPa.
    shape : float
        Holland's B.
    density : float
        Air density ρ in kg/m³.
    rotation : float
        Coriolis parameter f in 1/s; zero gives the cyclostrophic wind, whose maximum at Rmax
        is sqrt(B Δp / (ρ e)).

    Notes
    -----
    Source: Holland 1980, Mon. Wea. Rev. 108, 1212-1218.
    """
    return vortex(radius, deficit, radius_of_maximum_wind, shape, density, rotation)[0]


@nb.njit(cache=True)
def rain_rate(radius: float, centre: float, peak: float, peak_radius: float, scale: float) -> float:
    """R-CLIPER rain rate at a radius, in the unit of `centre` and `peak`.

    Straight from `centre` to `peak` within `peak_radius`, then exponential with `scale` (km).
    Source: Tuleya, DeMaria & Kuligowski 2007, Wea. Forecasting 22, 56-70.
    """
    if radius < peak_radius:
        return centre + (peak - centre) * radius / peak_radius
    return peak * math.exp(-(radius - peak_radius) / scale)
