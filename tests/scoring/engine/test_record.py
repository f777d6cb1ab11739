"""What is kept of an evaluation: records, explanations that add up, digests."""

import importlib
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from scoring.engine import Cohort, History, Registers, evaluate, explain, explain_firm, input_digest
from scoring.engine.record import layout, unpack
from tests.scoring.engine.crowd import crowd


def test_the_decomposition_adds_up_exactly():
    rules, firms = crowd()
    result = evaluate(rules, firms)
    assert (result.status == 0).sum() > 40
    for i in np.flatnonzero(result.status == 0):
        told = explain_firm(result, int(i))
        for dimension in told.dimensions:
            mine = [Fraction(line.points_exact) for line in told.indicators if line.dimension == dimension.code]
            assert abs(sum(mine) - Fraction(dimension.points_exact)) < Fraction(1, 10**14)
        assert abs(sum(Fraction(d.weighted_exact) for d in told.dimensions) - Fraction(told.base_exact)) < Fraction(
            1, 10**14
        )
        assert sum(Decimal(step.change) for step in told.steps) == Decimal(told.total_text)
        assert told.steps[-1].after == told.total_text
        assert told.total == result.total[i]
        assert np.isclose([line.points for line in told.indicators], result.points[i], atol=1e-12).all()
        assert np.isclose([line.at_stake for line in told.indicators], result.at_stake[i], atol=1e-12).all()
        json.dumps(told.as_dict(), ensure_ascii=False, allow_nan=False)


def test_deciding_every_total_exactly_changes_none(monkeypatch):
    rules, firms = crowd(200)
    fast = evaluate(rules, firms)
    monkeypatch.setattr(importlib.import_module("scoring.engine.evaluate"), "REACH", 1.0)
    slow = evaluate(rules, firms)
    assert slow.recomputed == (slow.status == 0).sum() > 100
    assert fast.recomputed < 10
    assert slow.total_cents.tolist() == fast.total_cents.tolist()
    assert np.isclose(slow.points, fast.points, atol=1e-12).all()
    assert np.isclose(slow.weighted, fast.weighted, atol=1e-12).all()


def test_a_record_holds_every_input_and_intermediate():
    rules, firms = crowd()
    result = evaluate(rules, firms)
    records = result.records()
    assert records.dtype == np.uint8
    assert records.shape == (60, layout(rules).itemsize)
    record = unpack(rules, records[7].tobytes())
    for key, column in result.inputs.items():
        assert record.inputs[key] == column[7] or np.isnan(column[7])
    assert record.points.tolist() == result.points[7].tolist()
    assert record.total_cents == result.total_cents[7]
    assert record.ranks == (result.rank_overall[7], result.rank_stage[7], result.rank_industry[7])
    assert explain(rules, result.references, records[7].tobytes(), firms.as_of) == explain_firm(result, 7)
    with pytest.raises(ValueError, match="长度"):
        unpack(rules, records[7].tobytes()[:-1])


def test_the_same_inputs_give_the_same_bytes_in_any_order():
    rules, firms = crowd()
    first, again = evaluate(rules, firms), evaluate(rules, firms)
    assert first.records().tobytes() == again.records().tobytes()
    order = np.random.default_rng(1).permutation(60)
    back = np.argsort(order)
    moved = Cohort(
        [firms.keys[i] for i in order], 2022, firms.as_of, {c: v[order] for c, v in firms.current.items()},
        {c: v[order] for c, v in firms.previous.items()}, {c: v[order] for c, v in firms.dates.items()},
        registers=Registers(
            back[firms.registers.firm].astype(np.int32), firms.registers.kind, firms.registers.category, firms.registers.level,
            firms.registers.starts, firms.registers.ends, firms.registers.amount, firms.registers.quantity,
        ),
        history=History(*(getattr(firms.history, name)[order] for name in History.__dataclass_fields__)),
    )  # fmt: skip
    assert input_digest(moved, rules) == input_digest(firms, rules) == first.input_digest
    assert evaluate(rules, moved).records().tobytes() == first.records()[order].tobytes()
    changed = {**firms.current, "revenue": firms.current["revenue"] + 0.01}
    other = Cohort(
        firms.keys,
        2022,
        firms.as_of,
        changed,
        firms.previous,
        firms.dates,
        registers=firms.registers,
        history=firms.history,
    )
    assert input_digest(other, rules) != first.input_digest
