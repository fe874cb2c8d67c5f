"""The benchmark of zones: its polygons tile the province, and its judge can say no."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from benchmarks.zones import COLUMNS, POLYGONS, ROWS, STEP, judge, polygons


def test_polygons_tile_the_province() -> None:
    shapes = np.array(polygons(), dtype=object)
    assert shapes.size == POLYGONS
    assert shapely.is_valid(shapes).all()
    whole = ROWS * COLUMNS * STEP**2
    # held inside by 1e-9 degrees on each side
    assert shapely.area(shapes).sum() == pytest.approx(whole, rel=1e-8)


@pytest.mark.parametrize(("change", "equal"), [(0.0, True), (1e-5, False)])
def test_the_judge_sees_another_share(change: float, equal: bool) -> None:
    key, share = np.arange(ROWS * COLUMNS), np.ones(ROWS * COLUMNS)
    other = share.copy()
    other[17] -= change
    assert judge({"key": key, "share": share}, {"key": key, "share": other})[0] is equal
