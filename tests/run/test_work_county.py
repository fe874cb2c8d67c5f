"""A run of one county: the losses of the city there, its own programme, what it leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, CensusError, ParamError
from riskmodel.exceedance.metrics import loss_metrics
from riskmodel.run.folder import Run
from riskmodel.run.stages import open_stage
from riskmodel.run.work import hazard
from riskmodel.run.work.calibration import calibrate
from riskmodel.run.work.cells import entry_losses, on_cells
from riskmodel.run.work.census import census_of, census_records
from riskmodel.run.work.footprints import of_zones
from riskmodel.run.work.losses import (
    loss_by_zone_and_peril,
    loss_records,
    part_table,
    programme_of,
)
from riskmodel.run.work.programme import contract_frame
from riskmodel.run.work.ratio import product_of, ratio_records
from riskmodel.run.work.reserve import reserve_terms
from riskmodel.run.work.scope import left_out
from riskmodel.run.work.stations import station_table
from riskmodel.run.work.tails import tail_records, tail_table
from riskmodel.run.work.zone_figures import zone_metrics
from tests.run.county_case import (
    BLOCKS,
    STORMS,
    catalogue_for,
    city_catalogue,
    city_census,
    losses_for,
    make_run,
    read_once,  # noqa: F401
)

COUNTIES = {"ruian": "330381", "yongjia": "330324"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    run = make_run(tmp_path_factory.mktemp("city"), "wenzhou", "03_exceedance")
    return losses_for(run, city_census())


@pytest.mark.parametrize(("name", "code"), COUNTIES.items())
def test_a_county_loses_what_it_loses_in_the_run_of_the_city(
    name: str, code: str, city: xr.Dataset, tmp_path: Path
) -> None:
    run = make_run(tmp_path, name, "03_exceedance")
    census = census_of(run)
    table = losses_for(run, census)
    own = city["row_zone"].values == city["zone"].values.tolist().index(code)
    assert table["zone"].values.tolist() == [code]
    for data in ("mean", "extrapolated"):  # bit for bit: the same storms, cells and sums
        np.testing.assert_array_equal(table[data].values, city[data].values[own])
    rows = table["row_occurrence"].values
    np.testing.assert_array_equal(rows, city["row_occurrence"].values[own])
    whole, part = loss_metrics(city, []), loss_metrics(table, [100.0])
    aal = whole[f"loss.aal.by_zone.{code}"].value
    assert part["loss.aal"].value == pytest.approx(aal, rel=1e-12)
    assert aal > 0.0
    alone = zone_metrics(city, [100.0])[f"loss.aep.100.by_zone.{code}"].value
    assert part["loss.aep.100"].value == pytest.approx(alone, rel=1e-12)


def test_tables_of_parts_name_the_county(tmp_path: Path) -> None:
    run = make_run(tmp_path, "ruian", "03_exceedance")
    table = losses_for(run, census_of(run))
    tail = part_table(run, loss_records(run, table, {}), table)
    parts = tail_table(run, tail_records(run, table, {}), table)
    assert "年均损失：瑞安市" in tail["指标"].tolist()
    assert "瑞安市" in parts["part"].tolist()
    for frame in (tail, parts):
        shown = " ".join(frame.astype(str).to_numpy().ravel())
        assert "330381" not in shown
        assert "rain_flood" not in shown


def test_curves_of_a_zone_are_those_of_its_own_years(city: xr.Dataset) -> None:
    metrics = zone_metrics(city, [10.0])
    for number, code in enumerate(city["zone"].values):
        own = city.isel(row=np.flatnonzero(city["row_zone"].values == number))
        expected = loss_metrics(own, [10.0])
        for kind in ("oep", "aep", "tvar"):
            found = metrics[f"loss.{kind}.10.by_zone.{code}"].value
            assert found == pytest.approx(expected[f"loss.{kind}.10"].value, rel=1e-12)
        block = zone_metrics(city, [10.0], block=1)[f"loss.oep.10.by_zone.{code}"].value
        assert block == pytest.approx(loss_metrics(own, [10.0], block=1)["loss.oep.10"].value)


def test_cells_add_up_to_the_county_peril_by_peril(tmp_path: Path) -> None:
    run = make_run(tmp_path, "ruian", "03_exceedance")
    census = census_of(run)
    table = losses_for(run, census)
    found = entry_losses(run, census, catalogue_for(census))
    expected = loss_by_zone_and_peril(table).isel(zone=0)
    for peril in expected["peril"].values:
        total = float(found.sel(peril=peril).sum())
        assert total == pytest.approx(float(expected.sel(peril=peril)), rel=1e-9)
    assert float(found.sum()) == pytest.approx(loss_metrics(table, [])["loss.aal"].value, rel=1e-9)
    field = on_cells(census, found.sum("peril").values)
    assert float(field.sum()) == pytest.approx(float(found.sum()), rel=1e-12)
    assert int(field.notnull().sum()) == census["zones"].sizes["cell"]


def test_the_catalogue_is_that_of_the_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for with the whole census and under the key of the city; its cells are kept."""
    asked: list[xr.DataTree] = []

    def build(folder: Path, census: xr.DataTree, *_: object, **__: object) -> xr.DataTree:
        asked.append(census)
        return city_catalogue()

    monkeypatch.setattr(hazard, "build_catalogue", build)
    monkeypatch.setattr(
        hazard, "scenario_occurrences", lambda root, *_, **__: root.assign(base=root["year"])
    )
    monkeypatch.setattr(hazard, "sources_of", lambda *_: [])
    keys = {}
    for name in ("wenzhou", "ruian"):
        run = make_run(tmp_path, name, "02_hazard")
        made = hazard.make_catalogue(run)
        stage = open_stage(run, "catalogue")
        keys[name] = stage.attrs["key"]
        cells = census_of(run)["zones"].sizes["cell"]
        assert made["block_00/typhoon_wind"].sizes["edge"] == cells + 1
        assert made.sizes["occurrence"] == BLOCKS * STORMS
        assert ("whole_cell" in stage) == (name == "ruian")
        assert asked[-1]["zones"].sizes["zone"] == 12
        again = hazard.catalogue_of
        monkeypatch.setattr(hazard, "open_catalogue", lambda _: city_catalogue())
        (tmp_path / ".catalogues" / keys[name]).mkdir(parents=True, exist_ok=True)
        xr.testing.assert_identical(
            again(run)["block_01/rain_flood"].to_dataset(), made["block_01/rain_flood"].to_dataset()
        )
    assert keys["ruian"] == keys["wenzhou"]


