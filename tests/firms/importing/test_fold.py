"""Folding with decisions: what holds for any statements and rulings (hypothesis), and the cases an officer meets."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from firms.catalogue import MetricSpec
from firms.importing.fold import Folded, Ruling, Statement, fold, ruled_value
from firms.importing.plan import PlannedRow, folded_with, metrics_row

CODES = ("revenue", "headcount")
METRICS = {
    "revenue": MetricSpec("revenue", "营业收入", "amount"),
    "headcount": MetricSpec("headcount", "职工人数", "count", source_priority=("firm", "government", "public")),
}
figures = st.integers(0, 4).map(lambda number: number * 100.0)  # few values: equal ones must meet
sources = st.sampled_from(("government", "public", "firm"))
said = st.tuples(sources, st.dictionaries(st.sampled_from(CODES), figures, min_size=1))
sayings = st.lists(said, min_size=1, max_size=6)


def statements(parts) -> list[Statement]:
    return [Statement(number, source, values) for number, (source, values) in enumerate(parts, 1)]


def as_dict(folded: Folded) -> tuple:
    return folded.values, folded.winners, folded.conflicts


rulings = st.dictionaries(
    st.sampled_from(CODES), st.builds(Ruling, filing=st.integers(1, 8), latest=st.integers(0, 8)), max_size=2
)


@given(sayings, st.randoms(use_true_random=False))
def test_without_decisions_nothing_is_otherwise(parts, order):
    told = statements(parts)
    plain = fold(told, METRICS)
    shuffled = order.sample(told, len(told))
    assert as_dict(fold(shuffled, METRICS, {})) == as_dict(fold(shuffled, METRICS, None)) == as_dict(plain)


@given(sayings, rulings)
def test_a_decision_touches_its_own_cell_only_and_every_value_is_somebodys(parts, ruled):
    told = statements(parts)
    plain, folded = fold(told, METRICS), fold(told, METRICS, ruled)
    by_id = {statement.filing: statement.values for statement in told}
    for code in plain.values:
        assert folded.values[code] == by_id[folded.winners[code]][code]
        if code not in ruled:
            assert folded.winners[code] == plain.winners[code]
            assert folded.conflicts.get(code) == plain.conflicts.get(code)
    assert folded.values.keys() == plain.values.keys()


@given(sayings)
def test_deciding_for_the_natural_winner_changes_only_the_conflicts(parts):
    told = statements(parts)
    plain = fold(told, METRICS)
    ruled = {code: Ruling(filing, len(told)) for code, filing in plain.winners.items()}
    folded = fold(told, METRICS, ruled)
    assert (folded.values, folded.winners) == (plain.values, plain.winners)
    assert folded.conflicts == {}


@given(sayings, st.data())
def test_a_decision_of_any_statement_made_counts(parts, data):
    told = statements(parts)
    chosen = data.draw(st.sampled_from(told))
    code = data.draw(st.sampled_from(sorted(chosen.values)))
    folded = fold(told, METRICS, {code: Ruling(chosen.filing, len(told))})
    assert (folded.values[code], folded.winners[code]) == (chosen.values[code], chosen.filing)
    assert code not in folded.conflicts


@given(sayings, st.data(), sources, st.sampled_from((900.0, 901.0)))
def test_it_lapses_with_a_newer_statement_of_another_value(parts, data, source, value):
    told = statements(parts)
    chosen = data.draw(st.sampled_from(told))
    code = data.draw(st.sampled_from(sorted(chosen.values)))
    later = [*told, Statement(len(told) + 1, source, {code: value})]
    assert as_dict(fold(later, METRICS, {code: Ruling(chosen.filing, len(told))})) == as_dict(fold(later, METRICS))


@given(sayings, st.data())
def test_it_holds_when_everybody_says_the_same_again(parts, data):
    told = statements(parts)
    chosen = data.draw(st.sampled_from(told))
    code = data.draw(st.sampled_from(sorted(chosen.values)))
    now = {statement.source: statement for statement in told if code in statement.values}
    again = [replace(statement, filing=len(told) + n) for n, statement in enumerate(now.values(), 1)]
    ruling = Ruling(chosen.filing, len(told))
    assert ruled_value(code, ruling, [*told, *again]) == chosen.values[code]


@given(sayings, st.data())
def test_it_lapses_with_its_filing(parts, data):
    told = statements(parts)
    chosen = data.draw(st.sampled_from(told))
    assume(len(told) > 1)
    code = data.draw(st.sampled_from(sorted(chosen.values)))
    left = [statement for statement in told if statement is not chosen]
    assert as_dict(fold(left, METRICS, {code: Ruling(chosen.filing, len(told))})) == as_dict(fold(left, METRICS))


GOVERNMENT, FIRM = Statement(1, "government", {"revenue": 100.0}), Statement(2, "firm", {"revenue": 120.0})


def test_a_correction_by_either_side_opens_the_question_again():
    for_firm = {"revenue": Ruling(2, 2)}
    assert fold([GOVERNMENT, FIRM], METRICS, for_firm).values["revenue"] == 120
    corrected = [GOVERNMENT, FIRM, Statement(3, "government", {"revenue": 105.0})]
    reopened = fold(corrected, METRICS, for_firm)
    assert reopened.values["revenue"] == 105
    assert reopened.conflicts == {"revenue": [[2, 120.0]]}
    # Taken back, the decision stands as it was made.
    taken_back = [*corrected, Statement(4, "government", {"revenue": 100.0})]
    assert fold(taken_back, METRICS, for_firm).values["revenue"] == 120


def test_a_source_that_comes_round_to_the_decision_leaves_it_standing():
    agreed = [GOVERNMENT, FIRM, Statement(3, "government", {"revenue": 120.0})]
    assert fold(agreed, METRICS, {"revenue": Ruling(2, 2)}).winners["revenue"] == 2


def test_a_preview_counts_its_row_as_newer_than_any_decision_even_one_that_knew_batches_since_undone():
    row = PlannedRow("Sheet1", 2, "", firm=1, values={"revenue": 105.0})
    ruled = {"revenue": Ruling(2, 40)}
    assert folded_with(row, [GOVERNMENT, FIRM], METRICS, rulings=ruled).values["revenue"] == 105
    metrics_row(row, [GOVERNMENT, FIRM], METRICS, rulings=ruled)
    assert (row.verdict, row.before) == ("change", {"revenue": 120.0})


def test_a_department_that_repeats_what_was_decided_against_changes_nothing_and_is_told_no_conflict():
    row = PlannedRow("Sheet1", 2, "", firm=1, values={"revenue": 100.0, "headcount": 9.0})
    metrics_row(row, [GOVERNMENT, FIRM], METRICS, rulings={"revenue": Ruling(2, 2)})
    assert row.before == {"headcount": None}
    assert not [reason for reason in row.reasons if reason["code"] == "outranked"]
