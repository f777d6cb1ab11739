"""一企一档: everything known about one firm, on one page, with where it comes from. Plain values for the page and the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from firms.models import Firm, Membership, Role, User
from scoring.models import Score
from scoring.presenters.firm_file import dealings, figures, money, registers, results, trail
from scoring.presenters.firm_file.blocks import Asked, Section

FOUND = 30
READERS = frozenset({Role.OFFICE, Role.LEADER, Role.DEPARTMENT})


@dataclass(frozen=True)
class FirmFile:
    """``tags``: what the firm is now, in a word each."""

    firm: Firm
    tags: list[str]
    sections: list[Section]


@dataclass(frozen=True)
class Finding:
    """Firms a search found; ``more``: there are others. ``exact``: the credit code of the only one meant, or ""."""

    q: str
    firms: list[Firm]
    more: bool
    exact: str


def firm_file(user: User, credit_code: str, query: Mapping[str, Any], *, whole: bool = False) -> FirmFile:
    """What this reader may know of the firm. Raises Http404 where there is no such firm.

    ``query``: page numbers of long lists by their code; ``whole``: all their rows, for a file. The same number of queries
    however many years, entries and events there are. A department reads figures, registers and results as on the firm's
    page, and of claims, objections, decisions and changes its own; forms, messages and money are the office's and leaders'.
    """
    firm = Firm.objects.visible_to(user).select_related("park", "industry").filter(credit_code=credit_code).first()
    if firm is None:
        raise Http404
    asked = Asked.of(query, whole=whole)
    scores = results.scores_of(firm)
    sections = [
        _master(firm, user),
        results.section(firm, scores),
        figures.section(firm, user, asked),
        registers.section(firm, asked),
        dealings.claims(firm, user, asked),
        dealings.objections(firm, user, asked),
        dealings.decisions(firm, user, asked),
    ]
    if user.role != Role.DEPARTMENT:
        sections += [
            dealings.reports(firm, asked),
            dealings.messages(firm, asked),
            money.payments(firm, asked),
            money.certificates(firm, asked),
        ]
    sections.append(trail.section(firm, user, asked))
    return FirmFile(firm, _tags(scores), sections)


def find_firms(user: User, q: str) -> Finding:
    """Firms by part of the name, pinyin or initials, or credit code (one query)."""
    if not q:
        return Finding("", [], more=False, exact="")
    rows = Firm.objects.visible_to(user).matching(q).select_related("park", "industry").order_by("name")
    found = list(rows[: FOUND + 1])
    one = len(found) == 1 or any(firm.credit_code == q.upper() for firm in found)
    exact = next((firm.credit_code for firm in found if len(found) == 1 or firm.credit_code == q.upper()), "")
    return Finding(q, found[:FOUND], len(found) > FOUND, exact if one else "")


def _master(firm: Firm, user: User) -> Section:
    facts = [
        (_("统一社会信用代码"), firm.credit_code),
        (_("企业名称"), firm.name),
        (_("注册成立日期"), f"{firm.registered_on:%Y-%m-%d}" if firm.registered_on else "—"),
        (_("园区"), firm.park.name if firm.park else "—"),
        (_("行业"), f"{firm.industry.code} {firm.industry.name}" if firm.industry else "—"),
        (_("主导产业"), (firm.industry.get_cluster_display() if firm.industry else "") or "—"),
    ]
    if user.role == Role.OFFICE:
        people = Membership.objects.filter(firm=firm).select_related("user").order_by("kind", "user__username")
        named = [_("%(name)s（%(kind)s）") % {"name": str(row.user), "kind": row.get_kind_display()} for row in people]
        facts.append((_("企业账号"), "、".join(named) or _("没有账号")))
    return Section("master", _("基本信息"), [], facts=facts)


def _tags(scores: list[Score]) -> list[str]:
    if not scores:
        return []
    score = scores[0]
    scheme = results._scheme(score)
    stage = next((stage.name for stage in scheme.stages if stage.code == score.stage), "")
    return [text for text in (stage, score.get_status_display()) if text]


__all__ = ["READERS", "Finding", "FirmFile", "find_firms", "firm_file"]
