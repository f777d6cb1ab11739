import pytest

from scoring.analysis.run import ANSWERS
from scoring.assembly.columns import COLUMNS


@pytest.fixture(autouse=True)
def forgotten():
    """No test answers from what another one computed: runs of different tests may have one number."""
    ANSWERS.clear()
    COLUMNS.clear()
