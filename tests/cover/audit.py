"""A second way to the ledger, in plain Python, from the text of a programme file.

Nothing here comes from the package: loops over occurrences instead of arrays, windows and layers by
hand. What is due of benefits and of objects, the indices, and which dates the occurrences have, are
inputs. Of the ways to coordinate, `primary` and `none` are known.
"""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

YUAN = {"元": 1.0, "万元": 1e4, "亿元": 1e8}
OWNERS = {
    "residential": "household", "crops": "farm", "aquaculture": "farm", "forest": "farm",
    "commercial": "enterprise", "industrial": "enterprise", "infrastructure": "public_body",
}  # fmt: skip
ACCOUNTS = ("direct_loss", "benefits")
DIRECT = ("steps", "damage")
Key = tuple[str, str, str, str]
"""Sort (amount, overpayment), account, payer and cover."""
Ledger = dict[Key, list[float]]
BySector = list[dict[str, dict[str, float]]]
"""Amounts by occurrence, zone and sector."""


def yuan(text: Any) -> float:
    if text == "unlimited":
        return math.inf
    number, unit = str(text).replace(",", "").split()
    return float(number) * YUAN[unit]


def by_zone(shares: Any, zone: str) -> float:
    """Take-up of a zone, the middle one where a range is stated."""
    if isinstance(shares, dict) and "mid" not in shares:
        shares = shares.get(zone, shares.get("default"))
    return float(shares["mid"] if isinstance(shares, dict) else shares)


