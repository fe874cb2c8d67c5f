"""The whole chain of notebooks on a small catalogue, judged from what the run leaves behind."""

from __future__ import annotations

import io
import json
import re
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr
import yaml
from rich.console import Console

from riskmodel.run.assumptions import figure_status, load_assumptions
from riskmodel.run.batch import chain, run_notebooks
from riskmodel.run.folder import ROOT, Run, RunFolder
from riskmodel.run.manifest import changed_inputs, hash_inputs
from riskmodel.run.params import load_params
from riskmodel.run.records import Record, read_results
from riskmodel.run.settings import plain_curves
from riskmodel.run.work.census import census_of
from riskmodel.run.work.footprint import pairs_of
from riskmodel.run.work.footprints import imported_losses
from riskmodel.run.work.hazard import catalogue_of

BLOCKS, YEARS = 2, 400
VARIANTS = ("published", "wet_late")  # one moves damage, the other depths, so benefits too
# indices, which no variant touches, and sampled losses, which are of the baseline alone
UNMOVED = ("tier.N.typhoon_index.", "tier.N.rain_index.", "tier.N.snow_index.", "loss.sampled.")
PERIODS = (5, 10, 20, 50, 100, 200)
PERILS = ("typhoon_wind", "rain_flood", "storm_surge", "flash_flood", "landslide", "drought")
PERILS += ("forest_fire", "cold_snow", "earthquake")
PAYERS = {
    "direct_loss": "household farm enterprise public_body tier_1 tier_n tier_x reinsurer".split(),
    "benefits": "tier_1 tier_n reinsurer reserve city county province".split(),
}
# checks and shares of what was computed
EXACT = ("identity", "outside_valid_range", ".basis.", "table_error")
WITH_INTERVALS = ("loss.", "tier.", "gdp.", "ledger.aal.", "ledger.overpayment.")


class Finished(NamedTuple):
    """A finished run, the params file it was made from, and what was said."""

    folder: Path
    params: Path
    said: str

    @property
    def records(self) -> dict[str, Record]:
        return {r.name: r for r in listed(self.folder)}


def listed(folder: Path) -> list[Record]:
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return [Record.model_validate_json(json.dumps(item)) for item in found]


def console() -> Console:
    return Console(file=io.StringIO(), width=160)


