"""Patents that firms claim themselves in the year that is open: through the services, as people would."""

from datetime import date

from django.core.files.base import ContentFile
from django.db import transaction

from firms.importing.patents import check_digit
from firms.models import Firm, RegisterClaim, RegisterEntry, User
from firms.services import claims
from xxgx.demo.economy import YEARS
from xxgx.demo.reports import pdf

YEAR = YEARS[-1]
KIND = "patent"
# What it is called, category, serial, day, how it ends: submitted where nothing is said.
FACTS = (
    ("一种高可靠机械密封装置", "invention_grant", 8_000_001, date(YEAR, 9, 17), ""),
    ("一种传动部件在线检测方法", "invention_application", 8_000_002, date(YEAR, 11, 5), ""),
    ("一种风冷式控制柜", "invention_grant", 8_000_003, date(YEAR, 6, 4), "refused"),
)


@transaction.atomic
def load_patent_claims() -> int:
    """The example firm's claims: waiting, refused, and one of a patent that is in the register already; how many. Once."""
    one = Firm.objects.filter(memberships__user__username="firm-one").first()
    office = User.objects.filter(username="office").first()
    if one is None or office is None or RegisterClaim.objects.filter(kind=KIND).exists():
        return 0
    manager = User.objects.get(username="firm-one")
    facts = [
        {
            "title": title,
            "category": category,
            "document_number": _number(category, serial),
            "starts_on": day,
            "end": end,
        }
        for title, category, serial, day, end in FACTS
    ]
    known = RegisterEntry.objects.in_force().filter(firm=one, kind=KIND, starts_on__year=YEAR).order_by("pk").first()
    if known is not None:
        names = ("title", "category", "document_number", "starts_on")
        facts.append({name: getattr(known, name) for name in names} | {"end": ""})
    for fact in facts:
        end = fact.pop("end")
        claim = claims.draft(one, KIND, fact, files=[ContentFile(pdf("Demo patent"), "专利证书.pdf")], by=manager)
        claim = claims.submit(claim, version=claim.version, by=manager)
        if end == "refused":
            answer = "号码与证书不一致，请核对后重新申报。"
            claims.refuse(claim, version=claim.version, answer=answer, by=office)
    return len(facts)


def _number(category: str, serial: int) -> str:
    digits = f"{YEAR - (2 if category == 'invention_grant' else 0)}1{serial:07d}"
    return f"{digits}.{check_digit(digits)}"