def test_the_programme_is_limited_by_people(tmp_path: Path) -> None:
    whole = programme_of(make_run(tmp_path, "wenzhou", "t"), city_census())
    run = make_run(tmp_path, "ruian", "t")
    census = census_of(run)
    part = programme_of(run, census)
    share = 1_520_046 / 9_572_128  # census of 2020
    for before, after in zip(whole.covers, part.covers, strict=True):
        assert after.limits.event == pytest.approx(share * before.limits.event, rel=1e-6)
    terms = reserve_terms(run, census, part.reserve).set_index("")
    # Ningbo's 500 万元 to begin with, a fifth of 4,100 set aside, refunds above 3,280
    assert terms["as written (万元)"].tolist() == [500.0, 820.0, 3280.0, ""]
    own = terms["in this run (万元)"].tolist()
    assert own[:3] == pytest.approx([share * x for x in (500.0, 820.0, 3280.0)], abs=0.05)
    contracts = contract_frame(run, part, census["zones"].to_dataset()).set_index("cover")
    assert contracts.loc["marine_farming", "zones"] == "瑞安市"
    assert own[3] == "by_population: 0.1588 of the city's people"
    written = make_run(tmp_path, "ruian", "t", **{"tiers.limits": "as_written"})
    assert programme_of(written, census).covers[0].limits == whole.covers[0].limits
    census.attrs["population_share"] = None
    with pytest.raises(CensusError, match=r"tiers\.limits.*nobody is counted"):
        programme_of(run, census)


