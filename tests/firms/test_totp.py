"""动态口令: no session before the code, a code good once, wrong ones lock like wrong passwords."""

import re
import time

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from firms.models import AuditEntry, Role
from firms.services import totp
from firms.services.refusal import Refusal
from firms.views import sign_in
from tests.enrolling import PASSWORD, code_of

pytestmark = pytest.mark.django_db

LOGIN, CODE = reverse("firms:login"), reverse("firms:login_code")


@pytest.fixture
def person(people):
    user = people[Role.FIRM]
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def codes(person):
    """The person has a second factor; what is shown now was used to set it up. Returns the recovery codes."""
    totp.begin(by=person)
    return totp.confirm(code_of(person), by=person)


def password(client, person, **more):
    return client.post(LOGIN, {"username": person.username, "password": PASSWORD, **more})


def show(client, code):
    return client.post(CODE, {"code": code})


def is_in(client):
    return client.get(reverse("firms:account")).status_code == 200


def test_setting_it_up_shows_a_picture_a_key_and_recovery_codes(person):
    client = Client()
    client.force_login(person, "xxgx.roles.RoleBackend")
    other = Client()
    other.force_login(person, "xxgx.roles.RoleBackend")
    assert client.post(reverse("firms:totp_begin")).url == reverse("firms:totp_confirm")
    page = client.get(reverse("firms:totp_confirm"))
    svg = re.search(r"<svg.*?</svg>", page.text, re.S)[0]
    assert "style=" not in svg  # the policy allows none
    assert "<script" not in svg
    assert client.post(reverse("firms:totp_confirm"), {"code": "000000"}).status_code == 400
    assert not totp.is_on(person)
    done = client.post(reverse("firms:totp_confirm"), {"code": code_of(person)})
    codes = re.findall(r'<li class="code">([\w-]+)</li>', done.text)
    assert len(set(codes)) == totp.CODES
    assert totp.is_on(person)
    assert is_in(client)
    assert not is_in(other)  # opened without it
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == totp.CODES
    assert not kept & {code.replace("-", "") for code in codes} | kept & set(codes)  # digests only


def test_the_password_alone_opens_nothing(person, codes):
    client = Client()
    response = password(client, person, next="/messages/")
    assert response.url == CODE
    assert not is_in(client)
    assert client.get("/home/").status_code == 302
    assert "_auth_user_id" not in client.session
    assert show(client, code_of(person, steps=1)).url == "/messages/"
    assert is_in(client)
    assert AuditEntry.objects.filter(action="session.begin").count() == 1


def test_a_code_is_good_once(person, codes):
    first, second = Client(), Client()
    for client in (first, second):
        password(client, person)
    code = code_of(person, steps=1)
    assert show(first, code).status_code == 302
    assert show(second, code).status_code == 200
    assert not is_in(second)


def test_a_recovery_code_is_good_once_and_leaves_its_trace(person, codes):
    for client, opens in ((Client(), True), (Client(), False)):
        password(client, person)
        show(client, codes[0].upper().replace("-", " "))
        assert is_in(client) is opens
    assert totp.codes_left(person) == totp.CODES - 1
    assert AuditEntry.objects.filter(action="totp.recovery").count() == 1


def test_a_recovery_code_of_one_is_nothing_to_another(person, codes, people):
    other = people[Role.OFFICE]
    totp.begin(by=other)
    totp.confirm(code_of(other), by=other)
    assert not totp.verify(other, codes[0])
    assert totp.verify(person, codes[0])


def test_full_width_digits_and_spaces_are_digits(person, codes):
    client = Client()
    password(client, person)
    code = code_of(person, steps=1)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert show(client, f" {wide[:3]} {wide[3:]} ").status_code == 302


@pytest.mark.parametrize("code", ["", "12345", "1234567", "٠١٢٣٤٥", "x" * 40, "²²²²²²"])
def test_what_is_no_code_is_refused_and_no_fault(person, codes, code):
    client = Client()
    password(client, person)
    assert show(client, code).status_code == 200
    assert not is_in(client)


def test_five_wrong_codes_lock_the_account_also_for_the_right_one(person, codes):
    client = Client()
    password(client, person)
    answers = [show(client, "000000").status_code for _ in range(5)]
    assert answers == [200] * 4 + [429]
    assert show(client, code_of(person, steps=1)).status_code == 429
    assert password(Client(), person).status_code == 429
    assert AuditEntry.objects.filter(action="session.lock").exists()
    assert AuditEntry.objects.filter(action="session.refuse").count() == 4


def test_wrong_passwords_and_wrong_codes_count_together_and_the_password_alone_resets_nothing(person, codes):
    client = Client()
    for _ in range(3):
        client.post(LOGIN, {"username": person.username, "password": "wrong"})
    password(client, person)
    assert show(client, "000000").status_code == 200
    password(client, person)
    assert show(client, "000000").status_code == 429


