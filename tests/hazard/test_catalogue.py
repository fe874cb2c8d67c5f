"""The catalogue on a small made-up source: made once, opened lazily, extended by blocks."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency
from riskmodel.core.schema import check
from riskmodel.hazard.build import build_catalogue, catalogue_key
from riskmodel.hazard.catalogue import (
    OCCURRENCES,
    PAIRS,
    RANK_FUNCTION,
    CatalogueSettings,
    block_names,
    catalogue_frequency,
    open_catalogue,
)
from riskmodel.hazard.intensity import cell_maps
from riskmodel.hazard.position import block_shift, rank_positions, stored_ranks
from riskmodel.hazard.ranking import CellPairs, Ranks, rank_block
from riskmodel.hazard.source import Source, pool_of, pooled_block
from riskmodel.hazard.storage import write_block
from tests.hazard.conftest import (
    GRID,
    PERIODS,
    POISSON,
    STORAGE,
    make_census,
    make_settings,
    make_source,
    storm_block,
)

YEARS = 400


def counted(source: Source) -> tuple[Source, list[int]]:
    """The source, and the blocks that were asked of it."""
    asked: list[int] = []

    def block(number: int) -> object:
        asked.append(number)
        return source.block(number)

    return replace(source, block=block), asked  # type: ignore[arg-type]


@pytest.fixture
def build(census: xr.DataTree, tmp_path: Path) -> Callable[..., xr.DataTree]:
    def make(**changes: object) -> xr.DataTree:
        return build_catalogue(
            tmp_path, census, [make_source(YEARS)], make_settings(YEARS, **changes)
        )

    return make


def equal_pairs(a: xr.DataTree, b: xr.DataTree, block: str) -> bool:
    return all(
        a[f"{block}/{p}"].to_dataset().identical(b[f"{block}/{p}"].to_dataset()) for p in STORAGE
    )


# --- made, opened, printed ----------------------------------------------------------------------


def test_what_is_stored_follows_its_schemas(build: Callable[..., xr.DataTree]) -> None:
    catalogue = build()
    check(catalogue.to_dataset(), OCCURRENCES)
    assert block_names(catalogue) == ["block_00", "block_01", "block_02"]
    for name in block_names(catalogue):
        for peril in STORAGE:
            check(catalogue[f"{name}/{peril}"].to_dataset(), PAIRS)
    for peril, unit in (("wind", "m s-1"), ("flood", "mm")):
        function = check(catalogue[f"rank_function/{peril}"].to_dataset(), RANK_FUNCTION)
        assert function.attrs["index_units"] == unit
    assert catalogue.attrs["perils"] == ["wind", "flood"]
    assert catalogue.attrs["storage_rate"] == [0.30, 0.45]
    assert set(catalogue["parent_event"].values) == {"storm"}


def test_occurrences_are_those_of_the_source_in_running_years(
    build: Callable[..., xr.DataTree],
) -> None:
    table = build().to_dataset()
    for block in range(3):
        made = storm_block(YEARS, block).occurrences
        part = table.isel(occurrence=table["block"].values == block)
        assert np.array_equal(part["year"].values, made["year"].values + block * YEARS)
        assert np.array_equal(part["start"].values, made["start"].values)
        assert np.array_equal(part["end"].values, made["end"].values)


def test_it_opens_lazily_and_prints(build: Callable[..., xr.DataTree]) -> None:
    catalogue = build()
    pairs = catalogue["block_01/wind"]
    assert not pairs.variables["position"]._in_memory
    assert "position" in repr(catalogue)
    assert "block_01" in repr(catalogue)
    assert "<table" in catalogue._repr_html_() or "xr-" in catalogue._repr_html_()
    assert not catalogue["block_01/wind"].variables["position"]._in_memory
    assert pairs["position"].values.dtype == np.uint16
    assert pairs["occurrence"].values.dtype == np.uint16


def test_one_peril_is_enough(census: xr.DataTree, tmp_path: Path) -> None:
    settings = make_settings(YEARS, storage_rate={"flood": 0.45})
    catalogue = build_catalogue(tmp_path, census, [make_source(YEARS)], settings)
    assert catalogue.attrs["perils"] == ["flood"]
    assert catalogue.attrs["storage_rate"] == [0.45]
    assert set(catalogue["block_00"].children) == {"flood"}


@pytest.mark.parametrize("frequency", [POISSON, Frequency("negative_binomial", 2.5)])
def test_the_frequency_comes_back(build: Callable[..., xr.DataTree], frequency: Frequency) -> None:
    assert catalogue_frequency(build(frequency=frequency)) == frequency


def test_progress_tells_each_block(census: xr.DataTree, tmp_path: Path) -> None:
    told: list[str] = []
    build_catalogue(
        tmp_path, census, [make_source(YEARS)], make_settings(YEARS, 2), progress=told.append
    )
    count = storm_block(YEARS, 0).occurrences.sizes["occurrence"]
    assert told[0] == f"block 1 of 2: {count} occurrences"
    assert len(told) == 2


# --- the cache ----------------------------------------------------------------------------------


def test_the_same_catalogue_is_not_made_twice(census: xr.DataTree, tmp_path: Path) -> None:
    source, asked = counted(make_source(YEARS))
    first = build_catalogue(tmp_path, census, [source], make_settings(YEARS))
    assert asked == [0, 1, 2]
    second = build_catalogue(tmp_path, census, [source], make_settings(YEARS))
    assert asked == [0, 1, 2]
    assert second.identical(first)


def test_a_catalogue_that_was_broken_off_is_made_anew(census: xr.DataTree, tmp_path: Path) -> None:
    whole, settings = make_source(YEARS), make_settings(YEARS)

    def broken(number: int) -> object:
        if number == 2:
            raise KeyboardInterrupt
        return whole.block(number)

    with pytest.raises(KeyboardInterrupt):
        build_catalogue(tmp_path, census, [replace(whole, block=broken)], settings)  # type: ignore[arg-type]
    with pytest.raises(CatalogueError, match=r"no complete catalogue here.*to do: run notebook"):
        open_catalogue(tmp_path / catalogue_key(census, [whole], settings))
    assert build_catalogue(tmp_path, census, [whole], settings).sizes["occurrence"] > 0


CHANGES: list[dict[str, object]] = [
    {"blocks": 4},
    {"block_shift": 0.4},
    {"frequency": Frequency("negative_binomial", 2.0)},
    {"storage_rate": {"wind": 0.31, "flood": 0.45}},
    {"seed": 6},
    {"years_per_block": 401},
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_key_follows_every_setting(census: xr.DataTree, change: dict[str, object]) -> None:
    source = [make_source(YEARS)]
    plain = make_settings(YEARS)
    changed: CatalogueSettings = replace(plain, **change)  # type: ignore[arg-type]
    assert catalogue_key(census, source, plain) == catalogue_key(
        census, source, make_settings(YEARS)
    )
    assert catalogue_key(census, source, plain) != catalogue_key(census, source, changed)


def test_the_key_follows_source_places_reach_and_return_periods(census: xr.DataTree) -> None:
    settings, source = make_settings(YEARS), make_source(YEARS)
    maps = {p: cell_maps(census, p).values for p in STORAGE}
    moved = make_census(maps)
    moved["zones"]["longitude"] += 0.01
    drier = make_census({"wind": maps["wind"], "flood": maps["flood"] * (np.arange(12) != 3)})
    other_periods = make_census(maps, periods=(5, 10, 20, 50, 100, 250))
    keys = [
        catalogue_key(tree, [source], settings) for tree in (census, moved, drier, other_periods)
    ]
    keys.append(catalogue_key(census, [make_source(YEARS, seed=9)], settings))
    assert len(set(keys)) == 5
    # ranking does not read the values of a map, so a map made stronger keeps its catalogue
    stronger = make_census({"wind": maps["wind"] * 1.1, "flood": maps["flood"]})
    assert catalogue_key(stronger, [source], settings) == keys[0]


# --- blocks -------------------------------------------------------------------------------------


def test_adding_a_block_leaves_the_others_bit_equal(build: Callable[..., xr.DataTree]) -> None:
    three, four = build(), build(blocks=4)
    for name in block_names(three):
        assert equal_pairs(three, four, name)
    for peril in STORAGE:
        a, b = (t[f"rank_function/{peril}"].to_dataset() for t in (three, four))
        assert a.identical(b.isel(block=slice(0, 3)))
    a, b = three.to_dataset(), four.to_dataset()
    assert a.drop_attrs().identical(b.isel(occurrence=b["block"].values < 3).drop_attrs())
    assert not np.array_equal(
        four["block_00/wind"]["position"].values, four["block_03/wind"]["position"].values
    )


def test_block_1_is_the_same_without_block_0(
    build: Callable[..., xr.DataTree], census: xr.DataTree
) -> None:
    stored = build()["block_01/flood"].to_dataset()
    zones = census["zones"].to_dataset()
    interpolation = GRID.interpolation(zones["latitude"].values, zones["longitude"].values)
    positions = rank_positions(YEARS, block_shift(0.3, 1), PERIODS, POISSON)
    wet = np.flatnonzero((cell_maps(census, "flood") > 0).any("return_period").values)
    pool = pool_of(pooled_block([make_source(YEARS)], 1), "flood", YEARS)
    ranks = Ranks(positions, stored_ranks(positions, 0.45), np.array([0]))
    (pairs,) = rank_block(pool, interpolation, wet, ranks, key=(5, 1), peril="flood")
    assert stored.attrs["shift"] == block_shift(0.3, 1)
    assert np.array_equal(np.diff(stored["pointer"].values)[wet], pairs.count)
    for name in ("occurrence", "position"):
        assert np.array_equal(stored[name].values, getattr(pairs, name))


def test_a_cell_more_changes_no_other_cell(census: xr.DataTree, tmp_path: Path) -> None:
    maps = {p: cell_maps(census, p).values for p in STORAGE}
    without = make_census({"wind": maps["wind"] * (np.arange(12) != 4), "flood": maps["flood"]})
    source, settings = make_source(YEARS), make_settings(YEARS)
    full, less = (build_catalogue(tmp_path, c, [source], settings) for c in (census, without))
    for name in block_names(full):
        a, b = (t[f"{name}/wind"].to_dataset() for t in (full, less))
        for cell in range(12):
            run_a, run_b = (slice(*d["pointer"].values[cell : cell + 2]) for d in (a, b))
            if cell == 4:
                assert run_b.start == run_b.stop
                continue
            assert np.array_equal(a["occurrence"].values[run_a], b["occurrence"].values[run_b])
            assert np.array_equal(a["position"].values[run_a], b["position"].values[run_b])


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.2, -np.log(0.8)])
def test_a_storage_rate_that_loses_the_first_map_is_refused(
    build: Callable[..., xr.DataTree], rate: float
) -> None:
    told = r"storage_rate\.wind: the storage rate is below.*5 years.*to do: raise the storage rate"
    with pytest.raises(CatalogueError, match=told):
        build(storage_rate={"wind": rate})


def test_too_few_storms_are_refused(census: xr.DataTree, tmp_path: Path) -> None:
    whole = make_source(YEARS)

    def calm(number: int) -> object:
        made = whole.block(number)
        few = {p: np.where(i > np.quantile(i, 0.97), i, 0.0) for p, i in made.indices.items()}
        return replace(made, indices={p: i.astype(np.float32) for p, i in few.items()})

    source = replace(whole, block=calm, identity="calm")  # type: ignore[arg-type]
    with pytest.raises(CatalogueError, match=r"flood, block 0, cell 0: fewer positive years"):
        build_catalogue(tmp_path, census, [source], make_settings(YEARS))


def test_a_cell_beyond_the_physics_is_refused(census: xr.DataTree, tmp_path: Path) -> None:
    far = census.copy(deep=True)
    far["zones"]["latitude"].values[0] = 29.0
    with pytest.raises(CatalogueError, match="outside the physics grid"):
        build_catalogue(tmp_path, far, [make_source(YEARS)], make_settings(YEARS))


def test_no_catalogue_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no complete catalogue here"):
        open_catalogue(tmp_path)


DELETE = "to do: delete the folder of the catalogue, it is made again"


def stored(census: xr.DataTree, folder: Path) -> Path:
    """Folder of a small catalogue that nobody has opened."""
    source, settings = [make_source(YEARS)], make_settings(YEARS, 2)
    build_catalogue(folder / "made", census, source, settings)
    # a copy, for xarray keeps the files that it has opened
    return shutil.copytree(
        folder / "made" / catalogue_key(census, source, settings), folder / "copy"
    )


def test_sizes_and_hashes_of_all_files_are_kept(census: xr.DataTree, tmp_path: Path) -> None:
    folder = stored(census, tmp_path)
    kept = json.loads((folder / "complete.json").read_text())
    assert set(kept) == {p.name for p in folder.glob("*.nc")}
    for name, entry in kept.items():
        content = (folder / name).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        assert entry == {"bytes": len(content), "sha256": digest}


def test_only_pairs_are_opened_to_be_read_once(
    census: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rank function is one large piece, which a small cache would unpack anew for each cell."""
    kept: dict[str, int] = {}
    opened = xr.open_datatree

    def watched(path: Path, **given: str) -> xr.DataTree:
        kept[path.name] = int(netCDF4.get_chunk_cache()[0])
        return opened(path, **given)

    folder, usual = stored(census, tmp_path), int(netCDF4.get_chunk_cache()[0])
    monkeypatch.setattr(xr, "open_datatree", watched)
    open_catalogue(folder)
    assert {name for name, size in kept.items() if size != usual} == {
        path.name for path in folder.glob("block_*.nc")
    }
    assert "rank_function_flood.nc" in kept


