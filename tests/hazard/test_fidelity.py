"""The stored catalogue gives every census back, and fidelity fails when it would not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.returnperiod import Frequency, rate_from_probability
from riskmodel.hazard import build
from riskmodel.hazard.build import build_catalogue
from riskmodel.hazard.fidelity import fidelity, summary
from riskmodel.hazard.intensity import Reading, cell_maps
from riskmodel.hazard.position import LAST_POSITION, STEP, mapped_positions, rank_positions
from riskmodel.hazard.ranking import Pool, rank_block
from tests.hazard.conftest import (
    CENSUSES,
    PERIODS,
    POISSON,
    READING,
    census_named,
    curves_of,
    gumbel_wind,
    make_census,
    make_settings,
    make_source,
    wind_source,
)

CELL = 7


def checked(
    catalogue: xr.DataTree,
    census: xr.DataTree,
    reading: Reading = READING,
    frequency: Frequency = POISSON,
) -> dict[str, xr.Dataset]:
    return {
        peril: fidelity(
            catalogue, census, {peril: curves_of(census, peril, reading, frequency)}, peril=peril
        )
        for peril in catalogue.attrs["perils"]
    }


# --- it holds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CENSUSES)
@pytest.mark.parametrize("years", [400, 730])
def test_every_census_is_given_back(name: str, years: int, tmp_path: Path) -> None:
    census = census_named(name)
    catalogue = build_catalogue(tmp_path, census, [make_source(years)], make_settings(years))
    for passage in ("loglinear", "step_at_wet", "step_at_dry"):
        for head in ("zero_below", "loglinear_to_zero_at"):
            reading = replace(READING, passage=passage, head=head)  # type: ignore[arg-type]
            checks = checked(catalogue, census, reading)
            assert summary(checks) == {"bracketed_share": 1.0, "max_year_count_error": 0.0}
    for peril, check in checks.items():
        wet = (cell_maps(census, peril) > 0).any("return_period").values
        for block in range(3):  # dry cells never pay
            pointer = catalogue[f"block_{block:02d}/{peril}"]["pointer"].values
            assert (np.diff(pointer)[~wet] == 0).all()
        assert check["cell"].values.tolist() == np.flatnonzero(wet).tolist()
        assert dict(check.sizes) == {"block": 3, "return_period": 6, "cell": int(wet.sum())}


@pytest.mark.parametrize("years", [211, 1999])
@pytest.mark.parametrize("shift", [0.05, 0.62])
def test_any_number_of_years_and_any_shift(years: int, shift: float, tmp_path: Path) -> None:
    census = census_named("warped wind, dykes")
    settings = make_settings(years, block_shift=shift)
    catalogue = build_catalogue(tmp_path, census, [make_source(years)], settings)
    found = summary(checked(catalogue, census))
    assert found == {"bracketed_share": 1.0, "max_year_count_error": 0.0}


def test_a_map_that_no_year_need_reach(tmp_path: Path) -> None:
    # 137 / 150 + 0.05 and + 0.668 and + 0.286: none, one and one year
    periods = (5, 20, 150)
    census = make_census({"wind": gumbel_wind()[[0, 2, 5]]}, periods=periods)
    settings = make_settings(137, block_shift=0.05, storage_rate={"wind": 0.30})
    catalogue = build_catalogue(tmp_path, census, [wind_source(137)], settings)
    check = checked(catalogue, census)["wind"]
    assert (check["year_count_error"].values == 0).all()
    assert check["bracketed"].values.all()
    rarest = int(mapped_positions([150.0], POISSON)[0])
    reached = [
        (catalogue[f"block_{b:02d}/wind"].to_dataset()["position"].values >= rarest).sum()
        for b in range(3)
    ]
    assert [n > 0 for n in reached] == [False, True, True]


def test_negative_binomial_counts(tmp_path: Path) -> None:
    frequency = Frequency("negative_binomial", 1.5)
    census = census_named("like the demo")
    settings = make_settings(400, frequency=frequency)
    catalogue = build_catalogue(tmp_path, census, [make_source(400)], settings)
    # with kappa = 1.5 the rate of 1 in 3.9 years is above the storage rate
    reading = replace(READING, head_return_period=4.5)
    right = {"bracketed_share": 1.0, "max_year_count_error": 0.0}
    assert summary(checked(catalogue, census, reading, frequency)) == right
    # read with another family the counts are wrong, and it shows
    catalogue.attrs["frequency"] = "poisson"
    assert summary(checked(catalogue, census, reading)) != right


def test_counts_by_hand(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    """Count the years of one cell with numpy alone: 2,000 years, so 400 reach 1 in 5, and so on."""
    for block in range(3):
        pairs = catalogue[f"block_{block:02d}/wind"].to_dataset()
        table = catalogue.to_dataset()
        year = table["year"].values[table["block"].values == block]
        run = slice(*pairs["pointer"].values[CELL : CELL + 2])
        years = year[pairs["occurrence"].values[run]]
        rate = np.exp(-2.5e-4 * pairs["position"].values[run].astype(float))
        for period, count in zip(PERIODS, (400, 200, 100, 40, 20, 10), strict=True):
            mapped = -np.log1p(-1.0 / period)
            assert np.unique(years[rate <= mapped * np.exp(1.25e-4)]).size == count


# --- it fails -----------------------------------------------------------------------------------


def spoil(
    catalogue: xr.DataTree, block: int, change: Callable[[xr.Dataset, np.ndarray], xr.Dataset]
) -> xr.DataTree:
    """Catalogue with the wind pairs of one block changed by a function of pairs and years."""
    name = f"block_{block:02d}/wind"
    table = catalogue.to_dataset()
    year = table["year"].values[table["block"].values == block] - 2000 * block
    pairs = catalogue[name].to_dataset().copy(deep=True)
    nodes = {path.strip("/") or "/": node for path, node in catalogue.to_dict().items()}
    nodes[name] = change(pairs, year[pairs["occurrence"].values])
    return xr.DataTree.from_dict(nodes)


def run_of(pairs: xr.Dataset, cell: int = CELL) -> slice:
    return slice(*pairs["pointer"].values[cell : cell + 2].tolist())


def lonely(pairs: xr.Dataset, years: np.ndarray, above: int) -> np.ndarray:
    """Pairs of the cell that are their year's only one, at least as rare as a position."""
    run = run_of(pairs)
    index = np.arange(run.start, run.stop)
    _, first, count = np.unique(years[run], return_index=True, return_counts=True)
    only = index[first[count == 1]]
    return only[pairs["position"].values[only] >= above]


