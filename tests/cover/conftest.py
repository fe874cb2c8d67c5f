"""A small programme of every kind of cover, and losses, benefits and triggers for it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import yaml

from riskmodel.cover.benefits import benefit_items
from riskmodel.cover.programme import Programme, load_programme
from riskmodel.loss.people import PeopleLevers

ZONES = ["330302", "330381", "330327"]
SECTORS = [
    "residential",
    "commercial",
    "industrial",
    "crops",
    "aquaculture",
    "infrastructure",
]
TEXTS = {
    "name": "a",
    "name_zh": "甲",
    "policyholder": "b",
    "modelled_on": "c",
    "source": "d",
    "status": "illustrative",
    "payer_of_premium": {"city": 0.5, "county": 0.5},
}


def yuan(amount: float) -> str:
    return "unlimited" if np.isinf(amount) else f"{amount:.6f} 元"


PEOPLE = PeopleLevers("jonkman_2008", 0.2, 0.8, 0.75, 0.75, 0.67)  # a tenth is in the water


def content(scale: float = 1.0) -> dict[str, Any]:
    """A programme file with every kind of cover; all amounts times `scale`."""
    m = lambda amount: yuan(scale * amount)  # noqa: E731
    depth = {
        "perils": ["rain_flood", "storm_surge"],
        "intensity_unit": "m",
        "source": "d",
        "status": "illustrative",
    }
    basic = {
        "cover": "basic",
        "kind": "benefits",
        "tier": "1",
        **TEXTS,
        "benefits": {
            "contents": {
                "kind": "steps",
                "exposure": "ground_floor_households",
                "sector": "residential",
                "steps": [
                    {"from": 0.2, "to": 0.5, "pays": m(500)},
                    {"from": 0.5, "pays": m(1000)},
                ],
                **depth,
            },
            "deaths": {
                "kind": "deaths",
                "exposure": "population",
                "amount": m(100_000),
                "need": m(100_000),
                **depth,
            },
            "resettlement": {
                "kind": "resettlement",
                "exposure": "population",
                "depth_from": 0.5,
                "days": 5,
                "amount": m(90),
                "need": m(120),
                **depth,
            },
        },
        "limits": {"event": m(4e6), "year": m(6e6), "year_rule": "pro_rata"},
    }
    index = {
        "cover": "index",
        "kind": "parametric",
        "tier": "N",
        **TEXTS,
        "split": "population",
        "trigger": {
            "index": "minimum_pressure",
            "box": "wenzhou_150km",
            "unit": "hPa",
            "payout": "linear",
            "attachment": 980,
            "exhaustion": 920,
        },
        "limits": {"event": m(2e6), "year": m(3e6), "year_rule": "date_order"},
    }
    rural = {
        "cover": "rural",
        "kind": "indemnity",
        "tier": "N",
        **TEXTS,
        "take_up": {"residential": {"default": 0.4, "330302": 0.1}},
        "deductible": m(2e5),
        "coinsurance": 0.3,
        "limits": {
            "zone": m(1e6),
            "event": m(1.5e6),
            "year": m(2e6),
            "year_rule": "date_order",
        },
    }
    mixed = {
        **rural,
        "cover": "mixed",
        "tier": "X",
        "take_up": {"residential": 0.05, "commercial": 0.2, "industrial": 0.3, "crops": 0.1},
        "limits": {
            "zone": "unlimited",
            "event": m(2e6),
            "year": m(3e6),
            "year_rule": "pro_rata",
        },
    }
    return {
        "programme": "small",
        "name": "a",
        "name_zh": "甲",
        "reading": "level",
        "currency": "CNY",
        "price_year": 2022,
        "source": "d",
        "status": "illustrative",
        "relief_backstop": {"city": 0.4, "county": 0.6},
        "coordination": "none",
        "covers": copy.deepcopy([basic, index, rural, mixed]),
    }


@pytest.fixture
def programme_content() -> Callable[[float], dict[str, Any]]:
    return lambda scale=1.0: content(scale)


def from_content(what: dict[str, Any]) -> Programme:
    return Programme.model_validate(what)


@pytest.fixture
def programme() -> Programme:
    return from_content(content())


@pytest.fixture
def load(tmp_path: Path) -> Callable[[dict[str, Any]], Programme]:
    """Write a programme file and load it."""

    def write_and_load(what: dict[str, Any]) -> Programme:
        path = tmp_path / "small.yml"
        path.write_text(yaml.safe_dump(what, allow_unicode=True), encoding="utf-8")
        return load_programme(path, zones=ZONES)

    return write_and_load


@dataclass(frozen=True)
class Given:
    losses: xr.DataArray
    benefits: xr.DataArray
    triggers: xr.Dataset
    population: xr.DataArray


def make_inputs(programme: Programme, seed: int = 0, count: int = 60, years: int = 20) -> Given:
    rng = np.random.default_rng(seed)
    size = 1e6 * rng.pareto(1.2, count)[:, None, None]
    columns = [item.column for item in benefit_items(programme, floor_height=0.15, people=PEOPLE)]

    def draw(labels: int, share: float) -> np.ndarray:
        shape = (count, len(ZONES), labels)
        return size * rng.random(shape) * (rng.random(shape) < share)

    losses = xr.DataArray(
        draw(len(SECTORS), 0.7),
        dims=("occurrence", "zone", "sector"),
        coords={
            "occurrence": np.arange(count),
            "zone": ZONES,
            "sector": SECTORS,
            "year": ("occurrence", rng.integers(0, years, count)),
            "block": ("occurrence", np.zeros(count, dtype=int)),
            "start": ("occurrence", rng.uniform(0, 365, count)),
        },
        attrs={"years": years, "blocks": 2, "currency": "CNY", "price_year": 2022},
    )
    benefits = xr.DataArray(
        draw(len(columns), 0.6) / 2,
        dims=("occurrence", "zone", "benefit"),
        coords={"occurrence": np.arange(count), "zone": ZONES, "benefit": columns},
    )
    pressure = np.where(rng.random(count) < 0.6, rng.uniform(900, 1000, count), np.nan)
    wind = rng.uniform(10, 60, count)
    triggers = xr.Dataset(
        {
            "minimum_pressure": (("occurrence", "box"), pressure[:, None], {"units": "hPa"}),
            "maximum_wind": (("occurrence", "box"), wind[:, None], {"units": "m/s"}),
        },
        coords={"occurrence": np.arange(count), "box": ["wenzhou_150km"]},
    )
    people = xr.DataArray([1.2e6, 1.5e6, 0.8e6], dims="zone", coords={"zone": ZONES})
    return Given(losses, benefits, triggers, people)


@pytest.fixture
def given_inputs() -> Callable[..., Given]:
    return make_inputs
