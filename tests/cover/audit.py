"""A second way to the ledger, in plain Python, from the text of a programme file.

Nothing here comes from the package: loops over occurrences instead of arrays, windows and layers by
hand. What is due of benefits, and which dates the occurrences have, are inputs.
"""

from __future__ import annotations

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
Key = tuple[str, str, str, str]
"""Sort (amount, overpayment), account, payer and cover."""
Ledger = dict[Key, list[float]]


def yuan(text: Any) -> float:
    if text == "unlimited":
        return math.inf
    number, unit = str(text).replace(",", "").split()
    return float(number) * YUAN[unit]


def by_zone(shares: Any, zone: str) -> float:
    return float(shares.get(zone, shares["default"]) if isinstance(shares, dict) else shares)


@dataclass
class Facts:
    """Inputs as lists: loss[o][zone][sector], due[o][zone][benefit], pressure[o] and dates."""

    zones: list[str]
    population: dict[str, float]
    loss: list[dict[str, dict[str, float]]]
    due: list[dict[str, dict[str, float]]]
    pressure: list[float]
    year: list[int]
    start: list[float]
    end: list[float]
    parent: list[str]

    @property
    def in_date_order(self) -> list[int]:
        return sorted(range(len(self.year)), key=lambda o: (self.year[o], self.start[o]))


def facts_of(
    losses: xr.DataArray, benefits: xr.DataArray, triggers: xr.Dataset, population: xr.DataArray
) -> Facts:
    zones = [str(z) for z in losses["zone"].values]

    def nested(data: xr.DataArray, dim: str) -> list[dict[str, dict[str, float]]]:
        labels = [str(label) for label in data[dim].values]
        table = data.sel(zone=zones).transpose("occurrence", "zone", dim).values.tolist()
        return [
            {z: dict(zip(labels, row, strict=True)) for z, row in zip(zones, one, strict=True)}
            for one in table
        ]

    return Facts(
        zones,
        {z: float(population.sel(zone=z)) for z in zones},
        nested(losses, "sector"),
        nested(benefits, "benefit"),
        triggers["minimum_pressure"].values[:, 0].tolist(),
        losses["year"].values.tolist(),
        losses["start"].values.tolist(),
        losses["end"].values.tolist(),
        [str(p) for p in losses["parent_event"].values],
    )


def limited(totals: list[float], limits: dict[str, Any], facts: Facts) -> list[float]:
    """Share of each occurrence that event and year limit let through."""
    event, year = yuan(limits["event"]), yuan(limits["year"])
    first = [min(1.0, event / t) if t > 0 else 1.0 for t in totals]
    allowed = [t * f for t, f in zip(totals, first, strict=True)]
    shares = [1.0] * len(totals)
    used: dict[int, float] = defaultdict(float)
    if limits["year_rule"] == "pro_rata":
        for o, amount in enumerate(allowed):
            used[facts.year[o]] += amount
        shares = [min(1.0, year / used[y]) if used[y] > 0 else 1.0 for y in facts.year]
    else:
        for o in facts.in_date_order:
            paid = min(allowed[o], max(year - used[facts.year[o]], 0.0))
            used[facts.year[o]] += paid
            shares[o] = paid / allowed[o] if allowed[o] > 0 else 1.0
    return [f * s for f, s in zip(first, shares, strict=True)]


@dataclass
class Covers:
    """What covers pay and leave, by occurrence: amounts of ledger lines and what is unmet."""

    lines: Ledger
    kept: list[dict[str, dict[str, float]]]
    unmet: list[dict[str, float]]


def audit(content: dict[str, Any], facts: Facts, *, blocks: int, years: int) -> Ledger:
    """Amounts of every payer by occurrence, zones together, CNY."""
    count = len(facts.year)
    lines: Ledger = defaultdict(lambda: [0.0] * count)
    kept = [{z: dict.fromkeys(OWNERS.values(), 0.0) for z in facts.zones} for _ in range(count)]
    unmet = [dict.fromkeys(facts.zones, 0.0) for _ in range(count)]
    state = Covers(lines, kept, unmet)
    uninsured(content, facts, state)
    for kind, pays in (("indemnity", indemnity), ("benefits", benefits), ("parametric", index)):
        for cover in content["covers"]:
            if cover["kind"] == kind:
                pays(cover, facts, state)
    for o in range(count):
        for payer, share in content["relief_backstop"].items():
            lines["amount", "benefits", payer, ""][o] += share * sum(unmet[o].values())
        for z in facts.zones:
            for owner, amount in kept[o][z].items():
                lines["amount", "direct_loss", owner, ""][o] += amount
    bearers(content, facts, lines, blocks=blocks, years=years)
    return dict(lines)


def tier(cover: dict[str, Any]) -> str:
    return f"tier_{cover['tier'].lower()}"


def uninsured(content: dict[str, Any], facts: Facts, state: Covers) -> None:
    for o, here in enumerate(facts.loss):
        for z, sectors in here.items():
            for sector, loss in sectors.items():
                insured = sum(
                    by_zone(cover["take_up"].get(sector, 0.0), z)
                    for cover in content["covers"]
                    if cover["kind"] == "indemnity"
                )
                state.kept[o][z][OWNERS[sector]] += (1.0 - insured) * loss


