"""Random schemes: every rule, peer group, policy for missing data, way to add up, grade and pass condition.

`scheme(seed)` gives the TOML text of a scheme over the vocabulary of tests/oracle_cases.py; `switch` changes one option
of a scheme's text.
"""

import random
import re

from tests.oracle_cases import AMOUNTS, COUNTS, zone

VALUES = [
    "revenue", "net_profit", "headcount", "invention_grants", "growth(revenue)", "growth(net_profit)",
    "ratio(rd_expense, revenue)", "share(net_profit, net_assets)", "prev(revenue)", "two_year(exports)",
    "prev(net_profit / headcount)", "growth(net_profit + exports)",
    "revenue / headcount", "best(growth(revenue), ratio(net_profit, revenue))", "coalesce(exports, venture_capital, 3)",
    "first_known(missing, rd_expense / (revenue - revenue), 7 * 0.1)", "choose(known(exports), exports, -1)",
    "choose(revenue >= 2000 and not headcount < 20, revenue, headcount)", "-net_profit", "abs(net_profit)", "log(revenue)",
    "min(revenue, 10 * headcount)", "max(net_profit, 0) + (exports > 0)", "years_since(registered_on)",
    "years_since(stage_since)", "count(platform)", "count(platform, level='provincial', years=3)",
    "count(award, at_least='provincial', held=True)", "amount(contract, years=2)", "quantity(contract, category='general')",
    "best_level(contest, years=2, national=3, provincial=2.5, municipal=1)",
    "level_sum(talent, held=True, international=4, national=3, provincial=2)",
    "weighted(project, category=['plan', 'major'], unresolved=True, national=3, provincial=2, municipal=0.5)",
    "has(qualification, category='hightech', expired=True)", "grades_dropped", "grades_below_peak",
    "choose(group('industry') == 'bio', revenue, net_profit)", "choose(previous_stage in ['growth', 'mature'], 1, 2)",
    "choose(surely(0 < net_profit <= 500), 5, 6)", "choose(stage == 'mature' or manual('tech_sme_exempt'), 1, exports)",
]  # fmt: skip
RULES = {
    "linear": ["full = 500", "full = 'p90'", "full = 'max'", "floor = 10\nfull = 'p80'", "floor = 100\nfull = -50",
               "full = { growth = 300, '*' = 'median' }", "full = 'mean'"],
    "two_thresholds": ["base = 10\nfull = 500", "base = 'p50'\nfull = 'p90'", "base = 5\nfull = 'p90'\nshare = 75"],
    "tiers": ["tiers = [['(-inf, 0]', 1], ['(0, 10)', 2.5], ['[10, 2000)', 5], ['[2000, inf)', 8]]",
              "tiers = [['[1, 1]', 3], ['(1, 500]', 6.25]]"],
    "steps": ["points = 2", "points = 0.5\nper = 100\nwhole = false", "points = 1.5\nper = 7"],
    "reference_ratio": ["full = 300", "full = 'p90'\ncapped = false", "full = 'p75'"],
    "min_max": ["", "reverse = true", "base = 20", "equal = 0.5\nreverse = true"],
    "cohort_ratio": ["", "to = 'mean'\ncapped = false", "to = 'p90'", "to = 'min'\ninverse = true",
                     "to = 'median'\ninverse = true\ncapped = false"],
    "percentile": ["", "reverse = true"],
    "z_score": ["", "span = 2\nreverse = true"],
    "normal": ["", "reverse = true\nspan = 2", "mode = 'parametric'", "mode = 'parametric'\nreverse = true"],
    "goalposts": ["lower = 0\nupper = 1000", "lower = -50\nupper = 50\ncapped = false", "lower = 10\nupper = 90\nreverse = true",
                  "lower = { '*' = 0, mature = 100 }\nupper = 5000"],
    "level_map": ["levels = { national = 100, provincial = 60 }", "levels = { national = 70, municipal = 12.5 }\nmode = 'sum'",
                  "levels = { international = 100, national = 80, provincial = 33.3 }\nmode = 'each'"],
    "flag": ["", "reverse = true"],
    "log": ["full = 5000", "full = 'p90'", "floor = 10\nfull = 'max'\noffset = 0"],
}  # fmt: skip
ENTRIES = ["entries(contest, years=3)", "entries(talent, held=True)", "entries(award)"]
STAGES = """
[[stages]]
code = "startup"
name = "初创"
when = "years_since(registered_on) < 5"
[[stages]]
code = "growth"
name = "成长"
when = "revenue < 2000"
[[stages]]
code = "expansion"
name = "扩张"
grade = 7
when = "revenue < 10000 or headcount > 500"
[[stages]]
code = "mature"
name = "成熟"
grade = 9
when = "revenue >= 10000"
[confirmation]
when = "stage == 'growth' and headcount > 100"
text = "人数偏多"
"""
REST = """
[eligibility]
when = "not (rd_expense == 0 and invention_grants == 0)"
name = "有研发"
[[exclusions]]
code = "listed"
name = "名录"
when = "has(listing, overlaps=True) or 3 * net_profit < -2000"
[[deductions]]
code = "accident"
name = "事故"
points = "choose(has(environment, years=2), 4.4, growth(revenue) / 100)"
cap = 6
[[deductions]]
code = "delisted"
name = "摘牌"
points = "weighted(delisting, unresolved=True, national=5, provincial=2, municipal=1)"
[[decays]]
code = "old"
name = "满十年"
when = "years_since(registered_on) >= 10"
factor = 0.85
[[decays]]
code = "fell"
name = "降档"
when = "grades_dropped >= 1 or demoted_before"
factor = 0.7
[[bonuses]]
code = "major"
name = "重大项目"
points = "count(project, category='major') * 1.25"
cap = 2.5
[adjustments]
deduction_cap = 8
bonus_cap = 2
[outcome]
pass = "total >= 30 or score('x') > 12"
direct_pass = "base >= 60"
[[vetoes]]
code = "loss"
name = "亏损"
when = "net_profit < -1000 and score('0') < 1"
"""
BANDS = [
    "[[grades]]\ncode = 'A'\nname = '甲'\nfrom = 55\n[[grades]]\ncode = 'B'\nname = '乙'\nfrom = 30.5\n",
    "[[grades]]\ncode = 'A'\nname = '甲'\ntop = 5\n[[grades]]\ncode = 'B'\nname = '乙'\ntop = 35\n",
    "",
]


