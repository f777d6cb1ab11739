"""公开数据源 as the office defines them: where, what its fields mean, how often; checked before anything is kept."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from firms import permissions
from firms.connecting import fieldmap, guarding
from firms.connecting.fieldmap import FieldMap
from firms.connecting.guarding import Guard
from firms.connecting.problem import Unfetched
from firms.importing.fields import Field, Table
from firms.models import Connector, DataYear, ImportBatch, User
from firms.services import audit, catalogue
from firms.services.import_targets import table_of
from firms.services.refusal import Refusal

# What may be set; the code is given once.
SETTABLE = (
    "name", "kind", "url", "department", "batch_kind", "register_kind", "mapping", "every_hours", "auto_confirm",
    "auto_confirm_limit",
)  # fmt: skip
MOST_HOURS = 24 * 31
LONGEST = 240  # seconds: one page may take all of them, and the job's lease is five minutes


def guard() -> Guard:
    """What the settings allow a fetch."""
    return Guard(
        hosts=tuple(settings.CONNECTOR_HOSTS),
        networks=tuple(ipaddress.ip_network(text) for text in settings.CONNECTOR_NETWORKS),
        insecure=settings.CONNECTOR_HTTP,
        size=settings.CONNECTOR_MAX_BYTES,
        seconds=min(settings.CONNECTOR_SECONDS, LONGEST),
    )


def table(connector: Connector) -> Table:
    """The columns this source's content may fill."""
    return table_of(connector.batch_kind, connector.register_kind)


def may_fill(connector: Connector) -> Callable[[Field], bool]:
    """Public data comes in through the department that answers for it: its own metrics and no other's."""
    own = connector.department.code
    return lambda item: connector.batch_kind == ImportBatch.Kind.REGISTERS or item.owner == own


def address(connector: Connector, year: int) -> str:
    """The address for a data year."""
    return connector.url.replace("{year}", str(year))


def open_years() -> list[int]:
    """Data years that can still take figures, the one being collected first."""
    rows = DataYear.objects.filter(locked_at__isnull=True).order_by("-year")
    busy = {DataYear.Phase.REPORTING, DataYear.Phase.REVIEWING}
    return [row.year for row in sorted(rows, key=lambda row: row.phase not in busy)]


def year_for(connector: Connector, year: int | None) -> int | None:
    """The data year a fetch is for: the one asked for, or the first open one; None for a register. Raises Refusal (409)."""
    if connector.batch_kind != ImportBatch.Kind.METRICS:
        return None
    years = open_years()
    if not years or (year is not None and year not in years):
        raise Refusal(
            "no_open_year", "没有可以写入的数据年度，或该年度已锁定。", place="数据年度", hint="请选择未锁定的年度。"
        )
    return year or years[0]


def usable_map(connector: Connector) -> FieldMap:
    """The source's field map, valid for the catalogue of today. Raises Unfetched, naming all that is wrong."""
    found = FieldMap.of(connector.mapping)
    if connector.batch_kind == ImportBatch.Kind.REGISTERS:
        spec = catalogue.in_force().registers.get(connector.register_kind)
        if spec is None or connector.department.code not in spec.owners:
            raise Unfetched("bad_mapping", f"{connector.department.name}不登记该台账。", "请改选部门或台账。")
    if wrong := fieldmap.faults(found, connector.kind, table(connector), may_fill(connector)):
        raise Unfetched("bad_mapping", "".join(wrong), "请修改字段对应。", place="字段对应")
    return found


@transaction.atomic
def create(code: str, values: Mapping[str, Any], *, by: User | None) -> Connector:
    """A new source, not yet enabled. Raises Refusal: not the office's (403), an address or map that cannot work (400), the
    code or the name taken (409)."""
    permit(by)
    connector = Connector(code=code, updated_by=by, **{name: values[name] for name in SETTABLE if name in values})
    _check(connector)
    _save(connector, force_insert=True)
    audit.record("connector.create", f"新建公开数据源 {connector}", by=by, target=connector, after=described(connector))
    return connector


