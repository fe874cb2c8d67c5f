"""Droughts: sequences of dry seasons, one occurrence a spell, and files that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.drought import (
    DroughtSpec,
    Sequence,
    drought_source,
    dry_seasons,
    load_drought,
    require_separate,
    second_spells,
    sequence_table,
    spells,
    spells_a_year,
)
from riskmodel.hazard.grid import WENZHOU
from riskmodel.hazard.source import SourceBlock
from riskmodel.hazard.typhoon.parameters import FOLDER

DECLARED = FOLDER / "drought.yml"
YEARS = 1000
CHANCES = {"value": 0.5, "unit": "1", "source": "test"}


@pytest.fixture(scope="module")
def spec() -> DroughtSpec:
    return load_drought(DECLARED)


@pytest.fixture(scope="module")
def block(spec: DroughtSpec) -> SourceBlock:
    return drought_source(spec, WENZHOU, years_per_block=YEARS, seed=1).block(0)


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = yaml.safe_load(DECLARED.read_text(encoding="utf-8"))
    change(content)
    path = folder / "drought.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@given(arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 5))))
def test_spells_are_the_runs_of_dry_seasons(dry: np.ndarray) -> None:
    year, begins, count = spells(dry)
    again = np.zeros_like(dry)
    for y, b, n in zip(year, begins, count, strict=True):
        assert b == 0 or not dry[y, b - 1]
        assert b + n == dry.shape[1] or not dry[y, b + n]
        again[y, b : b + n] = True
    assert (again == dry).all()
    assert (np.lexsort((begins, year)) == np.arange(year.size)).all()


def test_expected_spells_by_hand(spec: DroughtSpec) -> None:
    # onset 0.2, persistence 0.5: dry 0.2; 0.8 × 0.2 + 0.2 × 0.5 = 0.26 dry, 0.16 begin;
    # then (1 - 0.26) × 0.2 = 0.148 begin
    said = spec.said.model_copy(
        update={"sequence": Sequence.model_construct(onset=0.2, persistence=0.5)}
    )
    assert spells_a_year(said) == pytest.approx(0.2 + 0.16 + 0.148)


def test_sequences_come_as_often_as_declared(spec: DroughtSpec, block: SourceBlock) -> None:
    on, stay = spec.said.sequence.onset, spec.said.sequence.persistence
    table = sequence_table(block.occurrences, spec, YEARS).set_index("dry seasons")
    expected = {
        "summer": on * (1 - stay),
        "summer + autumn": on * stay * (1 - stay),
        "summer + autumn + winter": on * stay * stay,
        "autumn": (1 - on) * on * (1 - stay),
    }
    for name, rate in expected.items():
        found = table.loc[name, "spells a year"]
        assert found == pytest.approx(rate, abs=4 * np.sqrt(rate / YEARS)), name
    assert table.index[table["named worst case"]].tolist() == ["summer + autumn + winter"]
    assert table["spells a year"].sum() * YEARS == pytest.approx(
        block.occurrences.sizes["occurrence"]
    )
    assert table["spells a year"].sum() == pytest.approx(spec.events_a_year, rel=0.1)


def test_spells_lie_in_their_seasons_and_never_overlap(
    spec: DroughtSpec, block: SourceBlock
) -> None:
    table, seasons = block.occurrences, spec.said.seasons
    begins = table["first_season"].values.astype(int)
    ends = begins + table["dry_seasons"].values.astype(int) - 1
    first, last = (np.array([getattr(s, n) for s in seasons]) for n in ("first_day", "last_day"))
    start, end = table["start"].values, table["end"].values
    assert ((first[begins] <= start) & (start < last[begins])).all()
    assert ((first[ends] < end) & (end <= last[ends]) & (start < end)).all()
    require_separate(table["year"].values, start, end, "test")
    twice = np.bincount(table["year"].values, minlength=YEARS)
    assert twice.max() == 2  # summer and winter with a wet autumn


def test_deficits_of_a_spell_are_those_of_its_seasons(
    spec: DroughtSpec, block: SourceBlock
) -> None:
    """A spell's index over the scales of its seasons is a unit exponential, whatever the spell."""
    index, count = block.indices["drought"], block.occurrences["dry_seasons"].values
    begins = block.occurrences["first_season"].values
    scale = np.array([s.scale for s in spec.said.seasons])
    for b, n in ((0, 1), (0, 3), (1, 2)):
        one = index[:, (begins == b) & (count == n)] / scale[b : b + n].sum()
        assert one.mean() == pytest.approx(1.0, abs=0.35)  # nodes of a spell are alike
    assert (index > 0).all()


