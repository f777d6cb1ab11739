"""What the pages of 公开数据源 show: each source's health, its record, its map, and what a trial brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from firms import catalogue
from firms.connecting import schedule
from firms.connecting.fieldmap import IDENTITY
from firms.importing.figures import plain
from firms.models import Connector, DataYear, Fetch, Job, Metric, User
from firms.permissions import may_manage_connectors

PAGE = 30
TONES = {"staged": "good", "same": "", "failed": "bad", "running": "accent"}


@dataclass(frozen=True)
class SourceLine:
    """``failures`` in a row; ``due`` is None for a source that is switched off."""

    pk: int
    name: str
    code: str
    kind: str
    content: str
    department: str
    enabled: bool
    state: str
    tone: str
    failures: int
    last_good: datetime | None
    age: str
    stale: bool
    every: str
    due: datetime | None
    overdue: bool


@dataclass(frozen=True)
class SourceList:
    lines: list[SourceLine]
    hosts: list[str]
    can_manage: bool


@dataclass(frozen=True)
class MapRow:
    field: str
    column: str
    unit: str


@dataclass(frozen=True)
class FetchLine:
    pk: int
    started_at: datetime
    seconds: float | None
    outcome: str
    tone: str
    year: int | None
    rows: int | None
    size: int | None
    message: str
    batch: int | None
    batch_state: str
    asked_by: str
    original: bool


@dataclass(frozen=True)
class SourcePage:
    source: Connector
    line: SourceLine
    map: list[MapRow]
    options: list[tuple[str, str]]
    fetches: list[FetchLine]
    older: int | None
    years: list[int]
    can_manage: bool
    trial: dict[str, Any] | None


def source_list(user: User) -> SourceList:
    """The sources this person may see (a constant number of queries)."""
    rows = Connector.objects.visible_to(user).with_record().select_related("department")
    now = timezone.now()
    return SourceList([_line(row, now) for row in rows], list(settings.CONNECTOR_HOSTS), may_manage_connectors(user))


def source_page(user: User, pk: int, *, before: int = 0, trial: Job | None = None) -> SourcePage:
    """One source with its record, newest first; ``before`` is the id to go on from. Raises Connector.DoesNotExist."""
    rows = Connector.objects.visible_to(user).with_record().select_related("department", "updated_by")
    source = rows.get(pk=pk)
    fetches = source.fetches.select_related("batch", "asked_by")
    if before:
        fetches = fetches.filter(pk__lt=before)
    found = list(fetches[: PAGE + 1])
    years = DataYear.objects.filter(locked_at__isnull=True).order_by("-year").values_list("year", flat=True)
    manages = may_manage_connectors(user)
    return SourcePage(
        source=source,
        line=_line(source, timezone.now()),
        map=_map(source),
        options=_options(source),
        fetches=[_fetch(row) for row in found[:PAGE]],
        older=found[PAGE - 1].pk if len(found) > PAGE else None,
        years=list(years) if source.batch_kind == "metrics" else [],
        can_manage=manages,
        trial=_trial(trial) if trial is not None and manages else None,
    )


def differences(source: Connector, values: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(label, what is kept now, what was typed) where the two differ: both texts, for whoever was overtaken."""
    labels = {field.name: str(field.verbose_name) for field in Connector._meta.concrete_fields}
    names = _column_names(source)
    texts = [
        (labels[name], _plain(getattr(source, name), names), _plain(value, names))
        for name, value in values.items()
        if name in labels
    ]
    return [(label, now, yours) for label, now, yours in texts if now != yours]


def _line(row: Any, now: datetime) -> SourceLine:
    due = schedule.due_at(row.every_hours, row.last_started, row.failures, now) if row.enabled else None
    if row.failures:
        state, tone = _("连续失败%d次") % row.failures, "bad"
    elif not row.enabled:
        state, tone = _("已停用"), "muted"
    elif row.last_good is None:
        state, tone = _("尚未采集"), "accent"
    else:
        state, tone = _("正常"), "good"
    return SourceLine(
        pk=row.pk,
        name=row.name,
        code=row.code,
        kind=row.get_kind_display(),
        content=_content(row),
        department=row.department.name,
        enabled=row.enabled,
        state=state,
        tone=tone,
        failures=row.failures,
        last_good=row.last_good,
        age=_age(row.last_good, now),
        # Older than three rounds: whoever reads the figures should know.
        stale=bool(
            row.enabled and row.last_good and (now - row.last_good).total_seconds() > 3 * 3600 * row.every_hours
        ),
        every=_every(row.every_hours),
        due=due,
        overdue=due is not None and due <= now,
    )


