"""Accounts in tests: applications, invitations, members, codes; and who may open their pages."""

from __future__ import annotations

import time

from django.core.files.uploadedfile import SimpleUploadedFile
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from firms.models import Enrolment, Firm, Invitation, Mail, Message, User
from firms.services import enrolments, invitations, messages
from tests.factories import credit_code

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PASSWORD = "Xinxiang-2022-jifen"

SIGNED_IN = {
    "office", "leader", "department", "other_department", "firm", "other_firm", "bank", "system", "security", "audit",
}  # fmt: skip
EVERYBODY = SIGNED_IN | {"anonymous"}
OWN = {"firm", "office"}

TABLE = {
    "firms:session_ping": (SIGNED_IN, "get", {}),
    "firms:login_code": (set(), "get", {}),  # without a password shown, back to the beginning
    "firms:account": (SIGNED_IN, "get", {}),
    "firms:email_change": (SIGNED_IN, "post", {}),
    "firms:email_confirm": (SIGNED_IN, "get", {"seal": "x"}),
    "firms:password_forgotten": (EVERYBODY, "get", {}),
    "firms:password_forgotten_done": (EVERYBODY, "get", {}),
    "firms:password_set": (EVERYBODY, "get", {"uidb64": "x", "token": "x"}),
    "firms:totp": (SIGNED_IN, "get", {}),
    "firms:totp_begin": (SIGNED_IN, "post", {}),
    "firms:totp_confirm": (SIGNED_IN, "get", {}),
    "firms:totp_codes": (SIGNED_IN, "post", {}),
    "firms:totp_disable": (SIGNED_IN, "post", {}),
    "firms:enrol": (EVERYBODY, "get", {}),
    "firms:enrol_done": (EVERYBODY, "get", {}),
    "firms:enrolments": ({"office"}, "get", {}),
    "firms:enrolment_approve": ({"office"}, "post", {"pk": "enrolment"}),
    "firms:enrolment_refuse": ({"office"}, "post", {"pk": "enrolment"}),
    "firms:enrolment_letter": ({"office"}, "get", {"pk": "enrolment"}),
    "firms:members": ({"firm", "other_firm", "office"}, "get", {}),
    "firms:firm_members": (OWN, "get", {"credit_code": "code"}),
    "firms:member_invite": (OWN, "post", {"credit_code": "code"}),
    "firms:member_kind": (OWN, "post", {"credit_code": "code", "pk": "membership"}),
    "firms:member_remove": (OWN, "post", {"credit_code": "code", "pk": "membership"}),
    "firms:invitation_revoke": (OWN, "post", {"credit_code": "code", "pk": "invitation"}),
    "firms:invitation": (EVERYBODY, "get", {"token": "token"}),
    "firms:invitation_join": ({"firm"}, "post", {"token": "token"}),
    "firms:messages": (SIGNED_IN, "get", {}),
    "firms:messages_read": (SIGNED_IN, "post", {}),
    "firms:message_open": ({"firm"}, "post", {"pk": "message"}),
    "firms:mails": ({"system"}, "get", {}),
    "firms:mail_retry": ({"system"}, "post", {"pk": "mail"}),
}


def world(own: Firm, users: dict[str, User]) -> dict[str, object]:
    """An application, an invitation to the firm's own account, a message of its, a mail: what the URLs above need."""
    user = users["firm"]
    user.email = "firm@example.org"
    user.save(update_fields=["email"])
    apply(credit_code=own.credit_code)
    elsewhere = Firm.objects.exclude(pk=own.pk).order_by("pk")[1]
    token = token_of(invitations.invite(firm=elsewhere, email=user.email, kind="reporter", by=users["office"]))
    mine = invitations.invite(firm=own, email="new@example.org", kind="reporter", by=users["office"])
    messages.tell([user], key="world", title="填报即将截止")
    return {
        "enrolment": Enrolment.objects.get().pk, "invitation": mine.pk, "token": token,
        "membership": own.memberships.get(user=user).pk, "message": Message.objects.get(user=user).pk,
        "mail": Mail.objects.order_by("pk").first().pk,
    }  # fmt: skip


def letter(content: bytes = PDF, name: str = "授权书.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def application(**changed) -> dict[str, object]:
    """What somebody fills in to register a firm."""
    return {
        "credit_code": credit_code(987), "firm_name": "新乡某某有限公司", "name": "王会计", "phone": "0373-3000000",
        "email": "wang@example.org", "letter": letter(),
    } | changed  # fmt: skip


def apply(**changed) -> Enrolment | None:
    enrolments.apply(**application(**changed))
    return Enrolment.objects.order_by("-pk").first()


def token_of(invitation: Invitation) -> str:
    """The secret of its link, as the mail has it."""
    return invitations._link(invitation.pk).split("/")[2]


def link_in(mail: Mail) -> str:
    """The first address in a mail, without the site's own part, as its reader gets it."""
    from firms.services import links

    text = links.resolved(mail.body)
    start = text.index("http")
    return "/" + text[start:].split()[0].split("/", 3)[3]


def code_of(user: User, *, steps: int = 0) -> str:
    """What the person's device shows now, or so many half minutes from now."""
    device = TOTPDevice.objects.get(user=user)
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06d}"