def test_blocks_stand_alone(spec: DroughtSpec) -> None:
    one = drought_source(spec, WENZHOU, years_per_block=40, seed=1)
    other = drought_source(spec, WENZHOU, years_per_block=40, seed=1)
    for b in (0, 1):
        other.block(b)
    assert one.block(2).occurrences.identical(other.block(2).occurrences)
    assert (one.block(2).indices["drought"] == other.block(2).indices["drought"]).all()


def test_rows_that_overlap_are_refused(tmp_path: Path) -> None:
    def early(content: dict[str, Any]) -> None:
        content["seasons"][1]["first_day"]["value"] = 240.0

    told = r"drought\.yml, seasons\[1\] autumn: dry seasons overlap.*240.*from day 244"
    with pytest.raises(CatalogueError, match=told):
        load_drought(written(tmp_path, early))


def test_spells_that_overlap_are_refused() -> None:
    year, start, end = np.array([3, 1, 1]), [10.0, 200.0, 150.0], [20.0, 230.0, 201.0]
    told = r"set, year 1: spells of drought overlap.*\(150\.0, 201\.0\), \(200\.0, 230\.0\).*join"
    with pytest.raises(CatalogueError, match=told):
        require_separate(year, start, end, "set")
    require_separate(year, start, [20.0, 230.0, 200.0], "set")  # one after the other
    require_separate(np.array([3, 1, 2]), start, end, "set")  # in other years


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda c: c["sequence"]["onset"].update(value=1.5), r"sequence\.onset: .*from 0 to 1"),
        (lambda c: c["sequence"].pop("persistence"), r"sequence\.persistence: Field required"),
        (lambda c: c["seasons"].clear(), r"seasons: .*at least 1 item"),
        (lambda c: c["seasons"][1].update(name="summer"), r"seasons: a name twice.*summer"),
        (lambda c: c["seasons"][0]["scale"].update(unit="m"), r"seasons\.0\.scale: .*mm deficit"),
        (lambda c: c["marginal"].update(shape=0.1), r"marginal\.shape: .*value, unit and source"),
        (lambda c: c.update(colour="red"), r"colour: Extra inputs"),
        (lambda c: c["dependence"].update(family="vine"), r"dependence\.family: .*gaussian"),
    ],
)
def test_a_file_that_says_too_much_or_too_little_is_refused(
    change: Callable[[dict[str, Any]], object], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ParamError, match=told):
        load_drought(written(tmp_path, change))
    with pytest.raises(ParamError, match=r"does not exist.*null leaves it out"):
        load_drought(tmp_path / "none.yml")


def told(spec: DroughtSpec, onset: float, persistence: float, scales: list[float]) -> Any:
    """The declared file with other chances and scales."""
    seasons = zip(spec.said.seasons, scales, strict=True)
    return spec.said.model_copy(
        update={
            "sequence": Sequence.model_construct(onset=onset, persistence=persistence),
            "seasons": tuple(one.model_copy(update={"scale": scale}) for one, scale in seasons),
        }
    )


def test_second_spells_by_hand(spec: DroughtSpec) -> None:
    """Three alike seasons, dry by halves and never twice running, each beyond a level with q = 0.2.

    One spell: 1/4 + 1/4 + 1/8; two, the first and the last: 1/2 x 1 x 1/2 = 1/4. A year reaches the
    level with 5/8 q + 1/4 (2 q - q²) = 0.215, and spells beyond its first number 1/4 q² = 0.01.
    """
    by_halves = told(spec, 0.5, 0.0, [50.0] * 3)
    assert second_spells(by_halves, 0.215) == pytest.approx(0.01, rel=1e-9)


def test_a_year_whose_dry_seasons_all_join_has_no_second_spell(spec: DroughtSpec) -> None:
    assert second_spells(told(spec, 0.2, 1.0, [60.0, 45.0, 35.0]), 0.1) == pytest.approx(0.0)


def test_second_spells_are_those_of_drawn_years(spec: DroughtSpec) -> None:
    """Seasons and depths drawn here, against the enumeration, at the ten-year level."""
    random, years = np.random.default_rng(5), 400_000
    year, begins, count = spells(dry_seasons(spec.said.sequence, years, 3, random))
    depth = np.append(0.0, np.cumsum([season.scale for season in spec.said.seasons]))
    deficit = random.exponential(depth[begins + count] - depth[begins])  # shape 0
    deepest = np.zeros(years)
    np.maximum.at(deepest, year, deficit)
    level = np.quantile(deepest, 0.9)
    second = np.maximum(np.bincount(year[deficit > level], minlength=years) - 1, 0)
    expected = second_spells(spec.said, 0.1)
    assert 0.0 < expected < 5e-4  # a Poisson law would have 0.0054
    assert abs(second.mean() - expected) < 4.0 * second.std() / np.sqrt(years)
