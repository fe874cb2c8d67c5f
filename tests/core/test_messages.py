"""Every word is there in both languages, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import riskmodel
from riskmodel.core.errors import SchemaError
from riskmodel.core.messages import LANGUAGES, message, message_table, names, placeholders

PACKAGE = Path(riskmodel.__file__).parent
NAMES = {
    "peril": "typhoon_wind rain_flood storm_surge flash_flood landslide drought forest_fire "
    "cold_snow earthquake",
    "sector": "residential commercial industrial crops aquaculture infrastructure forest",
    "payer": "household farm enterprise public_body tier_1 tier_n tier_x city county reserve "
    "reinsurer",
    "account": "direct_loss benefits",
    "tier": "1 N X",
    "kind": "OEP AEP TVAR",
    "status": "real calibrated synthetic illustrative placeholder",
    "component": "pure risk_load expenses tax",
}


@pytest.mark.parametrize("key", list(message_table()))
def test_entry_is_complete(key: str) -> None:
    entry = message_table()[key]
    assert set(entry) == set(LANGUAGES)
    assert all(text.strip() for text in entry.values())
    assert placeholders(entry["zh"]) == placeholders(entry["en"])
    assert re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+", key)


def test_no_key_is_there_twice() -> None:
    text = (PACKAGE / "core" / "messages.yml").read_text(encoding="utf-8")
    keys = re.findall(r"^(\S+): \{", text, flags=re.MULTILINE)
    assert len(keys) == len(set(keys)) == len(yaml.safe_load(text))


@pytest.mark.parametrize("prefix", list(NAMES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_named_in_the_design_has_a_name(prefix: str, language: str) -> None:
    assert list(names(prefix, language)) == NAMES[prefix].split()


def test_interval_kinds() -> None:
    assert [message(f"interval.{k}", "zh") for k in ("simulation", "model", "data")] == [
        "模拟",
        "模型",
        "数据",
    ]


def test_every_title_is_a_question() -> None:
    for key, entry in message_table().items():
        if key.startswith("title."):
            assert "？" in entry["zh"], key
            assert "?" in entry["en"], key


def test_every_key_written_in_the_code_is_in_the_table() -> None:
    used = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'\b(?:message|money_title)\(\s*"([a-zA-Z0-9_.]+)"', text))
    assert used
    assert used <= set(message_table())


def test_values_fill_placeholders() -> None:
    assert message("view.return_period", "en", years=100) == "100-year year"


@pytest.mark.parametrize(
    ("key", "language", "values", "told"),
    [
        ("peril.meteorite", "zh", {}, "peril.meteorite"),
        ("peril.drought", "fr", {}, "fr"),
        ("view.return_period", "zh", {}, "years"),
        ("peril.drought", "zh", {"years": 1}, "years"),
    ],
)
def test_refusals(key: str, language: str, values: dict[str, int], told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        message(key, language, **values)


def test_unknown_prefix_is_refused() -> None:
    with pytest.raises(SchemaError, match="planet"):
        names("planet", "zh")
