"""Random zones to judge: seeded, crowded round every boundary of 新开〔2022〕110号, as the dicts of tests/oracle.py.

`zone(seed, size)` draws firms; `as_cohort` turns the same dicts into the engine's columns.
"""

import datetime as dt
import random

import numpy as np

from scoring.engine import Cohort, History, Registers

YEAR, AS_OF = 2023, dt.date(2023, 12, 31)
AMOUNTS = [
    "rd_expense",
    "revenue",
    "hightech_revenue",
    "tech_contract_value",
    "university_contract_value",
    "rd_tax_relief",
    "net_profit",
    "total_profit",
    "net_assets",
    "total_assets",
    "exports",
    "venture_capital",
]
COUNTS = [
    "headcount",
    "technologists",
    "postgraduates",
    "bachelors",
    "invention_applications",
    "pct_applications",
    "invention_grants",
    "standards",
    "graduates_hired",
    "invested_firms",
    "foreign_returnees",
]
SIGNED = {"net_profit", "total_profit", "net_assets"}
STAGES = ("startup", "growth", "expansion", "mature")
EDGES = (0, 1, 500, 501, 1999.99, 2000, 2000.01, 9999.99, 10000, 10000.01, 20000, 20000.01, 0.1, 0.3, 1e-3, 1e15)
BIRTHDAYS = [dt.date(YEAR - n, 12, 31) for n in (3, 4, 5, 9, 10, 14, 15)] + [dt.date(y, 2, 29) for y in (2008, 2020)]
KINDS = {
    "qualification": ("hightech", "tech_sme", "srdi", "champion", "innovation_leader", "listed", "above_scale"),
    "platform": ("",),
    "award": ("",),
    "project": ("plan", "major"),
    "contest": ("",),
    "talent": ("",),
    "contract": ("general", "university"),
    "requalification": ("hightech", "tech_sme"),
    "delisting": ("",),
    "environment": ("warning", "warning", "warning", "bad"),
    "incident": ("safety_major", "mass"),
    "listing": ("abnormal_operation", "serious_dishonesty"),
}
LEVELS = ("", "municipal", "provincial", "national", "international", "unheard-of")
DAYS = tuple(dt.date(y, m, d) for y in range(YEAR - 3, YEAR + 2) for m, d in ((1, 1), (6, 30), (12, 30), (12, 31)))


def zone(seed, size, **settings):
    """A case of `size` firms. settings: trouble (chance of a negative entry), history (chance of a past)."""
    luck = random.Random(seed)
    firms = {f"F{place:04d}": firm(luck, **settings) for place in range(size)}
    return {"year": YEAR, "as_of": AS_OF, "firms": firms}


def firm(luck, trouble=0.15, history=0.6, missing=0.15):
    kinds = [kind for kind in KINDS if kind not in ("environment", "incident", "listing")]
    entries = [entry(luck, luck.choice(kinds)) for _ in range(luck.choice((0, 1, 3, 8)))]
    if luck.random() < trouble:
        entries.append(entry(luck, luck.choice(("environment", "environment", "incident", "listing"))))
    present = {
        "current": sheet(luck, missing),
        "previous": sheet(luck, missing),
        "registered_on": day(luck, 25, 0.03),
        "industry": luck.choice(("", "bio", "equipment", "hydrogen")),
        "park": luck.choice(("main", "east")),
        "entries": entries,
        "manual": {"tech_sme_exempt"} if luck.random() < 0.1 else set(),
    }
    if luck.random() < history:
        present |= {
            "previous_stage": luck.choice((None, *STAGES)),
            "previous2_stage": luck.choice((None, *STAGES)),
            "peak_stage": luck.choice((None, *STAGES)),
            "demoted_before": luck.random() < 0.4,
            "stage_since": day(luck, 14, 0.2),
            "override_stage": luck.choice(STAGES) if luck.random() < 0.1 else None,
        }
    return present


def sheet(luck, missing):
    """One year's metrics; a quarter of the values sit on an edge, the rest look like a firm's books."""
    size, figures = luck.lognormvariate(8.3, 1.6), {}
    for name in (*AMOUNTS, *COUNTS):
        if luck.random() < missing:
            continue
        if luck.random() < 0.1:
            value = luck.choice(EDGES)
        elif name in COUNTS:
            value = float(luck.randrange(int(size / 20) + 2)) if luck.random() < 0.7 else 0.0
        else:
            value = round(size * luck.random(), luck.choice((0, 2, 2, 4))) if luck.random() < 0.8 else 0.0
        figures[name] = -value if name in SIGNED and luck.random() < 0.3 else value
    if luck.random() < 0.5:
        figures["torch_reported"] = float(luck.random() < 0.9)
    return figures


def day(luck, years, missing):
    if luck.random() < missing:
        return None
    if luck.random() < 0.3:
        return luck.choice(BIRTHDAYS) + dt.timedelta(days=luck.choice((-1, 0, 0, 1)))
    return AS_OF - dt.timedelta(days=luck.randrange(365 * years))


def entry(luck, kind):
    starts = luck.choice((None, *DAYS, *DAYS))
    ends = luck.choice((None, None, *DAYS))
    if starts and ends and ends < starts:
        starts, ends = ends, starts
    return {
        "kind": kind,
        "category": luck.choice(KINDS[kind]),
        "level": luck.choice(LEVELS),
        "starts": starts,
        "ends": ends,
        "amount": luck.choice((None, 0.0, 12.5, 0.1, 333.33)),
        "quantity": luck.choice((None, 1.0, 3.0)),
    }


def as_cohort(scheme, case, order=None):
    """The engine's Cohort of a case, the firms in `order` (default: as they stand)."""
    keys = list(order or case["firms"])
    firms = [case["firms"][key] for key in keys]
    codes = [getattr(stage, "code", stage) for stage in scheme.stages]

    def metrics(when):
        names = sorted({name for firm in firms for name in firm[when]})
        return {name: np.array([firm[when].get(name, np.nan) for firm in firms], float) for name in names}

    def dates(name):
        return np.array([firm.get(name) or "NaT" for firm in firms], dtype="datetime64[D]")

    def stages(name):
        return np.array([codes.index(firm[name]) if firm.get(name) else -1 for firm in firms], np.int8)

    words = ("kind", "category", "level", "starts", "ends", "amount", "quantity")
    return Cohort(
        keys=keys,
        year=case["year"],
        as_of=case["as_of"],
        current=metrics("current"),
        previous=metrics("previous"),
        dates={"registered_on": dates("registered_on")},
        groups={name: np.array([firm.get(name, "") for firm in firms], dtype=str) for name in ("industry", "park")},
        registers=Registers.build(
            keys, [(key, *(e[word] for word in words)) for key in keys for e in case["firms"][key].get("entries", ())]
        ),
        history=History(
            previous_stage=stages("previous_stage"),
            previous2_stage=stages("previous2_stage"),
            demoted_previous=np.array([bool(firm.get("demoted_before")) for firm in firms]),
            stage_since=dates("stage_since"),
            override_stage=stages("override_stage"),
            peak_stage=stages("peak_stage"),
        ),
        overrides={
            "tech_sme_exempt": np.array(["tech_sme_exempt" in firm.get("manual", ()) for firm in firms], dtype=bool)
        },
    )
