"""What the office's pages show: periods on their way to publication, runs, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import DataYear, FactSheet, Firm, FirmReport, Job, Metric, User
from scoring.engine import explain, parse_scheme
from scoring.models import EvaluationPeriod, Run, Scheme, Score, StageRecord
from scoring.presenters.lifecycle import Lifecycle, Step, lifecycle, steps

LISTED = 50  # names shown per list on a page; the rest is one click away in the ranking and the back office


@dataclass(frozen=True)
class PeriodLine:
    year: int
    name: str
    scheme: str
    facts: int
    state: str
    tone: str
    locked: bool
    steps: list[Step]
    firms_due_on: date | None
    departments_due_on: date | None
    forms: int
    submitted: int
    accepted: int
    latest_run: int | None
    latest_at: datetime | None
    ranked: int | None
    published_run: int | None
    published_at: datetime | None


@dataclass(frozen=True)
class Check:
    """One line of the checklist before publication; ``blocking`` ones hold it up, the rest ask for a look."""

    label: str
    passed: bool
    blocking: bool
    detail: str
    url: str = ""


@dataclass(frozen=True)
class Lacking:
    """A firm without a rank, and why: what is missing and who files it, or what shut it out and by which article."""

    name: str
    credit_code: str
    why: list[str]


@dataclass(frozen=True)
class PeriodPage:
    period: EvaluationPeriod
    line: PeriodLine
    runs: list[Run]
    checks: list[Check]
    can_publish: bool
    confirm: list[Score]
    unclassified: list[Lacking]
    excluded: list[Lacking]
    counts: dict[str, int]
    job: Job | None
    stages: list[tuple[str, str]]
    stated: dict[str, str]
    open_checks: list[str]  # worth a look before publishing
    left_open: list[str]  # can be mended only before locking
    life: Lifecycle


@dataclass(frozen=True)
class Mover:
    name: str
    credit_code: str
    stage: str
    before: int | None
    after: int | None
    total_before: object
    total_after: object
    shift: int


@dataclass(frozen=True)
class RunPage:
    run: Run
    earlier: Run | None
    statuses: list[tuple[str, int]]
    stages: list[tuple[str, int]]
    movers: list[Mover]
    entered: int
    left: int
    moved: int


def _state_of(period: EvaluationPeriod, latest: int | None) -> tuple[str, str]:
    if period.published_run_id:
        newer = latest is not None and latest != period.published_run.number
        return (_("已发布，有更新的计算结果"), "accent") if newer else (_("已发布"), "good")
    if period.year.is_locked:
        return _("已锁定"), "accent"
    if period.year.phase != DataYear.Phase.PREPARING:
        return _("%s中") % period.year.get_phase_display(), "accent"
    if latest is None:
        return _("尚未计算"), "muted"
    return _("试算中"), ""


def period_lines(periods) -> list[PeriodLine]:
    newest = Run.objects.complete().filter(period=OuterRef("pk")).order_by("-number")
    periods = list(
        periods.select_related("scheme", "year", "published_run").annotate(
            latest_number=Subquery(newest.values("number")[:1]),
            latest_at=Subquery(newest.values("created_at")[:1]),
            latest_ranked=Subquery(newest.values("ranked")[:1]),
        )
    )
    years = [period.year_id for period in periods]
    facts = dict(FactSheet.objects.filter(year__in=years).values_list("year").annotate(Count("pk")).order_by())
    counted = FirmReport.objects.filter(year__in=years).order_by().values_list("year", "state").annotate(Count("pk"))
    forms = {(year, code): count for year, code, count in counted}
    lines = []
    for period in periods:
        state, tone = _state_of(period, period.latest_number)
        lines.append(
            PeriodLine(
                year=period.year_id,
                name=period.name,
                scheme=str(period.scheme),
                facts=facts.get(period.year_id, 0),
                state=state,
                tone=tone,
                locked=period.year.is_locked,
                steps=steps(period),
                firms_due_on=period.year.firms_due_on,
                departments_due_on=period.year.departments_due_on,
                forms=sum(forms.get((period.year_id, code), 0) for code in FirmReport.State.values),
                submitted=forms.get((period.year_id, "submitted"), 0),
                accepted=forms.get((period.year_id, "accepted"), 0),
                latest_run=period.latest_number,
                latest_at=period.latest_at,
                ranked=period.latest_ranked,
                published_run=period.published_run.number if period.published_run_id else None,
                published_at=period.published_at,
            )
        )
    return lines


def period_page(user: User, year: int) -> PeriodPage:
    """One period with its runs and checklist. Raises EvaluationPeriod.DoesNotExist."""
    period = (
        EvaluationPeriod.objects.visible_to(user).select_related("scheme", "year", "published_run").get(year_id=year)
    )
    line = period_lines(EvaluationPeriod.objects.filter(pk=period.pk))[0]
    runs = list(Run.objects.complete().filter(period=period).select_related("scheme").order_by("-number")[:20])
    latest = runs[0] if runs else None
    scores = Score.objects.filter(run=latest) if latest else Score.objects.none()
    counts = dict(scores.values_list("status").annotate(Count("pk")).order_by())
    summary = latest.summary if latest else {}
    confirm = list(scores.filter(credit_code__in=summary.get("to_confirm", [])[:LISTED]).order_by("position"))
    names = stage_names(period.scheme)
    codes = [score.credit_code for score in confirm]
    stated = StageRecord.objects.filter(year=year, firm__credit_code__in=codes).select_related("firm")
    job = Job.objects.open().filter(kind="rescore", key=str(period.pk)).order_by("-pk").first()
    checks = _checklist(period, line, latest, counts, summary.get("needs_confirmation", 0))
    return PeriodPage(
        period=period,
        line=line,
        runs=runs,
        checks=checks,
        can_publish=latest is not None and all(check.passed for check in checks if check.blocking),
        confirm=confirm,
        unclassified=_unclassified(period, scores),
        excluded=_excluded(period, latest, scores),
        counts=counts,
        job=job,
        stages=list(names.items()),
        stated={record.firm.credit_code: names.get(record.stage, record.stage) for record in stated},
        open_checks=[f"{check.label}：{check.detail}" for check in checks if not check.passed],
        left_open=[f"{check.label}：{check.detail}" for check in checks if not check.passed and check.url],
        life=lifecycle(period),
    )


def _unclassified(period: EvaluationPeriod, scores) -> list[Lacking]:
    """What the stage rules ask of each firm and nobody has filed, with the department that owns it."""
    found = list(scores.filter(status=Score.Status.UNCLASSIFIED).order_by("credit_code")[:LISTED])
    if not found:
        return []
    rules = [stage.when.node for stage in parse_scheme(period.scheme.text).stages if stage.when is not None]
    asked = {key[1] for node in rules for key in node.inputs() if key[0] == "metric"}
    owners = {m.code: (m.name, m.owner) for m in Metric.objects.filter(code__in=asked).select_related("owner")}
    firms = [score.firm_id for score in found]
    sheets = dict(FactSheet.objects.filter(year=period.year_id, firm__in=firms).values_list("firm_id", "values"))
    founded = dict(Firm.objects.filter(pk__in=firms).values_list("pk", "registered_on"))
    lines = []
    for score in found:
        why = [] if founded[score.firm_id] else [_("注册成立日期（企业名录）")]
        for code, (name, owner) in owners.items():
            if code not in sheets.get(score.firm_id, {}):
                why.append(f"{name}（{owner.name}）" if owner else name)
        lines.append(Lacking(score.name, score.credit_code, why))
    return lines


def _excluded(period: EvaluationPeriod, latest: Run | None, scores) -> list[Lacking]:
    """Which item of 表3 shut each firm out, by the run's own record."""
    found = list(scores.filter(status=Score.Status.EXCLUDED).order_by("credit_code")[:LISTED])
    if not found or latest is None:
        return []
    scheme = parse_scheme(latest.scheme.text)
    lines = []
    for score in found:
        explained = explain(scheme, latest.references, bytes(score.detail), period.as_of)
        why = [f"{a.name}（{a.article}）" for a in explained.adjustments if a.kind == "exclusion" and a.applies]
        lines.append(Lacking(score.name, score.credit_code, why))
    return lines