def test_a_ratio_needs_a_published_product(tmp_path: Path, city: xr.Dataset) -> None:
    run = make_run(tmp_path, "ruian", "05_ratio")
    assert product_of(run, census_of(run)) is None
    assert ratio_records(run, None, city, {}) == []
    pingyang = {"census.zones": ["330326"], "census.place": {"zh": "平阳县", "en": "Pingyang"}}
    known = make_run(tmp_path, "ruian", "05_ratio", **pingyang)
    product = product_of(known, census_of(known))
    assert product is not None
    assert product.total == pytest.approx(653.05e8)
    whole = make_run(tmp_path, "wenzhou", "05_ratio")
    of_city = product_of(whole, city_census())
    assert of_city is not None
    assert of_city.total == pytest.approx(8029.8e8, rel=1e-9)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_left_out_is_said_with_its_reason(language: str, tmp_path: Path) -> None:
    run = make_run(tmp_path, "ruian", "05_ratio", language=language)
    table = left_out(run, None)
    place = "瑞安市" if language == "zh" else "Ruian"
    assert len(table) == 4
    assert table.iloc[:, 1].str.contains(place).all()
    assert "data/history/county_gdp.yml" in table.iloc[0, 1]
    whole = make_run(tmp_path, "wenzhou", "05_ratio")
    assert left_out(whole, product_of(whole, city_census())).empty


def test_figures_that_hold_for_the_city_only_are_refused_or_not_there(
    tmp_path: Path,
) -> None:
    run = make_run(tmp_path, "yongjia", "calibration")
    with pytest.raises(ParamError, match=r"census\.zones.*whole city"):
        calibrate(run, tmp_path / "calibration.yml")
    names = {record.name for record in census_records(census_of(run))}
    assert "census.gdp" not in names  # the city's is published, the county's is not
    assert "census.gdp.330324" in names


def test_footprints_are_numbered_as_in_the_city_and_read_in_the_county(tmp_path: Path) -> None:
    census = census_of(make_run(tmp_path, "ruian", "footprints"))
    own = census["zones"]["whole_cell"].values
    cells = np.array([0, own[3], own[-1], own[-1] + 1])
    cells = cells[np.append(True, np.diff(cells) > 0)]
    footprints = xr.Dataset(
        {"typhoon_wind": (("event", "cell"), np.arange(2.0 * cells.size).reshape(2, -1))},
        {"event": [1, 2], "cell": cells},
        {"perils": ["typhoon_wind"]},
    )
    found = of_zones(footprints, census)
    expected = [k for k, cell in enumerate(cells) if cell in own]
    assert own[found["cell"].values].tolist() == cells[expected].tolist()
    assert 3 in found["cell"].values
    wind = found["typhoon_wind"].values.tolist()
    assert wind == footprints["typhoon_wind"].values[:, expected].tolist()
    xr.testing.assert_identical(of_zones(footprints, city_census()), footprints)
    elsewhere = np.setdiff1d(np.arange(own[-1]), own)[:2]
    with pytest.raises(CatalogueError, match=r"no cell of the zones.*330381"):
        of_zones(footprints.isel(cell=[0, 1]).assign_coords(cell=elsewhere), census)


def test_stations_are_those_of_the_zones(tmp_path: Path) -> None:
    tree = city_catalogue()
    run: Run = make_run(tmp_path, "ruian", "02_hazard")
    everywhere = make_run(tmp_path, "wenzhou", "02_hazard")
    assert len(station_table(everywhere, tree)) == 12
    table = station_table(run, tree)
    assert len(table) == 1
    assert "Ruian" in table["station"].iloc[0]
