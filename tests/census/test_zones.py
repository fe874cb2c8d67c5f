"""Shares of cells in zones, worked by hand on squares, and conserved."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import xarray as xr

from riskmodel.census.zones import cell_boxes, main_zones, zone_entries
from riskmodel.core.errors import ConservationError

X, Y = np.array([0.5, 1.5, 2.5]), np.array([1.5, 0.5])  # six unit cells, north row first


def shares(entries: xr.Dataset, name: str) -> dict[tuple[int, int, int], float]:
    """One share by (zone, row, column)."""
    keys = zip(
        entries.entry_zone.values.tolist(),
        entries.entry_row.values.tolist(),
        entries.entry_column.values.tolist(),
        strict=True,
    )
    return dict(zip(keys, entries[name].values.tolist(), strict=True))


def test_boxes_are_centred_on_the_cells() -> None:
    boxes = cell_boxes(X, Y)
    assert boxes.shape == (2, 3)
    assert boxes[0, 2].equals(shapely.box(2, 1, 3, 2))


def test_shares_of_cells_by_hand() -> None:
    # a quarter of four cells each, and a triangle over half of one cell
    polygons = {
        "a": shapely.box(0.5, 0.5, 1.5, 1.5),
        "b": shapely.Polygon([(2, 0), (3, 0), (3, 1)]),
    }
    found = shares(zone_entries(polygons, X, Y), "cell_share")
    quarters = {(0, row, column): 0.25 for row in (0, 1) for column in (0, 1)}
    assert found == pytest.approx(quarters | {(1, 1, 2): 0.5}, abs=1e-15)


def test_shares_of_a_zone_weigh_the_cosine_of_latitude() -> None:
    y = np.array([60.5, 59.5])
    found = shares(zone_entries({"a": shapely.box(0, 59, 1, 61)}, X, y), "zone_share")
    north, south = np.cos(np.deg2rad(60.5)), np.cos(np.deg2rad(59.5))
    assert found == pytest.approx(
        {(0, 0, 0): north / (north + south), (0, 1, 0): south / (north + south)}
    )


def test_the_order_of_rows_on_the_map_does_not_matter() -> None:
    polygon = {"a": shapely.box(0.2, 0.3, 2.7, 1.1)}
    down, up = (zone_entries(polygon, X, y) for y in (Y, Y[::-1]))
    flipped = {(z, 1 - row, c): share for (z, row, c), share in shares(up, "zone_share").items()}
    assert shares(down, "zone_share") == pytest.approx(flipped, rel=1e-12)


def test_zones_that_tile_the_grid_conserve_every_cell() -> None:
    rng = np.random.default_rng(3)
    points = shapely.MultiPoint(rng.uniform([0, 0], [3, 2], (9, 2)))
    whole = shapely.box(0, 0, 3, 2)
    pieces = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=whole))
    polygons = {str(i): shapely.intersection(p, whole) for i, p in enumerate(pieces)}
    entries = zone_entries(polygons, X, Y)
    cell = entries.entry_row.values * 3 + entries.entry_column.values
    assert np.bincount(cell, entries.cell_share.values) == pytest.approx(np.ones(6), abs=1e-12)
    area = np.bincount(entries.entry_zone.values, entries.cell_share.values)
    assert area == pytest.approx([p.area for p in polygons.values()], abs=1e-12)
    one = np.bincount(entries.entry_zone.values, entries.zone_share.values)
    assert one == pytest.approx(np.ones(9), abs=1e-12)


def test_holes_and_islands_count_with_their_area() -> None:
    ring = shapely.box(0, 0, 2, 2) - shapely.box(0.25, 0.25, 0.75, 0.75)
    polygon = shapely.union(ring, shapely.box(2.5, 0, 3, 1))
    found = shares(zone_entries({"a": polygon}, X, Y), "cell_share")
    assert found == pytest.approx(
        {(0, 0, 0): 1.0, (0, 0, 1): 1.0, (0, 1, 0): 0.75, (0, 1, 1): 1.0, (0, 1, 2): 0.5}
    )


def test_touching_cells_without_area_in_common_are_left_out() -> None:
    found = shares(zone_entries({"a": shapely.box(0, 0, 1, 1)}, X, Y), "cell_share")
    assert found == {(0, 1, 0): 1.0}


@pytest.mark.parametrize(
    "box", [(-0.1, 0, 1, 1), (2, 1, 3.5, 2), (5, 5, 6, 6), (0, 0, 3, 2 + 1e-6)]
)
def test_a_zone_beyond_the_grid_is_refused(box: tuple[float, float, float, float]) -> None:
    inside, beyond = shapely.box(0, 0, 1, 1), shapely.box(*box)
    with pytest.raises(ConservationError, match=r"zone b: .*to do: extend the maps"):
        zone_entries({"a": inside, "b": beyond}, X, Y)


def test_the_main_zone_of_a_cell_has_most_of_it() -> None:
    """Cell 0 is in zone 0 alone, cell 1 mostly in zone 1, cell 2 mostly in zone 0."""
    entries = xr.Dataset(
        {
            "entry_zone": ("entry", np.array([0, 0, 0, 1, 1])),
            "cell_share": ("entry", [1.0, 0.4, 0.7, 0.6, 0.3]),
        }
    )
    assert main_zones(entries, np.array([0, 1, 2, 1, 2])).tolist() == [0, 1, 0]
