"""The engine's verdict held against the oracle's, firm by firm and figure by figure."""

import math
import sys
from fractions import Fraction
from functools import lru_cache

from scoring.engine import STATES, STATUSES, evaluate, parse_scheme
from tests.oracle import judge
from tests.oracle_cases import as_cohort

CLOSE = 1e-9
parsed = lru_cache(parse_scheme)


def near(found, wanted):
    if abs(wanted) > sys.float_info.max:  # a ratio to next to nothing: no float can show it
        return abs(found) >= sys.float_info.max and (found > 0) == (wanted > 0)
    return math.isclose(found, float(wanted), rel_tol=CLOSE, abs_tol=CLOSE)


def disagreements(text, case, frozen=None):
    """Every difference, in words; [] = the two engines agree. frozen: the case whose references are in force."""
    scheme = parsed(text)
    references, peers = None, None
    if frozen is not None:
        references = evaluate(scheme, as_cohort(scheme, frozen)).references
        peers = judge(text, frozen)
    evaluation = evaluate(scheme, as_cohort(scheme, case), references=references)
    judgements = judge(text, case, peers)
    return [line for row, key in enumerate(case["firms"]) for line in compare(evaluation, row, judgements[key])]


def compare(e, row, j):
    scheme = e.scheme
    stage = scheme.stages[e.stage[row]].code if e.stage[row] >= 0 else None
    exact = [
        ("status", STATUSES[e.status[row]], j.status),
        ("stage", stage, j.stage),
        ("confirm", bool(e.needs_confirmation[row]), j.confirm),
    ]
    if j.status != "scored":
        zero = (e.total_cents[row], e.rank_overall[row], e.rank_stage[row], e.rank_industry[row])
        exact.append(("nothing", tuple(map(int, zero)), (0, 0, 0, 0)))
        return [f"{j.key} {what}: {a} ≠ {b}" for what, a, b in exact if a != b]
    cents = j.total * Fraction(10) ** scheme.settings["decimals"]
    exact += [
        ("total", int(e.total_cents[row]), int(cents)),
        ("rank", int(e.rank_overall[row]), j.rank),
        ("rank in stage", int(e.rank_stage[row]), j.rank_stage),
        ("rank in industry", int(e.rank_industry[row]), j.rank_industry),
        ("grade", scheme.grades[e.grade[row]].code if e.grade[row] >= 0 else "", j.grade),
        ("passed", int(e.passed[row]) != 0, j.passed),
    ]
    close = [("base", e.base[row], j.base), ("unrounded", e.unrounded[row], j.unrounded)]
    for i, indicator in enumerate(scheme.indicators):
        code = indicator.code
        exact.append((f"state {code}", STATES[e.state[row, i]], j.states[code]))
        close.append((f"points {code}", e.points[row, i], j.points[code]))
        value = j.values.get(code)
        if isinstance(value, Fraction) and indicator.winsorise is None:
            close.append((f"value {code}", e.value[row, i], value))
        at_stake = indicator.max_points - j.points[code] if j.states[code] == "missing" else 0
        close.append((f"stake {code}", e.at_stake[row, i], at_stake))
    for table, items, wanted in (
        (e.dimensions, scheme.dimensions, j.scores),
        (e.deductions, scheme.deductions, j.deductions),
        (e.decays, scheme.decays, j.decays),
        (e.bonuses, scheme.bonuses, j.bonuses),
    ):
        close += [(item.code, table[row, column], wanted[item.code]) for column, item in enumerate(items)]
    lines = [f"{j.key} {what}: {a} ≠ {b}" for what, a, b in exact if a != b]
    return lines + [f"{j.key} {what}: {a!r} ≠ {float(b)!r}" for what, a, b in close if not near(a, b)]
