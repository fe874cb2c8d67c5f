"""The identity against closed forms, plain sums and simulated storms, and its failure on faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, special

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError, ConservationError, ReturnPeriodError
from riskmodel.core.returnperiod import Frequency, probability_from_rate
from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.intensity import IntensityCurves, Reading, intensity_curves
from riskmodel.hazard.position import (
    STEP,
    block_shift,
    mapped_positions,
    position_of_rate,
    rank_positions,
    rate_of_position,
    stored_ranks,
)
from riskmodel.loss.compilation import CompiledTable, compile_table
from riskmodel.loss.identity import (
    MONEY,
    NUMBERS,
    SHARES,
    average_from_maps,
    combination_term,
)
from riskmodel.loss.response import Item, Response
from riskmodel.loss.second_storms import first_and_second_storms, of_family, second_storms
from tests.hazard.conftest import (
    CELLS,
    CENSUSES,
    census_named,
    curves_of,
    make_settings,
    make_source,
)
from tests.loss.dense import block_results

YEARS, PERIODS, STORAGE = 2000, (5.0, 20.0, 100.0), 0.5
POISSON, CLUSTERED = Frequency("poisson"), Frequency("negative_binomial", 0.5)
HEAD, SLOPE, CAP, VALUE = 3.9, 2.0, 80.0, 1000.0  # years, m/s, m/s, CNY
Block = tuple[np.ndarray, np.ndarray]  # year and position of each storm, in order of year


# --- one cell whose loss is a line in log-rate, SLOPE ln(ν0 / ν) m/s over 80 m/s ----------------


def exposed(tree: dict[str, xr.Dataset], cells: int, classes: tuple[str, ...]) -> xr.DataTree:
    """Census with one zone; class c of cell i is worth VALUE (1 + c) (1 + i)."""
    zones = {
        "entry_cell": ("entry", np.arange(cells)), "entry_zone": ("entry", np.zeros(cells, int)),
        "name_zh": ("zone", ["甲"]), "name_en": ("zone", ["A"]),
    }  # fmt: skip
    value = VALUE * np.outer(1.0 + np.arange(cells), 1.0 + np.arange(len(classes)))
    exposure = xr.Dataset(
        {"value": (("entry", "exposure_class"), value)},
        {"exposure_class": list(classes)},
        {"currency": "CNY", "price_year": 2022},
    )
    before = tree.get("zones", xr.Dataset())
    kept = before.assign(zones).assign_coords(zone=["330302"])
    return xr.DataTree.from_dict({**tree, "zones": kept, "exposure": exposure})


def linear(peril: str, unit: str, top: float) -> Response:
    return Response(
        peril, peril, unit, (0.0, top), (0.0, 1.0), "linear", "test", "synthetic",
        spread=(0.0, 0.0), valid_range=(0.0, top),
    )  # fmt: skip


@dataclass(frozen=True)
class OneCell:
    """A cell, its compiled table, and the rate below which nothing is lost."""

    census: xr.DataTree
    table: CompiledTable
    frequency: Frequency
    start_rate: float


@cache
def one_cell(frequency: Frequency) -> OneCell:
    start = int(mapped_positions([HEAD], frequency)[0])
    maps = SLOPE * STEP * (mapped_positions(PERIODS, frequency) - start)
    layer = xr.Dataset(coords={"return_period": list(PERIODS)}, attrs={"units": "m s-1"})
    census = exposed({"typhoon_wind": layer}, 1, ("brick",))
    reading = Reading("loglinear_to_zero_at", HEAD, "gumbel", CAP, "loglinear")
    read = xr.DataArray(maps[:, None], {"return_period": list(PERIODS)}, ("return_period", "cell"))
    curves = intensity_curves(read, reading, frequency, storage_rate=STORAGE, peril="typhoon_wind")
    response = linear("typhoon_wind", "m s-1", CAP)
    item = Item(
        "residential", "loss", "CNY", "brick", {"typhoon_wind": response}, "complement", 1.0
    )
    table = compile_table(census, {"typhoon_wind": curves}, [item], depth_spread=0.0)
    return OneCell(census, table, frequency, float(rate_of_position(start)))


def tree_of(blocks: list[Block], frequency: Frequency, shift: float = 0.3) -> xr.DataTree:
    """Catalogue of one cell from the years (within the block) and positions of its storms."""
    root = xr.Dataset(
        {
            "block": ("occurrence", np.repeat(np.arange(len(blocks)), [y.size for y, _ in blocks])),
            "year": (
                "occurrence",
                np.concatenate([year + b * YEARS for b, (year, _) in enumerate(blocks)]),
            ),
        },
        attrs={
            "blocks": len(blocks), "years_per_block": YEARS, "frequency": frequency.family,
            "kappa": frequency.kappa or 0.0,
        },
    )  # fmt: skip
    nodes = {
        f"block_{b:02d}/typhoon_wind": xr.Dataset(
            {
                "pointer": ("edge", np.array([0, position.size])),
                "occurrence": ("pair", np.arange(position.size, dtype=np.uint32)),
                "position": ("pair", position.astype(np.uint16)),
            },
            attrs={"shift": block_shift(shift, b)},
        )
        for b, (_, position) in enumerate(blocks)
    }
    return xr.DataTree.from_dict({"/": root, **nodes})


def annual_maxima(frequency: Frequency = POISSON, block: int = 0, shift: float = 0.3) -> Block:
    """Storms that are all annual maxima, rank k in year k."""
    positions = rank_positions(YEARS, block_shift(shift, block), PERIODS, frequency)
    stored = stored_ranks(positions, STORAGE)
    return np.arange(stored), positions[:stored].astype(np.int64)


def simulated(seed: int, counts: Frequency, declared: Frequency, block: int = 0) -> Block:
    """One block of 1.5 storms a year, ranked by hand."""
    random = generator(seed, "storms of the identity's test", block)
    mean = 1.5 if counts.kappa is None else random.gamma(counts.kappa, 1.5 / counts.kappa, YEARS)
    year = np.repeat(np.arange(YEARS), random.poisson(mean, YEARS))
    strength = random.random(year.size)
    largest = np.zeros(YEARS)
    np.maximum.at(largest, year, strength)
    ranked = np.sort(largest)
    positions = rank_positions(YEARS, block_shift(0.3, block), PERIODS, declared)
    read = np.interp(strength, ranked, positions[::-1].astype(np.float64)).astype(np.int64)
    kept = strength >= ranked[-stored_ranks(positions, STORAGE)]
    return year[kept], read[kept]


def check(blocks: list[Block], frequency: Frequency = POISSON, shift: float = 0.3) -> xr.Dataset:
    city = one_cell(frequency)
    checks = average_from_maps(tree_of(blocks, frequency, shift), city.census, city.table)
    return checks.isel(peril=0)


def within(checks: xr.Dataset) -> bool:
    return bool(checks["within_three_standard_errors"])


@pytest.mark.parametrize("frequency", [POISSON, CLUSTERED])
def test_integrals_have_their_closed_form(frequency: Frequency) -> None:
    """∫ ln(ν0/ν) dν = ν0, and by parts ∫ ln(ν0/ν) dEP = ∫ EP(ν)/ν dν from 0 to ν0."""
    rate, found = one_cell(frequency).start_rate, check([annual_maxima(frequency)], frequency)
    by_parts, _ = integrate.quad(lambda v: probability_from_rate(v, frequency) / v, 0.0, rate)
    if frequency.kappa is None:
        entire = special.exp1(rate) + np.log(rate) + np.euler_gamma
        assert by_parts == pytest.approx(entire, rel=1e-12)
    assert float(found["aal_from_rates"]) == pytest.approx(VALUE * SLOPE / CAP * rate, rel=1e-5)
    assert float(found["aal_from_maps"]) == pytest.approx(VALUE * SLOPE / CAP * by_parts, rel=1e-5)


@pytest.mark.parametrize("shift", [0.02, 0.5, 0.97])
def test_annual_maxima_miss_the_integral_by_the_quadrature_alone(shift: float) -> None:
    blocks = [annual_maxima(block=b, shift=shift) for b in range(3)]
    found = check(blocks, shift=shift)
    depth = [p * STEP + np.log(one_cell(POISSON).start_rate) for _, p in blocks]
    loss = VALUE * SLOPE / CAP * np.maximum(np.concatenate(depth), 0.0).sum() / (3 * YEARS)
    error = loss / float(found["aal_from_maps"]) - 1.0
    assert abs(error) > 1e-5  # something to explain
    assert float(found["quadrature_error"]) == pytest.approx(error, abs=1e-6)
    assert float(found["annual_maxima_error"]) == pytest.approx(error, abs=1e-6)
    assert float(found["unexplained"]) == pytest.approx(0.0, abs=1e-12)


def test_a_low_shift_costs_less_and_a_high_shift_more() -> None:
    """Rank k stands for EP = (k - u)/years: the larger u, the rarer the rank is read."""
    errors = [float(check([annual_maxima(shift=u)], shift=u)["quadrature_error"])
              for u in (0.01, 0.99)]  # fmt: skip
    assert errors[0] < 0.0 < errors[1]


def test_second_storms_of_a_year_are_counted_apart_by_hand() -> None:
    """Fifty second storms of one tenth of the first rate lose SLOPE ln 10 m/s of 80 each."""
    year, position = annual_maxima()
    tenth = int(position_of_rate(one_cell(POISSON).start_rate / 10.0))
    assert (position[:50] > tenth).all()  # the first storms of those years are rarer
    both = np.append(year, year[:50]), np.append(position, np.full(50, tenth))
    plain, found = check([(year, position)]), check([both])
    cost = 50 * VALUE * SLOPE / CAP * np.log(10.0) / YEARS
    assert float(plain["other_storms_share"]) == 0.0
    assert float(found["other_storms_share"] * found["aal_from_maps"]) == pytest.approx(
        cost, rel=2e-4
    )
    assert float(found["annual_maxima_error"]) == float(plain["annual_maxima_error"])
    assert float(found["aal_all_occurrences"] - plain["aal_all_occurrences"]) == pytest.approx(
        cost, rel=2e-4
    )


def test_parts_sum_to_the_totals() -> None:
    found = check([simulated(3, POISSON, POISSON, b) for b in range(2)])
    maps, rates = float(found["aal_from_maps"]), float(found["aal_from_rates"])
    assert float(found["quadrature_error"] + found["unexplained"]) == pytest.approx(
        float(found["annual_maxima_error"]), abs=1e-12
    )
    total = maps * float(found["annual_maxima_error"]) + rates * float(
        found["over_dispersion_share"]
    )
    assert rates * float(found["all_occurrences_error"]) == pytest.approx(total, rel=1e-9)


# --- second storms: numbers, which are judged ---------------------------------------------------


def errors_off(checks: xr.Dataset) -> float:
    """Standard errors between the number of second storms and the number expected."""
    off = checks["second_storms"] - checks["second_storms_expected"]
    return float(off / checks["second_storms_standard_error"])


def test_second_storms_at_the_first_map_count_and_more_frequent_ones_do_not() -> None:
    """Of 2,000 years 400 have a first storm (u = 0.3); 50 of them and 1 below get a second."""
    year, position = annual_maxima()
    first = int(mapped_positions(PERIODS, POISSON)[0])
    assert (position >= first).sum() == 400
    added = np.append(np.full(50, first), np.full(150, first - 1))
    found = check([(np.append(year, year[:200]), np.append(position, added))])
    assert float(found["second_storms"]) == 50 / YEARS
    assert float(found["second_storms_expected"]) == pytest.approx(-np.log(0.8) - 0.2, rel=1e-12)
    # dν/dEP - 1 = 1/0.8 - 1 = 1/4: years of two storms, of one and of none
    each = np.repeat([1.0 - 0.25, -0.25, 0.0], [50, 350, YEARS - 400])
    assert float(found["second_storms_standard_error"]) == pytest.approx(
        each.std(ddof=1) / np.sqrt(YEARS), rel=1e-6
    )


def test_the_declared_family_says_how_many_second_storms_and_what_ranking_takes() -> None:
    """κ = 1/2: ν = ((1 - EP)^-2 - 1)/2, and dν/dEP = (1 - EP)^-3."""
    counts = np.zeros((2, 100), dtype=np.int64)
    counts[0, :20], counts[1, :5] = 3, 6  # of three cells: one first storm, two second ones
    storms = second_storms(counts, 3, 5.0, of_family(CLUSTERED))
    assert storms.found == pytest.approx(0.1, rel=1e-12)
    assert storms.expected == pytest.approx((0.8**-2 - 1.0) / 2.0 - 0.2, rel=1e-12)
    slope = 0.8**-3 - 1.0
    each = np.repeat([2.0 - slope, -slope, 0.0], [5, 15, 80])
    assert storms.standard_error == pytest.approx(each.std(ddof=1) / 10.0, rel=1e-6)


@pytest.mark.parametrize("first_map", [1.25, 2.0, 5.0])
def test_a_first_storm_of_each_cell_and_year_is_kept_apart(first_map: float) -> None:
    """Plain counting by (cell, year), with more cells than the kernel has counters."""
    random = generator(1, "pairs of two hundred cells")
    pairs = random.integers(0, 120, 200)  # of each cell; the first has none
    pairs[0] = 0
    pointer, size = np.append(0, np.cumsum(pairs)), int(pairs.sum())
    year, occurrence = random.integers(0, 50, size), np.arange(size, dtype=np.uint32)
    position = random.integers(0, 20_000, size).astype(np.uint16)
    least = int(mapped_positions(first_map, POISSON))
    reached = np.zeros((200, 50), dtype=np.int64)
    beyond = position >= least
    np.add.at(reached, (np.repeat(np.arange(200), pairs)[beyond], year[beyond]), 1)
    found = first_and_second_storms(pointer, occurrence, position, year, 50, least)
    assert (found[0] == (reached > 0).sum(axis=0)).all()
    assert (found[1] == np.maximum(reached - 1, 0).sum(axis=0)).all()
    assert found[1].sum() > 100


@pytest.mark.parametrize("family", [POISSON, CLUSTERED])
def test_catalogues_of_the_declared_family_are_seldom_rejected(family: Frequency) -> None:
    """Over 150 catalogues the number is off by standard errors of mean zero and deviation one."""
    found = [check([simulated(seed, family, family)], family) for seed in range(150)]
    off = np.array([errors_off(f) for f in found])
    assert abs(off.mean()) < 3.0 / np.sqrt(150)
    assert abs(off.std() - 1.0) < 3.0 / np.sqrt(2 * 150)
    assert sum(map(within, found)) >= 148  # 149.6 by the normal law


def test_moderate_clustering_declared_as_poisson_is_found() -> None:
    """κ = 3 makes 0.0317 second storms a year of 0.0231: five standard errors in 10,000 years."""
    clustered = Frequency("negative_binomial", 3.0)
    found = [check([simulated(s, clustered, POISSON, b) for b in range(5)]) for s in range(30)]
    assert sum(not within(f) for f in found) >= 22
    off = [errors_off(f) for f in found]
    assert 3.5 < np.mean(off) < 5.5
    assert min(off) > 1.0


def test_clustered_years_hold_only_under_the_family_that_is_declared() -> None:
    """Gamma-mixed counts read as Poisson are more than the rates say; read as themselves, not."""
    blocks = range(5)
    declared = check([simulated(7, CLUSTERED, CLUSTERED, b) for b in blocks], CLUSTERED)
    assert within(declared)
    silent = check([simulated(7, CLUSTERED, POISSON, b) for b in blocks])
    assert not within(silent)
    assert errors_off(silent) > 10.0
    assert float(silent["over_dispersion_share"]) > 0.05
    assert float(silent["unexplained"]) == pytest.approx(0.0, abs=1e-12)  # ranking is blameless


def test_a_year_of_many_costly_second_storms_moves_the_cost_and_not_the_verdict() -> None:
    """Why cost is not judged: thirty of the rarest storms in one year cost as much as hundreds."""
    year, position = simulated(11, POISSON, POISSON)
    rarest = np.full(30, position.max())
    plain = check([(year, position)])
    found = check([(np.append(year, np.full(30, year[0])), np.append(position, rarest))])
    cost = [float(f["over_dispersion_share"] / f["standard_error"]) for f in (plain, found)]
    assert abs(cost[1]) < 3.0  # the standard error rose with the cost
    assert float(found["standard_error"]) > 5.0 * float(plain["standard_error"])
    assert float(found["over_dispersion_share"]) > 10 * abs(float(plain["over_dispersion_share"]))


# --- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("moved", "sign"), [(40, 1.0), (-40, -1.0)])
def test_a_few_moved_positions_are_unexplained(moved: int, sign: float) -> None:
    """Five ranks of a block, read 1 % too rare or too frequent."""
    year, position = annual_maxima()
    spoiled = position.copy()
    spoiled[10:15] += moved
    found, plain = check([(year, spoiled)]), check([(year, position)])
    assert sign * float(found["unexplained"]) > 1e-5
    assert float(found["quadrature_error"]) == float(plain["quadrature_error"])


def test_a_missing_annual_maximum_is_unexplained() -> None:
    year, position = annual_maxima()
    assert float(check([(year[1:], position[1:])])["unexplained"]) < -1e-3


def test_storms_written_twice_show_among_all_occurrences_only() -> None:
    """Every tenth storm again in its own year; before, the same storms pass."""
    year, position = simulated(11, POISSON, POISSON)
    twice = np.append(year, year[::10]), np.append(position, position[::10])
    plain, found = check([(year, position)]), check([twice])
    assert within(plain)
    assert not within(found)
    again = (position[::10] >= mapped_positions(PERIODS, POISSON)[0]).sum() / YEARS
    assert float(found["second_storms"] - plain["second_storms"]) == pytest.approx(again, rel=1e-9)
    assert float(found["over_dispersion_share"]) > 0.05
    assert float(found["annual_maxima_error"]) == float(plain["annual_maxima_error"])


def test_a_catalogue_without_second_storms_is_refused_by_the_rates() -> None:
    found = check([annual_maxima()])
    assert float(found["over_dispersion_share"]) < 0.0
    assert not within(found)


# --- the tiny census: twelve cells, two perils, storms that reach several cells ------------------


@dataclass(frozen=True)
class Built:
    """A ranked catalogue with what prices it."""

    census: xr.DataTree
    catalogue: xr.DataTree
    curves: dict[str, IntensityCurves]
    items: list[Item]
    table: CompiledTable


TOP = {"wind": ("m s-1", 150.0), "flood": ("m", 8.0)}
CLASSES = ("brick", "wood")
YEARLY = VALUE * np.outer(1.0 + CELLS, [1.0, 2.0]).sum(axis=1)  # by cell, both classes


def ratio(built: Built, peril: str, cell: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Damage ratio read without any compiled table."""
    return np.minimum(built.curves[peril].at(cell, position) / TOP[peril][1], 1.0)


