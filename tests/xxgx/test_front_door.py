"""Signing in, staying in, being sent out; where requests come from; is the system well."""

import time

import pytest
from django.conf import settings as conf
from django.core.management import CommandError, call_command
from django.test import RequestFactory, override_settings
from django.urls import reverse

from firms.models import AuditEntry, Job, Role, User
from firms.services import audit
from xxgx import health
from xxgx.address import client_address
from xxgx.home import HOMES

pytestmark = pytest.mark.django_db

LOGIN = reverse("firms:login")
PASSWORD = "a-long-enough-one"


@pytest.fixture
def leader(db):
    return User.objects.create_user("leader", password=PASSWORD, role=Role.LEADER)


def sign_in(client, password=PASSWORD, **extra):
    return client.post(LOGIN, {"username": "leader", "password": password}, **extra)


def signed_in(client):
    return client.get(reverse("firms:password_change")).status_code == 200


def test_signing_in_and_out_is_traced_with_the_address(client, leader):
    assert sign_in(client, REMOTE_ADDR="192.0.2.7").status_code == 302
    client.post(reverse("firms:logout"), REMOTE_ADDR="192.0.2.7")
    traced = AuditEntry.objects.filter(action__startswith="session.").order_by("sequence")
    assert [(entry.action, entry.actor, entry.address) for entry in traced] == [
        ("session.begin", leader, "192.0.2.7"), ("session.end", leader, "192.0.2.7"),
    ]  # fmt: skip


def test_five_failures_lock_the_account_for_half_an_hour(client, leader):
    for _ in range(4):
        assert sign_in(client, "wrong").status_code == 200
    assert sign_in(client, "wrong").status_code == 429
    locked = sign_in(client)
    assert locked.status_code == 429
    assert "登录已锁定" in locked.text
    assert not signed_in(client)
    assert AuditEntry.objects.filter(action="session.refuse").count() == 4
    assert AuditEntry.objects.filter(action="session.lock").count() == 2
    assert conf.AXES_COOLOFF_TIME == 0.5


def test_a_name_that_does_not_exist_is_locked_just_the_same(client):
    for _ in range(4):
        assert client.post(LOGIN, {"username": "nobody", "password": "x"}).status_code == 200
    assert client.post(LOGIN, {"username": "nobody", "password": "x"}).status_code == 429


def test_the_security_administrator_unlocks(client, leader, as_role):
    for _ in range(5):
        sign_in(client, "wrong")
    from axes.models import AccessAttempt

    form = {"action": "unlock", "_selected_action": [AccessAttempt.objects.get().pk]}
    as_role(Role.SECURITY).post(reverse("admin:axes_accessattempt_changelist"), form)
    assert sign_in(client).status_code == 302
    assert AuditEntry.objects.filter(action="session.unlock").count() == 1


@pytest.mark.parametrize(
    "change",
    [{"role": Role.OFFICE}, {"is_active": False}, {"password": "md5$x$y"}],
    ids=["role", "disabled", "password"],
)
def test_a_change_of_role_or_password_ends_the_session(client, leader, change):
    sign_in(client)
    assert signed_in(client)
    User.objects.filter(pk=leader.pk).update(**change)
    assert not signed_in(client)


def test_a_session_ends_after_half_an_hour_of_idleness_and_not_before(client, leader, monkeypatch):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    sign_in(client)
    signed_in(client)
    left = Session.objects.get(pk=client.session.session_key).expire_date - timezone.now()
    assert 1790 <= left.total_seconds() <= 1800
    Session.objects.update(expire_date=timezone.now())
    assert not signed_in(client)


def test_reading_on_keeps_a_session_alive_with_at_most_one_write_a_minute(client, leader, monkeypatch):
    from django.contrib.sessions.models import Session

    sign_in(client)
    signed_in(client)
    before = Session.objects.get().expire_date
    signed_in(client)
    assert Session.objects.get().expire_date == before
    later = time.time() + 61
    monkeypatch.setattr("xxgx.sessions.time.time", lambda: later)
    signed_in(client)
    assert Session.objects.get().expire_date > before


def test_no_session_outlives_half_a_day(client, leader, monkeypatch):
    sign_in(client)
    assert signed_in(client)
    later = time.time() + conf.SESSION_ABSOLUTE_SECONDS + 1
    monkeypatch.setattr("xxgx.sessions.time.time", lambda: later)
    assert not signed_in(client)


def test_a_visitor_without_a_cookie_gets_none(client):
    response = client.get("/livez")
    assert not response.cookies


@pytest.mark.parametrize("role", Role.values)
def test_each_role_begins_at_its_own_work(as_role, role):
    response = as_role(role).get(reverse("home"))
    assert response.status_code == 302
    assert response.url == reverse(HOMES[Role(role)])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),  # nobody is believed unless told so
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the client wrote itself stands further left
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "<script>", None),
        (1, "", "192.0.2.1"),
    ],
)
def test_the_address_is_the_one_our_outermost_proxy_saw(proxies, forwarded, expected):
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    with override_settings(TRUSTED_PROXIES=proxies):
        assert client_address(request) == expected


