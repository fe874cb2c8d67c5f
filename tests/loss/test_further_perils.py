"""Responses to all nine perils: no silent gap, units of the maps, numbers against their sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import xarray as xr
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from riskmodel.core.errors import ResponseError
from riskmodel.core.vocabulary import WATER, Peril
from riskmodel.hazard.intensity import IntensityCurves
from riskmodel.hazard.position import LAST_POSITION
from riskmodel.loss.classes import PeopleHarmed, UsedTable, load_classes
from riskmodel.loss.compilation import compile_table, require_responses
from riskmodel.loss.curves import DamageLevers, damage_items
from riskmodel.loss.library import FOLDER, TableCurve, load_library
from riskmodel.loss.people import PeopleLevers, death_response, people_items, people_responses
from riskmodel.loss.response import Item
from riskmodel.run.params import load_params
from riskmodel.run.settings import damage_levers, people_levers

ROOT = FOLDER.parents[1]
PARAMS = load_params(ROOT / "params" / "wenzhou.yml")
LEVERS, PEOPLE_LEVERS = damage_levers(PARAMS), people_levers(PARAMS)
PERILS: tuple[Peril, ...] = get_args(Peril)
FURTHER = [p for p in PERILS if p not in WATER and p != "typhoon_wind"]
G = 9.80665  # m s-2
# HAZUS-MH, equivalent PGA (g) of slight, moderate, extensive and complete damage
HAZUS = {
    "concrete_infill_low": (0.11, 0.17, 0.32, 0.51), "masonry_mid_low": (0.10, 0.16, 0.27, 0.46),
    "masonry_low_pre": (0.13, 0.17, 0.26, 0.37), "masonry_mid_pre": (0.09, 0.13, 0.21, 0.38),
    "concrete_frame_low": (0.12, 0.17, 0.32, 0.54), "precast_low": (0.13, 0.15, 0.24, 0.44),
}  # fmt: skip


def all_items(levers: DamageLevers = LEVERS) -> list[Item]:
    return [*damage_items(levers), *people_items(PEOPLE_LEVERS)]


def unit_of(peril: str) -> str:
    """The unit that maps of a peril are kept in: the first that data/census lists."""
    content = yaml.safe_load((ROOT / "data" / "census" / "perils.yml").read_text("utf-8"))
    return next(iter(content["perils"][peril]["units"]))


@pytest.mark.parametrize("peril", PERILS)
def test_each_class_responds_or_a_reason_says_why_not(peril: Peril) -> None:
    classes = load_classes()
    for item in damage_items(LEVERS):
        told = classes.further.get(peril, {}).get(item.exposure)
        assert (peril in item.responses) != isinstance(told, str), item.exposure
        assert not isinstance(told, str) or len(told) > 10
    harmed = {
        name: peril in i.responses for i in people_items(PEOPLE_LEVERS) for name in [i.column]
    }
    row = classes.people.get(peril)
    assert harmed["people.affected"] != isinstance(row, str)
    assert harmed["people.dead"] != (
        isinstance(row, str) or isinstance(getattr(row, "dead", 0), str)
    )


@pytest.mark.parametrize("peril", PERILS)
def test_responses_are_in_the_unit_of_the_maps_and_can_be_believed(peril: Peril) -> None:
    bounds = yaml.safe_load((ROOT / "data" / "census" / "perils.yml").read_text("utf-8"))
    intensity = np.linspace(*bounds["perils"][peril]["range"], 500)
    found = [item.responses[peril] for item in all_items() if peril in item.responses]
    assert found
    for response in found:
        assert response.intensity_unit == unit_of(peril), response.name
        value, spread = response.at(intensity), response.spread_at(intensity)
        assert (np.diff(value) >= 0).all(), response.name
        assert 0.0 <= value[0] <= value[-1] <= 1.0, response.name
        assert response.at([0.0]).tolist() == [0.0], response.name  # dry, still, whole: no loss
        assert (spread <= np.sqrt(value * (1.0 - value)) + 1e-9).all(), response.name
        assert response.source
        low, high = response.valid_range
        assert low < high


@pytest.mark.parametrize("name", HAZUS)
def test_shaking_is_hazus_damage_states_times_their_cost(name: str) -> None:
    """States by a lognormal of scipy, one minus the next; the first knot is our cut."""
    curve = load_library().curves[f"earthquake_{name}"]
    assert isinstance(curve, TableCurve)
    pga = np.array(curve.intensity) / G
    reached = np.array([stats.lognorm.cdf(pga, 0.64, scale=median) for median in HAZUS[name]])
    state = reached - np.vstack([reached[1:], np.zeros(pga.size)])
    cost = np.array([0.02, 0.10, 0.447, 1.0])
    mean = cost @ state
    assert curve.value[0] == 0.0
    np.testing.assert_allclose(curve.value[1:], mean[1:], atol=5.1e-5)
    spread = np.sqrt(cost**2 @ state - mean**2)
    assert isinstance(curve.spread, tuple)
    np.testing.assert_allclose(curve.spread[1:], spread[1:], atol=1.1e-3)


def test_weaker_houses_lose_more_to_shaking_and_to_slides() -> None:
    of = {item.exposure: item.responses for item in damage_items(LEVERS)}
    order = [f"residential_{name}" for name in ("rc", "brick_concrete", "brick_wood", "other")]
    for peril, intensity in (("landslide", [0.1, 0.5]), ("cold_snow", [0.4, 0.8])):
        ladder = np.stack([of[name][peril].at(intensity) for name in order])
        assert (np.diff(ladder, axis=0) >= 0).all()
    strong = np.linspace(3.0, 6.0, 20)  # from IX on; at VI the order of the two masonries turns
    shaken = [of[name]["earthquake"].at(strong) for name in order]
    assert (shaken[0] < shaken[1]).all()
    assert (shaken[1] < shaken[3]).all()


def test_deaths_in_an_earthquake_are_those_of_collapsed_houses() -> None:
    """At 2 m s-2: P(complete) of C3M and URMM of low code, half each, x 0.14 x 0.1."""
    complete = [stats.lognorm.cdf(2.0 / G, 0.64, scale=HAZUS[n][3]) for n in list(HAZUS)[:2]]
    found = death_response(PEOPLE_LEVERS, "earthquake").at([2.0])
    assert found[0] == pytest.approx(0.5 * sum(complete) * 0.14 * 0.1, abs=1e-6)


def test_yield_is_lost_as_fao_33_has_it() -> None:
    """Ky 1.1: a third of water short costs 0.3667 of the yield of what stands, 0.3 of the crops."""
    crops = next(i for i in damage_items(LEVERS) if i.exposure == "crops").responses["drought"]
    np.testing.assert_allclose(crops.at([1 / 3, 0.95]), [0.3 * 1.1 / 3, 0.3], rtol=2e-4)
    for name, factor in (("season", 1.10), ("flowering", 1.32), ("ripening", 0.50)):
        curve = load_library().curves[f"drought_rice_{name}"]
        assert isinstance(curve, TableCurve)
        at = np.interp(0.5, curve.intensity, curve.value)
        assert at == pytest.approx(0.5 * factor, rel=1e-4)


def test_flash_floods_reach_a_share_cost_a_factor_more_there_and_kill_faster() -> None:
    water = load_classes().water["flash_flood"]
    factor = water.factor * water.reached
    for item in damage_items(replace(LEVERS, flood_damage_scale=0.5)):
        slow, fast = (item.responses[p].at([0.4, 1.0]) for p in ("rain_flood", "flash_flood"))
        np.testing.assert_allclose(fast, factor * slow)
    slow, fast = (death_response(PEOPLE_LEVERS, p).at([3.0]) for p in ("rain_flood", "flash_flood"))
    assert fast[0] == pytest.approx(water.reached * 0.0984 * PEOPLE_LEVERS.in_the_water)
    assert fast > slow


def test_people_who_leave_are_not_under_the_slide() -> None:
    """Of 100 under a slide 40 leave: 60 stay, a fifth die; half a per cent of a cell is hit."""
    levers = PeopleLevers("jonkman_2008", 0.2, 0.5, 0.8, 0.75, 3.0)
    found = people_responses(levers, "landslide")
    at = {name: float(response.at(1.0)) for name, response in found.items()}
    assert at["affected"] == pytest.approx(0.005)
    assert at["evacuated"] == pytest.approx(0.4 * 0.005)
    assert at["dead"] == pytest.approx(0.6 * 0.2 * 0.005)
    assert at["injured"] == pytest.approx(0.67 * at["dead"])


def test_deaths_that_nobody_counts_are_refused_with_the_reason() -> None:
    with pytest.raises(ResponseError, match=r"typhoon_wind: no deaths by this peril.*no source"):
        death_response(PEOPLE_LEVERS, "typhoon_wind")


def test_every_row_of_the_library_is_used_or_is_an_alternative() -> None:
    classes, library = load_classes(), load_library()
    used = {u.curve for row in classes.further.values() for u in row.values()
            if isinstance(u, UsedTable)}  # fmt: skip
    rows = [row for row in classes.people.values() if isinstance(row, PeopleHarmed)]
    used |= {u.curve for row in rows for u in (row.affected, row.dead) if isinstance(u, UsedTable)}
    stages = {"drought_rice_flowering", "drought_rice_ripening"}
    unused = set(library.curves) - used - stages
    assert all(name.startswith(("jrc_", "mortality_", "emanuel_")) for name in unused), unused


# --- what is refused -----------------------------------------------------------------------------


def changed(folder: Path, change: str) -> Path:
    """Write the committed folder with one line of classes.yml taken out or replaced."""
    (folder / "library.yml").write_bytes((FOLDER / "library.yml").read_bytes())
    text = (FOLDER / "classes.yml").read_text("utf-8")
    old, _, new = change.partition(" -> ")
    assert old in text
    (folder / "classes.yml").write_text(text.replace(old, new, 1), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "    aquaculture: ponds and cages do not burn\n",
            r"further\.forest_fire lacks .*aquaculture",
        ),
        ("    crops: shaking does not harm crops", r"further\.earthquake lacks .*crops"),
        ("  cold_snow: {affected", r"people lacks .*cold_snow"),
        ("factor: 1.3, reached", r"water\.flash_flood\.factor"),
        ("{curve: landslide_works, factor: 0.06} -> {curve: landslide_works, factor: 2}", "factor"),
        (", injured_per_death: 3.0", "injured_per_death exactly where"),
        ("  flash_flood: {factor ->   storm_surge: {factor", "water lacks .*flash_flood"),
    ],
)
def test_gaps_and_bad_factors_are_refused(tmp_path: Path, change: str, told: str) -> None:
    new = {"  cold_snow: {affected": "  #", "factor: 1.3, reached": "factor: 0.0, reached"}.get(
        change
    )
    with pytest.raises(ResponseError, match=f"(?s){told}"):
        load_classes(changed(tmp_path, change if new is None else f"{change} -> {new}"))


def test_a_row_of_another_peril_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "curve: snow_works -> curve: landslide_works")
    with pytest.raises(
        ResponseError, match=r"cold_snow: no such table.*landslide_works.*snow_works"
    ):
        damage_items(LEVERS, folder)


# --- whatever perils the census has ---------------------------------------------------------------


def one_cell(perils: list[str], exposed: list[str]) -> xr.DataTree:
    """One cell in one county, each exposure class worth 1000."""
    exposure = xr.Dataset(
        {"value": (("entry", "exposure_class"), np.full((1, len(exposed)), 1000.0))},
        {"exposure_class": exposed}, {"currency": "CNY", "price_year": 2022},
    )  # fmt: skip
    zones = xr.Dataset(
        {"entry_cell": ("entry", [0]), "entry_zone": ("entry", [0]),
         "name_zh": ("zone", ["甲"]), "name_en": ("zone", ["A"])}, {"zone": ["330302"]},
    )  # fmt: skip
    nodes = {p: xr.Dataset(attrs={"units": unit_of(p)}) for p in perils}
    return xr.DataTree.from_dict({**nodes, "zones": zones, "exposure": exposure})


def flat_curve(top: float) -> IntensityCurves:
    level = np.array([[top]], dtype=np.float32)
    return IntensityCurves(np.array([0, LAST_POSITION + 1]), level, level, top, 30_000)


EXPOSED = [name for name in load_classes().classes if name != "forest"]


@settings(deadline=None, max_examples=15)
@given(st.sets(st.sampled_from(PERILS), min_size=1))
def test_responses_compile_for_any_set_of_perils(perils: set[Peril]) -> None:
    """Look-up tables equal the responses at their bins; water alone has a spread in the cell."""
    chosen = sorted(perils)
    items = [*damage_items(LEVERS, exposed=EXPOSED), *people_items(PEOPLE_LEVERS)]
    require_responses(items, chosen)
    census = one_cell(chosen, [*EXPOSED, "population"])
    curves = {peril: flat_curve(1.0) for peril in chosen}
    table = compile_table(census, curves, items, depth_spread=0.6)
    assert table.perils == tuple(chosen)
    for p, peril in enumerate(chosen):
        mean = table.of_layer(p)[:, :, 0]
        bins = np.linspace(0.0, 1.0, mean.shape[0])
        for i, item in enumerate(items):
            if peril not in item.responses:
                assert (mean[:, i] == 0.0).all()
            elif peril not in WATER:
                np.testing.assert_allclose(mean[:, i], item.responses[peril].at(bins), atol=1e-6)


def test_maps_that_nothing_responds_to_are_refused() -> None:
    wind = [replace(i, responses={"typhoon_wind": i.responses["typhoon_wind"]})
            for i in damage_items(LEVERS)]  # fmt: skip
    with pytest.raises(ResponseError, match=r"drought: maps of a peril without a response"):
        require_responses(wind, ["typhoon_wind", "drought"])


def test_timber_is_taken_where_the_census_values_it() -> None:
    assert {i.exposure for i in damage_items(LEVERS, exposed=EXPOSED)} == set(EXPOSED)
    fire = next(
        i for i in damage_items(LEVERS, exposed=[*EXPOSED, "forest"]) if i.exposure == "forest"
    )
    assert fire.responses["forest_fire"].at([0.4]) == pytest.approx([0.4 * 0.595])
    with pytest.raises(ResponseError, match="an exposure class that the census lacks"):
        items = damage_items(LEVERS, exposed=[])
        compile_table(one_cell(["drought"], ["crops"]), {"drought": flat_curve(1.0)}, items,
                      depth_spread=0.0)  # fmt: skip


@pytest.mark.parametrize("peril", FURTHER)
def test_one_cell_of_every_class_costs_what_heads_reckon(peril: Peril) -> None:
    """A cell where all of a peril's worst is reached loses factor x the row's last value."""
    top = max(i.responses[peril].intensity[-1] for i in all_items() if peril in i.responses)
    items = damage_items(LEVERS)
    census = one_cell([peril], [i.exposure for i in items])
    table = compile_table(census, {peril: flat_curve(top)}, items, depth_spread=0.6)
    for i, item in enumerate(items):
        used = load_classes().further[peril][item.exposure]
        expected = 0.0
        if isinstance(used, UsedTable):
            row = load_library().curves[used.curve]
            assert isinstance(row, TableCurve)
            expected = used.factor * row.value[-1]
        assert float(table.of_layer(0)[-1, i, 0]) == pytest.approx(expected, rel=1e-6)


def test_the_scale_of_further_damage_moves_these_perils_and_no_other() -> None:
    plain, halved = (
        damage_items(replace(LEVERS, further_damage_scale=scale)) for scale in (1.0, 0.5)
    )
    for one, other in zip(plain, halved, strict=True):
        for peril, response in one.responses.items():
            further = peril not in ("typhoon_wind", "rain_flood", "storm_surge", "flash_flood")
            factor = 0.5 if further else 1.0
            found = other.responses[peril].value
            assert found == pytest.approx([factor * value for value in response.value]), peril
