"""计分说明: the page about it, what the paper shows, the public's check of it, and the office's list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.paginator import Page as Sheet
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import Http404
from django.urls import reverse
from django.utils import translation

from firms.models import Industry, Role
from firms.permissions import role_of
from scoring.assembly import statement
from scoring.assembly.loading import normalised
from scoring.models import Certificate
from scoring.presenters.formatting import briefly, number, signed, typeset
from scoring.presenters.own.standing import Page, Standing, standing

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

A_PAGE = 50


@dataclass(frozen=True)
class Statement(Page):
    """``certificate`` None: not issued yet, or of an earlier wording: asked for again, it is replaced. ``may_issue``: the reader
    may ask for it."""

    certificate: Certificate | None = None
    code: str = ""
    verify_url: str = ""
    may_issue: bool = False
    earlier: list[Certificate] = field(default_factory=list)


def statement_page(user: User | AnonymousUser, credit_code: str, year: int | None = None) -> Statement:
    """Always of the published result: a trial has no paper. Raises Http404."""
    found = _published(user, credit_code, year)
    if not (found.ranked and found.published):
        return Statement(found)
    rows = list(Certificate.objects.filter(score=found.score).order_by("-pk"))
    current = next((row for row in rows if row.revoked_at is None), None)
    if current is not None and statement.digest(statement.content(found.score)) != current.digest:
        current = None
    return Statement(
        found,
        current,
        statement.grouped(current.code) if current else "",
        address(current) if current else "",
        role_of(user) in (Role.OFFICE, Role.FIRM),
        [row for row in rows if row.revoked_at is not None],
    )


def _published(user: User | AnonymousUser, credit_code: str, year: int | None) -> Standing:
    """The period asked for; without one the latest published, also for who sees a later trial."""
    found = standing(user, credit_code, year)
    known = next((s for s in found.scores if s.run.period.published_run_id == s.run_id), None)
    return replace(found, score=known) if year is None and known is not None else found


def address(certificate: Certificate) -> str:
    """Where anybody checks it; printed, so whole and always the same."""
    return settings.SITE_URL.rstrip("/") + reverse("scoring:verified", args=[statement.grouped(certificate.code)])


# ---- the paper
@dataclass(frozen=True)
class Paper:
    """What the template prints; ``groups``: dimension name and rows (code, name, value, points, most)."""

    said: Mapping[str, Any]
    certificate: Certificate
    code: str
    url: str
    cluster: str
    groups: list[tuple[str, list[tuple[str, str, str, str, str]]]]
    dimensions: list[tuple[str, str, str, str]]
    adjustments: list[tuple[str, str, str]]
    steps: list[tuple[str, str, str]]
    as_of: dt.date


def paper(user: User | AnonymousUser, credit_code: str, year: int | None = None) -> Paper:
    """The certificate in force of the firm's published score. Raises Http404 where there is none, or not for this reader.

    None is printed under a digest that is not its own: what was handed out in other words has to be issued anew first.
    """
    found = _published(user, credit_code, year)
    current = Certificate.objects.in_force().filter(score=found.score).first() if found.published else None
    if current is None:
        raise Http404
    said = statement.content(found.score)
    if statement.digest(said) != current.digest:
        raise Http404
    return paper_of(current, said)


def paper_of(certificate: Certificate, said: Mapping[str, Any]) -> Paper:
    """Numbers and punctuation as on the pages; in Chinese whatever the reader's language is."""
    with translation.override("zh-hans"):
        rows: dict[str, list[tuple[str, str, str, str, str]]] = {}
        for line in said["indicators"]:
            row = (
                line["code"], typeset(line["name"]), _value(line), number(line["points"], 2), number(line["most"])
            )  # fmt: skip
            rows.setdefault(line["dimension"], []).append(row)
        kinds = {"deduction": "扣分", "decay": "衰减系数", "bonus": "附加分", "exclusion": "不纳入"}
        return Paper(
            said=said,
            certificate=certificate,
            code=statement.grouped(certificate.code),
            url=address(certificate),
            cluster=str(dict(Industry.Cluster.choices).get(said["cluster"], "")),
            groups=[(name, rows[code]) for code, name in said["groups"] if code in rows],
            dimensions=[
                (d["name"], number(d["points"], 2), number(d["weight"]), number(d["weighted"], 2))
                for d in said["dimensions"]
            ],
            adjustments=[
                (kinds[a["kind"]], typeset(a["name"]), _amount(a["kind"], a["amount"])) for a in said["adjustments"]
            ],
            steps=[(typeset(name), signed(Decimal(change), 2), after) for name, change, after in said["steps"]],
            as_of=dt.date.fromisoformat(said["as_of"]),
        )