def shifted(by: int) -> Callable[[xr.Dataset, np.ndarray], xr.Dataset]:
    def change(pairs: xr.Dataset, years: np.ndarray) -> xr.Dataset:
        run = run_of(pairs)
        moved = pairs["position"].values.astype(np.int64)
        moved[run] += by
        return pairs.assign(position=("pair", moved.astype(np.uint16)))

    return change


@pytest.mark.parametrize(("block", "by"), [(0, -5), (1, 5)])
def test_a_cell_shifted_by_five_steps_is_found(
    catalogue: xr.DataTree, census: xr.DataTree, block: int, by: int
) -> None:
    # u = 0.30 leaves rank 400 3.4 steps above 1 in 5 years, u = 0.92 leaves rank 401 0.9 below
    check = checked(spoil(catalogue, block, shifted(by)), census)["wind"]
    wrong = check["year_count_error"].values != 0
    blocks, _, cells = np.nonzero(wrong)
    assert set(zip(blocks.tolist(), cells.tolist(), strict=True)) == {(block, CELL)}
    assert not bool(check["bracketed"].sel(block=block, cell=CELL).all())
    assert summary({"wind": check})["bracketed_share"] < 1.0
    assert summary({"wind": check})["max_year_count_error"] >= 1.0


@pytest.mark.parametrize("by", [-60, 60])
@pytest.mark.parametrize("block", [0, 1, 2])
def test_a_larger_shift_is_found_in_every_block(
    catalogue: xr.DataTree, census: xr.DataTree, block: int, by: int
) -> None:
    check = checked(spoil(catalogue, block, shifted(by)), census)["wind"]
    assert np.sign(check["year_count_error"].values[block, 0, CELL]) == np.sign(by)