def build(folder: Path, name: str) -> Built:
    tree = census_named(name)
    settings = make_settings(YEARS)
    catalogue = build_catalogue(folder, tree, [make_source(YEARS)], settings).load()
    layers = {p: tree[p].to_dataset().assign_attrs(units=unit) for p, (unit, _) in TOP.items()}
    zones = tree["zones"].to_dataset()
    census = exposed({**layers, "zones": zones}, zones.sizes["cell"], CLASSES)
    responses = {p: linear(p, unit, top) for p, (unit, top) in TOP.items()}
    items = [Item(c, "loss", "CNY", c, responses, "complement", 1.0) for c in CLASSES]
    items.append(
        Item("relief", "benefit", "CNY", "brick", responses, "highest", 1.0)
    )  # is left out
    curves = {p: curves_of(census, p) for p in TOP}
    table = compile_table(census, curves, items, depth_spread=0.0)
    return Built(census, catalogue, curves, items, table)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    made: dict[str, Built] = {}

    def of(name: str) -> Built:
        if name not in made:
            made[name] = build(tmp_path_factory.mktemp("catalogue"), name)
        return made[name]

    return of


@pytest.mark.parametrize("name", list(CENSUSES))
def test_ranked_maxima_cost_the_sum_over_ranks(built: Callable[[str], Built], name: str) -> None:
    """The sum by hand: every cell reads every rank of every block once."""
    city = built(name)
    checks = average_from_maps(city.catalogue, city.census, city.table)
    for peril in TOP:
        found, periods = checks.sel(peril=peril), city.census[peril]["return_period"].values
        shifts = [block_shift(0.3, b) for b in range(3)]
        ranks = np.concatenate([rank_positions(YEARS, u, periods, POISSON) for u in shifts])
        cells = np.arange(city.census["zones"].sizes["cell"])
        mean = ratio(city, peril, cells[:, None], ranks[None]).mean(axis=1)
        by_hand = mean @ YEARLY[cells]
        maps = float(found["aal_from_maps"])
        assert maps * (1.0 + float(found["quadrature_error"])) == pytest.approx(by_hand, rel=1e-5)
        assert float(found["unexplained"]) == pytest.approx(0.0, abs=1e-12)
        assert abs(float(found["quadrature_error"])) < 0.01


