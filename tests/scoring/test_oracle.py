"""The engine and the oracle agree on random zones: stage, status, states and points to 1e-9, totals and ranks exactly."""

import datetime as dt
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scoring.engine import evaluate, parse_scheme
from tests import oracle
from tests.oracle_cases import AS_OF, STAGES, YEAR, as_cohort, zone
from tests.oracle_schemes import RULES, scheme, switch, zone_for
from tests.scoring import oracle_agreement
from tests.scoring.oracle_agreement import disagreements

REGULATION = Path("scoring/schemes/xinkai-2022-110.toml").read_text()
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
ROUNDS = 400 if THOROUGH else 24
SWITCHES = [
    ("stage_order", '"revenue_first"'),
    ("two_grades", '"at_once"'),
    ("demotion_lasts", '"until_recovery"'),
    ("decay_stacking", '"smallest"'),
    ("order", '["decay", "deductions", "bonus", "floor", "cap"]'),
    ("order", '["deductions", "bonus", "decay"]'),
    ("bonus_levels", '"highest"'),
    ("bonus_window", '"in_force"'),
    ("delisting_counts", '"per_platform"'),
    ("lapse", '"expiry"'),
    ("sme_exemption", '"manual"'),
    ("listing", '"at_as_of"'),
    ("incident", '"both"'),
    ("reference_method", '"max"'),
    ("reference_method", '"mean"'),
    ("reference_method", '"p50"'),
    ("reference_method", "100"),
    ("status_levels", '"sum"'),
    ("growth_zero_base", "100"),
    ("missing", '"mean"'),
    ("missing", '"penalty"'),
    ("missing", '"rescale"'),
    ("missing_penalty", "1.5"),
    ("decimals", "0"),
    ("decimals", "4"),
    ("tie_breakers", '["unrounded"]'),
    ("tie_breakers", '["innovation", "2.2"]'),
    ("peer_fallback", '"none"'),
    ("peer_minimum", "1"),
    ("peer_minimum", "12"),
]