@pytest.mark.parametrize("name", ["block_00.nc", "occurrences.nc", "rank_function_flood.nc"])
def test_a_spoilt_file_of_a_catalogue_is_named(
    name: str, census: xr.DataTree, tmp_path: Path
) -> None:
    file = stored(census, tmp_path) / name
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    told = rf"{name}: a file of the catalogue is not whole; found {len(whole) // 2}; expected"
    with pytest.raises(CatalogueError, match=f"{told} {len(whole)} bytes; {DELETE}"):
        open_catalogue(file.parent)
    file.write_bytes(b"x" * len(whole))
    with pytest.raises(CatalogueError, match=f"{name}: .* cannot be read.*{DELETE}"):
        open_catalogue(file.parent)
    file.unlink()
    with pytest.raises(CatalogueError, match=f"{name}: .* is missing; {DELETE}"):
        open_catalogue(file.parent)


@pytest.mark.parametrize("text", ["{", "[]", '{"occurrences.nc": "5f0c"}'])
def test_a_spoilt_list_of_files_is_named(text: str, census: xr.DataTree, tmp_path: Path) -> None:
    folder = stored(census, tmp_path)
    (folder / "complete.json").write_text(text)
    with pytest.raises(CatalogueError, match=f"complete.json: no list of the files.*{DELETE}"):
        open_catalogue(folder)