@pytest.mark.parametrize("name", list(CENSUSES))
def test_a_poisson_source_costs_what_the_rates_say(
    built: Callable[[str], Built], name: str
) -> None:
    city = built(name)
    checks = average_from_maps(city.catalogue, city.census, city.table)
    assert checks["within_three_standard_errors"].values.all()
    first = -np.log(0.8) - 0.2
    assert checks["second_storms_expected"].values == pytest.approx([first] * 2, rel=1e-12)
    assert (checks["second_storms_standard_error"] < 0.1 * first).all()
    assert (checks["standard_error"] < 0.01).all()
    assert (checks["other_storms_share"] > 0.005).all()


def test_a_source_that_counts_otherwise_is_judged_by_its_own_counts(
    built: Callable[[str], Built],
) -> None:
    """A peril that declares no second storms is told apart; the others and all costs stay."""
    city = built("like the demo")
    told, other = TOP
    plain, own = (
        average_from_maps(city.catalogue, city.census, city.table, counts)
        for counts in ({}, {told: lambda probability: 0.0})
    )
    assert not own["within_three_standard_errors"].sel(peril=told)
    assert own["second_storms_expected"].sel(peril=told) == 0.0
    assert own.sel(peril=other).identical(plain.sel(peril=other))
    assert own[list(MONEY)].identical(plain[list(MONEY)])


