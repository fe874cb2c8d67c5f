"""Small plausible inputs for every figure; the numbers are made up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

MONEY = {"units": "CNY", "currency": "CNY", "price_year": 2022}
ZONES_ZH = "鹿城区 龙湾区 瓯海区 洞头区 永嘉县 平阳县 苍南县 文成县 泰顺县 瑞安市 乐清市 龙港市"
ZONES_EN = (
    "Lucheng Longwan Ouhai Dongtou Yongjia Pingyang Cangnan Wencheng Taishun Rui'an Yueqing "
    "Longgang"
)
PERILS = (
    "typhoon_wind rain_flood storm_surge flash_flood landslide drought forest_fire cold_snow "
    "earthquake"
)


def make_curve() -> xr.Dataset:
    """Loss exceedance curve whose last points rest mostly on extrapolation."""
    years = np.array([2.0, 5, 10, 20, 50, 100, 200, 300, 500, 1000])
    total = 7e8 * np.log(years) ** 1.6 + 1e8
    largest = total * np.array([0.6, 0.75, 0.82, 0.86, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97])
    value = np.stack([largest, total])
    spread = np.stack([0.03 + years / 1e4, 0.2 + years / 3e3])[:, None, :]
    share = np.tile([0, 0, 0.02, 0.05, 0.12, 0.3, 0.45, 0.56, 0.7, 0.9], (2, 1))
    point, band = ("kind", "return_period"), ("interval", "kind", "return_period")
    return xr.Dataset(
        {
            "value": (point, value),
            "share_extrapolated": (point, share),
            "lower": (band, value * (1 - spread)),
            "upper": (band, value * (1 + 1.3 * spread)),
        },
        coords={
            "kind": ["OEP", "AEP"],
            "return_period": years,
            "interval": ["simulation", "model"],
        },
        attrs={
            **MONEY,
            "status": "synthetic",
            "source": "演示普查",
            "longest_supported_return_period": 200,
            "level": 0.9,
        },
    )


def make_field(units: str = "m/s") -> xr.DataArray:
    """Grid over Wenzhou, empty in the north-west."""
    x, y = np.linspace(119.65, 121.25, 65), np.linspace(27.05, 28.6, 63)
    lon, lat = np.meshgrid(x, y)
    values = 52 - 9 * (121.2 - lon) + 3 * np.sin(9 * lat)
    values = np.where(lat - lon < -92.2, values, np.nan)
    attrs: dict[str, Any] = {
        "units": units,
        "long_name": "100-year wind gust",
        "long_name_zh": "100 年一遇阵风",
    }
    if units == "CNY":
        values = 1e4 * np.exp((values - 40) / 4)
        attrs |= MONEY | {"long_name": "Mean annual loss a cell", "long_name_zh": "每格年均损失"}
    return xr.DataArray(values, dims=("y", "x"), coords={"y": y, "x": x}, attrs=attrs)


def make_outlines(language: str = "zh") -> dict[str, list[np.ndarray]]:
    """Two rings in place of counties."""
    angle = np.linspace(0, 2 * np.pi, 40)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    names = ("瑞安市", "永嘉县") if language == "zh" else ("Rui'an", "Yongjia")
    return {
        names[0]: [circle * [0.35, 0.2] + [120.5, 27.75], circle * 0.04 + [121.0, 27.6]],
        names[1]: [circle * [0.3, 0.25] + [120.6, 28.25]],
    }


def make_tracks(storms: int = 60) -> tuple[xr.DataArray, xr.DataArray]:
    """Latitude and longitude of tracks of different lengths."""
    draw = np.random.default_rng(7)
    step = np.arange(40)
    heading = draw.uniform(0.8, 2.4, (storms, 1))
    longitude = draw.uniform(124, 132, (storms, 1)) - 0.33 * step * np.sin(heading)
    latitude = draw.uniform(17, 23, (storms, 1)) + 0.24 * step + 0.004 * step**2
    ended = step > draw.integers(20, 40, (storms, 1))
    return tuple(  # type: ignore[return-value]
        xr.DataArray(np.where(ended, np.nan, v), dims=("storm", "step"))
        for v in (latitude, longitude)
    )


def zone_coords() -> dict[str, Any]:
    return {
        "zone": [str(330300 + i) for i in range(12)],
        "name_zh": ("zone", ZONES_ZH.split()),
        "name_en": ("zone", ZONES_EN.split()),
    }


def make_zones() -> xr.DataArray:
    values = np.array([9, 6, 7, 2.5, 6, 8, 9.5, 2, 3, 12, 15, 5]) * 1e7
    attrs = {**MONEY, "long_name": "Mean annual loss", "long_name_zh": "年均损失"}
    return xr.DataArray(values, dims="zone", coords=zone_coords(), attrs=attrs, name="aal")


def make_zone_perils() -> xr.DataArray:
    share = np.array([0.3, 0.25, 0.12, 0.12, 0.08, 0.05, 0.02, 0.04, 0.02])
    tilt = 1 + 0.5 * np.sin(np.arange(12)[:, None] + np.arange(9))
    values = make_zones().values[:, None] * share * tilt
    coords = {**zone_coords(), "peril": PERILS.split()}
    attrs = {**MONEY, "long_name": "Mean annual loss", "long_name_zh": "年均损失"}
    return xr.DataArray(values, dims=("zone", "peril"), coords=coords, attrs=attrs)


def make_month_perils() -> xr.DataArray:
    """Losses of the months by all nine perils: water in summer, snow in winter."""
    months, perils = np.arange(1, 13), PERILS.split()
    summer, winter = np.exp(-((months - 8) ** 2) / 4.0), np.exp(-((months - 1) ** 2) / 2.0)
    cold = np.array([peril == "cold_snow" for peril in perils])
    value = 1e9 * np.where(cold, winter[:, None], summer[:, None]) / np.arange(1, 10)
    attrs = {**MONEY, "long_name_zh": "年均损失", "long_name_en": "Average annual loss"}
    return xr.DataArray(value, {"month": months, "peril": perils}, ("month", "peril"), attrs=attrs)


def make_variants() -> xr.Dataset:
    zh = ["风灾脆弱性曲线", "尾部外推", "空间相关性", "干湿过渡", "暴露价值"]
    en = ["Wind damage curve", "Tail beyond the maps", "Dependence", "Dry to wet", "Exposed value"]
    aal = np.array([5.2, 11.9, 6.6, 8.3, 7.0, 7.4, 6.1, 9.6, 5.8, 8.7]) * 1e8
    return xr.Dataset(
        {
            "aal": ("variant", aal),
            "label_zh": ("variant", np.repeat(zh, 2)),
            "label_en": ("variant", np.repeat(en, 2)),
        },
        attrs={**MONEY, "baseline": 7.2e8},
    )


def make_storms() -> xr.Dataset:
    reported = np.array([72.0, 45.0, 30.9, 177.0, np.nan, 21.0]) * 1e8
    modelled = np.array([58.0, 60.0, 22.0, 120.0, 14.0, 25.0]) * 1e8
    zh = ["2005 海棠", "2005 麦莎", "2007 韦帕", "2006 桑美", "2015 苏迪罗", "2019 利奇马"]
    en = ["Haitang 2005", "Matsa 2005", "Wipha 2007", "Saomai 2006", "Soudelor 2015", "Lekima 2019"]
    return xr.Dataset(
        {
            "name_zh": ("storm", zh),
            "name_en": ("storm", en),
            "reported": ("storm", reported),
            "modelled": ("storm", modelled),
            "modelled_lower": ("storm", modelled * 0.6),
            "modelled_upper": ("storm", modelled * 1.7),
        },
        attrs={**MONEY, "interval": "model", "level": 1.0},
    )


def make_ledger() -> xr.DataArray:
    payers = (
        "household farm enterprise public_body tier_1 tier_n tier_x city county reserve reinsurer"
    ).split()
    amounts = np.array(
        [
            [1.9, 1.1, 2.2, 0.9, 0.12, 0.35, 0.3, 0.1, 0.1, 0.06, 0.4],
            [24, 13, 31, 12, 1.0, 4.5, 3.1, 3, 2, 1.5, 8],
        ]
    )
    coords = {
        "view": ["mean_year", "100"],
        "payer": payers,
        "name_zh": ("view", ["平均每年", "100 年一遇的年份"]),
        "name_en": ("view", ["Mean year", "100-year year"]),
    }
    attrs = MONEY | {"account": "direct_loss"}
    return xr.DataArray(amounts * 1e8, dims=("view", "payer"), coords=coords, attrs=attrs)


def make_reserve_path() -> xr.Dataset:
    years = np.arange(1, 21)
    mean = 8.2e6 * years**0.8
    return xr.Dataset(
        {
            "mean": ("year_of_sequence", mean),
            "quantile_balance": (("quantile", "year_of_sequence"), [0.2 * mean, mean, 2.0 * mean]),
            "exhausted": ("year_of_sequence", np.interp(years, [1, 10, 20], [0.0, 0.12, 0.25])),
        },
        {"quantile": [0.1, 0.5, 0.9], "year_of_sequence": years},
        MONEY | {"name_zh": "巨灾风险准备金", "name_en": "Catastrophe reserve"},
    )


def make_premiums() -> xr.Dataset:
    amounts = np.array([[0.22, 0.11, 0.05, 0.02], [0.5, 0.3, 0.16, 0.06], [0.8, 0.3, 0.35, 0.09]])
    return xr.Dataset(
        {"premium": (("tier", "component"), amounts * 1e8)},
        coords={"tier": ["1", "N", "X"], "component": ["pure", "risk_load", "expenses", "tax"]},
        attrs=MONEY,
    )


def make_layers() -> xr.Dataset:
    zh = ["人身与家财", "应急救助", "农房专项", "水产养殖专项", "小微企业", "商业补充"]
    en = ["Persons, contents", "Relief", "Rural houses", "Aquaculture", "Small firms", "Top-up"]
    return xr.Dataset(
        {
            "tier": ("cover", ["1", "1", "N", "N", "X", "X"]),
            "name_zh": ("cover", zh),
            "name_en": ("cover", en),
            "attachment": ("cover", np.array([0, 1, 0.5, 1, 2, 6]) * 1e8),
            "limit": ("cover", np.array([3, 4, 3, 4, 5, np.inf]) * 1e8),
            "expected": ("cover", np.array([0.12, 0.2, 0.1, 0.15, 0.21, 0.08]) * 1e8),
        },
        attrs=MONEY,
    )


def make_ratios(target: float = 0.009) -> xr.Dataset:
    probability = np.geomspace(1.0, 0.001, 40)
    year = 0.0012 * (-np.log(probability)) ** 1.5
    mean = 0.002 + 0.0008 * (-np.log(probability)) ** 1.2
    ratio = np.stack([year, mean])
    band = ("interval", "window", "exceedance_probability")
    return xr.Dataset(
        {
            "ratio": (band[1:], ratio),
            "breach_probability": ("window", [0.0217, 0.0019]),
            "lower": (band, np.stack([ratio * 0.95, ratio * 0.75])),
            "upper": (band, np.stack([ratio * 1.06, ratio * 1.45])),
        },
        coords={
            "window": [1, 5],
            "exceedance_probability": probability,
            "interval": ["simulation", "model"],
        },
        attrs={"target": target, "status": "synthetic", "source": "演示普查"},
    )


def make_references() -> xr.Dataset:
    """Comonotone and independent cases, which cross the curve and each other."""
    base = make_curve()["value"].sel(return_period=slice(2, 500))
    tilt = np.log10(base["return_period"] / 30)
    cases = xr.concat([base * (1 + 0.3 * tilt), base * (1 - 0.3 * tilt)], "case")
    cases = cases.assign_coords(case=["comonotone", "independent"])
    return xr.Dataset({"value": cases}, attrs=MONEY)


def make_chi() -> xr.Dataset:
    """Tail dependence of plum rain at two return periods."""
    curve, middles = np.linspace(0.0, 120.0, 61), np.arange(5.0, 120.0, 10.0)
    near, far = [0.62 * np.exp(-curve / 90), 0.44 * np.exp(-curve / 60)]
    off = 0.02 * np.sin(middles)
    measured = np.stack([np.interp(middles, curve, chi) + off for chi in (near, far)])
    measured[1, -1] = np.nan
    width = np.array([[0.02], [0.05]])
    binned = ("return_period", "distance")
    return xr.Dataset(
        {
            "measured": (binned, measured),
            "lower": (binned, measured - width),
            "upper": (binned, measured + 1.2 * width),
            "solved": (("return_period", "curve_distance"), np.stack([near, far])),
            "target_distance": ("target", [20.0, 60.0, 20.0, 60.0]),
            "target_return_period": ("target", [20.0, 20.0, 100.0, 100.0]),
            "target_chi": ("target", [0.5, 0.3, 0.32, 0.17]),
        },
        coords={"return_period": [20.0, 100.0], "distance": middles, "curve_distance": curve},
        attrs={"name_zh": "梅雨", "name_en": "Plum rain"},
    )


def make_shares() -> xr.Dataset:
    plum = np.array([0.41, 0.33, 0.25, 0.19, 0.13, 0.1, 0.04])
    return xr.Dataset(
        {"share": (("parent_event", "return_period"), np.stack([1 - plum, plum]))},
        coords={
            "parent_event": ["typhoon", "plum_rain"],
            "return_period": [2.0, 5, 10, 20, 50, 100, 200],
        },
        attrs={"peril": "rain_flood"},
    )


def make_season() -> xr.Dataset:
    typhoon = [0, 0, 0, 0.02, 0.1, 0.3, 1.0, 1.4, 1.2, 0.4, 0.1, 0.02]
    plum = [0, 0, 0, 0, 0.3, 2.1, 0.9, 0, 0, 0, 0, 0]
    return xr.Dataset(
        {"occurrences_a_year": (("parent_event", "month"), np.array([typhoon, plum]))},
        coords={"parent_event": ["typhoon", "plum_rain"], "month": range(1, 13)},
    )


def make_basis() -> xr.Dataset:
    """Two index covers; the second has no declared residual, and one value is not known."""
    value = np.array([[[0.4, 0.2, 0.05], [0.7, 0.5, 0.4]], [[0.5, 0.3, np.nan], [0.7, 0.6, 0.5]]])
    spread = np.array([0.02, 0.1])[:, None, None, None]
    dims = ("cover", "figure", "return_period")
    return xr.Dataset(
        {
            "value": (dims, value),
            "lower": (("interval", *dims), np.clip(value - spread, 0.0, 1.0)),
            "upper": (("interval", *dims), np.clip(value + spread, 0.0, 1.0)),
            "name_zh": ("cover", ["台风指数", "暴雨指数"]),
            "name_en": ("cover", ["Typhoon index", "Rain index"]),
            "sampled": ("cover", [True, False]),
        },
        {
            "figure": ["no_payment", "shortfall"], "return_period": [5.0, 20.0, 100.0],
            "interval": ["simulation", "model"],
        },
    )  # fmt: skip


def make_adequacy() -> xr.Dataset:
    """What three tiers pay in the city and in one county, mean year and worst years."""
    share = np.array(
        [[[0.01, 0.02, 0.05], [0.02, 0.0, 0.03]], [[0.0, 0.01, 0.02], [0.01, 0.0, 0.02]]]
    )
    return xr.Dataset(
        {
            "share": (("view", "group", "tier"), share),
            "gap": ("view", [0.92, 0.97]),
            "name_zh": ("group", ["全市", "鹿城区"]),
            "name_en": ("group", ["Whole city", "Lucheng"]),
        },
        {"view": ["mean", "worst"], "group": ["city", "330302"], "tier": ["1", "N", "X"]},
        {"return_period": 100.0},
    )


def make_records() -> list[dict[str, Any]]:
    intervals = [
        {"kind": "simulation", "level": 0.9, "lower": 6.9e8, "upper": 7.5e8},
        {"kind": "model", "level": 1.0, "lower": 4.8e8, "upper": 11.2e8},
    ]
    common = {"status": "synthetic", "source": "riskmodel"}
    return [
        {
            "name": "loss.aal",
            "value": 7.2e8,
            "unit": "CNY",
            "share_extrapolated": 0.21,
            "intervals": intervals,
            **common,
        },
        {
            "name": "loss.oep.100",
            "value": 7.5e9,
            "unit": "CNY",
            "share_extrapolated": 0.3,
            "intervals": [],
            **common,
        },
        {
            "name": "loss.aal.by_peril.storm_surge",
            "value": 4.25e5,
            "unit": "CNY",
            "share_extrapolated": None,
            **common,
        },
        {"name": "gdp.loss_ratio", "value": 0.00082, "unit": "1", "intervals": [], **common},
        {"name": "hazard.years", "value": 10000, "unit": "years", "intervals": [], **common},
    ]


@pytest.fixture()
def curve() -> xr.Dataset:
    return make_curve()


@pytest.fixture()
def field() -> xr.DataArray:
    return make_field()


@pytest.fixture()
def money_field() -> xr.DataArray:
    return make_field("CNY")


@pytest.fixture()
def outlines() -> dict[str, list[np.ndarray]]:
    return make_outlines()


@pytest.fixture()
def tracks() -> tuple[xr.DataArray, xr.DataArray]:
    return make_tracks()


@pytest.fixture()
def zones() -> xr.DataArray:
    return make_zones()


@pytest.fixture()
def zone_perils() -> xr.DataArray:
    return make_zone_perils()


@pytest.fixture()
def month_perils() -> xr.DataArray:
    return make_month_perils()


@pytest.fixture()
def variants() -> xr.Dataset:
    return make_variants()


@pytest.fixture()
def storms() -> xr.Dataset:
    return make_storms()


@pytest.fixture()
def ledger() -> xr.DataArray:
    return make_ledger()


@pytest.fixture()
def reserve_path() -> xr.Dataset:
    return make_reserve_path()


@pytest.fixture()
def premiums() -> xr.Dataset:
    return make_premiums()


@pytest.fixture()
def layers() -> xr.Dataset:
    return make_layers()


@pytest.fixture()
def ratios() -> xr.Dataset:
    return make_ratios()


@pytest.fixture()
def references() -> xr.Dataset:
    return make_references()


@pytest.fixture()
def chi() -> xr.Dataset:
    return make_chi()


@pytest.fixture()
def shares() -> xr.Dataset:
    return make_shares()


@pytest.fixture()
def season() -> xr.Dataset:
    return make_season()


@pytest.fixture()
def basis() -> xr.Dataset:
    return make_basis()


@pytest.fixture()
def adequacy() -> xr.Dataset:
    return make_adequacy()


@pytest.fixture()
def records() -> list[dict[str, Any]]:
    return make_records()