def test_a_wrong_code_is_not_written_down(person, codes):
    from axes.models import AccessAttempt

    client = Client()
    password(client, person)
    show(client, "135790")
    for attempt in AccessAttempt.objects.values():
        assert "135790" not in str(attempt)
    for entry in AuditEntry.objects.values():
        assert "135790" not in str(entry)


def test_halfway_lasts_five_minutes_and_not_past_a_change_of_password(person, codes, monkeypatch):
    client = Client()
    password(client, person)
    now = time.time()
    monkeypatch.setattr(sign_in.time, "time", lambda: now + sign_in.MINUTES * 60 + 2)
    assert client.get(CODE).url == LOGIN
    monkeypatch.undo()
    password(client, person)
    person.set_password("Another-one-2022")
    person.save()
    assert show(client, codes[0]).url == LOGIN
    assert totp.codes_left(person) == totp.CODES


def test_halfway_belongs_to_the_session_that_showed_the_password(person, codes):
    password(Client(), person)
    stranger = Client()
    assert stranger.get(CODE).url == LOGIN
    assert show(stranger, codes[0]).url == LOGIN
    assert totp.codes_left(person) == totp.CODES


def test_switching_it_off_needs_the_password_and_five_mistakes_end_the_session(person, codes):
    client = Client()
    client.force_login(person, "xxgx.roles.RoleBackend")
    url = reverse("firms:totp_disable")
    for _ in range(4):
        assert client.post(url, {"password": "wrong"}).status_code == 400
    assert totp.is_on(person)
    assert client.post(url, {"password": "wrong"}).url == LOGIN
    assert not is_in(client)
    client.force_login(person, "xxgx.roles.RoleBackend")
    assert client.post(url, {"password": PASSWORD}).status_code == 302
    assert not totp.is_on(person)
    assert not StaticToken.objects.exists()


def test_new_recovery_codes_replace_the_old(person, codes):
    fresh = totp.renew_codes(PASSWORD, by=person)
    assert not set(fresh) & set(codes)
    assert not totp.verify(person, codes[0])
    assert totp.verify(person, fresh[0])


def test_a_second_device_is_not_set_up_past_the_first(person, codes):
    with pytest.raises(Refusal) as refused:
        totp.begin(by=person)
    assert refused.value.code == "totp_on"


def test_the_security_administrator_resets_a_lost_one(person, codes, as_role, people):
    session = Client()
    session.force_login(person, "xxgx.roles.RoleBackend")
    form = {"action": "reset_second_factor", "_selected_action": [person.pk]}
    url = reverse("admin:firms_user_changelist")
    as_role(Role.SYSTEM).post(url, form)
    assert totp.is_on(person)
    assert as_role(Role.SECURITY).post(url, form).status_code == 302
    assert not totp.is_on(person)
    assert not is_in(session)
    assert AuditEntry.objects.get(action="totp.reset").actor == people[Role.SECURITY]


def test_nobody_resets_their_own(people):
    security = people[Role.SECURITY]
    totp.begin(by=security)
    totp.confirm(code_of(security), by=security)
    with pytest.raises(Refusal) as refused:
        totp.reset(security, by=security)
    assert refused.value.status == 403


# ---- where the site asks for it


@pytest.fixture
def strict(settings):
    settings.REQUIRE_TOTP = True


def test_staff_and_banks_must_and_firms_may(strict, people, as_role):
    for role in Role:
        response = as_role(role).get(reverse("firms:messages"))
        assert response.status_code == (200 if role == Role.FIRM else 302), role
        if role != Role.FIRM:
            assert response.url == reverse("firms:totp")


def test_until_it_is_set_up_one_page_opens_and_the_api_says_so(strict, people, as_role):
    client = as_role(Role.OFFICE)
    for path in ("/office/", "/admin/", "/imports/", "/"):
        assert client.get(path).url == reverse("firms:totp"), path
    answer = client.get("/api/v1/periods/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor")
    assert client.get(reverse("firms:totp")).status_code == 200
    client.post(reverse("firms:totp_begin"))
    client.post(reverse("firms:totp_confirm"), {"code": code_of(people[Role.OFFICE])})
    assert client.get("/office/").status_code == 200
    people[Role.OFFICE].set_password(PASSWORD)
    people[Role.OFFICE].save()
    with pytest.raises(Refusal) as refused:
        totp.disable(PASSWORD, by=people[Role.OFFICE])
    assert refused.value.code == "totp_required"


def test_a_sign_in_with_the_code_opens_everything(strict, people):
    office = people[Role.OFFICE]
    office.set_password(PASSWORD)
    office.save()
    totp.begin(by=office)
    totp.confirm(code_of(office), by=office)
    Session.objects.all().delete()
    client = Client()
    password(client, office)
    show(client, code_of(office, steps=1))
    assert client.get("/office/").status_code == 200


def test_the_device_in_the_table_is_confirmed_once(person, codes):
    assert TOTPDevice.objects.filter(user=person).count() == 1
    with pytest.raises(Refusal):
        totp.confirm(code_of(person, steps=1), by=person)
