"""企业画像: what anybody may know of a ranked firm, and the whole explanation for those who may see its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils.translation import gettext as _

from firms.models import Firm, Industry, Park
from firms.permissions import may_read_unpublished, may_see_firm
from scoring.engine.explain import AdjustmentLine, Explanation, explain
from scoring.engine.scheme import Scheme
from scoring.models import EvaluationPeriod, Run, RunSlice, Score
from scoring.presenters.charts import Chart
from scoring.presenters.evidence import Entry, Evidence
from scoring.presenters.explanation import Adjustment, Dimension, Step, adjustments, dimensions, steps
from scoring.presenters.formatting import briefly, dates_in_words, number, typeset
from scoring.presenters.method import parsed
from scoring.presenters.own.changes import Change, change, trend
from scoring.presenters.own.standing import Standing, scores_of
from scoring.presenters.wording import in_words

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User


@dataclass(frozen=True)
class Rank:
    label: str
    rank: int
    of: int | None


@dataclass(frozen=True)
class Year:
    """One period of the firm's history; ``published`` False only for those who see trial runs."""

    year: int
    name: str
    published: bool
    current: bool
    stage: str
    total: Decimal | None
    rank: int | None
    stage_rank: int | None
    status: str


@dataclass(frozen=True)
class Account:
    """The explanation of one score, ready for the page."""

    stage_reason: str
    needs_confirmation: str
    exclusions: list[Adjustment]
    steps: list[Step]
    waterfall: Chart | None
    dimensions: list[Dimension]
    applied: list[Adjustment]
    idle: list[Adjustment]
    entries: list[Entry]
    total_exact: str
    at_stake: str
    missing: int
    grade: str | None
    passed: bool | None


@dataclass(frozen=True)
class Profile:
    """``account`` is None for the public; ``score`` is None where a firm has not been judged yet."""

    firm: Firm
    score: Score | None
    period: EvaluationPeriod | None
    published: bool
    status: str
    stage: str
    cluster: str
    park: str
    ranks: list[Rank]
    years: list[Year]
    trend: Chart | None
    own: bool
    account: Account | None = field(default=None)
    change: Change | None = None

    @property
    def explains(self) -> bool:
        """Whether the reader may see the firm's facts, and so its pages of analysis."""
        return self.own or self.account is not None


def profile(user: User | AnonymousUser, credit_code: str, year: int | None = None) -> Profile:
    """The firm's page for this reader. Raises Http404 for whatever the reader may not know to exist.

    A constant number of queries. Without ``year``, or with one the reader has no score of, the latest is shown.
    """
    firm = Firm.objects.select_related("park", "industry").filter(credit_code=credit_code).first()
    if firm is None:
        raise Http404
    explains = may_see_firm(user, firm)
    scores = scores_of(user, firm, explains)
    if not scores:
        if not explains:
            raise Http404
        return _unjudged(firm, user)
    score = next((item for item in scores if item.run.period.year_id == year), scores[0])
    run, period = score.run, score.run.period
    scheme = parsed(run.scheme_sha256, run.scheme.text)
    names = {stage.code: stage.name for stage in scheme.stages}
    years = [_year(item, score) for item in scores]
    own = getattr(user, "role", "") == "firm" and explains
    found = Standing(firm, score, scores, own, False, may_read_unpublished(user))
    return Profile(
        firm=firm,
        score=score,
        period=period,
        published=period.published_run_id == run.pk,
        status=score.status,
        stage=names.get(score.stage, ""),
        cluster=dict(Industry.Cluster.choices).get(score.cluster, ""),
        park=Park.objects.filter(code=score.park).values_list("name", flat=True).first() or "",
        ranks=_ranks(score, names),
        years=years,
        trend=trend(scores),
        own=own,
        account=_account(found, run, scheme) if explains else None,
        change=change(found) if explains else None,
    )


def own_firms(user: User) -> list[Firm]:
    """The firms an account speaks for, by name."""
    return list(Firm.objects.filter(memberships__user=user).order_by("name"))


