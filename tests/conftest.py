import pytest

from tests import backends


def pytest_report_header() -> str:
    return f"backend: {backends.CHOSEN}"


def pytest_make_parametrize_id(config, val, argname) -> str | None:
    """A file's content names no test: what the clock wrote into it would make every worker collect others (xdist refuses)."""
    return argname if isinstance(val, bytes) and len(val) > 40 else None


@pytest.fixture(scope="session", autouse=True)
def addresses():
    """Read once as they are outside a demo: a test that plays the demo must not be the one that loads them."""
    from django.urls import get_resolver

    return get_resolver().url_patterns


@pytest.fixture
def people(db):
    """One account of each role, by role; the roles' permissions loaded. The department is 科学技术局."""
    from firms.models import Department, Role, User
    from xxgx import roles

    roles.load()
    science, _created = Department.objects.get_or_create(
        code="science", defaults={"name": "科学技术局", "short_name": "科技局"}
    )
    return {
        Role(role): User.objects.create_user(
            f"u-{role}", password="x", role=role, department=science if role == Role.DEPARTMENT else None
        )
        for role in Role.values
    }


@pytest.fixture
def as_role(people):
    """A signed-in client for a role; every call a session of its own."""
    from django.test import Client

    def sign_in(role):
        client = Client()
        client.force_login(people[role], "xxgx.roles.RoleBackend")
        return client

    return sign_in
