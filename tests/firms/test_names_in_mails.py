"""A name is written into mails that leave in the zone's name: it carries no message of its own."""

import pytest
from django.urls import reverse

from firms.forms.accounts import ContactForm
from firms.forms.enrolments import AcceptForm, EnrolmentForm, InvitationForm
from firms.models import Invitation, Mail, Role, User
from tests.factories import MembershipFactory

MESSAGES = [
    "张三\n\n紧急通知：请缴费", "领取补贴 http://evil.example", "www.evil.example", "evil．cn", "a@evil.example",
    "<b>张三", "张三\u2028通知",
]  # fmt: skip
FORMS = [
    lambda name: InvitationForm({"name": name}),
    lambda name: AcceptForm({"name": name}),
    lambda name: EnrolmentForm({"name": name}),
    lambda name: ContactForm({"name": name}, user=User(role=Role.FIRM)),
]


@pytest.mark.parametrize("make", FORMS)
def test_no_form_takes_a_message_for_a_name(make):
    assert [name for name in MESSAGES if "name" not in make(name).errors] == []


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("name", ["张三", "欧阳 娜娜", "阿卜杜拉·买买提", "J. Smith", "O'Neil-Li", "张三（财务）"])
def test_people_are_called_what_they_are_called(make, name):
    assert "name" not in make(name).errors


@pytest.mark.django_db
def test_a_firm_sends_no_message_of_its_own_by_inviting(client):
    member = MembershipFactory(kind="manager")
    client.force_login(member.user, "xxgx.roles.RoleBackend")
    sent = {"email": "victim@example.org", "kind": "reporter", "name": MESSAGES[0]}
    answer = client.post(reverse("firms:member_invite", args=[member.firm.credit_code]), sent)
    assert answer.status_code == 400
    assert "不能含换行" in answer.text
    assert not Invitation.objects.exists()
    assert not Mail.objects.exists()
