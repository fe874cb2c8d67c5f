"""Losses of many events at many points: the engine beside CLIMADA, bare kernels, and itself.

The case is drawn: events that hit points in single cells of a catalogue, each point of one of five
classes with a response of 100 knots. Ours reads rates on the curves of the cells; the others are
given the same intensities. Compiling tables from responses is part of our time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from benchmarks.impact_peers import CLASSES, EVENTS, KNOTS, POINTS
from benchmarks.side import Outcome
from riskmodel.core.draws import generator
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.compilation import compile_scenarios, compile_table
from riskmodel.loss.occurrence_table import occurrence_table, occurrence_tables
from riskmodel.loss.response import Item, Response
from riskmodel.loss.scenario import Scenario

SEED, COVERAGE, ZONES, CAP, SCENARIOS = 20_251, 0.02, 12, 75.0, 16
PERILS = ("typhoon_wind", "rain_flood", "storm_surge")
FIRST = 6_000  # position of the most frequent pair
Arrays = Mapping[str, np.ndarray]


def _points() -> dict[str, np.ndarray]:
    draw = generator(SEED, "points of a benchmark")
    return {
        "value": draw.uniform(1e5, 1e6, POINTS),
        "kind": draw.integers(0, CLASSES, POINTS),
        "start": draw.uniform(5.0, 25.0, POINTS),
        "slope": draw.uniform(3e-4, 9e-4, POINTS),
    }


def _curve_table() -> tuple[np.ndarray, np.ndarray]:
    """Knots (knot,) and mean damage ratios (class, knot) of the five classes, rising."""
    knots = np.linspace(0.0, CAP, KNOTS)
    half = np.linspace(45.0, 65.0, CLASSES)[:, None]
    cube = (np.maximum(knots - 8.0, 0.0) / (half - 8.0)) ** 3
    return knots, cube / (1.0 + cube)


def _pairs(events: int, name: str) -> dict[str, np.ndarray]:
    """Pairs by point, events rising: pointer (point + 1), occurrence and position (pair)."""
    draw = generator(SEED, f"pairs of a benchmark, {name}")
    count = draw.binomial(events, COVERAGE, POINTS)
    pointer = np.concatenate([[0], np.cumsum(count)])
    occurrence = np.concatenate(
        [np.sort(draw.choice(events, size, replace=False)) for size in count]
    ).astype(np.uint32)
    pairs = {"pointer": pointer, "occurrence": occurrence}
    return pairs | {"position": _positions(pairs, name)}


def _positions(pairs: Arrays, name: str) -> np.ndarray:
    draw = generator(SEED, f"positions of a benchmark, {name}")
    position = FIRST + draw.exponential(4_000.0, pairs["occurrence"].size)
    return np.minimum(position, LAST_POSITION).astype(np.uint16)


def store(work: Path) -> None:
    """Write points, pairs and, for the others, intensities of the pairs."""
    points, pairs = _points(), _pairs(EVENTS, PERILS[0])
    cell = np.repeat(np.arange(POINTS), np.diff(pairs["pointer"]))
    intensity = _curves(points).at(cell, pairs["position"]).astype(np.float32)
    knots, ratio = _curve_table()
    _save(
        work / "impact.npz",
        points | pairs | {"intensity": intensity, "knots": knots, "ratio": ratio},
    )


def store_three(work: Path) -> None:
    """Write the pairs of three perils that hit the same points in the same storms."""
    same = _pairs(EVENTS, PERILS[0])
    for peril in PERILS:
        _save(work / f"impact_{peril}.npz", same | {"position": _positions(same, peril)})


def _save(path: Path, arrays: Arrays) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _curves(points: Arrays) -> IntensityCurves:
    """One line over position for each point, up to the cap."""
    left = points["start"] - points["slope"] * FIRST
    right = left + points["slope"] * (LAST_POSITION + 1)
    return IntensityCurves(
        np.array([0, LAST_POSITION + 1]),
        left[:, None].astype(np.float32),
        right[:, None].astype(np.float32),
        CAP,
        LAST_POSITION,
    )


def _census(points: Arrays) -> xr.DataTree:
    value = np.zeros((POINTS, CLASSES))
    value[np.arange(POINTS), points["kind"]] = points["value"]
    exposure = xr.Dataset(
        {"value": (("entry", "exposure_class"), value)},
        {"exposure_class": [f"class {k}" for k in range(CLASSES)]},
        {"currency": "CNY", "price_year": 2022},
    )
    names = [f"zone {z}" for z in range(ZONES)]
    zones = xr.Dataset(
        {
            "entry_cell": ("entry", np.arange(POINTS)),
            "entry_zone": ("entry", np.arange(POINTS) * ZONES // POINTS),
            "name_zh": ("zone", names), "name_en": ("zone", names),
        },
        {"zone": names},
    )  # fmt: skip
    nodes = {p: xr.Dataset(attrs={"units": "m s-1"}) for p in PERILS}
    return xr.DataTree.from_dict({**nodes, "zones": zones, "exposure": exposure})


def _catalogue(pairs: Mapping[str, Arrays]) -> xr.DataTree:
    dates = np.arange(EVENTS)
    root = xr.Dataset(
        {
            "block": ("occurrence", np.zeros(EVENTS, np.int16)), "year": ("occurrence", dates),
            "start": ("occurrence", dates + 0.0), "end": ("occurrence", dates + 1.0),
            "parent_event": ("occurrence", np.full(EVENTS, "typhoon")),
        },
        attrs={"blocks": 1, "years_per_block": EVENTS},
    )  # fmt: skip
    nodes = {
        f"block_00/{peril}": xr.Dataset(
            {
                "pointer": ("edge", of["pointer"]),
                "occurrence": ("pair", of["occurrence"]),
                "position": ("pair", of["position"]),
            }
        )
        for peril, of in pairs.items()
    }
    return xr.DataTree.from_dict({"/": root, **nodes})


def _items(perils: tuple[str, ...] = PERILS[:1], factor: float = 1.0) -> list[Item]:
    knots, ratio = _curve_table()
    return [
        Item(
            "loss", "loss", "CNY", f"class {k}",
            {p: Response(
                f"{p} {k}", p, "m s-1", tuple(knots), tuple(factor * ratio[k]), "linear",
                "benchmark", "synthetic", spread=(0.0,) * KNOTS, valid_range=(0.0, CAP),
            ) for p in perils},
            "complement", 1.0,
        )
        for k in range(CLASSES)
    ]  # fmt: skip


def _at_event(table: xr.Dataset) -> np.ndarray:
    return np.bincount(table["row_occurrence"].values, table["mean"].values.sum(axis=1), EVENTS)


def ours(work: Path) -> Callable[[], Outcome]:
    """Compile the responses and pass the pairs; loss of each event."""
    with np.load(work / "impact.npz") as case:
        points = {name: case[name] for name in ("value", "kind", "start", "slope")}
        pairs = {name: case[name] for name in ("pointer", "occurrence", "position")}
    census, curves = _census(points), {PERILS[0]: _curves(points)}
    catalogue = _catalogue({PERILS[0]: pairs})
    compiled = compile_table(census, curves, _items(), depth_spread=0.0)
    occurrence_table(_catalogue({PERILS[0]: _few(pairs)}), compiled)

    def run() -> Outcome:
        table = compile_table(census, curves, _items(), depth_spread=0.0)
        at_event = _at_event(occurrence_table(catalogue, table))
        return {"at_event": at_event, "pairs": int(pairs["position"].size)}

    return run


def _few(pairs: Arrays) -> dict[str, np.ndarray]:
    """Pairs of the first ten points, for warming up."""
    pointer = np.minimum(pairs["pointer"], pairs["pointer"][10])
    kept = int(pointer[-1])
    return {
        "pointer": pointer,
        "occurrence": pairs["occurrence"][:kept],
        "position": pairs["position"][:kept],
    }


def judge(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether the loss of each event agrees within 0.1 %."""
    apart = np.abs(one["at_event"] / other["at_event"] - 1.0).max()
    return bool(apart < 1e-3), f"loss of each of {EVENTS} events, largest difference {apart:.1e}"


