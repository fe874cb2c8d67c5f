"""Moments of losses made by hand, as `sample_losses` takes them."""

import numpy as np
import numpy.typing as npt
import xarray as xr


def moments(
    mean: npt.ArrayLike,
    *,
    independent: npt.ArrayLike = 0.0,
    correlated: npt.ArrayLike = 0.0,
    value: float = 1.0,
    zones: int = 1,
) -> xr.Dataset:
    """Occurrences each hit all zones; `mean` (occurrence, zone, item), the others broadcast."""
    means = np.asarray(mean, dtype=np.float64)
    count, _, items = means.shape
    rows = means.reshape(count * zones, items)
    whole = {
        name: (("row", "item"), np.broadcast_to(given, means.shape).reshape(rows.shape).copy())
        for name, given in (("variance_independent", independent), ("sd_correlated", correlated))
    }
    return xr.Dataset(
        {
            "mean": (("row", "item"), rows),
            **whole,
            "value_exposed": (("zone", "item"), np.full((zones, items), value)),
            "row_occurrence": ("row", np.repeat(np.arange(count), zones)),
            "row_zone": ("row", np.tile(np.arange(zones, dtype=np.int16), count)),
            "year": ("occurrence", np.arange(count)),
        },
        {
            "zone": [f"3303{z:02d}" for z in range(zones)],
            "item": [f"item{i}" for i in range(items)],
        },
        {"years": count, "currency": "CNY", "price_year": 2022},
    )
