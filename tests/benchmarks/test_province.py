"""The benchmark of the import: its judge can say no."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.province import judge
from benchmarks.zones import COLUMNS, POLYGONS, ROWS

CELLS = ROWS * COLUMNS
PER_ZONE = CELLS // POLYGONS


def side() -> dict[str, np.ndarray]:
    """Zones of 1,500 whole cells each, whose people stand evenly."""
    zone = np.repeat(np.arange(POLYGONS), PER_ZONE)
    people = (500_000.0 + zone) / PER_ZONE
    return {"maps": np.arange(12.0), "key": zone * CELLS + np.arange(CELLS), "value": people}


def test_the_judge_agrees_with_equal_files() -> None:
    equal, how = judge(side(), side())
    assert equal
    assert "checks nothing" in how


@pytest.mark.parametrize("fault", ["a map", "people elsewhere", "people lost", "people doubled"])
def test_the_judge_sees_each_fault(fault: str) -> None:
    other = side()
    if fault == "a map":
        other["maps"] = np.where(other["maps"] == 5.0, 5.001, other["maps"])
    elif fault == "people elsewhere":
        other["value"][:2] += [1.0, -1.0]  # the zone's sum stays
    elif fault == "people lost":
        other["value"][7] = 0.0
    else:
        other = {name: np.append(a, a[-1:]) for name, a in other.items() if name != "maps"}
        other["maps"] = side()["maps"]
    assert not judge(side(), other)[0]
    assert not judge(other, side())[0]