def _scenarios(perils: tuple[str, ...], count: int) -> dict[str, Scenario]:
    curves = _curves(_points())
    return {
        f"scenario {s}": Scenario({p: curves for p in perils}, _items(perils, 1.0 - 0.02 * s), 0.0)
        for s in range(count)
    }


def _passes(
    work: Path, perils: tuple[str, ...], count: int, at_once: bool
) -> Callable[[], Outcome]:
    """Pass some scenarios at once or one by one, tables compiled and pairs in memory before."""
    census, chosen = _census(_points()), _scenarios(perils, count)
    pairs = {}
    for peril in perils:
        name = "impact" if len(perils) == 1 else f"impact_{peril}"
        with np.load(work / f"{name}.npz") as case:
            pairs[peril] = {n: case[n] for n in ("pointer", "occurrence", "position")}
    catalogue = _catalogue(pairs)
    groups = [chosen] if at_once else [{name: one} for name, one in chosen.items()]
    tables = [compile_scenarios(census, group) for group in groups]
    small = _catalogue({peril: _few(of) for peril, of in pairs.items()})
    occurrence_tables(small, tables[0])

    def run() -> Outcome:
        found: dict[str, xr.Dataset] = {}
        for table in tables:
            found |= occurrence_tables(catalogue, table)
        at_event = np.stack([_at_event(found[name]) for name in chosen])
        columns = count * sum(of["position"].size for of in pairs.values())
        return {"at_event": at_event, "pair_columns": columns}

    return run


def scenarios(work: Path) -> Callable[[], Outcome]:
    """Sixteen scenarios of one peril in one pass."""
    return _passes(work, PERILS[:1], SCENARIOS, at_once=True)


def one_by_one(work: Path) -> Callable[[], Outcome]:
    """Pass the sixteen scenarios one by one."""
    return _passes(work, PERILS[:1], SCENARIOS, at_once=False)


def combined(work: Path) -> Callable[[], Outcome]:
    """Sixteen scenarios of three perils that combine in the cell."""
    return _passes(work, PERILS, SCENARIOS, at_once=True)


def combined_once(work: Path) -> Callable[[], Outcome]:
    """One scenario of the three perils."""
    return _passes(work, PERILS, 1, at_once=True)


def judge_scenarios(one: Arrays, other: Arrays) -> tuple[bool, str]:
    """Whether the losses of the scenarios that both have agree to rounding."""
    shared = min(len(one["at_event"]), len(other["at_event"]))
    apart = np.abs(one["at_event"][:shared] / other["at_event"][:shared] - 1.0).max()
    return bool(
        apart < 1e-9
    ), f"{shared} scenarios x {EVENTS} events, largest difference {apart:.1e}"