def test_the_address_does_not_leak_into_what_is_done_outside_a_request(client, leader):
    sign_in(client, REMOTE_ADDR="192.0.2.7")
    assert audit.record("x.y", "定时任务", by=None).address is None


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "anything"])
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/admin/", "/home/", "/livez"])
def test_a_cookie_with_nul_is_as_good_as_none(client, name, path):
    """PostgreSQL cannot even be asked for such a session."""
    client.raise_request_exception = False
    plain = client.get(path).status_code
    assert client.get(path, HTTP_COOKIE=f'{name}="aaaaaaaaaa\\000"').status_code == plain


def test_a_cookie_with_nul_reaches_nothing(monkeypatch):
    from xxgx.errors import RefusalMiddleware

    request = RequestFactory().get("/", HTTP_COOKIE='sessionid="a\\000"; other=b')
    assert "\0" in request.COOKIES["sessionid"]
    seen = []
    RefusalMiddleware(lambda request: seen.append(dict(request.COOKIES)))(request)
    assert seen == [{"other": "b"}]
    middleware = conf.MIDDLEWARE
    assert middleware.index("xxgx.errors.RefusalMiddleware") < middleware.index(
        "django.contrib.sessions.middleware.SessionMiddleware"
    )


@pytest.mark.parametrize(("proxies", "names"), [(0, {"192.0.2.1"}), (1, {"203.0.113.9", "198.51.100.1"})])
def test_the_throttle_counts_by_the_address_our_proxies_saw(proxies, names, monkeypatch):
    from rest_framework.settings import api_settings
    from rest_framework.throttling import AnonRateThrottle

    assert api_settings.NUM_PROXIES == conf.TRUSTED_PROXIES == 0
    monkeypatch.setattr(api_settings, "NUM_PROXIES", proxies)
    forwarded = ("203.0.113.9", "8.8.8.8, 198.51.100.1")
    asked = [RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=text) for text in forwarded]
    assert {AnonRateThrottle().get_ident(request) for request in asked} == names


def test_a_name_guessed_at_from_many_addresses_is_locked_for_all_of_them(client, leader, as_role, settings):
    """Five from each of four addresses lock the name; three addresses do not, so nobody locks it from one desk."""

    def guess(host, times):
        return [sign_in(client, "wrong", REMOTE_ADDR=f"192.0.2.{host}").status_code for _ in range(times)]

    for host in range(3):
        assert guess(host, 5) == [200, 200, 200, 200, 429]
    assert sign_in(client, REMOTE_ADDR="198.51.100.1").status_code == 302
    client.post(reverse("firms:logout"))
    assert guess(4, 4) == [200] * 4
    assert guess(5, 1) == [429]
    assert sign_in(client, REMOTE_ADDR="198.51.100.1").status_code == 429
    settings.LOCKOUT_NAME_LIMIT = 1000  # it is this limit that refused
    assert sign_in(client, REMOTE_ADDR="198.51.100.1").status_code == 302
    settings.LOCKOUT_NAME_LIMIT = 20
    client.post(reverse("firms:logout"))
    from axes.models import AccessAttempt

    chosen = list(AccessAttempt.objects.values_list("pk", flat=True))
    form = {"action": "unlock", "_selected_action": chosen}
    as_role(Role.SECURITY).post(reverse("admin:axes_accessattempt_changelist"), form)
    assert sign_in(client, REMOTE_ADDR="198.51.100.1").status_code == 302


def test_alive_and_ready(client):
    assert client.get("/livez").status_code == 200
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == dict.fromkeys(("database", "migrations", "cache", "broker", "worker"), "ok") | {
        "ready": True
    }


@pytest.mark.parametrize("part", health.REQUIRED)
def test_a_part_that_fails_makes_it_unready_without_telling_how(client, monkeypatch, part):
    def broken():
        raise OSError("secret-host:5432 refused")

    monkeypatch.setitem(health.REQUIRED, part, broken)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()[part] == "error: OSError"
    assert "secret-host" not in response.text


def test_a_worker_that_takes_nothing_is_reported(client):
    Job.objects.create(kind="x", key="y", due_at="2022-01-01T00:00:00+08:00")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert "waiting" in response.json()["worker"]


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/livez", "/nowhere", "/admin/"])
def test_the_policy_stands_on_every_answer(client, path):
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert client.get(path).headers["X-Frame-Options"] == "DENY"


def test_an_account_from_the_command_line(monkeypatch, capsys):
    monkeypatch.setenv("XXGX_PASSWORD", "correct-horse-battery")
    call_command("add_account", "first", role="security", name="张三")
    assert User.objects.get(username="first").check_password("correct-horse-battery")
    assert AuditEntry.objects.filter(action="user.create").exists()


@pytest.mark.parametrize(
    ("password", "arguments", "reason"),
    [
        ("short", {"role": "office"}, "太短"),
        ("1234567890123", {"role": "office"}, "数字"),
        ("correct-horse-battery", {"role": "department"}, "部门"),
        ("correct-horse-battery", {"role": "department", "department": "nowhere"}, "没有代码为"),
    ],
)
def test_an_account_that_may_not_be_is_refused(monkeypatch, password, arguments, reason):
    monkeypatch.setenv("XXGX_PASSWORD", password)
    with pytest.raises(CommandError, match=reason):
        call_command("add_account", "first", **arguments)
    assert not User.objects.exists()


def test_there_can_be_no_superuser():
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_superuser("root", password="x", role=Role.OFFICE)
