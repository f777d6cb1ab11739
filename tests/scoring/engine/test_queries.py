"""Asked of one entry or of a whole table, a question to the registers counts the same entries."""

import random
from datetime import date, timedelta

import pytest

from scoring.engine import Cohort, Registers, parse_scheme
from scoring.engine.inputs import _RegisterTables
from tests.scoring.zone import TEXT

SCHEME = parse_scheme(TEXT)
QUESTIONS = [key[1] for key in SCHEME.inputs if key[0] == "register"]


def entries(seed: int) -> list[tuple]:
    chance = random.Random(seed)
    edges = [date(2021, 1, 1), date(2021, 12, 31), date(2022, 1, 1), date(2022, 12, 31), date(2023, 1, 1)]
    kinds = sorted({query.kind for query in QUESTIONS})
    made = []
    for _ in range(400):
        start = chance.choice([*edges, date(2019, 1, 1) + timedelta(chance.randrange(1800))])
        end = chance.choice(
            [None, *(edge for edge in edges if edge >= start), start + timedelta(chance.randrange(900))]
        )
        kind = chance.choice(kinds)
        categories = [*SCHEME.registers[kind].categories, ""]
        made.append((0, kind, chance.choice(categories), chance.choice([*SCHEME.levels, ""]), start, end, 1.0, 1.0))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_one_entry_and_the_table_agree(seed):
    rows = entries(seed)
    cohort = Cohort(keys=["a"], year=2022, as_of=date(2022, 12, 31), current={}, registers=Registers.build(["a"], rows))
    tables = _RegisterTables(cohort)
    assert QUESTIONS
    for query in QUESTIONS:
        chosen = set(tables.rows(query).tolist())
        if query.weights:
            chosen = {i for i in chosen if rows[i][3] in dict(query.weights)}
        asked = {
            i
            for i, (_, kind, category, level, start, end, *_rest) in enumerate(rows)
            if kind == query.kind and query.admits(category, level, start, end, year=cohort.year, as_of=cohort.as_of)
        }
        assert asked == chosen, query
