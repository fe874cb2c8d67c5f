"""Holland's wind profiles of 1980 and 2010, compiled for kernels and callable from Python."""

from __future__ import annotations

import math

import numba as nb

EARTH_ROTATION = 7.2921e-5  # 1/s
PASCAL_PER_HPA = 100.0
LEAST_SHAPE, MOST_SHAPE = 1.0, 2.5  # of B, Holland 1980


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
def surface_shape(deficit: float, change: float, latitude: float, translation: float) -> float:
    """Shape b of Holland's surface wind, within 1 and 2.5.

    b = -4.4e-5 Δp² + 0.01 Δp + 0.03 dp/dt - 0.014 latitude + 0.15 c^x + 1, x = 0.6 (1 - Δp / 215).

    Parameters
    ----------
    deficit : float
        Central pressure deficit Δp in hPa.
    change : float
        Change of the central pressure dp/dt in hPa an hour, negative when the storm deepens.
    latitude : float
        Degrees.
    translation : float
        Speed of the centre c in m/s.

    Notes
    -----
    Source: Holland 2008, doi 10.1175/2008MWR2395.1, equation 11, for winds of one minute.
    """
    power = 0.6 * (1.0 - deficit / 215.0)
    b = -4.4e-5 * deficit * deficit + 0.01 * deficit + 0.03 * change
    b += 1.0 - 0.014 * abs(latitude) + 0.15 * max(translation, 0.0) ** power
    return min(max(b, LEAST_SHAPE), MOST_SHAPE)


@nb.njit(cache=True)
def highest_surface_wind(deficit: float, shape: float, density: float) -> float:
    """Highest surface wind of Holland's revised model in m/s: sqrt(b Δp / (ρ e)).

    Source: Holland 2008, Mon. Wea. Rev. 136, 3432-3445; deficit in hPa, density in kg/m³.
    """
    return math.sqrt(shape * max(deficit, 0.0) * PASCAL_PER_HPA / (density * math.e))


@nb.njit(cache=True)
def surface_wind(
    radius: float, highest: float, radius_of_maximum_wind: float, shape: float,
    outer_radius: float, outer_wind: float,
) -> float:  # fmt: skip
    """Surface wind of Holland's revised profile in m/s.

    V = Vm ((Rmax / r)^b exp(1 - (Rmax / r)^b))^x, with x = 1/2 within Rmax and beyond it on the
    straight line that makes V the outer wind at the outer radius. Where the storm's highest wind
    is no higher than the outer wind, or its Rmax no smaller than the outer radius, x stays 1/2.

    Parameters
    ----------
    radius, radius_of_maximum_wind, outer_radius : float
        Distances from the centre in km.
    highest, outer_wind : float
        Vm and the wind at the outer radius, m/s.
    shape : float
        b, from `surface_shape`.

    Notes
    -----
    Source: Holland, Belanger & Fritz 2010, doi 10.1175/2010MWR3317.1, equations 6 and 10.
    """
    if radius <= 0.0 or highest <= 0.0:
        return 0.0
    power = 0.5
    if radius > radius_of_maximum_wind and outer_wind < highest:
        gap = outer_radius - radius_of_maximum_wind
        if gap > 0.0:
            far = (radius_of_maximum_wind / outer_radius) ** shape
            outer = math.log(outer_wind / highest) / (math.log(far) + 1.0 - far)
            power += (radius - radius_of_maximum_wind) / gap * (outer - 0.5)
            power = max(power, 0.0)
    ratio = (radius_of_maximum_wind / radius) ** shape
    return highest * (ratio * math.exp(1.0 - ratio)) ** power


@nb.njit(cache=True)
def rain_rate(radius: float, centre: float, peak: float, peak_radius: float, scale: float) -> float:
    """R-CLIPER rain rate at a radius, in the unit of `centre` and `peak`.

    Straight from `centre` to `peak` within `peak_radius`, then exponential with `scale` (km).
    Source: Tuleya, DeMaria & Kuligowski 2007, doi 10.1175/WAF972.1, equations 3-5.
    """
    if radius < peak_radius:
        return centre + (peak - centre) * radius / peak_radius
    return peak * math.exp(-(radius - peak_radius) / scale)