def _checklist(period, line, latest, counts, to_confirm: int) -> list[Check]:
    unclassified = counts.get(Score.Status.UNCLASSIFIED, 0)
    imports = reverse("firms:imports")

    def judged(count: int, some: str, none: str, anchor: str) -> tuple[bool, bool, str, str]:
        """State, not blocking, words, link; a locked year takes nothing, so there is nowhere to go."""
        if latest is None:
            return False, False, _("计算之后才能知道"), ""
        if not count:
            return True, False, none, ""
        return False, False, some % count, "" if line.locked else anchor

    return [
        Check(
            _("企业数据"),
            line.facts > 0,
            True,
            _("%(n)d家企业有本年度数据") % {"n": line.facts},
            "" if line.facts else imports,
        ),
        Check(
            _("评价计算"), latest is not None, True, _("已有第%d次计算") % latest.number if latest else _("尚未计算")
        ),
        Check(
            _("数据锁定"),
            line.locked,
            False,
            _("已锁定，满分值已冻结") if line.locked else _("未锁定；锁定后满分值冻结，任何途径都不能再改本年度数据"),
        ),
        Check(
            _("待补数据的企业"),
            *judged(
                unclassified,
                _("%d家缺少划分企业类型所需的数据，不参加排名"),
                _("没有，企业类型均已划分"),
                "#unclassified",
            ),
        ),
        Check(
            _("待核定的企业类型"),
            *judged(to_confirm, _("%d家初创期企业营业收入已达扩张期标准，请核定"), _("没有，均已核定"), "#confirm"),
        ),
    ]


