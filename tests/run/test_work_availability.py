"""Which perils a run models, which sources serve them, and what is said of the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
import yaml

from riskmodel.census.read import load_census
from riskmodel.core.errors import CatalogueError
from riskmodel.core.returnperiod import Frequency, rate_from_return_period
from riskmodel.hazard.fire_control import load_fire_control
from riskmodel.hazard.position import LAST_POSITION, position_of_rate, rate_of_position
from riskmodel.loss.compilation import compile_table
from riskmodel.loss.single_peril import cost_at_positions, peril_costs
from riskmodel.run.folder import ROOT, Run
from riskmodel.run.params import Params, apply_overrides, load_params
from riskmodel.run.settings import plain_curves, scenario_curves
from riskmodel.run.work.availability import availability, peril_table
from riskmodel.run.work.census import census_of
from riskmodel.run.work.hazard import sources_of, storage_rates
from riskmodel.run.work.losses import damage_of
from tests.run.work_case import make_run

NINE = [
    "typhoon_wind", "rain_flood", "storm_surge", "flash_flood", "landslide", "drought",
    "forest_fire", "cold_snow", "earthquake",
]  # fmt: skip


@pytest.fixture(scope="module")
def params() -> Params:
    return load_params(ROOT / "params" / "wenzhou.yml")


@pytest.fixture(scope="module")
def census() -> xr.DataTree:
    return load_census(ROOT / "data" / "demo")


def lacking(census: xr.DataTree, *perils: str) -> xr.DataTree:
    """The census as it is read where some classes have no probabilities."""
    tree = census.copy()
    tree.attrs["perils"] = [p for p in tree.attrs["perils"] if p not in perils]
    tree.attrs["not_available"] = list(perils)
    return tree


def catalogue_of(peril: str) -> xr.DataTree:
    """A catalogue that says no more than its perils and its frequency family."""
    attrs = {"perils": [peril], "frequency": "poisson", "kappa": 0.0}
    return xr.DataTree(xr.Dataset(attrs=attrs))


def run_with(tmp_path: Path, **changes: object) -> Run:
    run = make_run(tmp_path, "01_census")
    keys = {key.replace("__", "."): value for key, value in changes.items()}
    return Run(apply_overrides(run.params, keys), run.folder, run.notebook)


def test_all_nine_perils_are_in_the_main_job(
    census: xr.DataTree, params: Params, tmp_path: Path
) -> None:
    found = availability(make_run(tmp_path, "01_census"), census)
    assert found == dict.fromkeys(NINE, "modelled")
    assert list(storage_rates(params, census)) == NINE
    sources = {s.parent_event: sorted(s.index_units) for s in sources_of(params, census)}
    rain = ["flash_flood", "landslide", "rain_flood"]
    assert sources == {
        "typhoon": sorted([*rain, "storm_surge", "typhoon_wind"]), "plum_rain": rain,
        "convective_rain": ["flash_flood"], "drought": ["drought"],
        "forest_fire": ["forest_fire"], "cold_snow": ["cold_snow"], "earthquake": ["earthquake"],
    }  # fmt: skip


def test_every_gap_is_named_with_its_reason(census: xr.DataTree, tmp_path: Path) -> None:
    run = run_with(tmp_path, hazard__storage_rate__drought=None)
    less = lacking(census, "forest_fire")
    less.attrs["perils"].remove("earthquake")
    found = availability(run, less)
    gaps = {p: state for p, state in found.items() if state != "modelled"}
    assert gaps == {
        "drought": "left_out", "forest_fire": "no_probabilities", "earthquake": "no_maps"
    }  # fmt: skip
    table = peril_table(run, less, "en").set_index("peril")
    assert len(table) == 9
    assert "not zero" in table.loc["Forest fire", "in this run"]
    assert "null" in table.loc["Drought", "in this run"]
    assert table.loc["Earthquake", "unit"] == "m s-2"
    assert peril_table(run, less, "zh")["peril"].tolist()[0] == "台风大风"


def test_classes_without_probabilities_leave_the_peril_out_and_the_run_goes_on(
    params: Params, tmp_path: Path
) -> None:
    place = shutil.copytree(ROOT / "data" / "demo", tmp_path / "demo")
    content = yaml.safe_load((place / "census.yml").read_text(encoding="utf-8"))
    del content["class_maps"]["forest_fire"]["annual_probability"]
    (place / "census.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    census = load_census(place)
    assert census.attrs["not_available"] == ["forest_fire"]
    assert "forest_fire" not in storage_rates(params, census)
    assert "forest_fire" not in [s.parent_event for s in sources_of(params, census)]
    told = peril_table(make_run(tmp_path, "03_exceedance"), census, "zh").set_index("peril")
    assert told.loc["森林火灾", "in this run"] == "不可用（并非为零）：只有等级图，没有年发生概率"


def test_a_peril_asked_for_and_not_available_is_no_error_of_the_census(
    census: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = lacking(census, "forest_fire")
    monkeypatch.setattr("riskmodel.run.work.census.load_census", lambda _: less)
    assert census_of(make_run(tmp_path, "01_census")) is less


def test_a_source_of_no_peril_that_is_asked_for_is_refused(
    census: xr.DataTree, params: Params
) -> None:
    asked = apply_overrides(params, {"hazard.storage_rate.cold_snow": None})
    with pytest.raises(CatalogueError, match=r"hazard\.sources\.cold_snow: .*leave the source out"):
        sources_of(asked, census)
    fitting = apply_overrides(
        params, {"hazard.storage_rate.cold_snow": None, "hazard.sources.cold_snow": None}
    )
    assert "cold_snow" not in [s.parent_event for s in sources_of(fitting, census)]


def test_perils_left_out_take_nothing_from_the_sources_of_others(
    census: xr.DataTree, params: Params
) -> None:
    rain = {"hazard.storage_rate.flash_flood": None, "hazard.storage_rate.landslide": None}
    asked = apply_overrides(params, rain | {"hazard.sources.convective_rain": None})
    sources = {s.parent_event: set(s.index_units) for s in sources_of(asked, census)}
    assert sources["plum_rain"] == {"rain_flood"}
    assert sources["typhoon"] == {"typhoon_wind", "rain_flood", "storm_surge"}


def test_the_control_index_changes_how_often_and_how_much_burns(
    census: xr.DataTree, params: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index 50 points below the reference: 2^(50/75) as often, 2^(50/100) as much."""
    catalogue = catalogue_of("forest_fire")
    control = load_fire_control(ROOT / "data" / "hazard" / "fire_control.yml")
    at_reference = scenario_curves(params, census, catalogue)["forest_fire"]
    plain = plain_curves(params, census, catalogue, "forest_fire")
    assert (at_reference.left == plain.left).all()
    worse = control.model_copy(update={"counties": dict.fromkeys(control.counties, 20.0)})
    monkeypatch.setattr("riskmodel.run.settings.load_fire_control", lambda _: worse)
    found = scenario_curves(params, census, catalogue)["forest_fire"]
    position = np.arange(LAST_POSITION)
    weight = -np.diff(rate_of_position(np.arange(LAST_POSITION + 1)))
    burning = np.flatnonzero(plain.left[:, -1] > 0)[::500]
    for cell in burning:
        before, after = (
            float(c.at(np.full(position.size, cell), position) @ weight) for c in (plain, found)
        )
        assert after / before == pytest.approx(2 ** (50 / 75) * 2 ** (50 / 100), rel=1e-3)


