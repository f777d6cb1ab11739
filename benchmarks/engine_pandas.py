"""新开〔2022〕110号 in straightforward pandas: the yardstick of benchmarks/engine.py.

Written the way a competent analyst would: whole columns, groupby, no loop over firms, no exactness beyond float64. It
keeps the engine's explanation: value, state, fraction, points, points at stake of every indicator, every adjustment.
"""

import numpy as np
import pandas as pd

from benchmarks.engine_zone import AS_OF, STAGES, YEAR, Zone

POINTS = {
    "1.1": 12, "1.2": 12, "1.3": 12, "1.4": 10, "1.5": 6, "1.6": 6, "1.7": 14, "1.8": 8, "1.9": 8, "1.10": 12,
    "2.1": 12, "2.2": 12, "2.3": 10, "2.4": 10, "2.5": 10, "2.6": 10, "2.7": 10, "2.8": 10, "2.9": 8, "2.10": 8,
    "3.1": 8, "3.2": 8, "3.3": 6, "3.4": 6, "3.5": 6, "3.6": 8, "3.7": 3, "3.8": 3, "3.9": 8, "3.10": 7, "3.11": 7,
    "3.12": 6, "3.13": 8, "3.14": 10, "3.15": 6,
}  # fmt: skip
GIVEN = {"3.9", "3.10", "3.11", "3.13", "3.14"}  # points without a reference
WEIGHTS = pd.DataFrame(
    {"1": [0.5, 0.35, 0.3, 0.2], "2": [0.3, 0.45, 0.4, 0.3], "3": [0.2, 0.2, 0.3, 0.5]}, index=STAGES
)
STATES = ["cannot", "missing", "no_reference", "zero", "value"]
FIRST, LAST = pd.Timestamp(YEAR, 1, 1), pd.Timestamp(YEAR, 12, 31)


def score(zone: Zone) -> pd.DataFrame:
    """One row a firm, about 200 columns, put together once (inserting them one by one would be slower)."""
    register = Register(zone)
    out = {"stage": stage(zone)}
    out["status"] = status(zone, register, out["stage"])
    scored = out["status"] == "scored"
    for code, value in values(zone, register).items():
        explain(out, code, value, scored)
    for dimension in ("1", "2", "3"):
        codes = [code for code in POINTS if code.startswith(dimension + ".")]
        out[f"dimension {dimension}"] = sum(out[f"points {code}"] for code in codes)
        out[f"weighted {dimension}"] = out[f"dimension {dimension}"] * out["stage"].map(WEIGHTS[dimension]).fillna(0)
    out["base"] = out["weighted 1"] + out["weighted 2"] + out["weighted 3"]
    adjust(out, zone, register)
    out["total"] = (np.floor(out["unrounded"] * 100 + 0.5) / 100).where(scored, 0)
    ranked = out["total"][scored]
    out["rank"] = ranked.rank(method="min", ascending=False)
    out["rank_stage"] = ranked.groupby(out["stage"][scored]).rank(method="min", ascending=False)
    out["rank_industry"] = ranked.groupby(zone.firms["industry"][scored]).rank(method="min", ascending=False)
    return pd.DataFrame(out)


class Register:
    """Per-firm counts and flags out of the table of entries."""

    def __init__(self, zone: Zone):
        self.n, self.index, self.table = len(zone.firms), zone.firms.index, zone.entries
        started, ends = self.table["starts"] <= AS_OF, self.table["ends"]
        self.held = started & (ends.isna() | (ends >= AS_OF))
        self.unresolved = started & (ends.isna() | (ends > AS_OF))
        self.this_year = self.table["starts"].between(FIRST, LAST)
        self.two_years = self.table["starts"].between(pd.Timestamp(YEAR - 1, 1, 1), LAST)
        self.overlaps = (self.table["starts"] <= LAST) & (ends.isna() | (ends >= FIRST))

    def of(self, kind, when, categories=None, levels=None):
        chosen = when & (self.table["kind"] == kind)
        if categories:
            chosen &= self.table["category"].isin(categories)
        if levels:
            chosen &= self.table["level"].isin(levels)
        return self.table[chosen]

    def spread(self, series):
        return pd.Series(series.reindex(range(self.n)).to_numpy(), index=self.index)

    def count(self, *args, **kwargs):
        return self.spread(self.of(*args, **kwargs).groupby("firm").size()).fillna(0.0)

    def has(self, *args, **kwargs):
        return self.count(*args, **kwargs) > 0

    def amount(self, *args, **kwargs):
        return self.spread(self.of(*args, **kwargs).groupby("firm")["amount"].sum())

    def best(self, numbers, *args, **kwargs):
        entries = self.of(*args, **kwargs)
        return self.spread(entries["level"].map(numbers).groupby(entries["firm"]).max()).fillna(0.0)

    def each_level_once(self, numbers, *args, **kwargs):
        entries = self.of(*args, **kwargs).drop_duplicates(["firm", "level"])
        return self.spread(entries["level"].map(numbers).groupby(entries["firm"]).sum()).fillna(0.0)


