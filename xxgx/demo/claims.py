"""What firms claim and object to, and what departments found and decided, in the year that is open: through the services, as people would."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from firms.importing.fold import contenders, fingerprint
from firms.models import (
    Decision,
    FactSheet,
    Filing,
    Firm,
    Membership,
    Metric,
    Objection,
    RegisterClaim,
    RegisterEntry,
    Role,
    Source,
    User,
)
from firms.services import claims, decisions, objections, working_days
from xxgx.demo.economy import YEARS
from xxgx.demo.names import CODE_PREFIX
from xxgx.demo.reports import pdf

YEAR = YEARS[-1]
SEED = 2024_12
FIRMS = 26
DECIDED = 5
# Register, category, level, what it is called, how it ends: submitted where nothing is said.
FACTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("contract", "university", "", "高效传动部件联合开发合同", ""),
    ("contract", "general", "", "产线数字化改造技术服务合同", ""),
    ("award", "", "provincial", "河南省科学技术进步奖三等奖", "verified"),
    ("platform", "", "provincial", "河南省企业技术中心", ""),
    ("project", "plan", "provincial", "河南省科技攻关项目：高可靠密封件研制", ""),
    ("talent", "", "municipal", "牧野英才创新团队", "verified"),
    ("contract", "university", "", "材料疲劳性能测试与改进合同", "refused"),
    ("contest", "", "provincial", "河南省创新创业大赛优秀奖", ""),
    ("qualification", "srdi", "", "", ""),
    ("contract", "general", "", "控制软件委托开发合同", "verified"),
    ("platform", "", "municipal", "新乡市工程技术研究中心", ""),
    ("award", "", "municipal", "新乡市科学技术进步奖二等奖", "refused"),
    ("project", "plan", "municipal", "新乡市重大科技专项配套课题", "withdrawn"),
)
ANSWERS = {"contract": "未见技术合同登记证明，请补充后重新申报。", "award": "证书获奖单位与申报企业名称不一致。"}
OBJECTED = ("revenue", "rd_expense", "headcount", "technologists", "total_profit", "hightech_revenue")


def load_claims() -> int:
    """Write claims, objections and decisions; how many. Nothing if there are any, or no demo accounts."""
    one = Firm.objects.filter(memberships__user__username="firm-one").first()
    office = User.objects.filter(username="office").first()
    if one is None or office is None or RegisterClaim.objects.exists() or Objection.objects.exists():
        return 0
    maker = _Maker(np.random.default_rng(SEED), office)
    with transaction.atomic():
        return maker.claim(one) + maker.object(one) + maker.decide()


@dataclass
class _Maker:
    rng: np.random.Generator
    office: User

    def __post_init__(self) -> None:
        officers = User.objects.filter(role=Role.DEPARTMENT, is_active=True).order_by("pk")
        self.officers = {user.department_id: user for user in officers}

    def officer(self, department_id: int) -> User:
        """A department without an account of its own is acted for by the office, as everywhere."""
        return self.officers.get(department_id, self.office)

    def firms(self, one: Firm) -> Iterator[tuple[Firm, User]]:
        """The example firm first, then others that have a manager."""
        managed = Membership.objects.filter(kind=Membership.Kind.MANAGER, firm__credit_code__startswith=CODE_PREFIX)
        yield one, User.objects.get(username="firm-one")
        rows = managed.exclude(firm=one).select_related("firm", "user").order_by("firm__credit_code")[:FIRMS]
        for row in rows:
            yield row.firm, row.user

    def claim(self, one: Firm) -> int:
        """Some facts each; the example firm has one in every state, and one that is in the register already."""
        made = 0
        for at, (firm, manager) in enumerate(self.firms(one)):
            picks = [FACTS[n] for n in (2, 6, 0, 12)] if firm == one else [FACTS[at % len(FACTS)]]
            for kind, category, level, title, end in picks:
                self._claim(firm, manager, kind, self._fact(kind, category, level, title), end)
                made += 1
        known = RegisterEntry.objects.in_force().filter(firm=one, kind="contract").order_by("-starts_on").first()
        if known is not None:
            fact = {name: getattr(known, name) for name in ("category", "level", "title", "starts_on", "amount")}
            self._claim(one, User.objects.get(username="firm-one"), "contract", fact, "")
        draft = self._fact("platform", "", "municipal", "新乡市博士后创新实践基地")
        claims.draft(one, "platform", draft, by=User.objects.get(username="firm-one"))
        return made + 1 + (known is not None)

    def _fact(self, kind: str, category: str, level: str, title: str) -> dict[str, Any]:
        starts = date(YEAR, 1, 1) + timedelta(days=int(self.rng.integers(30, 300)))
        fact: dict[str, Any] = {"category": category, "level": level, "title": title, "starts_on": starts}
        if kind in ("contract", "project"):
            fact["amount"] = Decimal(int(self.rng.integers(8, 240))) + Decimal("0.5")
        if kind == "qualification":
            fact["ends_on"] = starts + timedelta(days=3 * 365)
        fact["document_number"] = f"{YEAR}XX{int(self.rng.integers(1000, 9999))}"
        return fact

    def _claim(self, firm: Firm, manager: User, kind: str, fact: dict[str, Any], end: str) -> None:
        file = ContentFile(pdf("Demo evidence"), "佐证材料.pdf")
        claim = claims.draft(firm, kind, fact, files=[file], by=manager)
        claim = claims.submit(claim, version=claim.version, by=manager)
        officer = self.officer(claim.department_id)
        if end == "verified":
            claims.verify(claim, version=claim.version, by=officer)
        elif end == "refused":
            claims.refuse(claim, version=claim.version, answer=ANSWERS[kind], by=officer)
        elif end == "withdrawn":
            claims.withdraw(claim, version=claim.version, by=manager)
        at = timezone.now() - timedelta(days=float(self.rng.uniform(0.5, 9)))
        RegisterClaim.objects.filter(pk=claim.pk).update(submitted_at=at, created_at=at - timedelta(hours=3))

    def object(self, one: Firm) -> int:
        """The example firm's in every state; of others mostly waiting, one of them too long."""
        made: list[Objection] = []
        ends = ("upheld", "rejected", "", "", "", "", "upheld", "", "rejected", "", "")
        for firm, manager in list(self.firms(one))[:9]:
            for code in self._cells(firm)[: 3 if firm == one else 1]:
                made.append(self._object(firm, manager, code, ends[len(made) % len(ends)]))
        for row in made:
            days = int(self.rng.integers(1, 9))
            at = timezone.now() - timedelta(days=days)
            due = working_days.after(at.date(), settings.OBJECTION_WORKING_DAYS)
            Objection.objects.filter(pk=row.pk).update(raised_at=at, due_on=due)
        waiting = [row for row in made if row.state == Objection.State.OPEN]
        if len(waiting) > 3:
            Objection.objects.filter(pk=waiting[2].pk).update(
                raised_at=timezone.now() - timedelta(days=21), due_on=timezone.localdate() - timedelta(days=5)
            )
        return len(made)

    def _cells(self, firm: Firm) -> list[str]:
        """Metrics a department stated about the firm, in an order of its own."""
        sheet = FactSheet.objects.filter(firm=firm, year=YEAR).first()
        if sheet is None:
            return []
        government = set(
            Filing.objects.with_ids(sheet.winners.values())
            .filter(source=Source.GOVERNMENT)
            .values_list("pk", flat=True)
        )
        found = [code for code in OBJECTED if sheet.winners.get(code) in government and sheet.values[code] > 20]
        start = firm.pk % len(found) if found else 0
        return found[start:] + found[:start]

    def _object(self, firm: Firm, manager: User, code: str, end: str) -> Objection:
        metric = Metric.objects.select_related("owner").get(code=code)
        value = FactSheet.objects.get(firm=firm, year=YEAR).values[code]
        whole = metric.kind == Metric.Kind.COUNT
        claimed = round(value * float(self.rng.uniform(1.06, 1.3)) + whole, 0 if whole else 2)
        made = objections.raise_objection(
            firm, YEAR, metric, claimed=f"{claimed:g}" if whole else f"{claimed:.2f}",
            reason="与企业年度报表不一致，附报表备查。", files=[ContentFile(pdf("Demo evidence"), "年度报表.pdf")], by=manager,
        )  # fmt: skip
        officer = self.officer(made.department_id)
        if end == "upheld":
            return objections.uphold(made, figure=str(made.claimed), by=officer)
        if end == "rejected":
            return objections.reject(
                made, answer="与申报系统数据核对一致，年报数为合并口径，应填本法人数。", by=officer
            )
        return made

    def decide(self) -> int:
        """A handful of the year's conflicts decided, most left open; the last one taken back."""
        metrics = {row.code: row for row in Metric.objects.select_related("owner")}
        made: list[Decision] = []
        sheets = FactSheet.objects.filter(year=YEAR, has_conflicts=True, firm__credit_code__startswith=CODE_PREFIX)
        for sheet in sheets.select_related("firm").order_by("firm__credit_code")[:DECIDED]:
            code = next(iter(sheet.conflicts))
            cell = contenders(code, sheet.values, sheet.winners, sheet.conflicts)
            for_firm = len(made) % 3 == 1
            reason = "已与企业核实：部门数缺第四季度" if for_firm else "统计口径不同，以主管部门口径为准"
            made.append(
                decisions.decide(
                    sheet.firm, YEAR, metrics[code], filing=cell[1 if for_firm else 0][0], seen=fingerprint(cell),
                    reason=reason, by=self.officer(metrics[code].owner_id or 0),
                )
            )  # fmt: skip
        if made:
            decisions.revoke(made[-1], by=made[-1].decided_by)
        return len(made)
