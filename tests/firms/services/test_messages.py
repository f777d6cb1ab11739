"""Messages and mails: said once, with the deed they tell of or not at all; sent once, whatever dies on the way."""

import subprocess
import sys

import pytest
from django.core import mail as outbox
from django.db import transaction
from django.utils import timezone

from firms.models import Job, Mail, Message
from firms.services import jobs, links, mail, messages
from tests.factories import MembershipFactory, OfficerFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def reader():
    return UserFactory(email="reader@example.org")


def tell(*people, key="a:1", **more):
    return messages.tell(people, key=key, title="填报表已退回", body="营业收入请核对。", link="/report/2024/", **more)


def test_everybody_told_has_a_message_and_those_with_an_address_a_mail(reader):
    silent = UserFactory(email="")
    tell(reader, silent)
    assert Message.objects.count() == 2
    assert list(Mail.objects.values_list("to", flat=True)) == ["reader@example.org"]
    body = Mail.objects.get().body
    assert "营业收入请核对" in body
    assert "/report/2024/" in body


def test_the_same_key_is_said_once_to_each(reader):
    tell(reader)
    other = UserFactory(email="other@example.org")
    assert [row.user_id for row in tell(reader, other)] == [other.pk]
    tell(reader, key="a:2", mail=False)
    assert (Message.objects.count(), Mail.objects.count()) == (3, 2)


def test_what_is_rolled_back_was_never_said(reader):
    with transaction.atomic():
        tell(reader)
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    assert not Mail.objects.exists()


def test_a_message_leads_to_a_page_of_ours_only(reader):
    for link in ("https://example.org/", "//example.org/", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="page of ours"):
            messages.tell([reader], key="x", title="t", link=link)


def test_who_speaks_for_a_firm_a_department_and_the_office():
    member, officer, office = MembershipFactory(), OfficerFactory(), UserFactory()
    UserFactory(is_active=False)
    assert list(messages.people_of_firm(member.firm)) == [member.user]
    assert list(messages.people_of_department(officer.department)) == [officer]
    assert list(messages.people_of_office()) == [office]


def test_telling_many_costs_as_many_queries_as_telling_few(reader, django_assert_num_queries):
    few, many = [reader], [UserFactory(email=f"m{n}@example.org") for n in range(40)]
    with django_assert_num_queries(4):
        tell(*few, key="few")
    with django_assert_num_queries(4):
        tell(*many, key="many")


def test_reading_is_noted_once_and_only_by_the_recipient(reader):
    message = tell(reader)[0]
    message = Message.objects.get(user=reader)
    assert messages.unread(reader) == 1
    messages.read(message, by=UserFactory())
    assert messages.unread(reader) == 1
    messages.read(message, by=reader)
    message.refresh_from_db()
    first = message.read_at
    messages.read(message, by=reader)
    message.refresh_from_db()
    assert (messages.unread(reader), message.read_at) == (0, first)
    tell(reader, key="b")
    assert messages.read_all(by=reader) == 1


# ---- mails


def queue(key="k", body="正文", to="a@example.org"):
    return mail.queue(to, "主题", body, key=key)


def send():
    mail.ask_when_due()
    return jobs.run_due()


def test_a_mail_is_queued_once_a_key_and_sent_once():
    assert queue()
    assert not queue()
    send()
    send()
    assert [m.subject for m in outbox.outbox] == ["主题"]
    assert outbox.outbox[0].extra_headers["Message-ID"].startswith("<")
    row = Mail.objects.get()
    assert row.sent_at
    assert (row.attempts, row.error) == (1, "")


def test_committing_asks_for_the_job_and_rolling_back_does_not(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        queue()
    assert Job.objects.filter(kind="mail.send").count() == 1


class Server:
    """A mail server's connection that fails as told."""

    def __init__(self, closed=False, refuses=()):
        self.closed, self.refuses, self.sent = closed, refuses, []

    def open(self):
        if self.closed:
            raise ConnectionRefusedError

    def close(self):
        pass

    def send_messages(self, messages):
        for message in messages:
            if message.to[0] in self.refuses:
                raise ValueError("refused with the text of the mail")
            self.sent.append(message.to[0])
        return len(messages)


@pytest.fixture
def server(monkeypatch):
    def set_up(**how):
        one = Server(**how)
        monkeypatch.setattr(mail.django_mail, "get_connection", lambda: one)
        return one

    return set_up


def test_a_refused_mail_holds_up_no_other_and_waits_before_it_is_tried_again(server):
    one = server(refuses=("bad@example.org",))
    queue("1", to="bad@example.org")
    queue("2", to="good@example.org")
    send()
    assert one.sent == ["good@example.org"]
    bad = Mail.objects.get(key="1")
    assert (bad.sent_at, bad.attempts, bad.error) == (None, 1, "ValueError")  # the kind, never the text
    assert not mail.due().exists()
    later = timezone.now() + mail.WAITS[1]
    assert list(mail.due(later)) == [bad]
    Mail.objects.filter(pk=bad.pk).update(attempts=len(mail.WAITS))
    assert not mail.due(later + 99 * mail.WAITS[-1]).exists()
    assert mail.retry(bad, by=UserFactory(role="system"))
    assert mail.due().exists()


def test_a_server_that_does_not_answer_costs_no_mail_its_tries(server):
    server(closed=True)
    queue()
    send()
    row = Mail.objects.get()
    assert (row.sent_at, row.attempts, row.error) == (None, 0, "ConnectionRefusedError")
    assert send() == 0  # it is left alone for a while
    Job.objects.update(finished_at=timezone.now() - mail.PAUSE)
    one = server()
    send()
    assert one.sent == ["a@example.org"]


def test_a_mail_taken_by_two_is_sent_by_one(server, monkeypatch):
    one = server()
    queue()
    row = Mail.objects.get()
    other = Mail.objects.get()
    assert mail._send(row.pk, one) is True
    assert mail._take(other) is False  # read before, taken meanwhile
    # The negative control: with the condition taken away the second one sends it again.
    monkeypatch.setattr(mail, "_take", lambda row: True)
    mail._send(other.pk, one)
    assert len(one.sent) == 2


def test_where_no_server_is_configured_a_mail_says_that_it_was_only_kept(settings):
    settings.EMAIL_BACKEND = "xxgx.mailbox.Kept"
    queue()
    send()
    row = Mail.objects.get()
    assert row.sent_at
    assert row.error == mail.KEPT


# ---- links


@pytest.fixture
def linked(monkeypatch):
    monkeypatch.setitem(links._makers, "test", lambda pk: f"/secret/{pk}/" if pk else "")


def test_a_link_is_made_when_the_mail_leaves_and_never_kept(linked, settings):
    settings.SITE_URL = "https://jifen.example"
    queue(body=f"请打开 {links.marker('test', 7)} 设置密码")
    assert "secret" not in Mail.objects.get().body
    send()
    assert outbox.outbox[0].body == "请打开 https://jifen.example/secret/7/ 设置密码"
    assert "secret" not in Mail.objects.get().body


def test_a_marker_written_by_a_person_is_no_link(linked):
    real = links.marker("test", 7)
    forged = real.replace("[[link ", "[[link x")
    assert "secret" not in links.resolved(f"张三 {forged} [[link WyJ0ZXN0Iiw3XQ:1:2]]")
    assert links.GONE in links.resolved(links.marker("test", 0))


def test_a_worker_knows_every_kind_of_link():
    """A process of its own: what the web server has imported by the way is not there."""
    code = "import django; django.setup(); from firms.services import links;print(sorted(links._makers))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "['invitation', 'password']"