def test_swapping_two_years_does_not_matter(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    def change(pairs: xr.Dataset, years: np.ndarray) -> xr.Dataset:
        a, b = lonely(pairs, years, 0)[[0, -1]]
        moved = pairs["position"].values.copy()
        assert moved[a] != moved[b]
        moved[[a, b]] = moved[[b, a]]
        return pairs.assign(position=("pair", moved))

    found = checked(spoil(catalogue, 1, change), census)["wind"]
    assert found.identical(checked(catalogue, census)["wind"])


@pytest.mark.parametrize("period", PERIODS)
def test_a_lost_year_is_found(catalogue: xr.DataTree, census: xr.DataTree, period: int) -> None:
    mapped = int(mapped_positions([period], POISSON)[0])

    def change(pairs: xr.Dataset, years: np.ndarray) -> xr.Dataset:
        candidates = lonely(pairs, years, mapped)
        lost = candidates[np.argmin(pairs["position"].values[candidates])]
        kept = np.delete(np.arange(pairs.sizes["pair"]), lost)
        pointer = pairs["pointer"].values - (np.arange(13) > CELL)
        return pairs.isel(pair=kept).assign(pointer=("edge", pointer))

    check = checked(spoil(catalogue, 2, change), census)["wind"]
    errors = check["year_count_error"].values
    at = PERIODS.index(period)
    assert (errors[2, : at + 1, CELL] == -1).all()
    assert np.abs(errors).sum() == np.abs(errors[2, :, CELL]).sum()


def test_a_year_too_many_is_found(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    mapped = int(mapped_positions([5.0], POISSON)[0])

    def change(pairs: xr.Dataset, years: np.ndarray) -> xr.Dataset:
        low = lonely(pairs, years, 0)
        low = low[pairs["position"].values[low] < mapped]
        moved = pairs["position"].values.copy()
        moved[low[0]] = 30_000  # a frequent year is stored as one in 1,800 years
        return pairs.assign(position=("pair", moved))

    check = checked(spoil(catalogue, 0, change), census)["wind"]
    assert (check["year_count_error"].values[0, :, CELL] == 1).all()
    assert not check["bracketed"].values[0, :, CELL].all()


def test_another_shift_than_the_stored_one_is_found(tmp_path: Path) -> None:
    # 730 years: 3.65 + 0.3 gives 3 years at 1 in 200, 3.65 + 0.8 gives 4
    census = census_named("like the demo")
    settings = make_settings(730, 1, block_shift=0.8)
    catalogue = build_catalogue(tmp_path, census, [make_source(730)], settings).load()
    assert summary(checked(catalogue, census))["max_year_count_error"] == 0.0
    for peril in ("wind", "flood"):
        catalogue[f"block_00/{peril}"].attrs["shift"] = 0.3
    found = checked(catalogue, census)
    assert (found["wind"]["year_count_error"].values[0, -1] == 1).all()
    assert summary(found)["bracketed_share"] < 1.0


def test_curves_of_another_map_are_found(catalogue: xr.DataTree, census: xr.DataTree) -> None:
    other = make_census({"wind": gumbel_wind() * 1.01})
    check = fidelity(catalogue, census, {"wind": curves_of(other, "wind")}, peril="wind")
    assert (check["year_count_error"].values == 0).all()
    assert not check["bracketed"].values.any(axis=(0, 2))[0]


def test_the_summary_takes_the_worst_peril() -> None:
    def check(error: int, share: list[bool]) -> xr.Dataset:
        dims = ("block", "return_period", "cell")
        return xr.Dataset(
            {
                "year_count_error": (dims, np.array([[[0, error]]])),
                "bracketed": (dims, np.array([[share]])),
            }
        )

    found = summary({"wind": check(0, [True, True]), "flood": check(-3, [True, False])})
    assert found == {"bracketed_share": 0.75, "max_year_count_error": 3.0}


# --- a fault in ranking itself ------------------------------------------------------------------


def one_rank_late(*arguments: object, **place: str) -> np.ndarray:
    """Positions as ranking should have them, each given to the next rank."""
    positions = rank_positions(*arguments, **place)  # type: ignore[arg-type]
    return np.append(positions[0], positions[:-1])


def plainly_rounded(
    years: int, shift: float, periods: np.ndarray, frequency: Frequency, **place: str
) -> np.ndarray:
    """Positions rounded to the nearest step, not kept on their side of mapped rates."""
    probability = (np.arange(1, years + 1) - shift) / years
    rate = rate_from_probability(probability, frequency)
    return np.rint(-np.log(rate) / STEP).clip(0, LAST_POSITION).astype(np.uint16)


def test_a_deliberate_fault_in_ranking_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same build, with ranking that hands every year the position of the rank before it."""
    census = census_named("warped wind, dykes")
    right = build_catalogue(tmp_path / "right", census, [make_source(400)], make_settings(400))
    assert summary(checked(right, census)) == {"bracketed_share": 1.0, "max_year_count_error": 0.0}
    monkeypatch.setattr(build, "rank_positions", one_rank_late)
    wrong = build_catalogue(tmp_path / "wrong", census, [make_source(400)], make_settings(400))
    for check in checked(wrong, census).values():
        # one year too many reaches every mapped rate, at every cell of every block
        assert (check["year_count_error"].values == 1).all()
    assert summary(checked(wrong, census))["bracketed_share"] < 1.0


def test_ranking_that_only_rounds_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10,000 years and u = 0.92 a year too many reaches 1 in 5 and 1 in 10 (ADR 2)."""
    census = make_census({"wind": gumbel_wind()})
    settings = make_settings(10_000, 1, block_shift=0.92, storage_rate={"wind": 0.30})
    monkeypatch.setattr(build, "rank_positions", plainly_rounded)
    wrong = build_catalogue(tmp_path, census, [wind_source(10_000)], settings)
    errors = checked(wrong, census)["wind"]["year_count_error"]
    assert (errors.sel(return_period=[5.0, 10.0]).values == 1).all()


def test_second_storms_ranked_as_years_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranking that takes each storm for a year of its own fills ranks with second storms."""
    census = make_census({"wind": gumbel_wind()})
    settings = make_settings(400, storage_rate={"wind": 0.30})

    def every_storm_a_year(pool: Pool, *arguments: object, **named: object) -> object:
        wide = Pool(pool.index, pool.number, np.arange(pool.number.size + 1))
        return rank_block(wide, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(build, "rank_block", every_storm_a_year)
    wrong = build_catalogue(tmp_path, census, [wind_source(400)], settings)
    errors = checked(wrong, census)["wind"]["year_count_error"].values
    assert errors.min() < 0  # years are missing where two of their storms took two ranks