def test_maps_too_close_name_their_peril(tmp_path: Path) -> None:
    ones = np.ones((6, 12))
    close = make_census({"wind": ones, "flood": ones}, periods=(5, 10, 20, 50, 100, 100.001))
    with pytest.raises(CatalogueError, match=r"^wind: mapped return periods cannot be told apart"):
        build_catalogue(tmp_path, close, [make_source(YEARS)], make_settings(YEARS))


@pytest.mark.parametrize(
    ("occurrences", "kind"), [(1 << 16, np.uint16), (1 + (1 << 16), np.uint32)]
)
def test_occurrences_take_two_bytes_where_they_fit(
    tmp_path: Path, occurrences: int, kind: type[np.unsignedinteger]
) -> None:
    last = np.array([0, 7, occurrences - 1], np.uint32)
    pairs = CellPairs(
        np.array([1]),
        np.array([3]),
        last,
        np.array([9, 8, 7], np.uint16),
        np.zeros((1, 2), np.float32),
    )  # fmt: skip
    write_block(
        tmp_path / "block.nc", {"flood": iter([pairs])}, cells=3, occurrences=occurrences,
        knots={"flood": 2}, shift=0.5,
    )  # fmt: skip
    stored = xr.open_dataset(tmp_path / "block.nc", group="flood")
    assert stored["occurrence"].dtype == kind
    assert stored["occurrence"].values.tolist() == last.tolist()
    assert stored["pointer"].values.tolist() == [0, 0, 3, 3]
