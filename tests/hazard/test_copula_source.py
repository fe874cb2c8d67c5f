"""The declared source of plum rain, and tail dependence measured on its indices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from riskmodel.core.draws import generator
from riskmodel.core.errors import CatalogueError, ParamError, RiskModelError
from riskmodel.core.returnperiod import Frequency
from riskmodel.hazard.chi import measured_chi
from riskmodel.hazard.copula_source import (
    PLUM_RAIN,
    CopulaSpec,
    copula_source,
    load_copula_source,
    place_factor,
)
from riskmodel.hazard.dependence import chi
from riskmodel.hazard.grid import WENZHOU, PhysicsGrid
from riskmodel.hazard.source import SourceBlock, pool_of, pooled_block
from riskmodel.hazard.typhoon.parameters import FOLDER

GRID = PhysicsGrid(west=120.0, south=27.5, columns=10, rows=9, spacing=0.1)
YEARS = 4000


@pytest.fixture(scope="module")
def spec() -> CopulaSpec:
    return load_copula_source()


@pytest.fixture(scope="module")
def block(spec: CopulaSpec) -> SourceBlock:
    return copula_source(spec, GRID, years_per_block=YEARS, seed=1).block(0)


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the declared file with one change."""
    content = yaml.safe_load(PLUM_RAIN.read_text(encoding="utf-8"))
    change(content)
    path = folder / "changed.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_declared_file_says_what_the_source_is(spec: CopulaSpec) -> None:
    source = copula_source(spec, GRID, years_per_block=10, seed=1)
    assert source.parent_event == spec.name == "plum_rain"
    assert source.index_units == dict.fromkeys(("rain_flood", "flash_flood", "landslide"), "mm")
    assert spec.status == "illustrative"
    assert float(np.abs(spec.solved.table["attained"] - spec.solved.table["chi"]).max()) < 0.03


@pytest.mark.parametrize("name", ["convective_rain", "cold_snow", "forest_fire"])
def test_the_other_declared_files_are_sources_too(name: str) -> None:
    other = load_copula_source(FOLDER / f"{name}.yml")
    source = copula_source(other, WENZHOU, years_per_block=60, seed=1)
    assert source.parent_event == name
    table = source.block(0).occurrences
    assert (
        np.lexsort((table["start"].values, table["year"].values)) == np.arange(len(table.year))
    ).all()
    assert (
        other.season.first_day
        <= table["start"].min()
        <= table["start"].max()
        <= other.season.last_day
    )
    assert float(np.abs(other.solved.table["attained"] - other.solved.table["chi"]).max()) < 0.03


def test_plum_rain_is_one_field_for_all_its_perils(block: SourceBlock) -> None:
    one, *others = block.indices.values()
    assert len(others) == 2
    assert all(other is one for other in others)


def test_occurrences_are_in_order_of_date_and_in_season(
    spec: CopulaSpec, block: SourceBlock
) -> None:
    table = block.occurrences
    year, start, end = (table[name].values for name in ("year", "start", "end"))
    assert (np.lexsort((start, year)) == np.arange(year.size)).all()
    assert 0 <= year.min() <= year.max() < YEARS
    assert spec.season.first_day <= start.min() <= start.max() <= spec.season.last_day
    assert (end > start).all()
    counts = np.bincount(year, minlength=YEARS)
    assert counts.mean() == pytest.approx(3.0, abs=4 * np.sqrt(4.8 / YEARS))
    assert counts.var() == pytest.approx(4.8, rel=0.15)


def test_index_has_the_declared_margin(spec: CopulaSpec, block: SourceBlock) -> None:
    factor = place_factor(spec, GRID)
    law = stats.genpareto(spec.shape, scale=spec.scale)
    for node in (0, 44, 89):
        index = block.indices["rain_flood"][node] / factor[node]
        wet = index > 0
        spread = np.sqrt(0.21 / wet.size)
        assert wet.mean() == pytest.approx(spec.wet_share, abs=4 * spread)
        assert stats.kstest(index[wet], law.cdf).pvalue > 1e-3
    assert (block.indices["rain_flood"] >= 0).all()


def test_factor_of_place_rises_inland(spec: CopulaSpec) -> None:
    longitude = GRID.nodes()[1].reshape(9, 10)[4]
    factor = place_factor(spec, GRID).reshape(9, 10)[4]
    assert (np.diff(longitude) > 0).all()
    assert (np.diff(factor) <= 0).all()  # the coast lies to the east
    assert spec.coast <= factor.min() < factor.max() < spec.inland


def test_blocks_stand_alone(spec: CopulaSpec) -> None:
    first, second = (copula_source(spec, GRID, years_per_block=50, seed=1) for _ in range(2))
    later = first.block(3)
    for b in (0, 1):
        second.block(b)
    again = second.block(3)
    assert again.occurrences.identical(later.occurrences)
    assert (again.indices["rain_flood"] == later.indices["rain_flood"]).all()
    assert not again.occurrences.equals(second.block(2).occurrences)
    other = copula_source(spec, GRID, years_per_block=50, seed=2).block(3)
    assert not again.occurrences.equals(other.occurrences)