def test_a_map_of_classes_costs_by_steps_at_its_declared_probabilities(
    census: xr.DataTree, params: Params
) -> None:
    """From the class of each cell by hand: share burned x 0.595 (timber) or 0.5 (the rest) x edge.

    Between the return periods of two classes nothing changes; a year costs on average the sum over
    cells of the class's probability times its cost.
    """
    content = yaml.safe_load((ROOT / "data/demo/census.yml").read_text("utf-8"))
    declared = content["class_maps"]["forest_fire"]
    with rasterio.open(ROOT / "data/demo" / declared["file"]) as raster:
        zones = census["zones"].to_dataset()
        of_cell = raster.read(1)[zones["row"].values, zones["column"].values].astype(int)
    edge = yaml.safe_load((ROOT / "data/curves/classes.yml").read_text("utf-8"))["further"]
    value, cost = census["exposure"].to_dataset()["value"], np.zeros(of_cell.size)
    for name, used in edge["forest_fire"].items():
        if isinstance(used, dict):
            ratio = used["factor"] * (0.595 if name == "forest" else 0.5)
            own = ratio * value.sel(exposure_class=name).values
            np.add.at(cost, zones["entry_cell"].values, own)
    burned = np.vectorize(declared["intensity"].get)(of_cell)
    chance = np.vectorize(declared["annual_probability"].get)(of_cell)
    curves = plain_curves(params, census, catalogue_of("forest_fire"), "forest_fire")
    costs = peril_costs(
        compile_table(census, {"forest_fire": curves}, damage_of(params, census), depth_spread=0.0),
        "forest_fire",
    )  # fmt: skip
    between = [100.0, 199.0, 202.0, 499.0, 502.0, 1010.0, 1990.0, 2020.0, 1e5]
    position = position_of_rate(rate_from_return_period(between, Frequency("poisson")))
    by_hand = [float((cost * burned)[chance >= 1.0 / t].sum()) for t in between]
    found = cost_at_positions(costs, position.astype(np.float64))
    assert found == pytest.approx(by_hand, rel=1e-5)
    assert found[1] == 0.0 and found[2] == found[3] > 0.0
    steps = sorted(set(declared["annual_probability"].values()) - {0.0}, reverse=True)
    rises = np.diff(found[[1, 3, 4, 6, 8]])
    assert rises @ steps == pytest.approx(float((cost * burned * chance).sum()), rel=1e-5)