@dataclass
class Facts:
    """Inputs as lists: loss[o][zone][sector], due[o][zone][column], indices and dates.

    `index` holds for each index what was read at each occurrence: a number, or one by station or
    county (of indices over an area those with the weight in their name).
    """

    zones: list[str]
    population: dict[str, float]
    loss: BySector
    due: BySector
    index: dict[str, list[Any]]
    year: list[int]
    start: list[float]
    end: list[float]
    parent: list[str]
    blocks: int
    years: int

    def contract(self, first_day: str) -> Dates:
        """Dates by the calendar of a contract whose year begins on a day ``MM-DD``."""
        month, day = map(int, first_day.split("-"))
        shift = (datetime.date(2023, month, day) - datetime.date(2023, 1, 1)).days
        length = self.years // self.blocks
        year, since = [], []
        for y, start in zip(self.year, self.start, strict=True):
            block, position = divmod(y, length)
            # days of the block since the first contract year of it began; what is before goes last
            moment = (365 * position + start - 1.0 - shift) % (365 * length)
            number = min(int(moment // 365), length - 1)
            year.append(block * length + number)
            since.append(moment - 365 * number)
        return Dates(year, since)


@dataclass
class Dates:
    """Contract year of each occurrence and the days that it is old then."""

    year: list[int]
    since: list[float]

    @property
    def in_order(self) -> list[int]:
        return sorted(range(len(self.year)), key=lambda o: (self.year[o], self.since[o]))


def facts_of(
    losses: xr.DataArray, benefits: xr.DataArray, triggers: xr.Dataset, population: xr.DataArray
) -> Facts:
    zones = [str(z) for z in losses["zone"].values]

    def nested(data: xr.DataArray, dim: str) -> BySector:
        labels = [str(label) for label in data[dim].values]
        table = data.sel(zone=zones).transpose("occurrence", "zone", dim).values.tolist()
        return [
            {z: dict(zip(labels, row, strict=True)) for z, row in zip(zones, one, strict=True)}
            for one in table
        ]

    index: dict[str, list[Any]] = {}
    for name in triggers.data_vars:
        if "box" in triggers[name].dims:
            index[str(name)] = triggers[name].values[:, 0].tolist()
        elif "station" in triggers[name].dims:
            stations = [str(s) for s in triggers["station"].values]
            table = triggers[name].transpose("occurrence", "station").values.tolist()
            index[str(name)] = [dict(zip(stations, row, strict=True)) for row in table]
        elif "weight" in triggers[name].dims:
            for weight in triggers["weight"].values:
                one = triggers[name].sel(weight=weight, zone=zones)
                table = one.transpose("occurrence", "zone").values.tolist()
                index[f"{name} over {weight}"] = [
                    dict(zip(zones, row, strict=True)) for row in table
                ]
    return Facts(
        zones,
        {z: float(population.sel(zone=z)) for z in zones},
        nested(losses, "sector"),
        nested(benefits, "benefit"),
        index,
        losses["year"].values.tolist(),
        losses["start"].values.tolist(),
        losses["end"].values.tolist(),
        [str(p) for p in losses["parent_event"].values],
        int(losses.attrs["blocks"]),
        int(losses.attrs["years"]),
    )


def limited(totals: list[float], limits: dict[str, Any], dates: Dates) -> list[float]:
    """Share of each occurrence that event and year limit let through."""
    event, year = yuan(limits["event"]), yuan(limits["year"])
    first = [min(1.0, event / t) if t > 0 else 1.0 for t in totals]
    allowed = [t * f for t, f in zip(totals, first, strict=True)]
    shares = [1.0] * len(totals)
    used: dict[int, float] = defaultdict(float)
    if limits["year_rule"] == "pro_rata":
        for o, amount in enumerate(allowed):
            used[dates.year[o]] += amount
        shares = [min(1.0, year / used[y]) if used[y] > 0 else 1.0 for y in dates.year]
    else:
        for o in dates.in_order:
            paid = min(allowed[o], max(year - used[dates.year[o]], 0.0))
            used[dates.year[o]] += paid
            shares[o] = paid / allowed[o] if allowed[o] > 0 else 1.0
    return [f * s for f, s in zip(first, shares, strict=True)]


@dataclass
class State:
    """What is known so far, by occurrence: amounts of ledger lines, and what is left to others.

    `met` is what benefits pay of each sector's loss, `kept` what owners bear, `unmet` the relief
    that no cover pays, `left` what indemnity covers leave to those they insure.
    """

    lines: Ledger
    met: BySector
    kept: BySector
    unmet: list[dict[str, float]]
    left: dict[str, BySector]


def audit(content: dict[str, Any], facts: Facts) -> tuple[Ledger, Ledger]:
    """Amounts of every payer by occurrence, zones together, CNY.

    First of the covers alone, then with reinsurers and reserve in their place.
    """
    assert content["coordination"] in ("primary", "none")
    count = len(facts.year)
    lines: Ledger = defaultdict(lambda: [0.0] * count)
    state = State(
        lines,
        [{z: defaultdict(float) for z in facts.zones} for _ in range(count)],
        [{z: owners_of(own) for z, own in here.items()} for here in facts.loss],
        [dict.fromkeys(facts.zones, 0.0) for _ in range(count)],
        {},
    )
    offers = [
        benefits(cover, content, facts, state)
        for cover in content["covers"]
        if cover["kind"] == "benefits"
    ]
    for cover in content["covers"]:
        if cover["kind"] == "indemnity":
            indemnity(cover, content, facts, state)
    for cover, direct in zip(
        [c for c in content["covers"] if c["kind"] == "benefits"], offers, strict=True
    ):
        meet_losses(cover, direct, state)
    for cover in content["covers"]:
        if cover["kind"] == "parametric":
            index(cover, facts, state)
    for o in range(count):
        for payer, share in content["relief_backstop"].items():
            lines["amount", "benefits", payer, ""][o] += share * sum(state.unmet[o].values())
        for z in facts.zones:
            for owner, amount in state.kept[o][z].items():
                lines["amount", "direct_loss", owner, ""][o] += amount
    alone = {key: list(amounts) for key, amounts in lines.items()}
    bearers(content, facts, lines)
    return alone, dict(lines)


def owners_of(losses: dict[str, float]) -> dict[str, float]:
    """Losses of sectors as losses of owners."""
    found = dict.fromkeys(OWNERS.values(), 0.0)
    for sector, loss in losses.items():
        found[OWNERS[sector]] += loss
    return found


def tier(cover: dict[str, Any]) -> str:
    return f"tier_{cover['tier'].lower()}"


def covers_zone(cover: dict[str, Any], zone: str) -> bool:
    return cover.get("zones", "all") == "all" or zone in cover["zones"]


def dates_of(cover: dict[str, Any], facts: Facts) -> Dates:
    return facts.contract(cover.get("policy_year_start", "01-01"))


def policies(cover: dict[str, Any], dates: Dates) -> list[float]:
    """Share of the policies that do not wait."""
    waiting = cover.get("waiting_period", {"days": 0, "new_policies": 0.0})
    return [1.0 - waiting["new_policies"] if t < waiting["days"] else 1.0 for t in dates.since]


def cut_to_loss(content: dict[str, Any], facts: Facts, o: int, z: str, sector: str) -> float:
    """Share of all benefits for a sector's loss that is not above the loss."""
    if content["coordination"] == "none":
        return 1.0
    total = sum(
        facts.due[o][z][f"{cover['cover']}.{name}"]
        for cover in content["covers"]
        if cover["kind"] == "benefits" and covers_zone(cover, z)
        for name, terms in cover["benefits"].items()
        if terms["kind"] in DIRECT and terms["sector"] == sector
    )
    return min(1.0, facts.loss[o][z][sector] / total) if total > 0 else 1.0


def benefits(
    cover: dict[str, Any], content: dict[str, Any], facts: Facts, state: State
) -> list[tuple[int, str, str, float]]:
    """Book benefits that are no direct loss; return the others: occurrence, zone, sector, paid."""
    zones, names = [z for z in facts.zones if covers_zone(cover, z)], cover["benefits"]
    dates, direct = dates_of(cover, facts), []
    force = policies(cover, dates)
    asked: list[dict[tuple[str, str], float]] = []
    for o, here in enumerate(facts.due):
        cut = {
            (z, t["sector"]): cut_to_loss(content, facts, o, z, t["sector"])
            for z in zones
            for t in names.values()
            if t["kind"] in DIRECT
        }
        asked.append(
            {
                (z, n): force[o]
                * here[z][f"{cover['cover']}.{n}"]
                * (cut[z, t["sector"]] if t["kind"] in DIRECT else 1.0)
                for z in zones
                for n, t in names.items()
            }
        )
    shares = limited([sum(a.values()) for a in asked], cover["limits"], dates)
    for o, amounts in enumerate(asked):
        for (z, n), amount in amounts.items():
            paid, terms = amount * shares[o], names[n]
            if terms["kind"] in DIRECT:
                direct.append((o, z, terms["sector"], paid))
                if content["coordination"] == "primary":
                    state.met[o][z][terms["sector"]] += paid
                continue
            state.lines["amount", "benefits", tier(cover), cover["cover"]][o] += paid
            due = facts.due[o][z][f"{cover['cover']}.{n}"]
            if terms["kind"] == "consequential":
                owner = OWNERS[terms["sector"]]
                state.lines["amount", "benefits", owner, ""][o] += due - paid
            else:
                need = due * yuan(terms["need"]) / yuan(terms["amount"])
                state.unmet[o][z] += need - paid
    return direct


def meet_losses(
    cover: dict[str, Any], direct: list[tuple[int, str, str, float]], state: State
) -> None:
    """Let benefits meet what owners bear after all indemnity covers."""
    key = ("direct_loss", tier(cover), cover["cover"])
    for o, z, sector, paid in direct:
        used = min(paid, state.kept[o][z][OWNERS[sector]])
        state.kept[o][z][OWNERS[sector]] -= used
        state.lines["amount", *key][o] += used
        state.lines["overpayment", *key][o] += paid - used


def subject_of(
    cover: dict[str, Any], facts: Facts, state: State, o: int, z: str
) -> tuple[dict[str, float], dict[str, float]]:
    """What a cover leaves before it pays, and what of it is paid for, by sector of one zone."""
    left, subject = {}, {}
    for sector, shares in cover["take_up"].items():
        share = by_zone(shares, z) if covers_zone(cover, z) else 0.0
        if "top_up_of" in cover:
            left[sector] = share * state.left[cover["top_up_of"]][o][z].get(sector, 0.0)
        else:
            left[sector] = share * (facts.loss[o][z][sector] - state.met[o][z][sector])
        subject[sector] = left[sector]
        if "per_object" in cover:
            objects = facts.due[o][z][f"{cover['cover']}.objects.{sector}"]
            subject[sector] = min(left[sector], share * objects)
    return left, subject


def indemnity(cover: dict[str, Any], content: dict[str, Any], facts: Facts, state: State) -> None:
    dates = dates_of(cover, facts)
    force = policies(cover, dates)

    def claim(amount: float) -> float:
        if amount < yuan(cover.get("franchise", "0 元")):
            return 0.0
        above = max(amount - yuan(cover["deductible"]), 0.0)
        return min((1.0 - cover["coinsurance"]) * above, yuan(cover["limits"]["zone"]))

    asked = [
        {z: subject_of(cover, facts, state, o, z) for z in facts.zones}
        for o in range(len(facts.year))
    ]
    claims = [
        {z: claim(force[o] * sum(subject.values())) for z, (_, subject) in here.items()}
        for o, here in enumerate(asked)
    ]
    shares = limited([sum(c.values()) for c in claims], cover["limits"], dates)
    state.left[cover["cover"]] = []
    for o, here in enumerate(asked):
        after = {}
        for z, (left, subject) in here.items():
            whole, paid = sum(subject.values()), claims[o][z] * shares[o]
            state.lines["amount", "direct_loss", tier(cover), cover["cover"]][o] += paid
            each = {s: paid * x / whole if whole > 0 else 0.0 for s, x in subject.items()}
            after[z] = {s: left[s] - each[s] for s in left}
            for sector, amount in each.items():
                state.kept[o][z][OWNERS[sector]] -= amount
        state.left[cover["cover"]].append(after)


def index_level(cover: dict[str, Any], value: float) -> float:
    """Share of the full payout that an index value pays."""
    trigger = cover["trigger"]
    if math.isnan(value):
        return 0.0
    if trigger["payout"] == "linear":
        low, high = trigger["attachment"], trigger["exhaustion"]
        return min(max((value - low) / (high - low), 0.0), 1.0)
    pays = [yuan(step["pays"]) for step in trigger["steps"] if value >= step["from"]]
    return (pays[-1] if pays else 0.0) / yuan(cover["limits"]["event"])


def index(cover: dict[str, Any], facts: Facts, state: State) -> None:
    full, dates = yuan(cover["limits"]["event"]), dates_of(cover, facts)
    force, zones = policies(cover, dates), [z for z in facts.zones if covers_zone(cover, z)]
    people = sum(facts.population[z] for z in zones)
    trigger = cover["trigger"]
    over = f" over {trigger['area']['weight']}" if "area" in trigger else ""
    read = facts.index[trigger["index"] + over]
    offers = []
    for o, values in enumerate(read):
        at = values if isinstance(values, dict) else dict.fromkeys(zones, values)
        own = {z: full * facts.population[z] / people * index_level(cover, at[z]) for z in zones}
        offers.append({z: force[o] * amount for z, amount in own.items()})
    shares = limited([sum(own.values()) for own in offers], cover["limits"], dates)
    key = ("benefits", tier(cover), cover["cover"])
    for o, own in enumerate(offers):
        for z, amount in own.items():
            used = min(amount * shares[o], state.unmet[o][z])
            state.unmet[o][z] -= used
            state.lines["amount", *key][o] += used
            state.lines["overpayment", *key][o] += amount * shares[o] - used


# --- who stands behind the covers ---------------------------------------------------------------


def pieces_of(facts: Facts, dates: Dates, hours: Any) -> list[tuple[int, float, float]]:
    """Occurrence, share and start of each piece of at most a window's length."""
    made = []
    for o in range(len(facts.year)):
        days = math.inf if hours == "none" else hours / 24.0
        length, begin = facts.end[o] - facts.start[o], dates.since[o]
        number = 1 if length <= days else math.ceil(length / days - 1e-9)
        for k in range(number):
            share = 1.0 if number == 1 else min(length - k * days, days) / length
            made.append((o, share, begin + k * (0.0 if number == 1 else days)))
    return made


def windows_of(
    facts: Facts, dates: Dates, hours: Any
) -> list[tuple[int, float, list[tuple[int, float]]]]:
    """Contract year, first day and pieces of each loss occurrence, in date order."""
    pieces = pieces_of(facts, dates, hours)
    if hours == "none":
        made = [(dates.year[o], start, [(o, share)]) for o, share, start in pieces]
        return sorted(made, key=lambda w: w[:2])
    made, opened = [], {}
    for o, share, start in sorted(pieces, key=lambda p: (dates.year[p[0]], p[2], p[0])):
        key = (dates.year[o], facts.parent[o])
        if key not in opened or start >= opened[key][1] + hours / 24.0 - 1e-9:
            opened[key] = (dates.year[o], start, [])
            made.append(opened[key])
        opened[key][2].append((o, share))
    return sorted(made, key=lambda w: w[:2])


def layers_of(treaty: dict[str, Any]) -> list[dict[str, Any]]:
    """Terms of a treaty as layers of numbers."""
    placed = sum(treaty.get("shares", {}).values())
    none = {"deductible": 0.0, "price": [], "timed": False}
    if treaty["kind"] == "quota_share":
        span = {"low": 0.0, "high": yuan(treaty["event_limit"])}
        share = treaty["cession"] * placed
        return [none | span | {"left": yuan(treaty["annual_limit"]), "share": share}]
    if treaty["kind"] == "stop_loss":
        low, high = yuan(treaty["attachment"]), yuan(treaty["exhaustion"])
        span = {"low": 0.0, "high": math.inf, "left": high - low, "share": placed}
        return [none | span | {"deductible": low}]
    made = []
    for x in treaty["layers"]:
        low, high, again = yuan(x["attachment"]), yuan(x["exhaustion"]), x["reinstatements"]
        rates = again["rates"] if isinstance(again, dict) else []
        often = math.inf if again == "unlimited" else 1 + len(rates)
        made.append(
            {
                "low": low, "high": high, "deductible": yuan(x["annual_deductible"]),
                "left": min(yuan(x["annual_limit"]), often * (high - low)),
                "share": sum(x["shares"].values()),
                "price": [rate * yuan(x["premium"]) / (high - low) for rate in rates],
                "timed": isinstance(again, dict) and again["pro_rata"] == "amount_and_time",
            }
        )  # fmt: skip
    return made


def treaty_net(treaty: dict[str, Any], facts: Facts, subject: list[float]) -> tuple[Any, Any]:
    """Recoveries, and recoveries less reinstatement premiums, of each occurrence."""
    gross, net = [0.0] * len(subject), [0.0] * len(subject)
    dates = dates_of(treaty, facts)
    windows = windows_of(facts, dates, treaty["hours_clause"])
    for layer in layers_of(treaty):
        year, left, deductible = None, 0.0, 0.0
        for when, start, pieces in windows:
            if when != year:
                year, left, deductible = when, layer["left"], layer["deductible"]
            loss = sum(share * subject[o] for o, share in pieces)
            taken = min(max(loss - layer["low"], 0.0), layer["high"] - layer["low"])
            kept = min(taken, deductible)
            deductible -= kept
            paid = min(taken - kept, left)
            used, limit = layer["left"] - left, layer["high"] - layer["low"]
            back = 0.0
            for k, price in enumerate(layer["price"]):
                low, high = max(used, k * limit), min(used + paid, (k + 1) * limit)
                back += price * max(high - low, 0.0)
            back *= max(1.0 - start / 365.0, 0.0) if layer["timed"] else 1.0
            left -= paid
            for o, share in pieces:
                part = layer["share"] * share * subject[o] / loss if loss > 0 else 0.0
                gross[o] += part * paid
                net[o] += part * (paid - back)
    return gross, net


def ordered(treaties: list[dict[str, Any]]) -> list[dict[str, Any]]:
    done: list[dict[str, Any]] = []
    while len(done) < len(treaties):
        names = {t["treaty"] for t in done}
        done.append(next(t for t in treaties if t not in done and set(t["after"]) <= names))
    return done


def bearers(content: dict[str, Any], facts: Facts, lines: Ledger) -> None:
    """Take from each cover's lines what reinsurers and the reserve bear of its payments."""
    count = range(len(facts.year))
    own = {
        cover["cover"]: [k for k in lines if k[3] == cover["cover"]] for cover in content["covers"]
    }
    tiers = {cover["cover"]: tier(cover) for cover in content["covers"]}
    paid = {c: [sum(lines[k][o] for k in keys) for o in count] for c, keys in own.items()}
    left = {c: list(amounts) for c, amounts in paid.items()}
    ceded = {c: [0.0] * len(count) for c in paid}
    for treaty in ordered(content["treaties"]):
        subject = [sum(left[c][o] for c in treaty["covers"]) for o in count]
        gross, net = treaty_net(treaty, facts, subject)
        for c in treaty["covers"]:
            for o in count:
                part = left[c][o] / subject[o] if subject[o] > 0 else 0.0
                left[c][o] -= part * gross[o]
                ceded[c][o] += part * net[o]
    refunded = reserve(content["reserve"], facts, paid, ceded)
    for payer, borne in (("reinsurer", ceded), ("reserve", refunded)):
        for c, keys in own.items():
            for sort, account, _, _ in keys:
                for o in count:
                    whole = paid[c][o]
                    part = borne[c][o] / whole if whole else 0.0
                    own_line = lines[sort, account, tiers[c], c][o]
                    lines[sort, account, payer, c][o] += own_line * part
    for c, keys in own.items():
        for key in keys:
            for o in count:
                whole = paid[c][o]
                lines[key][o] *= 1.0 - (ceded[c][o] + refunded[c][o]) / whole if whole else 1.0


def reserve(
    terms: dict[str, Any],
    facts: Facts,
    paid: dict[str, list[float]],
    ceded: dict[str, list[float]],
) -> dict[str, list[float]]:
    """What the reserve refunds to each cover."""
    count, given = range(len(facts.year)), terms["contribution"]
    net = {c: [(paid[c][o] - ceded[c][o]) * (c in terms["covers"]) for o in count] for c in paid}
    total = [sum(net[c][o] for c in net) for o in count]
    refunded = {c: [0.0] * len(count) for c in paid}
    above, each = yuan(terms["drawdown"]["above"]), terms["drawdown"]["of"] == "occurrence"
    setting = given["share"] * yuan(given["premium"])
    of_year: dict[int, list[int]] = defaultdict(list)
    dates = dates_of(terms, facts)
    for o in dates.in_order:
        of_year[dates.year[o]].append(o)
    balance = 0.0
    for year in range(facts.years):
        if year % (facts.years // facts.blocks) % terms["horizon"] == 0:
            balance = yuan(terms["opening_balance"])
        balance *= 1.0 + terms["interest"]
        if given["of"] == "premium":
            balance += setting
        balance = min(balance, yuan(terms["cap"]))
        borne, kept = 0.0, 0.0
        for o in of_year[year]:
            retained = min(total[o], above - (0.0 if each else kept))
            kept += retained
            asked = total[o] - retained
            drawn = min(asked, balance)
            balance -= drawn
            borne += total[o] - drawn
            for c in net:
                refunded[c][o] = drawn * net[c][o] / total[o] if total[o] > 0 else 0.0
        if given["of"] == "surplus":
            balance += given["share"] * max(yuan(given["premium"]) - borne, 0.0)
            balance = min(balance, yuan(terms["cap"]))
    return refunded


def largest_difference(ledger: xr.Dataset, found: Ledger) -> tuple[float, Key]:
    """Largest |ledger - audit| over payers and occurrences, relative to the account's need."""
    count = ledger.sizes["occurrence"]
    booked: dict[Key, np.ndarray] = defaultdict(lambda: np.zeros(count))
    labels = [ledger[n].values.tolist() for n in ("line_account", "payer", "cover")]
    for sort in ("amount", "overpayment"):
        amounts = ledger[sort].values.sum(axis=2)
        for line, (account, payer, cover) in enumerate(zip(*labels, strict=True)):
            booked[sort, account, payer, cover] += amounts[:, line]
    need = {a: ledger["need"].sel(account=a).values.sum(axis=1) for a in ACCOUNTS}
    worst: tuple[float, Key] = (0.0, ("", "", "", ""))
    for key in {*booked, *found}:
        theirs = np.array(found.get(key, [0.0] * count))
        scale = np.maximum(np.maximum(need[key[1]], np.abs(theirs)), 0.01)
        worst = max(worst, (float((np.abs(booked[key] - theirs) / scale).max(initial=0.0)), key))
    return worst