def text_of(where: Console) -> str:
    assert isinstance(where.file, io.StringIO)
    return where.file.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Two blocks of 400 years and two variants, through all six notebooks, once."""
    folder = tmp_path_factory.mktemp("chain")
    content = yaml.safe_load((ROOT / "params" / "wenzhou.yml").read_text(encoding="utf-8"))
    content["run"] = "small"
    content["hazard"] |= {"blocks": BLOCKS, "years_per_block": YEARS}
    content["model_set"] = [v for v in content["model_set"] if v["name"] in VARIANTS]
    assert len(content["model_set"]) == len(VARIANTS)
    content["model_set"][0]["set"]["loss.further_damage_scale"] = 2.0  # so that it moves all perils
    params = folder / "small.yml"
    params.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    where = console()
    made = run_notebooks(params, folder / "outputs", console=where)
    return Finished(made, params, text_of(where))


@pytest.fixture(scope="module")
def pilot(run: Finished) -> Finished:
    """One county, the hills inland where no surge comes, on the catalogue of the same city."""
    own = yaml.safe_load((ROOT / "params" / "yongjia.yml").read_text(encoding="utf-8"))["set"]
    own |= {"run": "pilot", "language": "en"}
    params = run.params.with_name("pilot.yml")
    text = yaml.safe_dump({"base": run.params.name, "set": own}, allow_unicode=True)
    params.write_text(text, encoding="utf-8")
    where = console()
    made = run_notebooks(params, run.folder.parent, console=where)
    return Finished(made, params, text_of(where))


@pytest.fixture(scope="module")
def values(run: Finished) -> dict[str, float]:
    return {name: record.value for name, record in run.records.items()}


@pytest.fixture(scope="module")
def zones(run: Finished) -> list[str]:
    with xr.open_dataset(run.folder / "stages" / "occurrence_table.nc") as table:
        return [str(code) for code in table["zone"].values]


def total(values: dict[str, float], prefix: str) -> float:
    """Sum of the records one level below a prefix."""
    return sum(v for n, v in values.items() if re.fullmatch(re.escape(prefix) + r"[^.]+", n))


# --- names --------------------------------------------------------------------------------------


def test_every_name_of_the_design_is_there(values: dict[str, float], zones: list[str]) -> None:
    assert len(zones) == 12
    expected = {
        "loss.aal",
        "loss.aal.by_cause.typhoon",
        "loss.aal.by_cause.plum_rain",
        *(f"loss.{kind}.{t}" for kind in ("oep", "aep", "tvar") for t in PERIODS),
        *(f"loss.aal.by_peril.{peril}" for peril in PERILS),
        *(f"loss.aal.by_zone.{zone}" for zone in zones),
        *(f"tier.{t}.{kind}_premium" for t in "1NX" for kind in ("pure", "gross")),
        *(f"ledger.aal.{account}.{payer}" for account in PAYERS for payer in PAYERS[account]),
        "ledger.max_relative_residual",
        "gdp.loss_ratio",
        "gdp.breach_probability.1y",
        "gdp.breach_probability.5y",
        "hazard.years",
        "hazard.occurrences",
        "hazard.fidelity.bracketed_share",
        "hazard.fidelity.max_year_count_error",
    }
    assert not expected - set(values)
    assert "loss.aal.by_zone.330302" in expected


def test_each_covers_premiums_are_named_below_its_tier(values: dict[str, float]) -> None:
    programme = yaml.safe_load((ROOT / "params/tiers/illustrative.yml").read_text(encoding="utf-8"))
    for cover in programme["covers"]:
        for kind in ("pure", "gross"):
            assert f"tier.{cover['tier']}.{cover['cover']}.{kind}_premium" in values


def test_each_name_is_written_once(run: Finished) -> None:
    names = [record.name for record in listed(run.folder)]
    assert len(names) == len(set(names))
    assert list(read_results(run.folder / "results.json")) == names


# --- intervals and statuses ---------------------------------------------------------------------


def test_headline_figures_carry_both_intervals(run: Finished) -> None:
    for record in run.records.values():
        checked = record.name.startswith(WITH_INTERVALS) and not any(
            word in record.name for word in EXACT
        )
        if not checked:
            continue
        levels = {interval.kind: interval.level for interval in record.intervals}
        # 1: the whole declared set, no confidence; a width of zero would read as certainty
        moved = {} if record.name.startswith(UNMOVED) else {"model": 1.0}
        # nothing of a rare peril may be left in the worst years of a small run, whatever the scale
        nothing = record.name.startswith("loss.tvar.") and record.value == 0.0
        if not (nothing and levels == {"simulation": 0.9}):
            assert levels == {"simulation": 0.9} | moved, record.name
        for interval in record.intervals:
            slack = 1e-9 * max(abs(record.value), 1.0)
            assert interval.lower <= record.value + slack, record.name
            assert interval.upper >= record.value - slack, record.name


def test_every_figure_inherits_the_worst_status_of_its_assumptions(run: Finished) -> None:
    for record in run.records.values():
        replayed = record.name.startswith("history.replay.")
        general = "history.replay" if replayed else record.name
        assert record.status == figure_status(general), record.name


def test_every_assumption_has_a_figure_that_rests_on_it(values: dict[str, float]) -> None:
    for item in load_assumptions():
        for pattern in item.figures:
            assert any(fnmatchcase(name, pattern) for name in values), (item.id, pattern)


def test_money_is_in_yuan_and_ratios_are_fractions(run: Finished) -> None:
    units = {name: record.unit for name, record in run.records.items()}
    assert {units[f"loss.{k}.{t}"] for k in ("oep", "aep", "tvar") for t in PERIODS} == {"CNY"}
    money = [n for n in units if n.startswith(("tier.", "ledger.aal.")) and ".basis." not in n]
    assert {units[name] for name in money} == {"CNY"}
    assert {u for n, u in units.items() if n.startswith("gdp.")} == {"1"}
    shares = [r.share_extrapolated for r in run.records.values()]
    assert all(share is None or 0.0 <= share <= 1.0 for share in shares)


# --- identities ---------------------------------------------------------------------------------


def test_every_map_is_given_back(values: dict[str, float]) -> None:
    assert values["hazard.years"] == BLOCKS * YEARS
    assert values["hazard.fidelity.bracketed_share"] == 1.0
    assert values["hazard.fidelity.max_year_count_error"] == 0.0


def test_payers_sum_to_the_loss(values: dict[str, float]) -> None:
    assert values["ledger.max_relative_residual"] <= 1e-9
    paid = total(values, "ledger.aal.direct_loss.")
    assert paid == pytest.approx(values["loss.aal"], rel=1e-9)


@pytest.mark.parametrize("label", ["by_zone", "by_peril", "by_sector", "by_cause"])
def test_breakdowns_sum_to_the_average(values: dict[str, float], label: str) -> None:
    parts = total(values, f"loss.aal.{label}.")
    assert parts == pytest.approx(values["loss.aal"], rel=1e-9)


def test_curves_are_in_order(values: dict[str, float]) -> None:
    for t in PERIODS:
        oep, aep, tvar = (values[f"loss.{kind}.{t}"] for kind in ("oep", "aep", "tvar"))
        assert 0.0 <= oep <= aep <= tvar
    for kind in ("oep", "aep", "tvar"):
        curve = [values[f"loss.{kind}.{t}"] for t in PERIODS]
        assert curve == sorted(curve)


def test_loss_ratio_is_the_average_over_gdp(values: dict[str, float], zones: list[str]) -> None:
    expected = values["loss.aal"] / values["census.gdp"]
    assert values["gdp.loss_ratio"] == pytest.approx(expected, rel=1e-12)
    assert sum(values[f"census.gdp.{z}"] for z in zones) == pytest.approx(values["census.gdp"])
    for window in ("1y", "5y"):
        assert 0.0 <= values[f"gdp.breach_probability.{window}"] <= 1.0


def test_gross_premiums_lie_above_pure_ones(values: dict[str, float]) -> None:
    for name, pure in values.items():
        if name.startswith("tier.") and name.endswith(".pure_premium"):
            assert 0.0 < pure < values[name.replace("pure", "gross")], name
    for tier in "1NX":
        covers = [
            v for n, v in values.items() if re.fullmatch(rf"tier\.{tier}\.\w+\.pure_premium", n)
        ]
        assert sum(covers) == pytest.approx(values[f"tier.{tier}.pure_premium"], rel=1e-9)


def test_records_agree_with_the_stored_occurrences(run: Finished, values: dict[str, float]) -> None:
    """The average straight from the stored table, by a route of its own."""
    with xr.open_dataset(run.folder / "stages" / "occurrence_table.nc") as table:
        loss = table["mean"].where(table["quantity"] == "loss", 0.0).sum("column")
        zone = table["zone"][table["row_zone"].astype(int)].values
        by_zone = loss.to_series().groupby(zone).sum() / (BLOCKS * YEARS)
    assert by_zone.sum() == pytest.approx(values["loss.aal"], rel=1e-12)
    for code, value in by_zone.items():
        assert value == pytest.approx(values[f"loss.aal.by_zone.{code}"], rel=1e-12)


# --- what can be carried away -------------------------------------------------------------------


class Links(HTMLParser):
    """Addresses that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe"):
            self.found += [value or "" for key, value in attrs if key in ("src", "href")]