def test_one_peril_alone_costs_what_the_pass_says(built: Callable[[str], Built]) -> None:
    city = built("like the demo")
    checks = average_from_maps(city.catalogue, city.census, city.table)
    for peril in TOP:
        curves = {peril: city.curves[peril]}
        alone = compile_table(city.census, curves, city.items, depth_spread=0.0)
        single = checks.sel(peril=[peril])
        aal = passed(city.catalogue, alone)
        assert float(single["aal_all_occurrences"][0]) == pytest.approx(aal, rel=1e-9)
        assert combination_term(single, aal) == pytest.approx(0.0, abs=1e-9 * aal)


def passed(catalogue: xr.DataTree, table: CompiledTable) -> float:
    """AAL of the loss columns from the engine's pass."""
    loss = [c for c, quantity in enumerate(table.quantities) if quantity == "loss"]
    return sum(m[:, :, loss].sum() for m, _ in block_results(catalogue, table)) / (3 * YEARS)


def test_the_combination_term_is_the_product_of_both_ratios(built: Callable[[str], Built]) -> None:
    """With two perils d1 + d2 - (1 - (1 - d1)(1 - d2)) = d1 d2, summed from dense arrays."""
    city = built("like the demo")
    checks = average_from_maps(city.catalogue, city.census, city.table)
    root, expected = city.catalogue.to_dataset(), 0.0
    for block in range(3):
        count = int((root["block"] == block).sum())
        both = np.ones((CELLS.size, count))
        for peril in TOP:
            pairs = city.catalogue[f"block_{block:02d}/{peril}"].to_dataset()
            cell = np.repeat(CELLS, np.diff(pairs["pointer"].values))
            single = np.zeros(both.shape)
            single[cell, pairs["occurrence"].values] = ratio(
                city, peril, cell, pairs["position"].values
            )
            both *= single
        expected += float(YEARLY @ both.sum(axis=1)) / (3 * YEARS)
    aal = passed(city.catalogue, city.table)
    assert expected > 1e-3 * aal
    assert combination_term(checks, aal) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("factor", [0.4, 1.01])