def stage(zone: Zone) -> pd.Series:
    revenue, registered = zone.current["revenue"], zone.firms["registered_on"]
    young = registered + pd.DateOffset(years=4) >= AS_OF
    grade = np.select([young, revenue < 2000, revenue < 10000, revenue >= 10000], STAGES, default="")
    return pd.Series(grade, index=zone.firms.index)


def status(zone: Zone, register: Register, stage: pd.Series) -> pd.Series:
    now = zone.current
    known = now[["rd_expense", "invention_applications", "pct_applications", "invention_grants"]]
    none = (known.notna() & (known <= 0)).all(axis=1)
    qualified = register.has("qualification", register.overlaps, ["hightech", "tech_sme", "srdi"])
    excluded = (
        register.has("listing", register.overlaps)
        | register.has("environment", register.this_year, ["bad"])
        | register.has("incident", register.this_year)
    )
    denied = (none & ~qualified) | (now["torch_reported"] == 0)
    names = ["not_evaluated", "excluded", "unclassified"]
    return pd.Series(np.select([denied, excluded, stage == ""], names, default="scored"), index=stage.index)


def values(zone: Zone, register: Register) -> dict[str, pd.Series]:
    now, before = zone.current, zone.previous

    def growth(name):
        change = (now[name] - before[name]) / before[name].abs() * 100
        return change.mask((before[name] == 0) & now[name].notna(), np.inf)

    def ratio(part, whole):
        return (
            (now[part] / now[whole] * 100).where(now[whole] > 0, np.inf).where(now[part].notna() & now[whole].notna())
        )

    high, two = ["provincial", "national"], register.two_years
    percent = {"national": 100, "provincial": 60, "municipal": 30}
    contracts = register.amount("contract", register.this_year)
    university = register.amount("contract", register.this_year, ["university"])
    return {
        "1.1": now["rd_expense"],
        "1.2": growth("rd_expense"),
        "1.3": ratio("rd_expense", "revenue"),
        "1.4": ratio("technologists", "headcount"),
        "1.5": now["invention_applications"],
        "1.6": now["pct_applications"],
        "1.7": now["tech_contract_value"].fillna(contracts),
        "1.8": now["university_contract_value"].fillna(university),
        "1.9": now["standards"],
        "1.10": now["invention_grants"],
        "2.1": now["hightech_revenue"],
        "2.2": now["revenue"],
        "2.3": growth("revenue"),
        "2.4": ratio("postgraduates", "headcount"),
        "2.5": now["rd_tax_relief"],
        "2.6": ratio("net_profit", "net_assets"),
        "2.7": growth("headcount"),
        "2.8": growth("total_profit"),
        "2.9": now["exports"],
        "2.10": ratio("bachelors", "headcount"),
        "3.1": now["graduates_hired"],
        "3.2": register.count("platform", two, levels=high),
        "3.3": register.count("award", two, levels=high),
        "3.4": register.count("project", two, levels=high),
        "3.5": now["venture_capital"],
        "3.6": register.count("platform", register.held),
        "3.7": register.count("award", two, levels=["municipal"]),
        "3.8": register.count("project", two, levels=["municipal"]),
        "3.9": register.has("qualification", register.held, ["hightech", "tech_sme"]).astype(float),
        "3.10": register.best(percent, "contest", two),
        "3.11": register.best(percent, "talent", register.held),
        "3.12": now["invested_firms"],
        "3.13": register.has("qualification", register.held, ["champion", "innovation_leader", "srdi"]).astype(float),
        "3.14": register.has("qualification", register.held, ["listed"]).astype(float),
        "3.15": now["foreign_returnees"],
    }