def scheme(seed, types=None):
    """The text of a random scheme; `types` limits the rules."""
    luck = random.Random(f"scheme {seed}")
    staged = luck.random() < 0.8
    parts = [head(luck), STAGES if staged else "", REST if staged else REST.replace("grades_dropped >= 1 or ", "")]
    parts.append(luck.choice(BANDS))
    parts.append(tree(luck, staged))
    parts += [indicator(luck, place, types, staged) for place in range(luck.randint(3, 7))]
    return "\n".join(parts)


def option(key, value):
    return f'[options.{key}]\nvalue = {value}\nbasis = "interpretation"\narticle = ""\ntext = "{key}"\n'


def head(luck):
    metrics = "\n".join(f'{name} = {{ name = "{name}", unit = "" }}' for name in [*AMOUNTS, *COUNTS, "torch_reported"])
    kinds = "qualification platform award project contest talent contract requalification delisting environment listing"
    categories = 'categories = { plan = "a", major = "b", hightech = "c", general = "d" }'
    order = luck.choice(
        ['["deductions", "floor", "decay", "bonus"]', '["decay", "bonus", "deductions", "floor", "cap"]']
    )
    options = {
        "order": order,
        "decay_stacking": luck.choice(['"multiply"', '"smallest"']),
        "growth_zero_base": luck.choice(['"cannot"', "100", "0"]),
        "missing": luck.choice(['"zero"', '"mean"', '"penalty"', '"rescale"']),
        "missing_penalty": luck.choice(["0", "0.75"]),
        "decimals": luck.choice(["0", "1", "2", "2", "3"]),
        "tie_breakers": luck.choice(["[]", '["unrounded"]', '["x", "0"]']),
        "peer_minimum": luck.choice(["1", "3", "8"]),
        "peer_fallback": luck.choice(['"all_stages"', '"all_stages"', '"none"']),
    }
    blocks = [option(key, value) for key, value in options.items() if luck.random() < 0.8]
    registers = [f'[registers.{kind}]\nname = "{kind}"\n{categories}' for kind in kinds.split()]
    top = 'format = 1\n[scheme]\ncode = "r"\nversion = "1"\ntitle = "r"\ndocument = ""\nissued_on = ""\ntotal = 60\n'
    levels = '[levels]\nmunicipal = "市"\nprovincial = "省"\nnational = "国"\ninternational = "际"\n'
    return "\n".join([top, *blocks, f"[metrics]\n{metrics}", levels, *registers])


