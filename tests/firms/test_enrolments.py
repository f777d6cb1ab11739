"""企业注册: the visitor learns nothing, the office decides once, the account is its owner's alone."""

import re

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from firms.models import AuditEntry, Enrolment, Mail, Membership, Message, Role, User
from firms.services import enrolments, jobs
from firms.services.refusal import Refusal
from tests.enrolling import PASSWORD, PDF, application, apply, letter, link_in
from tests.factories import FirmFactory, UserFactory, credit_code

pytestmark = pytest.mark.django_db

PAGE = reverse("firms:enrol")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)
    cache.clear()  # of the throttle


@pytest.fixture
def firm():
    return FirmFactory(credit_code=credit_code(987), name="新乡某某有限公司")


@pytest.fixture
def office():
    return UserFactory(role=Role.OFFICE, name="李干事")


def send(client=None, **changed):
    return (client or Client()).post(PAGE, application(**changed))


def test_the_answer_is_the_same_whether_firm_and_address_are_known(firm):
    UserFactory(username="wang@example.org", email="wang@example.org", role=Role.FIRM)
    known = send()
    unknown = send(credit_code=credit_code(986), email="nobody@example.org")
    again = send()  # the same application once more
    answers = [(response.status_code, response.url) for response in (known, unknown, again)]
    assert answers == [(302, reverse("firms:enrol_done"))] * 3
    assert Enrolment.objects.count() == 2
    assert not Mail.objects.exists()


def test_an_application_waits_in_the_queue_and_the_office_is_told(firm, office):
    send()
    row = Enrolment.objects.get()
    assert (row.state, row.credit_code, row.email) == ("pending", firm.credit_code, "wang@example.org")
    assert Message.objects.get(user=office).link == reverse("firms:enrolments")
    assert not User.objects.filter(role=Role.FIRM).exists()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("credit_code", "91410700MAT0000000", "统一社会信用代码不正确"),
        ("credit_code", "", ""),
        ("phone", "abc", "电话"),
        ("email", "no", ""),
        ("letter", letter(b"MZ\x90\0", "授权书.pdf"), "PDF"),
        ("letter", letter(PNG, "授权书.pdf"), "扩展名"),
        ("letter", letter(b"", "授权书.pdf"), "空"),
        ("letter", letter(b"<html>", "授权书.html"), ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(field, value, says):
    response = send(**{field: value})
    assert response.status_code == 400
    assert says in response.text
    assert 'class="field-error"' in response.text
    assert not Enrolment.objects.exists()


def test_a_letter_too_large_is_refused(settings):
    settings.LETTER_MAX_BYTES = 100
    assert "超过上限" in send(letter=letter(PDF * 10)).text
    assert not Enrolment.objects.exists()


def test_a_code_is_taken_in_lower_case_and_with_spaces():
    code = credit_code(987)
    send(credit_code=f" {code[:8].lower()} {code[8:]} ")
    assert Enrolment.objects.get().credit_code == code


def test_the_form_is_taken_so_many_times_an_hour_from_one_address(settings):
    settings.FORM_RATES = {"enrolment": "3/hour"}
    codes = [send(email=f"a{n}@example.org").status_code for n in range(4)]
    assert codes == [302, 302, 302, 429]
    assert send(Client(REMOTE_ADDR="192.0.2.7"), email="b@example.org").status_code == 302
    assert Client().get(PAGE).status_code == 200  # reading the page costs nothing


def test_the_queue_is_bounded(monkeypatch):
    monkeypatch.setattr(enrolments, "_WAITING", 1)
    send(email="a@example.org")
    assert "过多" in send(email="b@example.org").text
    assert Enrolment.objects.count() == 1


# ---- the office


def test_approving_opens_an_account_that_only_its_owner_can_enter(firm, office):
    user = enrolments.approve(apply(), by=office)
    assert (user.username, user.role, user.is_active) == ("wang@example.org", Role.FIRM, True)
    assert not user.has_usable_password()
    assert Membership.objects.get(user=user, firm=firm).kind == "manager"
    mail = Mail.objects.get(to="wang@example.org")
    assert "/accounts/password/set/" not in mail.body  # only where it leaves
    client = Client()
    form = client.get(link_in(mail), follow=True)
    new = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    done = client.post(form.request["PATH_INFO"], new)
    assert done.url == reverse("firms:login")
    assert client.get("/home/").status_code == 302  # signed nobody in
    signed = client.post(reverse("firms:login"), {"username": user.username, "password": PASSWORD})
    assert signed.status_code == 302
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"enrolment.apply", "enrolment.approve", "user.password_by_mail", "session.begin"} <= actions


def test_the_link_is_good_once_and_for_a_day(firm, office, monkeypatch):
    enrolments.approve(apply(), by=office)
    link = link_in(Mail.objects.get(to="wang@example.org"))
    client = Client()
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert "链接已失效" in Client().get(link, follow=True).text

    from django.contrib.auth.tokens import PasswordResetTokenGenerator

    link = link_in(Mail.objects.get(to="wang@example.org", subject="企业注册已通过"))
    now = PasswordResetTokenGenerator._now
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: now(self).replace(year=now(self).year + 1))
    assert "链接已失效" in Client().get(link, follow=True).text


