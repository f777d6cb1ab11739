import pytest
from rest_framework.throttling import SimpleRateThrottle

from tests.scoring.small_zone import zone

__all__ = ["zone"]


@pytest.fixture
def unthrottled(monkeypatch) -> None:
    """As many requests as a test likes."""
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"anon": "100000/s", "user": "100000/s"})
