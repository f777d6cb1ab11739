"""Mails over a real connection: what a server receives, and one that hangs up."""

import email
import email.policy
import socketserver
import threading

import pytest

from firms.models import Mail
from firms.services import jobs, mail

pytestmark = pytest.mark.django_db


class Session(socketserver.StreamRequestHandler):
    """As much of SMTP as Django's own backend speaks."""

    def handle(self):
        self.say("220 test")
        while line := self.rfile.readline():
            word = line.decode("ascii").strip().upper()
            if word.startswith("DATA"):
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                self.server.received.append(b"".join(lines))
                self.say("250 taken")
            elif word.startswith("RCPT") and "REFUSED@" in word:
                self.say("550 no such mailbox")
            elif word.startswith("RCPT") and "HANGUP@" in word:
                return None
            elif word.startswith("QUIT"):
                return self.say("221 bye")
            else:
                self.say("250 ok")
        return None

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def server(settings, monkeypatch):
    monkeypatch.setattr(jobs.current_app, "send_task", lambda *args, **options: None)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads, server.received = True, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.DEFAULT_FROM_EMAIL = "企业创新积分办 <jifen@example.gov.cn>"
        yield server
        server.shutdown()


def send():
    mail.ask_when_due()
    return jobs.run_due()


def test_chinese_arrives_whole_and_one_header_cannot_become_two(server):
    mail.queue("wang@example.org", "填报表已退回\nBcc: all@example.org", "营业收入，请核对。\n" * 3, key="k:1")
    send()
    message = email.message_from_bytes(server.received[0], policy=email.policy.default)
    assert message["Subject"] == "填报表已退回 Bcc: all@example.org"
    assert (message["Bcc"], message["To"]) == (None, "wang@example.org")
    assert "企业创新积分办" in message["From"]
    assert message["Message-ID"].endswith("@example.gov.cn>")
    assert message.get_content().startswith("营业收入，请核对。")


def test_what_the_server_refuses_keeps_its_code_and_the_others_go_out(server):
    mail.queue("refused@example.org", "一", "正文", key="1")
    mail.queue("taken@example.org", "二", "正文", key="2")
    send()
    refused, taken = Mail.objects.order_by("key")
    assert (refused.sent_at, refused.error) == (None, "SMTPRecipientsRefused")
    assert taken.sent_at
    assert len(server.received) == 1


def test_a_connection_that_breaks_costs_one_mail_a_try_and_the_rest_a_new_connection(server):
    for key, to in (("1", "hangup@example.org"), ("2", "a@example.org"), ("3", "b@example.org")):
        mail.queue(to, "一", "正文", key=key)
    send()
    first, *rest = Mail.objects.order_by("key")
    assert (first.sent_at, first.attempts) == (None, 1)
    assert all(row.sent_at for row in rest)


def test_nobody_there_is_the_servers_fault_and_no_mails(server, settings):
    server.shutdown()
    settings.EMAIL_PORT = 9
    mail.queue("wang@example.org", "一", "正文", key="1")
    send()
    row = Mail.objects.get()
    assert (row.sent_at, row.attempts, row.error) == (None, 0, "ConnectionRefusedError")
