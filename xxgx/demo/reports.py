"""The latest year in the middle of reporting: forms accepted, waiting, sent back and half filled in, by firms of their own accounts."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import numpy as np
from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from firms.catalogue import Catalogue
from firms.importing.checks import Typed, examine
from firms.importing.figures import plain
from firms.models import (
    DataYear,
    Evidence,
    FactSheet,
    Filing,
    Firm,
    FirmReport,
    Membership,
    ReportEvent,
    Role,
    User,
)
from firms.models.filing import Source
from firms.services import audit, filings
from firms.services.catalogue import in_force
from xxgx.demo.economy import YEARS
from xxgx.demo.names import CODE_PREFIX

YEAR = YEARS[-1]
SEED = 2024_11
WAITING, SENT_BACK, STARTED = 48, 9, 70
DAYS_LEFT = 12
REASON = "本年业务和人员变动较大，已与财务报表核对。"
REMARKS = {
    "hightech_revenue": "与高企年报不一致，请核对后重报或附说明。",
    "graduates_hired": "请按签订一年以上劳动合同的口径核减。",
    "invested_firms": "请与市场主体登记信息核对。",
}
State, Kind = FirmReport.State, ReportEvent.Kind


@transaction.atomic
def load_reports() -> int:
    """Open the year and write its forms; how many. Nothing if there are any, or no demo accounts."""
    one, two = (Firm.objects.filter(memberships__user__username=name).first() for name in ("firm-one", "firm-two"))
    office = User.objects.filter(username="office").first()
    if one is None or two is None or office is None or FirmReport.objects.exists():
        return 0
    _open_year()
    maker = _Maker(np.random.default_rng(SEED), office)
    sheets = FactSheet.objects.filter(year=YEAR, firm__credit_code__startswith=CODE_PREFIX)
    others = [
        pk
        for pk in sheets.order_by("firm__credit_code").values_list("firm_id", flat=True)
        if pk not in (one.pk, two.pk)
    ]
    accepted = list(
        Filing.objects.filter(year=YEAR, source=Source.FIRM).exclude(firm__in=[one, two]).order_by("firm_id")
    )
    filed = {filing.firm_id for filing in accepted}
    rest = [pk for pk in others if pk not in filed][:: max(1, len(others) // 200)]
    waiting, sent_back = rest[:WAITING], rest[WAITING : WAITING + SENT_BACK]
    started = rest[WAITING + SENT_BACK : WAITING + SENT_BACK + STARTED]
    maker.know([one.pk, two.pk, *waiting, *sent_back, *started])
    maker.make_accounts([*sorted(filed), *waiting, *sent_back, *started])
    for filing in accepted:
        maker.accepted(filing)
    for firm in waiting:
        maker.form(firm, State.SUBMITTED)
    for firm in (*sent_back, one.pk):
        maker.form(firm, State.RETURNED)
    for firm in started:
        maker.form(firm, State.DRAFT)
    maker.slip(two.pk)
    many = maker.write()
    audit.record("demo.reports", f"载入演示填报：{YEAR}年度{many}份", by=None)
    return many


def _open_year() -> None:
    """Reporting is open for a while yet, whatever the day the demo is made on."""
    row = DataYear.objects.get(year=YEAR)
    if row.phase == DataYear.Phase.PREPARING and not row.is_locked:
        today = timezone.localdate()
        row.phase, row.opened_at = DataYear.Phase.REPORTING, timezone.now() - timedelta(days=20)
        row.firms_due_on = today + timedelta(days=DAYS_LEFT)
        row.departments_due_on = row.departments_due_on or today + timedelta(days=DAYS_LEFT - 7)
        row.version += 1
        row.save()


class _Maker:
    """Makes forms that pass their own checks, and writes them all at once."""

    def __init__(self, rng: np.random.Generator, office: User) -> None:
        self.rng, self.office, self.now = rng, office, timezone.now()
        self.catalogue: Catalogue = in_force()
        # Of several accounts a manager: only one of these hands a form in.
        self.accounts = dict(Membership.objects.order_by("-kind").values_list("firm_id", "user_id"))
        self.given: dict[int, dict[str, float]] = {}
        self.last: Mapping[int, Mapping[str, float]] = {}
        self.reports: list[FirmReport] = []
        self.events: list[tuple[int, str, int | None, dict, dict, float]] = []
        self.evidence: list[Evidence] = []
        self.file = ""

    def know(self, firms: list[int]) -> None:
        self.last = filings.sheet_values(YEAR - 1, firms)
        for firm, stated in filings.statements(YEAR, firms).items():
            self.given[firm] = {
                code: value for one in stated if one.source != Source.FIRM for code, value in one.values.items()
            }

    def make_accounts(self, firms: list[int]) -> None:
        """A manager a firm, who can not sign in: only the demo's named accounts have a password."""
        missing = sorted(set(firms) - self.accounts.keys())
        names = dict(Firm.objects.filter(pk__in=missing).values_list("pk", "credit_code"))
        users = User.objects.bulk_create(
            User(username=names[firm].lower(), name="企业管理员", role=Role.FIRM, password=make_password(None))
            for firm in missing
        )
        Membership.objects.bulk_create(
            Membership(firm_id=firm, user=user, kind=Membership.Kind.MANAGER)
            for firm, user in zip(missing, users, strict=True)
        )
        self.accounts |= {firm: user.pk for firm, user in zip(missing, users, strict=True)}

    def accepted(self, filing: Filing) -> None:
        metrics = self.catalogue.metrics
        cells = {code: _cell(metrics[code].kind, value) for code, value in filing.values.items() if code in metrics}
        self._put(filing.firm_id, State.ACCEPTED, cells, {}, filing)

    def form(self, firm: int, state: str) -> None:
        cells = self._answers(firm)
        if state == State.DRAFT:
            kept = int(self.rng.integers(1, max(2, len(cells))))
            cells = dict(list(cells.items())[:kept])
        remarks = {}
        if state == State.RETURNED:
            remarks = {code: why for code, why in REMARKS.items() if code in cells} or {
                "": "请补充说明主要数据的来源。"
            }
            remarks = dict(list(remarks.items())[:2])
        self._put(firm, state, cells, remarks)

    def slip(self, firm: int) -> None:
        """A draft with a figure in 元 where 万元 belongs, and one nobody can read."""
        cells = self._answers(firm)
        own = [code for code, metric in self.catalogue.metrics.items() if code in cells and metric.kind == "amount"]
        before = self.last.get(firm, {})
        for code in own:
            if before.get(code, 0) > 100:
                cells[code] = {"state": "value", "text": plain(before[code] * 10_300), "reason": "", "edition": 2}
                break
        codes = list(cells)
        cells[codes[-1]] = {"state": "value", "text": "约3个", "reason": "", "edition": 1}
        self._put(firm, State.DRAFT, {code: cells[code] for code in (*codes[:4], codes[-1])}, {})

    def _answers(self, firm: int) -> dict[str, dict[str, Any]]:
        """Every cell left to the firm answered: about what last year was, explained where it is not."""
        given, last = self.given.get(firm, {}), self.last.get(firm, {})
        metrics = self.catalogue.metrics
        cells: dict[str, dict[str, Any]] = {}
        for code, metric in metrics.items():
            if code in given:
                continue
            before = last.get(code)
            value = round((before or 0) * float(self.rng.uniform(0.85, 1.3)), 0 if metric.kind != "amount" else 2)
            if before is None and self.rng.random() < 0.4:
                cells[code] = {"state": "none", "text": "", "reason": "", "edition": 1}
            else:
                cells[code] = _cell(metric.kind, value)
        for _ in range(3):  # one mended cell may show another
            proved = {code for code, cell in cells.items() if metrics[code].needs_evidence and cell["state"] == "value"}
            found = examine(
                {code: Typed.of(cell) for code, cell in cells.items()}, metrics, provided=given, last_year=last,
                checks=self.catalogue.checks, evidence=proved,
            ).blocking  # fmt: skip
            for finding in found:
                if finding.level == "warning":
                    cells[finding.metric]["reason"] = REASON
                else:
                    cells[finding.metric] = {"state": "none", "text": "", "reason": "", "edition": 1}
        for code in proved:
            if cells[code]["state"] == "value":
                self._prove(firm, code)
        return cells

    def _prove(self, firm: int, code: str) -> None:
        content = pdf("Demo evidence")
        self.file = self.file or default_storage.save("evidence/demo/proof.pdf", ContentFile(content))
        self.evidence.append(
            Evidence(
                firm_id=firm, year=YEAR, metric=code, file=self.file, file_name=f"{self.catalogue.metrics[code].name}佐证.pdf",
                media_type="application/pdf", sha256=hashlib.sha256(content).hexdigest(), size=len(content),
                uploaded_by_id=self.accounts[firm],
            )
        )  # fmt: skip

    def _put(self, firm: int, state: str, cells: dict, remarks: dict, filing: Filing | None = None) -> None:
        user, days = self.accounts[firm], float(self.rng.uniform(1, 15))
        handed_in = self.now - timedelta(days=days) if state != State.DRAFT else None
        decided = state in (State.RETURNED, State.ACCEPTED)
        at = len(self.reports)
        self.reports.append(
            FirmReport(
                firm_id=firm, year=YEAR, state=state, cells=cells, remarks=remarks, edition=len(cells), filing=filing,
                submitted_by_id=user if handed_in else None, submitted_at=handed_in, first_submitted_at=handed_in,
                decided_by=self.office if decided else None,
                decided_at=self.now - timedelta(days=days * 0.6) if decided else None,
            )
        )  # fmt: skip
        if handed_in:
            self.events.append((at, Kind.SUBMITTED, user, cells, {}, days))
        if decided:
            kind = Kind.RETURNED if state == State.RETURNED else Kind.ACCEPTED
            self.events.append((at, kind, self.office.pk, cells, remarks, days * 0.6))

    def write(self) -> int:
        reports = FirmReport.objects.bulk_create(self.reports)
        events = ReportEvent.objects.bulk_create(
            ReportEvent(
                report=reports[at], kind=kind, by_id=by, edition=reports[at].edition, cells=cells, remarks=remarks
            )
            for at, kind, by, cells, remarks, _days in self.events
        )
        for event, told in zip(events, self.events, strict=True):
            event.at = self.now - timedelta(days=told[-1])
        ReportEvent.objects.bulk_update(events, ["at"], batch_size=500)
        Evidence.objects.bulk_create(self.evidence)
        return len(reports)


def _cell(kind: str, value: float) -> dict[str, Any]:
    if kind == "flag":
        return {"state": "value", "text": "是" if value else "否", "reason": "", "edition": 1}
    if not value:
        return {"state": "zero", "text": "", "reason": "", "edition": 1}
    return {"state": "value", "text": plain(value), "reason": "", "edition": 1}


def pdf(line: str) -> bytes:
    """One page with one line, as small as a PDF can be."""
    stream = f"BT /F1 18 Tf 72 720 Td ({line}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(out),
    )