def links(page: Path) -> list[str]:
    parser = Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.found


def test_charts_of_every_notebook_are_exported_whole(run: Finished) -> None:
    figures = run.folder / "figures"
    pages = sorted(figures.glob("*.html"))
    assert {page.name[:2] for page in pages} == {"01", "02", "03", "04", "05"}
    for page in pages:
        assert not [link for link in links(page) if not link.startswith("data:")], page.name
        image = page.with_suffix(".png").read_bytes()
        assert image.startswith(b"\x89PNG\r\n\x1a\n"), page.name
        assert len(image) > 5000, page.name
        assert "<svg" in page.with_suffix(".svg").read_text(encoding="utf-8"), page.name


def test_the_proposal_shows_only_what_is_in_the_run(run: Finished) -> None:
    pages = sorted((run.folder / "proposal").glob("*.html"))
    assert pages
    for page in pages:
        for link in links(page):
            assert link.startswith("data:") or (page.parent / link).is_file(), link


def test_no_machine_path_travels_with_the_run(run: Finished) -> None:
    places = {str(ROOT), str(run.folder.parent), str(Path.home())}
    folders = "|".join(("work", "root", "tmp", r"home/\w+", r"Users/\w+"))
    absolute = re.compile(rf"(?<![\w.~}}/-])/({folders})/")
    checked = [*run.folder.glob("notebooks/*.ipynb"), *run.folder.glob("*.json")]
    assert len(checked) == 6 + 2
    for path in checked:
        text = path.read_text(encoding="utf-8")
        for source in embedded(path, text):
            source = source.replace(str(run.params), "")  # a test of its own, below
            assert not [p for p in places if len(p) > 1 and p in source], path.name
            assert not absolute.search(source), path.name


