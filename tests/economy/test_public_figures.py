"""Public figures by peril: no gap without a word, arithmetic by head, faults named."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.core.errors import SchemaError
from riskmodel.economy.history import plausible_bands
from riskmodel.economy.public_figures import PATH, public_figures


def test_figures_are_brought_to_the_city_by_gdp() -> None:
    """Five years of landslides cost 160 of about 4.5 million 亿元; 0.0036 % of 8,030 is 0.29."""
    known = public_figures()
    (slide,) = [f for f in known.figures if f.perils == ("landslide",)]
    assert slide.at_gdp(known.gdp_2022) == pytest.approx(160 / 4.5e6 * 8029.8)
    assert slide.at_gdp(known.gdp_2022) == pytest.approx(0.29, abs=0.01)


def test_six_years_of_fires_make_their_mean() -> None:
    yearbook = [3069, 7409, 3610, 37000, 20213, 15029]  # 万元, 2000 to 2005
    (fire,) = [f for f in public_figures().figures if f.perils == ("forest_fire",)]
    assert fire.loss == pytest.approx(sum(yearbook) / 6 / 1e4, abs=0.005)


def test_the_storms_of_the_city_are_those_of_the_bands() -> None:
    (storms,) = [f for f in public_figures().figures if "typhoon_wind" in f.perils]
    assert storms.loss / storms.gdp == pytest.approx(
        plausible_bands()["gdp.loss_ratio"].record, abs=1e-5
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("perils: [earthquake]", "perils: [drought]", r"nor absent: \['earthquake'\]"),
        ("perils: [landslide]", "perils: [flash_flood]", "absent too: .*flash_flood"),
        ("loss: 32.0", "loss: -1", r"figures\.1\.loss"),
        ("kind: one_year", "kind: some_year", r"figures\.3\.kind"),
        ("    is_final: true\n", "", r"figures\.1\.is_final: .*required"),
        ("perils: [drought]", "perils: [meteorite]", r"figures\.2\.perils"),
    ],
)
def test_faults_are_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = PATH.read_text("utf-8")
    assert old in text
    path = tmp_path / PATH.name
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(SchemaError, match=told):
        public_figures(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="does not exist"):
        public_figures(tmp_path / "none.yml")
