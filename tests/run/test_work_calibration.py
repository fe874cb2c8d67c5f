"""What the calibration counts as a year: losses by typhoons, whichever perils they bring."""

from __future__ import annotations

import numpy as np
import xarray as xr

from riskmodel.run.work.calibration import typhoon_years


def test_years_of_typhoons_leave_out_what_other_events_cost() -> None:
    """Year 0: typhoons of 3 + 1 and 2, plum rain of 8; year 1: a drought of 9; year 2: nothing."""
    table = xr.Dataset(
        {
            "mean": (("row", "column"), [[3.0, 1.0], [0.0, 8.0], [2.0, 0.0], [9.0, 0.0]]),
            "extrapolated": (("row", "column"), np.zeros((4, 2))),
            "row_occurrence": ("row", [0, 1, 2, 3]), "row_zone": ("row", np.zeros(4, np.int16)),
            "year": ("occurrence", [0, 0, 0, 1]), "block": ("occurrence", np.zeros(4, np.int16)),
            "parent_event": ("occurrence", ["typhoon", "plum_rain", "typhoon", "drought"]),
            "quantity": ("column", ["loss", "loss"]),
            "peril": ("column", ["typhoon_wind", "flash_flood"]),
        },
        attrs={"years": 3, "blocks": 1},
    )  # fmt: skip
    assert typhoon_years(table).tolist() == [6.0, 0.0, 0.0]
