"""What the office finds to decide: firms that ask for an account, one of them in no register; and people invited."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.db import transaction
from stdnum.cn import uscc

from firms.models import Enrolment, Firm, Membership, User
from firms.services import audit, enrolments, invitations
from xxgx.demo.names import CODE_PREFIX

# One page, drawn by hand: a letter of authorisation that says it is none.
LETTER = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font"
    b"/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n4 0 obj<</Length 67>>stream\n"
    b"BT /F1 20 Tf 90 700 Td (DEMO - letter of authorisation (sample)) Tj ET\nendstream endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
ASKING = (("陈立", "0373-5550101", "chen@demo.invalid"), ("赵敏", "0373-5550102", "zhao@demo.invalid"))
STRANGER = ("孙强", "0373-5550103", "sun@demo.invalid")
TURNED_DOWN = ("周洁", "0373-5550104", "zhou@demo.invalid")


@transaction.atomic
def load_enrolments() -> int:
    """Applications in every state and two open invitations; how many in all. Nothing where there is any application."""
    office = User.objects.filter(username="office").first()
    if office is None or Enrolment.objects.exists():
        return 0
    spoken_for = Membership.objects.values("firm")
    firms = list(
        Firm.objects.filter(credit_code__startswith=CODE_PREFIX).exclude(pk__in=spoken_for).order_by("-credit_code")[:4]
    )
    for firm, person in zip(firms, ASKING, strict=False):
        _apply(firm.credit_code, firm.name, person)
    stem = "91410728XXGX99999"  # of a county next door
    _apply(stem + uscc.calc_check_digit(stem), "新乡市外某贸易有限公司", STRANGER)
    row = _apply(firms[2].credit_code, firms[2].name, TURNED_DOWN)
    enrolments.refuse(row, reason="授权书未加盖企业公章，请补盖后重新提交。", by=office)
    own = Membership.objects.filter(user__username="firm-one").select_related("user", "firm").first()
    if own is not None:
        invitations.invite(firm=own.firm, email="new-clerk@demo.invalid", kind="reporter", name="李新", by=own.user)
    invitations.invite(firm=firms[3], email="boss@demo.invalid", kind="manager", name="马总", by=office)
    audit.record("demo.enrolments", "载入演示注册申请与邀请", by=None)
    return len(ASKING) + 4


def _apply(credit_code: str, firm_name: str, person: tuple[str, str, str]) -> Enrolment:
    name, phone, email = person
    enrolments.apply(
        credit_code=credit_code, firm_name=firm_name, name=name, phone=phone, email=email,
        letter=ContentFile(LETTER, "授权书.pdf"),
    )  # fmt: skip
    return Enrolment.objects.get(credit_code=credit_code, email=email, state=Enrolment.State.PENDING)