def run_page(user: User, pk: int) -> RunPage:
    """One run beside the one before it: who moved. Raises Run.DoesNotExist."""
    run = Run.objects.visible_to(user).select_related("period", "scheme").get(pk=pk)
    earlier = Run.objects.complete().filter(period=run.period_id, number__lt=run.number).order_by("-number").first()
    scores = Score.objects.filter(run=run)
    by_status = dict(scores.values_list("status").annotate(Count("pk")).order_by())
    by_stage = dict(scores.ranked().values_list("stage").annotate(Count("pk")).order_by())
    movers, entered, left, moved = _movement(run, earlier)
    return RunPage(
        run=run,
        earlier=earlier,
        statuses=[(label, by_status.get(code, 0)) for code, label in Score.Status.choices],
        stages=[(name, by_stage.get(code, 0)) for code, name in stage_names(run.scheme).items()],
        movers=movers,
        entered=entered,
        left=left,
        moved=moved,
    )


def _movement(run: Run, earlier: Run | None) -> tuple[list[Mover], int, int, int]:
    if earlier is None:
        return [], 0, 0, 0
    columns = ("firm_id", "name", "credit_code", "stage", "rank", "total")
    before = {row[0]: row for row in Score.objects.filter(run=earlier).values_list(*columns).iterator(5000)}
    names = stage_names(run.scheme)
    movers, entered, moved = [], 0, 0
    ranked_now = set()
    for firm, name, code, stage, rank, total in Score.objects.filter(run=run).values_list(*columns).iterator(5000):
        old = before.get(firm)
        if rank is not None:
            ranked_now.add(firm)
        if old is None or old[4] is None or rank is None:
            entered += rank is not None
            continue
        if old[5] == total and old[4] == rank:
            continue
        moved += 1
        movers.append(Mover(name, code, names.get(stage, stage), old[4], rank, old[5], total, old[4] - rank))
    left = sum(1 for firm, row in before.items() if row[4] is not None and firm not in ranked_now)
    movers.sort(key=lambda mover: (-abs(mover.shift), mover.after or 0))
    return movers[:LISTED], entered, left, moved


def stage_names(scheme: Scheme) -> dict[str, str]:
    """Stage code → name, in the scheme's order."""
    return {stage.code: stage.name for stage in parse_scheme(scheme.text).stages}
