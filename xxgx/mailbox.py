"""Where no mail server is configured: a mail's row is the mail. The page 邮件 shows what would have gone out."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class Kept(BaseEmailBackend):
    """Sends nothing anywhere, and says so: ``firms.services.mail`` notes on each row that it was only kept."""

    keeps = True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return len(email_messages)
