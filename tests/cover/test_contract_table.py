"""What a contract states, in words that can be checked by head."""

from __future__ import annotations

import pandas as pd
import pytest

from riskmodel.cover.contract_table import contract_table
from riskmodel.cover.programme import Programme
from tests.cover.conftest import content, yuan


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    what = content()
    basic, index, rural, mixed = what["covers"]
    basic["limits"] |= {"person": yuan(1e5), "household": yuan(2000)}
    basic |= {"consortium": {"lead": 0.6, "second": 0.4}, "claims_handling": 0.08}
    basic["anchor"] = {"year": 2014, "premium": "3,800 万元", "source": "hand"}
    index["zones"] = ["330302", "330381"]
    index["split"] = "equal"
    rural["take_up"] = {
        "residential": {"default": {"low": 0.3, "mid": 0.4, "high": 0.5}, "330302": 0.1}
    }
    rural["policy_year_start"] = "05-01"
    rural["waiting_period"] = {"days": 10, "new_policies": 0.25}
    rural["per_object"] = {
        "perils": ["rain_flood"], "deductible": "0 元", "franchise": "3,600 元",
        "limit": "1.8 万元",
    }  # fmt: skip
    mixed |= {"take_up": {"residential": 0.05}, "top_up_of": "rural"}
    return contract_table(Programme.model_validate(what)).set_index("cover")


@pytest.mark.parametrize(
    ("cover", "column", "words"),
    [
        ("basic", "take-up", "all"),
        ("basic", "perils", "rain_flood, storm_surge"),
        ("index", "perils", "index"),
        ("rural", "perils", "rain_flood"),
        ("mixed", "perils", "all of the run"),
        ("basic", "consortium", "lead 60%, second 40%"),
        ("basic", "claims handling", "8%"),
        ("basic", "contract year from", "01-01"),
        ("basic", "public figures", "2014: premium 3,800 万元"),
        ("basic", "limits of one", "person 10 万元; household 2,000 元; deaths 10 万元; "
                                   "resettlement 90 元 a day, 5 days"),
        ("index", "zones", "330302, 330381"),
        ("index", "consortium", "not stated"),
        ("rural", "take-up", "residential 10%-40% (range 30%-50%)"),
        ("rural", "contract year from", "05-01"),
        ("rural", "waiting period", "10 days, 25% of policies"),
        ("rural", "limits of one", "object 1.8 万元; franchise 3,600 元; "
                                   "deductible of a zone 20 万元; owners bear 30%"),
        ("mixed", "take-up", "residential 5% of those in rural"),
    ],
)  # fmt: skip
def test_words(table: pd.DataFrame, cover: str, column: str, words: str) -> None:
    assert table.loc[cover, column] == words
