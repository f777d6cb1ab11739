"""The commands behind `make demo` and an installation: they repeat safely and say what stands in their way."""

import socket

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import override_settings

from firms.models import AuditEntry, Department, Firm, Metric, User
from scoring.models import EvaluationPeriod, Scheme
from scoring.services import publish, withdraw
from xxgx.demo import ACCOUNTS, PASSWORD

pytestmark = pytest.mark.django_db


def holdings():
    kinds = (Group, Department, Metric, Scheme, User, Firm, EvaluationPeriod, AuditEntry)
    return {model.__name__: model.objects.count() for model in kinds}


def test_prepare_fills_an_empty_database_and_then_finds_nothing_to_do():
    call_command("prepare")
    first = holdings()
    assert first["Group"] == 8
    assert first["Metric"] > 20
    assert first["Scheme"] == 1
    assert first["User"] == first["Firm"] == 0  # no default account, no demo outside the demo
    call_command("prepare")
    assert holdings() == first


def test_the_demo_publishes_all_but_the_latest_once_and_keeps_what_people_did_since(client):
    with override_settings(DEMO=True):
        call_command("prepare")
        periods = list(EvaluationPeriod.objects.order_by("year_id"))
        assert [period.published_run is not None for period in periods] == [True, True, False]
        assert all(period.runs.count() == 1 for period in periods)
        latest = periods[-1]
        office = User.objects.get(username="office")
        publish(latest, latest.runs.get(), by=office)
        withdraw(periods[0], by=office, reason="演练")
        before = holdings()
        call_command("prepare")
        assert holdings() == before
        published = EvaluationPeriod.objects.order_by("year_id").values_list("published_run", flat=True)
        assert [run is not None for run in published] == [False, True, True]
    for account in ACCOUNTS:
        answer = client.post("/accounts/login/", {"username": account.username, "password": PASSWORD})
        assert answer.status_code == 302, account.username


def test_a_port_in_use_is_named_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CommandError, match="已被占用"):
            call_command("serve", port=taken.getsockname()[1])


def test_verify_audit_says_where_the_chain_broke():
    call_command("prepare")
    call_command("verify_audit")
    AuditEntry.objects.filter(sequence=1).update(summary="改过")
    with pytest.raises(CommandError, match="第 1 项"):
        call_command("verify_audit")
