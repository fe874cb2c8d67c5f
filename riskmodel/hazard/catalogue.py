"""Build, store and open the event catalogue: dated occurrences with footprints in rates.

A catalogue is a folder: ``occurrences.nc``, one ``block_NN.nc`` with a group for each peril
(cell-major pairs), and one ``rank_function_PERIL.nc`` for each peril. Blocks are made, written and
read one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from riskmodel.core.errors import CatalogueError
from riskmodel.core.files import sha256, sha256_of, whole_file, write_dataset, write_json
from riskmodel.core.returnperiod import Frequency
from riskmodel.core.schema import Schema, stamp
from riskmodel.hazard.intensity import cell_maps
from riskmodel.hazard.position import (
    block_shift,
    mapped_positions,
    position_of_rate,
    rank_positions,
    stored_ranks,
)
from riskmodel.hazard.ranking import BlockPairs, Interpolation, rank_block
from riskmodel.hazard.source import Source as Source
from riskmodel.hazard.source import SourceBlock as SourceBlock

OCCURRENCES = Schema(
    "catalogue.occurrences",
    {
        "block": ("occurrence",),
        "year": ("occurrence",),
        "start": ("occurrence",),
        "end": ("occurrence",),
    },
    ("blocks", "years_per_block", "parent_event"),
)
PAIRS = Schema(
    "catalogue.pairs",
    {"pointer": ("edge",), "occurrence": ("pair",), "position": ("pair",)},
    ("peril", "shift"),
)
RANK_FUNCTION = Schema(
    "catalogue.rank_function",
    {"index": ("block", "cell", "knot"), "knot_position": ("block", "knot")},
    ("peril", "tail", "index_units"),
)


UNSHIFTED = 1e-6  # all blocks keep the rank function at the same ranks


@dataclass(frozen=True, slots=True)
class CatalogueSettings:
    """Size, ranking and storage of a catalogue; every field is declared in the params file."""

    blocks: int
    years_per_block: int
    block_shift: float
    frequency: Frequency
    storage_rate: Mapping[str, float]
    seed: int


def catalogue_key(census: xr.DataTree, source: Source, settings: CatalogueSettings) -> str:
    """Content hash of everything that a catalogue follows from, the ranking code included."""
    zones = census["zones"].to_dataset()
    cells = {name: zones[name].values.tolist() for name in ("latitude", "longitude")}
    layers = {p: census[p].to_dataset() for p in settings.storage_rate}
    maps = {p: sha256_of(layer["state"].values.tolist()) for p, layer in layers.items()}
    periods = {p: layer["return_period"].values.tolist() for p, layer in layers.items()}
    return sha256_of(
        [asdict(settings), source.identity, sha256_of(cells), maps, periods, _code_hashes()]
    )[:16]


@cache
def _code_hashes() -> dict[str, str]:
    """Hashes of the code that makes a catalogue, as this process found it when it first asked."""
    package = Path(__file__).parents[1]
    others = ("core/draws.py", "core/returnperiod.py", "census/terrain.py", "census/zones.py")
    made_by = [*package.glob("hazard/**/*.py"), *(package / name for name in others)]
    return {p.relative_to(package).as_posix(): sha256(p) for p in sorted(made_by)}


def build_catalogue(
    folder: Path,
    census: xr.DataTree,
    source: Source,
    settings: CatalogueSettings,
    *,
    progress: Callable[[str], None] = lambda text: None,
) -> xr.DataTree:
    """Make the catalogue in a folder, or open the one that is there with the same key.

    Parameters
    ----------
    folder : Path
        Parent of the catalogue's own folder, which is named by its key.
    census : DataTree
        From `load_census`.
    source : Source
        Occurrences and physical indices by block.
    settings : CatalogueSettings
        Size, ranking and storage.
    progress : callable
        Told one line for each block.
    """
    target = folder / catalogue_key(census, source, settings)
    if not (target / "complete.json").is_file():
        zones = census["zones"].to_dataset()
        interpolation = source.grid.interpolation(
            zones["latitude"].values, zones["longitude"].values
        )
        occurrences, functions = [], []
        for block in range(settings.blocks):
            made, function = _write_block(target, census, source, settings, interpolation, block)
            occurrences.append(made)
            functions.append(function)
            progress(
                f"block {block + 1} of {settings.blocks}: {made.sizes['occurrence']} occurrences"
            )
        _write_whole(target, source, settings, occurrences, functions)
    return open_catalogue(target)


def _write_block(
    target: Path,
    census: xr.DataTree,
    source: Source,
    settings: CatalogueSettings,
    interpolation: Interpolation,
    block: int,
) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    made = source.block(block)
    years = settings.years_per_block
    year = made.occurrences["year"].values
    year_pointer = np.searchsorted(year, np.arange(years + 1)).astype(np.int64)
    shift = block_shift(settings.block_shift, block)
    groups, functions = {}, {}
    for peril, rate in settings.storage_rate.items():
        periods = census[peril].to_dataset()["return_period"].values
        _require_reproducible(peril, rate, periods, settings.frequency)
        positions = rank_positions(years, shift, periods, settings.frequency)
        stored = stored_ranks(positions, rate)
        knots = _knots(
            stored_ranks(rank_positions(years, UNSHIFTED, periods, settings.frequency), rate)
        )
        cells = np.flatnonzero((cell_maps(census, peril) > 0).any("return_period").values)
        pairs = rank_block(
            made.indices[peril], year_pointer, interpolation, cells, census["zones"].sizes["cell"],
            positions, stored, knots, key=(settings.seed, block), peril=peril,
        )  # fmt: skip
        groups[peril] = _pairs_dataset(pairs, peril, shift)
        functions[peril] = xr.Dataset(
            {
                "index": (("cell", "knot"), pairs.rank_index),
                "knot_position": ("knot", positions[knots]),
            }
        )
    path = target / f"block_{block:02d}.nc"
    encoding = {"zlib": True, "complevel": 1, "shuffle": True}
    with whole_file(path) as temporary:
        xr.DataTree.from_dict(groups).to_netcdf(
            temporary,
            encoding={f"/{p}": {"occurrence": encoding, "position": encoding} for p in groups},
        )
    occurrences = made.occurrences.assign(
        year=("occurrence", year + block * years),
        block=("occurrence", np.full(year.size, block, np.int16)),
    )
    return occurrences, functions


def _knots(stored: int) -> npt.NDArray[np.int64]:
    """Zero-based ranks at which the rank function is kept: a ladder of 12 %, both ends included."""
    ladder = np.unique(np.rint(1.12 ** np.arange(200)).astype(np.int64)) - 1
    return np.unique(np.append(ladder[ladder < stored], stored - 1))


def _require_reproducible(
    peril: str, rate: float, periods: npt.NDArray[np.float64], frequency: Frequency
) -> None:
    if position_of_rate(rate) >= mapped_positions(periods, frequency)[0]:
        raise CatalogueError(
            "the storage rate is below the rate of the most frequent map",
            where=f"hazard.storage_rate.{peril}",
            found=rate,
            expected=f"more than the rate of {periods[0]:g} years",
            remedy="raise the storage rate",
        )


def _pairs_dataset(pairs: BlockPairs, peril: str, shift: float) -> xr.Dataset:
    data = xr.Dataset(
        {
            "pointer": ("edge", pairs.pointer),
            "occurrence": ("pair", pairs.occurrence),
            "position": ("pair", pairs.position),
        }
    )
    return stamp(data, PAIRS, source="catalogue", history="rank_block", peril=peril, shift=shift)


def _write_whole(
    target: Path,
    source: Source,
    settings: CatalogueSettings,
    occurrences: list[xr.Dataset],
    functions: list[dict[str, xr.Dataset]],
) -> None:
    table = xr.concat(occurrences, "occurrence")
    stamp(
        table,
        OCCURRENCES,
        source=source.parent_event,
        history="build_catalogue",
        blocks=settings.blocks,
        years_per_block=settings.years_per_block,
        parent_event=source.parent_event,
        seed=settings.seed,
        perils=list(settings.storage_rate),
        frequency=settings.frequency.family,
        kappa=settings.frequency.kappa or 0.0,
        storage_rate=list(settings.storage_rate.values()),
    )
    write_dataset(target / "occurrences.nc", table)
    for peril in settings.storage_rate:
        joined = xr.concat(
            [f[peril] for f in functions],
            "block",
            join="outer",
            fill_value={"index": np.nan, "knot_position": 0},
        )
        stamp(
            joined,
            RANK_FUNCTION,
            source="ranked annual maxima of each block",
            history="build_catalogue",
            peril=peril,
            tail="line in log-rate from the largest year to the one 20 times as frequent",
            index_units=source.index_units[peril],
        )
        write_dataset(target / f"rank_function_{peril}.nc", joined)
    write_json(target / "complete.json", {p.name: sha256(p) for p in sorted(target.glob("*.nc"))})


def open_catalogue(folder: Path) -> xr.DataTree:
    """Open a stored catalogue lazily.

    Occurrences are at the root, pairs in ``block_NN/peril``, rank functions in
    ``rank_function/peril``.

    Raises
    ------
    CatalogueError
        If the folder holds no complete catalogue.
    """
    if not (folder / "complete.json").is_file():
        raise CatalogueError(
            "no complete catalogue here", where=str(folder), remedy="run notebook 02_hazard first"
        )
    root = xr.open_dataset(folder / "occurrences.nc")
    for name in ("perils", "storage_rate"):  # a list of one is read back as its only item
        root.attrs[name] = np.atleast_1d(root.attrs[name]).tolist()
    nodes: dict[str, xr.Dataset] = {"/": root}
    for path in sorted(folder.glob("block_*.nc")):
        tree = xr.open_datatree(path)
        nodes |= {f"{path.stem}/{name}": node.to_dataset() for name, node in tree.children.items()}
    for peril in root.attrs["perils"]:
        nodes[f"rank_function/{peril}"] = xr.open_dataset(folder / f"rank_function_{peril}.nc")
    return xr.DataTree.from_dict(nodes, name="catalogue")


def catalogue_frequency(catalogue: xr.DataTree) -> Frequency:
    """Return the frequency family under which a catalogue was ranked."""
    if catalogue.attrs["frequency"] == "poisson":
        return Frequency("poisson")
    return Frequency("negative_binomial", float(catalogue.attrs["kappa"]))


def block_names(catalogue: xr.DataTree) -> list[str]:
    """Names of the blocks of a catalogue, in order."""
    return [f"block_{block:02d}" for block in range(int(catalogue.attrs["blocks"]))]