def test_identity_follows_file_and_grid(spec: CopulaSpec, tmp_path: Path) -> None:
    def rarer(content: dict[str, Any]) -> None:
        content["counts"]["events_a_year"]["value"] = 2.9

    changed = load_copula_source(written(tmp_path, rarer))
    larger = PhysicsGrid(119.9, 27.5, 11, 9, 0.1)
    identities = {
        copula_source(s, g, years_per_block=10, seed=1).identity
        for s, g in ((spec, GRID), (changed, GRID), (spec, larger))
    }
    assert len(identities) == 3


def test_source_joins_a_pool(spec: CopulaSpec) -> None:
    source = copula_source(spec, GRID, years_per_block=30, seed=1)
    pooled = pooled_block([source], 0)
    pool = pool_of(pooled, "rain_flood", 30)
    assert set(pooled.occurrences["parent_event"].values) == {"plum_rain"}
    assert (pool.index == source.block(0).indices["rain_flood"]).all()


def test_measured_chi_meets_the_solved_curve(spec: CopulaSpec) -> None:
    source = copula_source(spec, GRID, years_per_block=2000, seed=7)
    measured = [measure(source.block(b).indices["rain_flood"], spec) for b in range(4)]
    values = np.stack([m["chi"].values for m in measured])
    distance, p = measured[0]["distance"].values, measured[0]["probability"].values
    curve = chi(spec.solved.copula, distance, p[:, None])
    error = values.std(axis=0, ddof=1) / np.sqrt(4)
    # spread of four blocks: Student's t with three degrees of freedom, 99.9 % two-sided
    assert (np.abs(values.mean(axis=0) - curve) < 12.9 * error + 0.005).all()
    assert np.abs(values.mean(axis=0) - curve).max() < 0.04


def measure(index: np.ndarray, spec: CopulaSpec, **changes: Any) -> Any:
    choices: dict[str, Any] = {
        "return_periods": [20.0, 100.0],
        "events_a_year": spec.events_a_year,
        "frequency": spec.frequency,
        "distance_edges_km": [18.0, 22.0, 55.0, 65.0],
        "pairs_a_bin": 300,
        "random": generator(1, "pairs of a test", 0),
        **changes,
    }
    return measured_chi(index, *GRID.nodes(), **choices)


def test_measured_chi_by_hand() -> None:
    """Three nodes in a row, ten events, the two largest exceed: shared 2, 1 and 1 of 2."""
    index = np.ones((3, 10), dtype=np.float32)
    index[:, :3] = [[9, 8, 1], [8, 9, 1], [1, 9, 8]]
    measured = measured_chi(
        index, [28.0, 28.1, 28.2], [120.0, 120.0, 120.0], return_periods=[5.0],
        events_a_year=-np.log(0.8) * 5.0, frequency=Frequency("poisson"),
        distance_edges_km=[5.0, 15.0, 25.0], pairs_a_bin=9, random=generator(1, "pairs", 0),
    )  # fmt: skip
    assert measured["probability"].values == pytest.approx([0.2])
    assert measured["pairs"].values.tolist() == [2, 1]
    assert measured["distance"].values == pytest.approx([11.1195, 22.239])
    assert measured["chi"].values == pytest.approx(np.array([[0.75, 0.5]]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"distance_edges_km": [500.0, 600.0]}, "distance_edges_km.*distances that the nodes have"),
        ({"distance_edges_km": [30.0, 20.0]}, "distance_edges_km.*rising edges"),
        ({"return_periods": [10_000.0]}, "too few events.*longer blocks"),
        ({"return_periods": [1.2]}, "dry at a level.*rarer return periods"),
        ({"events_a_year": 0.0}, "events a year is out of range"),
    ],
)
def test_chi_that_cannot_be_measured(
    changes: dict[str, Any], message: str, spec: CopulaSpec
) -> None:
    index = copula_source(spec, GRID, years_per_block=300, seed=1).block(0).indices["rain_flood"]
    with pytest.raises(CatalogueError, match=message):
        measure(index * (index > 40.0), spec, **changes)


def test_poisson_counts_need_no_size(tmp_path: Path) -> None:
    def poisson(content: dict[str, Any]) -> None:
        content["counts"]["family"] = "poisson"
        del content["counts"]["kappa"]

    assert load_copula_source(written(tmp_path, poisson)).frequency == Frequency("poisson")