def explain(out: dict[str, pd.Series], code: str, value: pd.Series, scored: pd.Series) -> None:
    """Adds the five columns of one indicator. ±inf stands for what cannot be computed."""
    cannot = np.isinf(value)
    known = value.where(~cannot)
    out[f"value {code}"] = known
    if code in GIVEN:
        fraction = known / 100 if code in ("3.10", "3.11") else known
        reference = pd.Series(1.0, index=value.index)
    else:
        peers = known[scored]
        by_stage = peers.groupby(out["stage"][scored]).quantile(0.9)
        positive = peers[peers > 0]
        by_stage = by_stage.where(by_stage > 0).fillna(positive.groupby(out["stage"][positive.index]).quantile(0.9))
        everybody = peers.quantile(0.9)
        everybody = everybody if everybody > 0 else positive.quantile(0.9)
        reference = out["stage"].map(by_stage).fillna(everybody)
        fraction = (known / reference).clip(0, 1)
    conditions = [cannot, known.isna(), reference.isna(), known == 0]
    codes = np.select(conditions, [0, 1, 2, 3], default=4).astype(np.int8)
    out[f"state {code}"] = pd.Series(pd.Categorical.from_codes(codes, STATES), index=value.index)
    out[f"fraction {code}"] = fraction.fillna(0).where(scored, 0)
    out[f"points {code}"] = out[f"fraction {code}"] * POINTS[code]
    out[f"stake {code}"] = (POINTS[code] - out[f"points {code}"]).where(known.isna() & ~cannot & scored, 0)


def adjust(out: dict[str, pd.Series], zone: Zone, register: Register) -> None:
    now, firms = zone.current, zone.firms
    large = (now["headcount"] > 500) | (now["revenue"] > 20000) | (now["total_assets"] > 20000)
    failed = register.has("requalification", register.unresolved, ["tech_sme"])
    out["warning"] = register.has("environment", register.this_year, ["warning"]) * 5.0
    out["hightech failed"] = register.has("requalification", register.unresolved, ["hightech"]) * 5.0
    out["sme failed"] = (failed & ~large) * 3.0
    numbers = {"national": 5, "provincial": 2, "municipal": 1}
    out["delisted"] = register.each_level_once(numbers, "delisting", register.unresolved)
    registered, since = firms["registered_on"], firms["stage_since"]

    def reached(day, years):
        return day + pd.DateOffset(years=years) <= AS_OF

    def factor(applies, number):
        return pd.Series(np.where(applies, number, 1.0), index=firms.index)

    growth, expansion = out["stage"] == "growth", out["stage"] == "expansion"
    out["growth 9"] = factor(growth & reached(registered, 9) & ~reached(registered, 14), 0.9)
    out["growth 14"] = factor(growth & reached(registered, 14), 0.7)
    out["expansion 5"] = factor(expansion & reached(since, 5) & ~reached(since, 10), 0.9)
    out["expansion 10"] = factor(expansion & reached(since, 10), 0.7)
    grade = out["stage"].map({name: place for place, name in enumerate(STAGES)})
    dropped = (firms["previous_stage"] - grade).where(firms["previous_stage"] >= 0).clip(lower=0).fillna(0)
    twice = (dropped == 1) & firms["demoted_before"]
    out["demoted 1"] = factor((dropped == 1) & ~twice, 0.9)
    out["demoted 2"] = factor((dropped >= 2) | twice, 0.7)
    bonus = {"national": 3, "provincial": 2, "municipal": 1}
    out["bonus"] = register.each_level_once(bonus, "project", register.this_year, ["major"])
    deducted = out["warning"] + out["hightech failed"] + out["sme failed"] + out["delisted"]
    out["decay"] = out["growth 9"] * out["growth 14"] * out["expansion 5"] * out["expansion 10"]
    out["decay"] *= out["demoted 1"] * out["demoted 2"]
    out["unrounded"] = (out["base"] - deducted).clip(lower=0) * out["decay"] + out["bonus"]