def test_a_combined_loss_of_something_else_is_refused(
    built: Callable[[str], Built], factor: float
) -> None:
    city = built("like the demo")
    checks = average_from_maps(city.catalogue, city.census, city.table)
    total = float(checks["aal_all_occurrences"].sum())
    with pytest.raises(ConservationError, match=r"combination_term.*loss columns"):
        combination_term(checks, factor * total)


def test_a_peril_that_the_catalogue_lacks_is_refused() -> None:
    city = one_cell(POISSON)
    catalogue = tree_of([annual_maxima()], POISSON)
    table = replace(city.table, perils=("storm_surge",))
    census = xr.DataTree.from_dict({"storm_surge": city.census["typhoon_wind"].to_dataset()})
    with pytest.raises(CatalogueError, match=r"block_00.*storm_surge.*compile only perils"):
        average_from_maps(catalogue, census, table)


def test_a_table_of_more_cells_than_the_catalogue_is_refused() -> None:
    city = one_cell(POISSON)
    entries = replace(city.table.entries, cell=np.array([1]))
    table = replace(city.table, entries=entries)
    with pytest.raises(CatalogueError, match=r"block_00/typhoon_wind.*1.*census of the catalogue"):
        average_from_maps(tree_of([annual_maxima()], POISSON), city.census, table)


