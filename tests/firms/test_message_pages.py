"""消息 and 邮件 as pages: the bell, reading, following; bodies of mails in the demo only."""

import pytest
from django.urls import reverse

from firms.models import Mail, Message, Role
from firms.services import jobs, links, mail, messages
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

INBOX, MAILS = reverse("firms:messages"), reverse("firms:mails")


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


def test_the_bell_counts_what_is_unread(as_role, people):
    client = as_role(Role.FIRM)
    assert "bell-count" not in client.get(INBOX).text
    for n in range(3):
        messages.tell([people[Role.FIRM]], key=f"k{n}", title=f"第{n}条")
    page = client.get("/").text
    assert '<span class="bell-count">3</span>' in page
    assert "消息，3条未读" in page


def test_the_bell_asks_nothing_for_who_is_not_signed_in(client):
    page = client.get("/").text
    assert 'class="bell"' not in page


def test_opening_a_message_marks_it_read_and_leads_on(as_role, people):
    messages.tell([people[Role.FIRM]], key="a", title="已退回", link="/messages/?unread=1")
    messages.tell([people[Role.FIRM]], key="b", title="无链接")
    client = as_role(Role.FIRM)
    first, second = Message.objects.order_by("pk")
    assert client.post(reverse("firms:message_open", args=[first.pk])).url == "/messages/?unread=1"
    assert client.post(reverse("firms:message_open", args=[second.pk])).url == INBOX
    assert messages.unread(people[Role.FIRM]) == 0


def test_nobody_opens_anothers_message(as_role, people):
    messages.tell([people[Role.FIRM]], key="a", title="已退回")
    url = reverse("firms:message_open", args=[Message.objects.get().pk])
    assert as_role(Role.OFFICE).post(url).status_code == 404
    assert messages.unread(people[Role.FIRM]) == 1


def test_a_text_is_text(as_role, people):
    messages.tell([people[Role.FIRM]], key="a", title="<b>x</b>", body="<script>1</script>\n第二行")
    page = as_role(Role.FIRM).get(INBOX).text
    assert "<script>1" not in page
    assert "&lt;b&gt;x" in page


def test_all_at_once(as_role, people):
    for n in range(40):
        messages.tell([people[Role.FIRM]], key=f"k{n}", title=f"第{n}条")
    client = as_role(Role.FIRM)
    page = client.get(INBOX).text
    assert page.count('class="unread"') == 30
    assert "更早的消息" in page
    client.post(reverse("firms:messages_read"))
    assert 'class="unread"' not in client.get(INBOX).text
    assert "没有未读" in client.get(INBOX + "?unread=1").text


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=" + "9" * 30, "unread=2", "before=%00"])
def test_what_cannot_be_read_in_the_address_is_no_fault(as_role, query):
    assert as_role(Role.FIRM).get(f"{INBOX}?{query}").status_code in {200, 400}
    assert as_role(Role.SYSTEM).get(f"{MAILS}?{query}").status_code in {200, 400}


def test_mails_show_their_state_and_in_the_demo_their_text_with_the_link(as_role, settings, monkeypatch):
    monkeypatch.setitem(links._makers, "test", lambda pk: "/secret/link/")
    settings.EMAIL_BACKEND = "xxgx.mailbox.Kept"
    mail.queue("a@example.org", "主题一", f"请打开 {links.marker('test', 1)}", key="1")
    client = as_role(Role.SYSTEM)
    assert "待发送" in client.get(MAILS).text
    mail.ask_when_due()
    jobs.run_due()
    page = client.get(MAILS + "?state=kept").text
    assert "主题一" in page
    assert "/secret/link/" not in page
    assert "用户收不到" in page
    settings.DEMO = True
    assert 'href="http://testserver/secret/link/"' in client.get(MAILS).text
    assert "主题一" not in client.get(MAILS + "?state=failed").text


def test_a_mail_given_up_is_sent_again_from_the_page(as_role):
    mail.queue("a@example.org", "主题", "正文", key="1")
    row = Mail.objects.get()
    Mail.objects.update(attempts=len(mail.WAITS), error="SMTPRecipientsRefused 550")
    client = as_role(Role.SYSTEM)
    page = client.get(MAILS + "?state=failed").text
    assert "SMTPRecipientsRefused 550" in page
    assert client.post(reverse("firms:mail_retry", args=[row.pk])).status_code == 302
    row.refresh_from_db()
    assert mail.state_of(row) == "waiting"


def test_telling_somebody_who_has_left_writes_nothing_to_others():
    user = UserFactory(email="a@example.org")
    messages.tell([user], key="a", title="x")
    assert Mail.objects.get().to == "a@example.org"