def _unjudged(firm: Firm, user: User | AnonymousUser) -> Profile:
    cluster = firm.industry.get_cluster_display() if firm.industry else ""
    park = firm.park.name if firm.park else ""
    own = getattr(user, "role", "") == "firm"
    return Profile(firm, None, None, False, "", "", cluster, park, [], [], None, own)


def _year(item: Score, shown: Score) -> Year:
    period, run = item.run.period, item.run
    names = {stage.code: stage.name for stage in parsed(run.scheme_sha256, run.scheme.text).stages}
    return Year(
        year=period.year_id,
        name=period.name,
        published=period.published_run_id == run.pk,
        current=item.pk == shown.pk,
        stage=names.get(item.stage, ""),
        total=item.total if item.position else None,
        rank=item.rank,
        stage_rank=item.stage_rank,
        status=item.get_status_display(),
    )


def _ranks(score: Score, names: Mapping[str, str]) -> list[Rank]:
    """Ranks with the number of firms they are among, counted from the run's cube."""
    if not score.position:
        return []
    parts = list(RunSlice.objects.filter(run_id=score.run_id, status=Score.Status.SCORED))
    in_stage = sum(part.firms for part in parts if part.stage == score.stage)
    in_cluster = sum(part.firms for part in parts if part.cluster == score.cluster)
    clusters = dict(Industry.Cluster.choices)
    ranks = [
        Rank(_("%s排名") % names.get(score.stage, _("同类型")), score.stage_rank, in_stage),
        Rank(_("全区排名"), score.rank, score.run.ranked),
        Rank(_("%s排名") % clusters.get(score.cluster, _("同产业")), score.industry_rank, in_cluster),
    ]
    return [rank for rank in ranks if rank.rank]


def _account(standing: Standing, run: Run, scheme: Scheme) -> Account:
    found: Explanation = explain(scheme, run.references, standing.detail, run.period.as_of)
    evidence = Evidence(standing.firm, run.period.year_id, run.period.as_of)
    lines = dimensions(scheme, found, evidence)
    others = adjustments(scheme, [line for line in found.adjustments if line.kind != "exclusion"], evidence)
    walk = steps(scheme, found)
    return Account(
        stage_reason=_stage_reason(scheme, found),
        needs_confirmation=typeset(found.needs_confirmation),
        exclusions=adjustments(scheme, [line for line in found.adjustments if _excludes(line)], evidence),
        steps=walk,
        waterfall=_waterfall(walk, found) if walk else None,
        dimensions=lines,
        applied=[line for line in others if line.applies],
        idle=[line for line in others if not line.applies],
        entries=evidence.entries(set(scheme.registers_used)),
        total_exact=found.unrounded_exact,
        at_stake=number(sum(Decimal(str(line.at_stake)) for line in found.indicators), 2),
        missing=sum(line.state == "missing" for line in found.indicators),
        grade=found.grade,
        passed=found.passed,
    )


def _stage_reason(scheme: Scheme, found: Explanation) -> str:
    """The figures that decided, then the condition they meet in the words of the method page."""
    facts = briefly(typeset(dates_in_words(found.stage_reason.partition(";")[0])))
    stage = next((item for item in scheme.stages if item.code == found.stage), None)
    if stage is None or stage.when is None or ";" not in found.stage_reason:
        return facts
    words = typeset(in_words(scheme, stage.when))
    return _("%(facts)s；%(words)s（%(article)s）") % {"facts": facts, "words": words, "article": stage.source.article}


def _excludes(line: AdjustmentLine) -> bool:
    return line.kind == "exclusion" and line.applies


def _waterfall(walk: list[Step], found: Explanation) -> Chart:
    items = [
        {"name": step.name, "from": step.before, "to": step.after_value, "label": step.change, "colour": step.colour}
        for step in walk
        if step.moves
    ]
    items.append({"name": _("最终得分"), "from": 0, "to": found.total, "label": found.total_text, "colour": "blue"})
    head = [_("步骤"), _("变动"), _("累计")]
    rows = [[step.name, step.change, step.after] for step in walk]
    return Chart("waterfall", _("得分构成"), {"kind": "steps", "items": items}, head, rows)