def test_replayed_storms_are_refused() -> None:
    city = one_cell(POISSON)
    catalogue = tree_of([annual_maxima()], POISSON, shift=float("nan"))
    with pytest.raises(CatalogueError, match=r"block_00/typhoon_wind.*rank functions come from"):
        average_from_maps(catalogue, city.census, city.table)


def test_a_peril_that_costs_nothing_has_no_errors_of_cost() -> None:
    city = one_cell(POISSON)
    entries = city.table.entries
    nothing = replace(entries, value=np.zeros_like(entries.value))
    idle = replace(city.table, entries=nothing)
    block = simulated(11, POISSON, POISSON)
    found = average_from_maps(tree_of([block], POISSON), city.census, idle).isel(peril=0)
    assert all(float(found[name]) == 0.0 for name in (*MONEY, *SHARES))
    valued = check([block])
    assert all(float(found[name]) == float(valued[name]) > 0.0 for name in NUMBERS)


def test_a_peril_that_reaches_no_cell_has_no_second_storms_to_expect() -> None:
    nothing = second_storms(np.zeros((2, 10), dtype=np.int64), 0, 5.0, of_family(POISSON))
    assert nothing == (0.0, 0.0, 0.0)
    assert nothing.within_three_standard_errors


def test_a_first_map_of_one_year_has_no_probability() -> None:
    with pytest.raises(ReturnPeriodError, match=r"return period.*correct the return periods"):
        second_storms(np.zeros((2, 10), dtype=np.int64), 1, 1.0, of_family(POISSON))