def _age(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    return _("刚刚") if (now - moment).total_seconds() < 60 else _("%s前") % timesince(moment, now, depth=1)


def _every(hours: int) -> str:
    return (
        _("每%d天") % (hours // 24)
        if hours % 24 == 0 and hours > 24
        else _("每天")
        if hours == 24
        else _("每%d小时") % hours
    )


def _content(row: Connector) -> str:
    if row.batch_kind == "metrics":
        return _("指标数据")
    spec = catalogue.load().registers.get(row.register_kind)
    return _("台账 · %s") % (spec.name if spec else row.register_kind)


def _map(source: Connector) -> list[MapRow]:
    names = _column_names(source)
    picks = source.mapping.get("picks", []) if isinstance(source.mapping, dict) else []
    return [
        MapRow(
            pick.get("field") or _("固定值：%s") % pick.get("value", ""),
            names.get(pick.get("column", ""), pick.get("column", "")),
            pick.get("unit", ""),
        )
        for pick in picks
    ]


def _column_names(source: Connector) -> dict[str, str]:
    names = dict(zip(IDENTITY, (_("统一社会信用代码"), _("企业名称")), strict=True))
    if source.batch_kind == "metrics":
        return names | dict(Metric.objects.values_list("code", "name"))
    return names | {term.code: term.name for term in catalogue.load().all_columns}


PAGINGS = {"next": "下一页地址", "page": "页码", "offset": "偏移量"}


def _options(source: Connector) -> list[tuple[str, str]]:
    """How the list is found and turned over, in words."""
    given = source.mapping if isinstance(source.mapping, dict) else {}
    found = []
    if given.get("path"):
        found.append((_("列表所在位置"), str(given["path"])))
    if given.get("table"):
        found.append((_("网页中的第几个表格"), str(given["table"])))
    if given.get("paging"):
        where = given.get("next_path") or given.get("parameter", "")
        found.append((_("翻页"), f"{PAGINGS.get(given['paging'], given['paging'])}（{where}）"))
    return found


def _fetch(row: Fetch) -> FetchLine:
    ended = row.finished_at
    return FetchLine(
        pk=row.pk,
        started_at=row.started_at,
        seconds=round((ended - row.started_at).total_seconds(), 1) if ended else None,
        outcome=row.get_outcome_display(),
        tone=TONES.get(row.outcome, ""),
        year=row.year,
        rows=row.rows,
        size=row.size,
        message=row.message,
        batch=row.batch_id,
        batch_state=row.batch.get_state_display() if row.batch_id else "",
        asked_by=str(row.asked_by) if row.asked_by_id else _("按时"),
        original=row.batch_id is not None,
    )


def original(user: User, pk: int) -> tuple[Fetch, Any]:
    """A staged fetch of a source this person may see, and its answers as they came, opened. Raises Fetch.DoesNotExist."""
    sources = Connector.objects.visible_to(user)
    fetch = Fetch.objects.select_related("connector").get(pk=pk, batch__isnull=False, connector__in=sources)
    name = fetch.original_name
    if not default_storage.exists(name):
        raise Fetch.DoesNotExist
    return fetch, default_storage.open(name)


def _trial(job: Job) -> dict[str, Any] | None:
    """What a trial's job found, its cells named."""
    found = job.result
    if "rows" not in found:
        return None
    tones = {"create": "good", "change": "accent", "unmatched": "accent", "refused": "bad", "left_out": "muted"}
    rows = [
        row
        | {"tone": tones.get(row["verdict"], ""), "now": _now(row), "pairs": _pairs(found["headings"], row["cells"])}
        for row in found["rows"]
    ]
    return found | {"rows": rows, "heads": list(zip(found["fields"], found["headings"], strict=True))}


def _pairs(headings: list[str], cells: list[Any]) -> list[tuple[str, str]]:
    """Each heading with its cell; a row may end early."""
    shown = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in cells]
    return list(zip_longest(headings, shown, fillvalue=""))


def _now(row: dict[str, Any]) -> str:
    """What is in force where a row would change it; a row that says the same is new only as this source's word."""
    if row["verdict"] != "change":
        return ""
    before = [
        _("未提供") if value is None else plain(value).replace("-", "−") if isinstance(value, float) else str(value)
        for value in row["before"].values()
    ]
    if before:
        return _("现为 %s") % "、".join(before)
    return "" if row["reasons"] else _("与现值一致，记为公开数据")


def _plain(value: Any, names: dict[str, str]) -> str:
    if isinstance(value, dict):
        picks = value.get("picks", [])
        told = [
            f"{pick.get('field') or pick.get('value', '')} → {names.get(pick['column'], pick['column'])}"
            + (f"（{pick['unit']}）" if pick.get("unit") else "")
            for pick in picks
        ]
        return "；".join((*told, *(f"{name} {item}" for name, item in value.items() if name != "picks" and item)))
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return str(value)