def _value(line: Mapping[str, Any]) -> str:
    return {"missing": "未提供", "cannot": "无法计算"}.get(line["state"], briefly(typeset(line["value"])))


def _amount(kind: str, amount: float) -> str:
    if kind == "decay":
        return f"× {number(amount)}"
    return signed(amount if kind == "bonus" else -amount)


# ---- the public's check
@dataclass(frozen=True)
class Verification:
    """``state``: "" nothing asked, malformed, unknown, genuine, revoked, superseded. Figures only of a genuine one: what is not
    published any more is told to nobody."""

    state: str
    typed: str = ""
    code: str = ""
    issued_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    firm: str = ""
    credit_code: str = ""
    period: str = ""
    stage: str = ""
    total: Decimal | None = None
    stage_rank: int | None = None
    digest: str = ""


def verification(text: str) -> Verification:
    """What a code, however written, stands for."""
    typed = text.strip()[:60]
    code = statement.read_code(typed)
    if not code:
        return Verification("malformed" if typed else "", typed)
    if not statement.is_code(code):
        return Verification("malformed", typed)
    rows = Certificate.objects.select_related("score__run__period").defer("score__detail")
    row = rows.filter(code=code).first()
    if row is None:
        return Verification("unknown", typed, statement.grouped(code))
    known = {"typed": typed, "code": statement.grouped(code), "issued_at": row.issued_at}
    if row.revoked_at is not None:
        return Verification("revoked", **known, revoked_at=row.revoked_at)
    score, period = row.score, row.score.run.period
    if period.published_run_id != score.run_id:
        return Verification("superseded", **known)
    names = dict(score.run.summary.get("stages", []))
    return Verification(
        "genuine", **known, firm=score.name, credit_code=score.credit_code, period=period.name,
        stage=names.get(score.stage, ""), total=score.total, stage_rank=score.stage_rank, digest=row.digest,
    )  # fmt: skip


# ---- the office's list
@dataclass(frozen=True)
class Listed:
    sheet: Sheet
    query: str
    state: str


def certificates(query: str = "", state: str = "", page: str = "1") -> Listed:
    """All that were issued, newest first; ``query``: part of a name, a credit code or a code; ``state`` force or revoked."""
    rows = Certificate.objects.select_related("score__run__period", "firm", "issued_by").defer("score__detail")
    rows = rows.annotate(shown=F("score__run__period__published_run_id"))
    text = query.strip()[:60]
    if text:
        code = statement.read_code(text)
        found = Q(firm__name__icontains=text) | Q(score__search__contains=normalised(text))
        if code:
            found |= Q(code__startswith=code) | Q(firm__credit_code__startswith=code)
        rows = rows.filter(found)
    if state in ("force", "revoked"):
        rows = rows.filter(revoked_at__isnull=state == "force")
    sheet = Paginator(rows.order_by("-issued_at", "-pk"), A_PAGE).get_page(page)
    for row in sheet.object_list:
        row.read = statement.grouped(row.code)  # type: ignore[attr-defined]
    return Listed(sheet, text, state)