def tree(luck, staged):
    """x (with a child y) and z under the total."""
    method = luck.choice(["sum", "arithmetic", "arithmetic", "geometric"])
    weight = luck.choice(["2", "{ mature = 5, '*' = 3.5 }" if staged else "3.5", "0.5"])
    lines = [f"[aggregate]\nmethod = '{method}'"]
    for code, parent in (("x", ""), ("y", "parent = 'x'"), ("z", "")):
        inner = luck.choice(["sum", "sum", "arithmetic", "geometric"]) if code != "y" else "sum"
        minimum = luck.choice(["", "minimum = 2"])
        block = f"[[dimensions]]\ncode = '{code}'\nname = '{code}'\n{parent}\nmethod = '{inner}'\nmax_points = 40"
        lines.append(f"{block}\nweight = {weight if code != 'y' else 1}\n{minimum}")
    return "\n".join(lines)


def indicator(luck, place, types, staged):
    kind = luck.choice(types or list(RULES))
    value = luck.choice(ENTRIES if kind == "level_map" else VALUES)
    if not staged:
        value = value if "stage" not in value and "grades" not in value else "revenue"
    peers = luck.choice(["stage", "all", "industry", "stage_industry", "park"] if staged else ["all", "industry"])
    fields = (
        luck.choice(RULES[kind])
        if staged
        else luck.choice([f for f in RULES[kind] if "{ '*'" not in f and "growth" not in f])
    )
    lines = [
        f"[[indicators]]\ncode = '{place}'\nname = 'i{place}'\nunit = ''\ncategory = ''\nmax_points = {luck.choice([10, 12.5])}",
        f"dimension = '{['x', 'y', 'z'][place % 3]}'\nweight = {luck.choice([1, 1, 2.5])}",
        f'value = "{value}"',
    ]
    if luck.random() < 0.3:
        lines.append(
            luck.choice(["missing = 'mean'", "missing = { method = 'penalty', points = 2 }", "missing = 'rescale'"])
        )
    if luck.random() < 0.25 and kind != "level_map":
        lines.append(luck.choice(["winsorise = [5, 95]", "winsorise = [0, 80]"]))
    if staged and place % 3 != 1 and luck.random() < 0.2:
        lines.append("stages = ['growth', 'expansion', 'mature']")
    lines.append(f"[indicators.rule]\ntype = '{kind}'\npeers = '{peers}'\n{fields}")
    return "\n".join(lines)


def switch(text, key, value):
    """The scheme with one option's value replaced; `value` as TOML."""
    changed, times = re.subn(rf"(?m)(\[options\.{key}\]\nvalue = ).*$", lambda found: found.group(1) + value, text)
    assert times == 1, key
    return changed


def zone_for(text, seed, size, **settings):
    """A zone whose firms have a past only where the scheme has stages."""
    return zone(seed, size, history=0.6 if "[[stages]]" in text else 0, **settings)