@pytest.mark.parametrize("seed", range(ROUNDS // 4))
def test_a_random_zone_under_the_regulation(seed):
    assert disagreements(REGULATION, zone(seed, 60)) == []


@pytest.mark.parametrize(("key", "value"), SWITCHES)
def test_every_reading_of_the_regulation_can_be_switched(key, value):
    seed = sum(map(ord, key + value))
    case = zone(seed, 24, trouble=0.4)
    assert disagreements(switch(REGULATION, key, value), case) == []


@pytest.mark.parametrize("missing", [0.0, 0.6, 0.97, 1.0])
def test_zones_that_report_little_or_everything(missing):
    assert disagreements(REGULATION, zone(7, 40, missing=missing)) == []


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_tiny_zones(size):
    assert disagreements(REGULATION, zone(size, size)) == []


@pytest.mark.parametrize("kind", RULES)
def test_each_rule_alone_under_random_schemes(kind):
    for seed in range(ROUNDS // 8):
        text = scheme(seed, [kind])
        assert disagreements(text, zone_for(text, seed, 25)) == [], f"scheme {seed} of {kind}"


def test_random_schemes_of_all_rules():
    for seed in range(ROUNDS):
        text = scheme(seed)
        assert disagreements(text, zone_for(text, seed, 25)) == [], f"scheme {seed}"


@pytest.mark.parametrize("seed", range(ROUNDS // 8))
def test_frozen_references_of_another_zone(seed):
    assert disagreements(REGULATION, zone(seed, 30), frozen=zone(seed + 900, 50)) == []


def test_a_stage_that_had_no_peers_when_references_were_frozen():
    young = zone(3, 40)
    for firm in young["firms"].values():
        firm |= {"registered_on": dt.date(2022, 1, 1), "override_stage": None}
    assert disagreements(REGULATION, zone(4, 40), frozen=young) == []


# ---- totals on a rounding boundary
STEPS = {
    "startup": 0.25,
    "growth": 2.5,
    "expansion": 1.25,
    "mature": 0.625,
}  # × 12 % × weight = 0.015, 0.105, 0.045, 0.015


def borderline(seed, size=48):
    """Firms whose totals end in exactly 5 at the third decimal, and every third a hair beside it. Full marks are 100."""
    case = zone(seed, size, trouble=0)
    for place, firm in enumerate(case["firms"].values()):
        stage = STAGES[place % 4]
        expense = STEPS[stage] * (2 * ((place + 7 * seed) % 20) + 1)
        if place % 3 == 0:
            expense += (-1) ** place * 10.0 ** -(place % 14)
        firm |= {"current": {"rd_expense": expense}, "previous": {}, "override_stage": stage}
        firm |= {"registered_on": dt.date(YEAR - 1, 1, 1), "stage_since": None, "previous_stage": None, "entries": []}
    return case


@pytest.mark.parametrize("seed", range(4))
def test_totals_on_and_beside_a_rounding_boundary(seed):
    text = switch(REGULATION, "reference_method", "100")
    case = borderline(seed)
    halves = [j for j in oracle.judge(text, case).values() if j.unrounded * 1000 % 10 == 5]
    assert len(halves) >= 10, "the zone must have totals exactly half way"
    assert disagreements(text, case) == []


def test_float_arithmetic_alone_would_get_some_of_these_totals_wrong():
    """The zone above is a real trap: rounding the float sums misses at least one total that the engine gets right."""
    text = switch(REGULATION, "reference_method", "100")
    parsed, wrong = parse_scheme(text), 0
    for seed in range(4):
        case = borderline(seed)
        exact = [int(j.total * 100) for j in oracle.judge(text, case).values() if j.status == "scored"]
        e = evaluate(parsed, as_cohort(parsed, case))
        weights = [[float(d.weight[stage]) / 100 for d in parsed.dimensions] for stage in range(len(STAGES))]
        for row, total in zip((row for row in range(len(e)) if e.status[row] == 0), exact, strict=True):
            base = sum(w * s for w, s in zip(weights[e.stage[row]], e.dimensions[row], strict=True))
            plain = max(base - e.deductions[row].sum(), 0) * e.decays[row].prod() + e.bonuses[row].sum()
            wrong += round(plain, 2) != total / 100
            assert e.total_cents[row] == total
    assert wrong > 0


# ---- one firm, every number drawn: hypothesis looks for the edge that the seeded zones missed
EDGES = [0.0, 0.1, 0.3, 499.0, 500.0, 501.0, 1999.99, 2000.0, 2000.01, 9999.99, 10000.0, 20000.0, 20000.01, 1e-9, 1e15]
amounts = st.one_of(
    st.sampled_from(EDGES), st.decimals(-99999, 99999, places=2).map(float), st.floats(0, 1e9, allow_subnormal=False)
)
sheets = st.dictionaries(
    st.sampled_from(
        [
            "revenue",
            "rd_expense",
            "headcount",
            "net_profit",
            "net_assets",
            "total_assets",
            "total_profit",
            "exports",
            "technologists",
            "torch_reported",
            "invention_grants",
            "tech_contract_value",
            "standards",
        ]
    ),
    amounts,
)
days = st.one_of(
    st.dates(dt.date(2000, 1, 1), dt.date(2025, 12, 31)),
    st.builds(
        lambda years, off: dt.date(YEAR - years, 12, 31) + dt.timedelta(days=off),
        st.sampled_from([0, 1, 3, 4, 5, 9, 10, 14, 15]),
        st.integers(-1, 1),
    ),
    st.sampled_from([dt.date(2020, 2, 29), dt.date(2008, 2, 29), AS_OF]),
)
stages = st.one_of(st.none(), st.sampled_from(STAGES))
KINDS = {
    "qualification": ["hightech", "tech_sme", "srdi", "champion", "listed"],
    "requalification": ["hightech", "tech_sme"],
    "environment": ["warning", "warning", "bad"],
    "listing": ["abnormal_operation"],
    "incident": ["safety_major", "mass"],
    "project": ["plan", "major"],
    "contract": ["general", "university"],
    **{kind: [""] for kind in ("platform", "award", "contest", "talent", "delisting")},
}
entries = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "kind": st.just(kind),
            "category": st.sampled_from(KINDS[kind]),
            "level": st.sampled_from(["", "municipal", "provincial", "national", "international"]),
            "starts": st.one_of(st.none(), days),
            "ends": st.one_of(st.none(), days),
            "amount": st.one_of(st.none(), amounts.filter(lambda v: v >= 0)),
            "quantity": st.none(),
        }
    )
)
firms = st.fixed_dictionaries(
    {
        "current": sheets,
        "previous": sheets,
        "registered_on": st.one_of(st.none(), days),
        "stage_since": st.one_of(st.none(), days),
        "previous_stage": stages,
        "previous2_stage": stages,
        "peak_stage": stages,
        "override_stage": stages,
        "demoted_before": st.booleans(),
        "industry": st.sampled_from(["", "bio"]),
        "entries": st.lists(entries, max_size=5),
        "manual": st.sampled_from([set(), {"tech_sme_exempt"}]),
    }
)


@settings(
    max_examples=2000 if THOROUGH else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not THOROUGH,
    phases=list(Phase) if THOROUGH else [Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
)
@given(
    st.lists(firms, min_size=1, max_size=4),
    st.sampled_from([("decimals", "2"), ("reference_method", "100"), *SWITCHES]),
)
def test_any_firm_at_all(found, change):
    case = {"year": YEAR, "as_of": AS_OF, "firms": {f"F{i}": firm for i, firm in enumerate(found)}}
    assert disagreements(switch(REGULATION, *change), case) == []


# ---- the comparison itself: a wrong scheme on one side must be noticed
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("factor = 0.9", "factor = 0.91"),
        ("years_since(registered_on) <= startup_years", "years_since(registered_on) < startup_years"),
        ("[options.mature_revenue]\nvalue = 10000", "[options.mature_revenue]\nvalue = 10000.01"),
        ("weight = { startup = 50", "weight = { startup = 50.01"),
        ('value = "p90"', 'value = "p89.99"'),
        ("entries(contest, years=recent_years)", "entries(contest, years=1)"),
        ("national=5, provincial=2", "national=5, provincial=3"),
    ],
)
def test_the_comparison_notices_a_wrong_engine(right, wrong, monkeypatch):
    assert right in REGULATION
    changed = REGULATION.replace(right, wrong)
    judge = oracle.judge
    monkeypatch.setattr(oracle_agreement, "judge", lambda text, case, frozen=None: judge(changed, case, frozen))
    assert any(disagreements(REGULATION, zone(seed, 60, trouble=0.3)) for seed in range(4))


# ---- the oracle's own footing: worked vectors of the regulation's readings, raw points 80 / 60 / 40
def worked(firm):
    """The total of a firm that earns 80 / 60 / 40 of 100 in the three dimensions."""
    values = {"innovation": 80, "performance": 60, "support": 40}
    start, end = REGULATION.index("[[indicators]]"), REGULATION.index("# ---", REGULATION.index("[[indicators]]"))
    blocks = [
        f"[[indicators]]\ncode = '{dimension}-1'\nname = ''\nunit = ''\ndimension = '{dimension}'\nmax_points = 100\n"
        f"value = '{points}'\nrule = {{ type = 'goalposts', lower = 0, upper = 100 }}\n"
        for dimension, points in values.items()
    ]
    text = REGULATION[:start] + "\n".join(blocks) + REGULATION[end:]
    case = {"year": YEAR, "as_of": AS_OF, "firms": {"F": {"previous": {}, **firm}}}
    return oracle.judge(text, case)["F"].total


def old(years):
    return dt.date(YEAR - years, 12, 31)


def small(years, **more):
    return {"registered_on": old(years), "current": {"revenue": 100.0}, **more}


def middle(**more):
    return {"registered_on": old(6), "current": {"revenue": 5000.0}, **more}


WARNING = {"kind": "environment", "category": "warning", "level": "", "starts": dt.date(YEAR, 5, 1), "ends": None}
MAJOR = {"kind": "project", "category": "major", "level": "national", "starts": dt.date(YEAR, 5, 1), "ends": None}


@pytest.mark.parametrize(
    ("firm", "total"),
    [
        (small(2), "66.00"),
        (small(6), "63.00"),
        (middle(), "60.00"),
        ({"registered_on": old(6), "current": {"revenue": 50000.0}}, "54.00"),
        (small(9), "56.70"),
        (small(14), "44.10"),
        (middle(stage_since=old(5)), "54.00"),
        (middle(stage_since=old(10)), "42.00"),
        (middle(previous_stage="mature"), "54.00"),
        (middle(previous_stage="mature", entries=[WARNING]), "49.50"),
        (middle(previous_stage="mature", entries=[WARNING, MAJOR]), "52.50"),
        (small(6, previous_stage="mature"), "44.10"),
        (small(15, previous_stage="mature"), "30.87"),
    ],
)
def test_the_oracle_gets_the_worked_vectors(firm, total):
    assert worked(firm) == Fraction(total)
