"""A published composite index, expressed as scheme files, comes out as published."""

import pytest

from scoring.engine import evaluate, parse_scheme
from tests.scoring.engine import asem


@pytest.mark.parametrize("case", ["c", "t", "v"])
def test_the_scheme_file_is_the_metadata(case):
    assert (asem.SCHEMES / f"asem-{case}.toml").read_text(encoding="utf-8") == asem.scheme_text(case)


@pytest.mark.parametrize("case", ["c", "t", "v"])
def test_scores_equal_the_published_ones(case):
    scheme = parse_scheme((asem.SCHEMES / f"asem-{case}.toml").read_text(encoding="utf-8"))
    cohort, expected = asem.cohort(case), asem.expected(case)
    result = evaluate(scheme, cohort)
    assert len(expected) == len(cohort) == 51
    rank = "Rank_overall" if case == "t" else "Rank"
    for i, key in enumerate(cohort.keys):
        published = expected[key]
        assert result.unrounded[i] == pytest.approx(float(published["Index"]), rel=1e-9)
        for j, dimension in enumerate(scheme.dimensions):
            assert result.dimensions[i, j] == pytest.approx(float(published[dimension.code]), rel=1e-9)
        assert result.rank_overall[i] == int(published[rank])
        if case == "t":
            assert result.rank_stage[i] == int(published["Rank_in_stage"])
