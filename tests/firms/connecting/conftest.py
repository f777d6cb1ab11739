import pytest

from tests.firms.connecting.site import Site, page


@pytest.fixture
def site():
    with Site() as one:
        yield one


@pytest.fixture
def elsewhere():
    with Site() as other:
        other.answers["/"] = page(b"secret")
        yield other
