"""A list of texts finds the same firms whether each is sought or all are looked up, and costs a look at each firm at most."""

import numpy as np
import pytest

from scoring.analysis.arrays import FEW, Texts

NAMES = ["甲公司", "甲公司二", "", "乙(新乡)公司", "A+公司", "丙\\公司", "乙(新乡)公司"]


def texts(names: list[str]) -> Texts:
    return Texts.of(names, [(name, f"p{i}") for i, name in enumerate(names)], np.arange(len(names), dtype=np.int32))


@pytest.mark.parametrize("others", [0, FEW, 400])
def test_a_list_finds_whole_texts_only(others):
    column = texts(NAMES)
    wanted = ["甲公司", "乙(新乡)公司", "A+公司", "p1", "公司", *(f"没有{i}" for i in range(others))]
    assert column.is_in(wanted).tolist() == [True, False, False, True, True, False, True]
    assert column.is_in(["", *wanted]).tolist() == [True, False, True, True, True, False, True]


@pytest.mark.parametrize("others", [0, 400])
def test_nobody_is_in_a_list_where_there_is_nobody(others):
    assert texts([]).is_in(f"某{i}" for i in range(others + 1)).tolist() == []


def test_a_long_list_is_not_one_pass_a_text(monkeypatch):
    """500 names over 100,000 firms took 3 s, and a question may hold fifty such lists for each of twelve periods."""
    passes = []
    sought = Texts._found
    monkeypatch.setattr(Texts, "_found", lambda self, *args: passes.append(1) or sought(self, *args))
    texts(NAMES).is_in(f"某{i}" for i in range(500))
    assert len(passes) <= FEW
    texts(NAMES).is_in(f"某{i}" for i in range(FEW))
    assert len(passes) == FEW  # sought one by one: what is counted above is really what a pass calls