def test_a_weak_password_is_refused_in_words(firm, office):
    enrolments.approve(apply(), by=office)
    client = Client()
    form = client.get(link_in(Mail.objects.get(to="wang@example.org")), follow=True)
    response = client.post(form.request["PATH_INFO"], {"new_password1": "12345", "new_password2": "12345"})
    assert "密码没有设置" in response.text


def test_a_firm_in_no_register_is_not_approved(office):
    with pytest.raises(Refusal) as refused:
        enrolments.approve(apply(), by=office)
    assert (refused.value.code, refused.value.status) == ("firm_unknown", 409)
    assert not User.objects.filter(role=Role.FIRM).exists()
    assert Enrolment.objects.get().state == "pending"


def test_an_account_that_is_there_takes_the_firm_in(firm, office):
    user = UserFactory(role=Role.FIRM, email="Wang@Example.org", username="old-name")
    assert enrolments.approve(apply(), by=office) == user
    assert Membership.objects.get(firm=firm).user == user
    body = Mail.objects.get(to="wang@example.org").body
    assert "old-name" in body
    assert "[[link" not in body


@pytest.mark.parametrize("owner", [{"role": Role.OFFICE}, {"role": Role.FIRM, "is_active": False}])
def test_the_address_of_an_account_that_cannot_speak_for_firms_is_refused(firm, office, owner):
    UserFactory(email="wang@example.org", **owner)
    with pytest.raises(Refusal) as refused:
        enrolments.approve(apply(), by=office)
    assert refused.value.code == "email_taken"
    assert not Membership.objects.exists()


def test_a_manager_of_the_firm_hears_of_a_second_one(firm, office):
    manager = UserFactory(role=Role.FIRM, email="boss@example.org")
    Membership.objects.create(user=manager, firm=firm, kind="manager")
    enrolments.approve(apply(), by=office)
    assert "王会计" in Message.objects.get(user=manager).body


def test_two_officers_decide_once_and_the_second_is_told_who(firm, office):
    row = apply()
    other = UserFactory(role=Role.OFFICE)
    user = enrolments.approve(row, by=office)
    assert enrolments.approve(row, by=office) == user  # the same deed sent twice
    for deed in (lambda: enrolments.approve(row, by=other), lambda: enrolments.refuse(row, reason="不符", by=other)):
        with pytest.raises(Refusal) as refused:
            deed()
        assert (refused.value.code, refused.value.status) == ("enrolment_decided", 409)
        assert "李干事" in refused.value.message
    assert Mail.objects.filter(to="wang@example.org").count() == 1


def test_a_refusal_has_a_reason_and_is_written_to_the_applicant(office):
    row = apply()
    with pytest.raises(Refusal) as refused:
        enrolments.refuse(row, reason=" ", by=office)
    assert refused.value.code == "reason_required"
    enrolments.refuse(row, reason="授权书未盖章", by=office)
    row.refresh_from_db()
    assert (row.state, row.reason, row.decided_by) == ("refused", "授权书未盖章", office)
    assert "授权书未盖章" in Mail.objects.get().body
    assert apply() != row  # may ask again


def test_only_the_office_decides(firm, office):
    for role in (Role.LEADER, Role.SYSTEM, Role.FIRM):
        with pytest.raises(Refusal) as refused:
            enrolments.approve(apply(), by=UserFactory(role=role))
        assert refused.value.status == 403


def test_a_reason_cannot_smuggle_a_link_into_the_mail(office):
    from firms.services import links

    victim = UserFactory(email="v@example.org")
    forged = f"[[link {links.marker('password', victim.pk)[8:-4]}xx]]"
    enrolments.refuse(apply(), reason=f"见 {forged}", by=office)
    assert "/accounts/password/set/" not in links.resolved(Mail.objects.get().body)


def test_the_page_shows_the_register_beside_what_was_typed(as_role, firm):
    apply(firm_name="新乡某某公司")
    apply(credit_code=credit_code(986), email="x@example.org")
    text = re.sub(r"\s+", " ", as_role(Role.OFFICE).get(reverse("firms:enrolments")).text)
    assert "名录为“新乡某某有限公司”" in text
    assert "名录中没有" in text
    assert "还没有管理员" in text


def test_the_letter_comes_as_a_file_and_leaves_a_trace(as_role, firm):
    row = apply()
    response = as_role(Role.OFFICE).get(reverse("firms:enrolment_letter", args=[row.pk]))
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Type"] == "application/octet-stream"
    assert "attachment" in response["Content-Disposition"]
    assert AuditEntry.objects.filter(action="enrolment.letter").count() == 1


def test_a_file_of_an_application_that_was_not_kept_is_not_kept_either(monkeypatch):
    apply()
    before = _files()
    monkeypatch.setattr(Enrolment, "save", lambda *a, **k: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        apply(email="other@example.org")
    assert _files() == before


def _files() -> int:
    def walk(folder: str) -> int:
        folders, files = default_storage.listdir(folder)
        return len(files) + sum(walk(f"{folder}/{name}") for name in folders)

    return walk("enrolments") if default_storage.exists("enrolments") else 0
