"""A figure inherits the worst status of the assumptions that it rests on."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from riskmodel.core.errors import ParamError
from riskmodel.core.status import ORDER, Status
from riskmodel.run.assumptions import Assumption, figure_status, load_assumptions


def assumption(name: str, status: Status, *figures: str) -> Assumption:
    return Assumption(
        id=name, statement="s", value="v", source="t", status=status, figures=tuple(figures)
    )


LISTED = (
    assumption("a", "calibrated", "loss.*", "hazard.years"),
    assumption("b", "synthetic", "loss.aal*"),
    assumption("c", "illustrative", "gdp.*"),
    assumption("d", "real", "hazard.years", "gdp.loss_ratio"),
)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["loss.oep.100"], "calibrated"),
        (["loss.aal"], "synthetic"),
        (["loss.aal.by_zone.330302"], "synthetic"),
        (["hazard.years"], "calibrated"),
        (["gdp.loss_ratio"], "illustrative"),
        (["loss.oep.100", "gdp.loss_ratio"], "illustrative"),
        (["gdp.loss_ratio", "loss.oep.100"], "illustrative"),
    ],
)
def test_worst_of_all_assumptions_that_name_the_figure(names: list[str], expected: str) -> None:
    assert figure_status(*names, assumptions=LISTED) == expected


@pytest.mark.parametrize(("one", "other"), list(product(ORDER, ORDER)))
def test_neither_order_hides_the_worse_status(one: Status, other: Status) -> None:
    listed = (assumption("a", one, "x"), assumption("b", other, "x"))
    assert figure_status("x", assumptions=listed) == max(one, other, key=ORDER.index)


@pytest.mark.parametrize("names", [["tier.1"], ["loss.aal", "tier.1"], ["Loss.aal"], []])
def test_a_figure_without_an_assumption_is_refused(names: list[str]) -> None:
    with pytest.raises(ParamError, match="add its name or a pattern"):
        figure_status(*names, assumptions=LISTED)


def test_an_id_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    item = assumption("twin", "real", "x").model_dump(mode="json")
    path = tmp_path / "assumptions.yml"
    path.write_text(yaml.safe_dump({"assumptions": [item, item]}), encoding="utf-8")
    with pytest.raises(ParamError, match="there twice"):
        load_assumptions(path)


@pytest.mark.parametrize(
    "change", [{"status": "guessed"}, {"figures": []}, {"figures": None}, {"colour": "red"}]
)
def test_a_malformed_assumption_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    item = assumption("a", "real", "x").model_dump(mode="json") | change
    path = tmp_path / "assumptions.yml"
    path.write_text(yaml.safe_dump({"assumptions": [item]}), encoding="utf-8")
    with pytest.raises(ValidationError):
        load_assumptions(path)


def test_each_committed_assumption_says_what_it_rests_on() -> None:
    for item in load_assumptions():
        assert item.statement.strip(), item.id
        assert item.value.strip(), item.id
        assert item.source.strip(), item.id


def test_committed_losses_are_placeholders_while_the_population_is() -> None:
    statuses = {item.id: item.status for item in load_assumptions()}
    assert statuses["population_2020"] == "placeholder"
    assert figure_status("loss.aal") == figure_status("tier.1.gross_premium") == "placeholder"
    assert figure_status("hazard.fidelity.bracketed_share") == "synthetic"
    assert figure_status("hazard.occurrences") == "placeholder"  # rates of earthquakes are
    assert figure_status("hazard.source_share.rain_flood.x.5") == "illustrative"  # declared rain