@transaction.atomic
def change(connector: Connector, values: Mapping[str, Any], *, version: int, by: User | None) -> Connector:
    """Change a source as it was at ``version``. Raises Refusal as ``create`` does, and stale (409) when somebody was faster."""
    permit(by)
    row = _current(connector, version)
    before = described(row)
    for name in SETTABLE:
        if name in values:
            setattr(row, name, values[name])
    row.updated_by, row.version = by, row.version + 1
    _check(row)
    _save(row)
    audit.record(
        "connector.change", f"修改公开数据源 {row}", by=by, target=row, before=before, after=described(row)
    )  # fmt: skip
    return row


@transaction.atomic
def switch(connector: Connector, *, enabled: bool, version: int, by: User | None) -> Connector:
    """Start or stop asking a source on its schedule. It can only be started when it could work."""
    permit(by)
    row = _current(connector, version)
    if enabled:
        _check(row)
    # Not save(): "since when has it been as it is" is about what it fetches, not about whether.
    Connector.objects.filter(pk=row.pk).update(enabled=enabled, version=row.version + 1, updated_by=by)
    word = "启用" if enabled else "停用"
    audit.record("connector.switch", f"{word}公开数据源 {row}", by=by, target=row, after={"enabled": enabled})
    row.refresh_from_db()
    return row


def described(connector: Connector) -> dict[str, Any]:
    """A source as the audit trail keeps it."""
    return {name: getattr(connector, name) for name in SETTABLE if name != "department"} | {
        "department": connector.department.code, "enabled": connector.enabled
    }  # fmt: skip


def permit(by: User | None) -> None:
    if by is not None and not permissions.may_manage_connectors(by):
        raise Refusal(
            "not_the_office", "公开数据源由积分办管理。", place="公开数据源", hint="请联系积分办。", status=403
        )


def _current(connector: Connector, version: int) -> Connector:
    row = (
        Connector.objects.select_for_update(no_key=True, of=("self",))
        .select_related("department", "updated_by")
        .get(pk=connector.pk)
    )
    if row.version != version:
        when = timezone.localtime(row.updated_at).strftime("%m-%d %H:%M")
        raise Refusal(
            "stale", f"该数据源已被{row.updated_by or '系统'}修改（{when}）。", place=str(row),
            hint="请核对现在的内容后重新保存。",
        )  # fmt: skip
    return row


def _save(connector: Connector, **how: Any) -> None:
    try:
        with transaction.atomic():
            connector.save(**how)
    except IntegrityError as error:
        raise Refusal("name_taken", "代码或名称已被其他数据源使用。", place="代码、名称", hint="请换一个。") from error


def _check(connector: Connector) -> None:
    """Raises Refusal (400) for what could never be fetched, or not be understood."""
    kinds = (ImportBatch.Kind.METRICS, ImportBatch.Kind.REGISTERS)
    if connector.batch_kind not in kinds or connector.kind not in Connector.Kind.values:
        raise Refusal("unknown_kind", "没有这种内容或方式。", place="内容", hint="请从列表中选择。", status=400)
    if not 1 <= connector.every_hours <= MOST_HOURS:
        raise Refusal("bad_interval", "间隔应在1小时到31天之间。", place="间隔", hint="请填写小时数。", status=400)
    if not 0 <= connector.auto_confirm_limit <= 1:
        raise Refusal("bad_limit", "最大变动比例应在0到1之间。", place="自动确认", hint="例如 0.2。", status=400)
    try:
        url = address(connector, timezone.localdate().year)
        if "{" in url or "}" in url:
            raise Unfetched("bad_address", "地址里只能用 {year} 代表年度。", "请去掉其他花括号。")
        guarding.check(url, guard())
        connector.mapping = usable_map(connector).as_data()
    except Unfetched as problem:
        raise refusal_of(problem, problem.place or "地址", status=400) from problem


def refusal_of(problem: Unfetched, place: str, *, status: int = 409) -> Refusal:
    return Refusal(problem.code, problem.message, place=problem.place or place, hint=problem.hint, status=status)