def indemnity(cover: dict[str, Any], facts: Facts, state: Covers) -> None:
    slices = [
        {
            z: {s: by_zone(cover["take_up"].get(s, 0.0), z) * x for s, x in sectors.items()}
            for z, sectors in here.items()
        }
        for here in facts.loss
    ]

    def claim(insured: float) -> float:
        above = max(insured - yuan(cover["deductible"]), 0.0)
        return min((1.0 - cover["coinsurance"]) * above, yuan(cover["limits"]["zone"]))

    claims = [{z: claim(sum(own.values())) for z, own in here.items()} for here in slices]
    shares = limited([sum(c.values()) for c in claims], cover["limits"], facts)
    for o, here in enumerate(slices):
        for z, own in here.items():
            insured, paid = sum(own.values()), claims[o][z] * shares[o]
            state.lines["amount", "direct_loss", tier(cover), cover["cover"]][o] += paid
            for sector, part in own.items():
                if insured > 0:
                    state.kept[o][z][OWNERS[sector]] += part * (insured - paid) / insured


def benefits(cover: dict[str, Any], facts: Facts, state: Covers) -> None:
    names = {f"{cover['cover']}.{name}": terms for name, terms in cover["benefits"].items()}
    totals = [sum(here[z][n] for z in facts.zones for n in names) for here in facts.due]
    shares = limited(totals, cover["limits"], facts)
    for o, here in enumerate(facts.due):
        for z in facts.zones:
            for name, terms in names.items():
                due, paid = here[z][name], here[z][name] * shares[o]
                if terms["kind"] == "steps":
                    owner = OWNERS[terms["sector"]]
                    used = min(paid, state.kept[o][z][owner])
                    state.kept[o][z][owner] -= used
                    key = ("direct_loss", tier(cover), cover["cover"])
                    state.lines["amount", *key][o] += used
                    state.lines["overpayment", *key][o] += paid - used
                else:
                    need = due * yuan(terms["need"]) / yuan(terms["amount"])
                    state.lines["amount", "benefits", tier(cover), cover["cover"]][o] += paid
                    state.unmet[o][z] += need - paid


def index(cover: dict[str, Any], facts: Facts, state: Covers) -> None:
    low, high = cover["trigger"]["attachment"], cover["trigger"]["exhaustion"]
    full, people = yuan(cover["limits"]["event"]), sum(facts.population.values())
    levels = [0.0 if math.isnan(p) else (low - p) / (low - high) for p in facts.pressure]
    totals = [full * min(max(level, 0.0), 1.0) for level in levels]
    shares = limited(totals, cover["limits"], facts)
    for o, total in enumerate(totals):
        for z in facts.zones:
            offer = total * shares[o] * facts.population[z] / people
            used = min(offer, state.unmet[o][z])
            state.unmet[o][z] -= used
            key = ("benefits", tier(cover), cover["cover"])
            state.lines["amount", *key][o] += used
            state.lines["overpayment", *key][o] += offer - used


# --- who stands behind the covers ---------------------------------------------------------------


def pieces_of(facts: Facts, hours: Any) -> list[tuple[int, float, float]]:
    """Occurrence, share and start of each piece of at most a window's length."""
    made = []
    for o in range(len(facts.year)):
        days = math.inf if hours == "none" else hours / 24.0
        length, begin = facts.end[o] - facts.start[o], facts.start[o]
        number = 1 if length <= days else math.ceil(length / days - 1e-9)
        for k in range(number):
            share = 1.0 if number == 1 else min(length - k * days, days) / length
            made.append((o, share, begin + k * (0.0 if number == 1 else days)))
    return made


def windows_of(facts: Facts, hours: Any) -> list[tuple[int, float, list[tuple[int, float]]]]:
    """Year, first day and pieces of each loss occurrence, in date order."""
    pieces = pieces_of(facts, hours)
    if hours == "none":
        made = [(facts.year[o], start, [(o, share)]) for o, share, start in pieces]
        return sorted(made, key=lambda w: w[:2])
    made, opened = [], {}
    for o, share, start in sorted(pieces, key=lambda p: (facts.year[p[0]], p[2], p[0])):
        key = (facts.year[o], facts.parent[o])
        if key not in opened or start >= opened[key][1] + hours / 24.0 - 1e-9:
            opened[key] = (facts.year[o], start, [])
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
    for layer in layers_of(treaty):
        year, left, deductible = None, 0.0, 0.0
        for when, start, pieces in windows_of(facts, treaty["hours_clause"]):
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
            back *= 1.0 - (start - 1.0) / 365.0 if layer["timed"] else 1.0
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


def bearers(
    content: dict[str, Any], facts: Facts, lines: Ledger, *, blocks: int, years: int
) -> None:
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
    refunded = reserve(content["reserve"], facts, paid, ceded, blocks=blocks, years=years)
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
    *,
    blocks: int,
    years: int,
) -> dict[str, list[float]]:
    """What the reserve refunds to each cover."""
    count, given = range(len(facts.year)), terms["contribution"]
    net = {c: [(paid[c][o] - ceded[c][o]) * (c in terms["covers"]) for o in count] for c in paid}
    total = [sum(net[c][o] for c in net) for o in count]
    refunded = {c: [0.0] * len(count) for c in paid}
    above, each = yuan(terms["drawdown"]["above"]), terms["drawdown"]["of"] == "occurrence"
    setting = given["share"] * yuan(given["premium"])
    of_year: dict[int, list[int]] = defaultdict(list)
    for o in facts.in_date_order:
        of_year[facts.year[o]].append(o)
    balance = 0.0
    for year in range(years):
        if year % (years // blocks) % terms["horizon"] == 0:
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