def put(*keys: str, to: object) -> Callable[[dict[str, Any]], object]:
    def change(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda c: c.pop("season"), ParamError, "changed.yml, season: a section is missing"),
        (lambda c: c.pop("name"), ParamError, "changed.yml, name: a text is missing"),
        (put("colour", to="blue"), ParamError, "the file: unknown keys.*colour"),
        (put("place", "hills", to=1), ParamError, "changed.yml, place: unknown keys.*hills"),
        (put("index", "perils", to=[]), ParamError, "changed.yml, index.perils"),
        (
            put("index", "perils", to=["rain_flood", "flash_flod"]), ParamError,
            r"changed.yml, index.perils: not perils; found .*flash_flod.*a list of .*flash_flood",
        ),
        (put("marginal", "scale", to=36.0), ParamError, "marginal.scale.*value, unit and source"),
        (put("marginal", "scale", "unit", to="m"), ParamError, "marginal.scale: another unit.*mm"),
        (put("marginal", "scale", "value", to=0), ParamError, "marginal.scale: out of range"),
        (put("marginal", "wet_share", "value", to=1.2), ParamError, "wet_share: out of range"),
        (put("marginal", "shape", "value", to="x"), ParamError, "marginal.shape: out of range"),
        (put("place", "coast", "value", to=float("nan")), ParamError, "coast: out of range"),
        (put("counts", "events_a_year", "value", to=0.0), CatalogueError, "counts: events_a_year"),
        (put("counts", "events_a_year", "value", to=99.0), CatalogueError, "counts: events_a_year"),
        (
            put("counts", "kappa", "value", to=0.0),
            ParamError,
            r"^changed.yml, counts.kappa: out of range; found 0.0; expected above 0.05; to do",
        ),
        (put("counts", "kappa", "value", to=1e-9), ParamError, "changed.yml, counts.kappa: out of"),
        (
            lambda c: c["counts"].pop("kappa"),
            ParamError,
            "changed.yml, counts.kappa: the size does not fit the family negative_binomial",
        ),
        (
            put("counts", "family", to="poisson"),
            ParamError,
            "changed.yml, counts.kappa: the size does not fit the family poisson; found 5.0",
        ),
        (
            put("counts", "family", to="geometric"),
            ParamError,
            "^changed.yml, counts.family: an unknown family; found 'geometric'; "
            "expected poisson or negative_binomial; to do: correct",
        ),
        (put("season", "last_day", "value", to=100.0), CatalogueError, "season: Season.*back"),
        (
            put("dependence", "family", to="clayton"),
            ParamError,
            "changed.yml, dependence.family: an unknown family; found 'clayton'; "
            "expected gaussian or student_t",
        ),
        (put("dependence", "targets", to=None), ParamError, "dependence.targets: no targets"),
        (
            lambda c: c["dependence"]["targets"][1].pop("chi"),
            ParamError,
            r"changed.yml, dependence.targets\[1\]: no target; .*'chi'",
        ),
        (
            lambda c: c["dependence"]["targets"][0].update(chi=0.9),
            CatalogueError,
            "changed.yml, dependence.targets: chi at .* km and .* years.*to do: change the target",
        ),
        (
            lambda c: c["dependence"]["targets"][2].update(chi=1.0),
            CatalogueError,
            r"changed.yml, dependence.targets\[2\]: ChiTarget: no tail dependence.*to do: declare",
        ),
        (
            lambda c: c["dependence"]["targets"][3].update(return_period=0.5),
            CatalogueError,
            r"changed.yml, dependence.targets\[3\]: .*'return_period': 0.5.*return_period > 1 year",
        ),
    ],
)  # fmt: skip
def test_files_that_are_refused(
    change: Callable[[dict[str, Any]], object],
    error: type[RiskModelError],
    message: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=message):
        load_copula_source(written(tmp_path, change))


@pytest.mark.parametrize("name", ["none.yml", ""])
def test_a_missing_file(name: str, tmp_path: Path) -> None:
    told = r"does not exist; to do: correct its name under hazard.sources in the params file; null"
    with pytest.raises(ParamError, match=told):
        load_copula_source(tmp_path / name)


def test_a_number_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "twice.yml"
    path.write_text(PLUM_RAIN.read_text(encoding="utf-8") + "\nname: again\n", encoding="utf-8")
    with pytest.raises(ParamError, match=r"twice.yml: .*key .*name.* is written twice.*to do"):
        load_copula_source(path)


def test_a_grid_smaller_than_the_range_is_refused(spec: CopulaSpec) -> None:
    told = r"^plum_rain.yml, dependence.targets: range_km: .*declared chi lead.*a larger grid"
    with pytest.raises(CatalogueError, match=told):
        copula_source(spec, PhysicsGrid(120.0, 27.5, 4, 4, 0.1), years_per_block=10, seed=1)


def test_chi_near_one_lead_to_no_range(tmp_path: Path) -> None:
    def near_one(content: dict[str, Any]) -> None:
        for target in content["dependence"]["targets"]:
            target["chi"] = 0.97

    spec = load_copula_source(written(tmp_path, near_one))
    told = r"changed.yml, dependence.targets: .*found 'no range below 5000 km'.*a smaller chi"
    with pytest.raises(CatalogueError, match=told):
        copula_source(spec, GRID, years_per_block=10, seed=1)
