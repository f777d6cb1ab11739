"""Worked cases a civil servant can read: tests/golden/*.toml, each quoting its article."""

import tomllib
from pathlib import Path

import pytest

from scoring.engine import STATUSES, evaluate, explain_firm
from tests.scoring.engine import xinkai

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
CASES = [
    pytest.param(case, id=f"{path.stem}:{case['name']}")
    for path in sorted(GOLDEN.glob("*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["cases"]
]


@pytest.mark.parametrize("case", CASES)
def test_worked_case(case):
    expect = case["expect"]
    scheme = xinkai.scheme(case.get("options"))
    result = evaluate(scheme, xinkai.cohort(case, scheme), xinkai.references(case))
    assert STATUSES[result.status[0]] == expect.get("status", "scored")
    if "stage" in expect:
        assert scheme.stages[result.stage[0]].code == expect["stage"]
    if "confirm" in expect:
        assert bool(result.needs_confirmation[0]) is expect["confirm"]
    if "exclusions" in expect:
        assert [x.code for x, held in zip(scheme.exclusions, result.exclusions[0], strict=True) if held] == expect[
            "exclusions"
        ]
    if expect.get("status", "scored") != "scored":
        assert result.rank_overall[0] == result.rank_stage[0] == result.total_cents[0] == 0
        return
    if "total" in expect:
        assert tuple(result.dimensions[0]) == pytest.approx((80, 60, 40), abs=1e-9)
        text = explain_firm(result, 0).total_text
        assert text == expect["total"]
        assert result.total_cents[0] == int(expect["total"].replace(".", ""))
    for kind, items, amounts in (
        ("deductions", scheme.deductions, result.deductions[0]),
        ("bonuses", scheme.bonuses, result.bonuses[0]),
    ):
        if kind in expect:
            assert {i.code: a for i, a in zip(items, amounts, strict=True) if a} == expect[kind]
    if "decays" in expect:
        assert [d.code for d, f in zip(scheme.decays, result.decays[0], strict=True) if f != 1] == expect["decays"]


def test_every_case_quotes_an_article():
    assert len(CASES) > 90
    for param in CASES:
        assert param.values[0]["article"]
        assert param.values[0]["quote"]
