"""Asking the test's own site, with every guard on."""

import pytest

from firms.connecting import fetching
from firms.connecting.guarding import Budget
from firms.connecting.problem import Unfetched


def get(site, path="/", guard=None, **changes):
    guard = guard or site.guard(**changes)
    return fetching.get(site.url(path), guard, Budget(guard))


def refused(site, path="/", **changes):
    with pytest.raises(Unfetched) as problem:
        get(site, path, **changes)
    assert problem.value.message
    return problem.value.code