def test_the_place_of_a_params_file_elsewhere_does_not_travel(run: Finished) -> None:
    for path in run.folder.glob("notebooks/*.ipynb"):
        assert str(run.params.parent) not in path.read_text(encoding="utf-8"), path.name


def embedded(path: Path, text: str) -> list[str]:
    """What a reader sees: notebooks without the base64 of images and the scripts of charts."""
    if path.suffix != ".ipynb":
        return [text]
    found: list[str] = []
    for cell in json.loads(text)["cells"]:
        found.append("".join(cell["source"]))
        found += [json.dumps(shown(o), ensure_ascii=False) for o in cell.get("outputs", [])]
    return [*found, json.dumps(json.loads(text)["metadata"])]


def shown(output: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in output.get("data", {}).items() if k in ("text/plain", "text/html")}
    return {k: v for k, v in output.items() if k != "data"} | {"data": kept}


def test_manifest_knows_what_went_in_and_came_out(run: Finished) -> None:
    manifest = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["params"]["hazard"]["blocks"] == BLOCKS
    assert manifest["notebooks"] == [f"notebooks/{p.name}" for p in chain()]
    assert {"data/demo/census.yml", "params/tiers/illustrative.yml"} <= set(manifest["inputs"])
    written = {p.relative_to(run.folder).as_posix() for p in run.folder.rglob("*") if p.is_file()}
    assert set(manifest["outputs"]) == written - {"manifest.json"}


def test_a_second_start_says_that_it_is_there(run: Finished) -> None:
    manifest = run.folder / "manifest.json"
    before = json.loads(manifest.read_text(encoding="utf-8"))
    now = hash_inputs(load_params(run.params), ROOT, chain())
    if before["inputs_changed_during_run"] or changed_inputs(before["inputs"], now):
        pytest.skip("files of the checkout were edited while the chain ran")
    stamps = {p: p.stat().st_mtime_ns for p in run.folder.rglob("*")}
    where = console()
    assert run_notebooks(run.params, run.folder.parent, console=where) == run.folder
    assert "up to date" in text_of(where)
    assert "loss.aal" in run.said
    assert {p: p.stat().st_mtime_ns for p in run.folder.rglob("*")} == stamps


# --- imported footprints ------------------------------------------------------------------------


def test_a_stored_storm_written_as_a_footprint_set_costs_what_it_cost(
    run: Finished, tmp_path: Path
) -> None:
    """The intensities of the costliest storm, read back through the curves of every cell."""
    work = Run(load_params(run.params), RunFolder(run.folder), "footprints")
    census, catalogue = census_of(work), catalogue_of(work)
    with xr.open_dataset(run.folder / "stages" / "occurrence_table.nc") as table:
        columns = table["quantity"].values == "loss"
        costs = table["mean"].values[:, columns].sum(axis=1)
        loss = np.bincount(table["row_occurrence"].values, costs)
    storm = int(loss.argmax())
    data = xr.Dataset(coords={"event": [7], "cell": np.arange(census["zones"].sizes["cell"])})
    for peril in PERILS:
        cells, positions = pairs_of(catalogue, peril, storm)
        intensity = np.zeros((1, data.sizes["cell"]))
        curves = plain_curves(work.params, census, catalogue, peril)
        intensity[0, cells] = curves.at(cells, positions)
        units = {"quantity": "intensity", "units": census[peril].attrs["units"]}
        data[peril] = ("event", "cell"), intensity, units
    data["rate"] = ("event", [0.01])
    data.assign_attrs(parent_event="typhoon").to_netcdf(tmp_path / "set.nc")
    found = imported_losses(work, tmp_path / "set.nc")
    assert found["event"].tolist() == [7]
    # positions of intensities are whole steps of a rate, 0.025 % each
    assert found["loss"][0] == pytest.approx(loss[storm], rel=2e-3)
    assert found.attrs["aal"] == pytest.approx(0.01 * found["loss"][0])


# --- one county ---------------------------------------------------------------------------------

OF_THE_REGION = ("02_chi", "02_season", "02_tracks", "02_record_")


def test_a_county_loses_what_it_loses_in_the_city(
    pilot: Finished, values: dict[str, float]
) -> None:
    found = {name: record.value for name, record in pilot.records.items()}
    assert found["loss.aal"] == pytest.approx(values["loss.aal.by_zone.330324"], rel=1e-12)
    assert found["loss.aal.by_peril.storm_surge"] == 0.0
    assert len(list((pilot.folder.parent / ".catalogues").iterdir())) == 1  # made once
    assert found["hazard.occurrences"] == values["hazard.occurrences"]
    assert found["hazard.fidelity.bracketed_share"] == 1.0
    assert found["hazard.fidelity.max_year_count_error"] == 0.0
    assert found["ledger.max_relative_residual"] < 1e-9
    assert total(found, "ledger.aal.direct_loss.") == pytest.approx(found["loss.aal"], rel=1e-9)


def test_what_holds_for_the_city_only_is_left_out_with_its_reason(pilot: Finished) -> None:
    assert not [name for name in pilot.records if name.startswith("gdp.")]
    assert re.search(r"gdp\.loss_ratio +- +not available", pilot.said)
    left = (pilot.folder / "tables" / "05_left_out.csv").read_text(encoding="utf-8-sig")
    assert len(left.splitlines()) == 5
    assert "county_gdp.yml has no published GDP 2022 of Yongjia" in left
    drawn = {path.stem for path in (pilot.folder / "figures").glob("*.png")}
    city_only = {"05_ratio", "05_replay", "03_aal_by_county", "03_tail_by_county"}
    assert not drawn & {*city_only, "01_value_by_county"}
    assert not (pilot.folder / "tables" / "05_plausibility.csv").exists()


def test_titles_say_the_county(pilot: Finished, run: Finished) -> None:
    for folder, place in ((pilot.folder, "Yongjia: "), (run.folder, "温州市：")):
        for path in (folder / "figures").glob("*.svg"):
            drawn = re.search(r'class="gtitle"[^>]*>(.*?)</text>', path.read_text("utf-8"))
            assert drawn is not None, path.stem
            text = re.sub("<[^>]+>", "", drawn[1])
            assert text.startswith(place) != path.stem.startswith(OF_THE_REGION), path.stem
    page = (pilot.folder / "proposal" / "index.html").read_text(encoding="utf-8")
    assert "<h1>Yongjia, 1+N+X" in page
    assert "county_gdp.yml has no published GDP" in page
