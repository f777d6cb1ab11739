"""The fields a person may ask about: everything for the office and leaders, for a department what is public and its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from firms import catalogue
from firms.catalogue import RegisterSpec
from firms.models import Department, Industry, Metric, Park, RegisterEntry, Role, User
from scoring.analysis.fields import CHOICE, DATE, FLAG, NUMBER, TEXT, Field
from scoring.assembly.gathering import AMOUNTS
from scoring.engine import parse_scheme
from scoring.engine.scheme import Indicator
from scoring.engine.scheme import Scheme as ParsedScheme
from scoring.models import Scheme, Score


@dataclass(frozen=True)
class Offer:
    """``fields``: by code, in the order they are offered; ``hidden``: codes that exist and are not for this person."""

    fields: dict[str, Field]
    hidden: frozenset[str]


def offer(user: User, schemes: Iterable[str]) -> Offer:
    """What ``user`` may ask of runs judged by these schemes (SHA-256, the newest first): four queries at most."""
    parsed = [scheme_of(sha256) for sha256 in dict.fromkeys(schemes)]
    metrics = list(Metric.objects.all())
    every = {
        field.code: field
        for part in (_firm(parsed), _score(parsed), _points(parsed), _metrics(metrics), _registers(), _changes())
        for field in part
    }
    hidden = _foreign(user, parsed, metrics, every) if user.role == Role.DEPARTMENT else frozenset()
    return Offer({code: field for code, field in every.items() if code not in hidden}, hidden)


@lru_cache(maxsize=16)
def scheme_of(sha256: str) -> ParsedScheme:
    """The scheme with this digest: a text never changes under it."""
    return parse_scheme(Scheme.objects.only("text").get(sha256=sha256).text)


def _foreign(user: User, schemes: list[ParsedScheme], metrics: list[Metric], codes: Iterable[str]) -> frozenset[str]:
    """What rests on figures of other departments. Points are judgements and seen by all who read unpublished rankings."""
    department = Department.objects.get(users=user)
    registers = {kind for kind, spec in catalogue.load().registers.items() if department.code in spec.owners}
    own = {metric.code for metric in metrics if metric.owner_id == department.pk}
    hidden = {f"metric.{metric.code}" for metric in metrics if metric.code not in own}
    for code in codes:
        topic, _dot, rest = code.partition(".")
        if (topic == "register" and rest.split(".")[0] not in registers) or (
            topic == "qualification" and "qualification" not in registers
        ):
            hidden.add(code)
    for scheme in schemes:
        hidden |= {
            f"value.{indicator.code}" for indicator in scheme.indicators if not _rests_on(indicator, own, registers)
        }
    return frozenset(hidden)


def _rests_on(indicator: Indicator, metrics: set[str], registers: set[str]) -> bool:
    """Whether all an indicator reads is among these."""
    for key in indicator.value.node.inputs():
        if key[0] in ("metric", "previous") and key[1] not in metrics:
            return False
        if key[0] == "register" and key[1].kind not in registers:
            return False
    return True


def _firm(schemes: list[ParsedScheme]) -> Iterator[Field]:
    topic = _("企业")
    stages = {stage.code: stage.name for scheme in schemes for stage in scheme.stages}
    parks = tuple(Park.objects.order_by("position", "code").values_list("code", "name"))
    industries = ((industry.code, str(industry)) for industry in Industry.objects.order_by("code"))
    yield Field("firm.name", _("企业名称"), TEXT, topic=topic, hint=_("名称的一部分，或拼音首字母"))
    yield Field("firm.credit_code", _("统一社会信用代码"), TEXT, topic=topic)
    yield Field("firm.stage", _("企业类型"), CHOICE, topic=topic, choices=tuple(stages.items()))
    yield Field("firm.cluster", _("主导产业"), CHOICE, topic=topic, choices=_labelled(Industry.Cluster.choices))
    yield Field("firm.industry", _("行业"), CHOICE, topic=topic, choices=tuple(industries))
    yield Field("firm.park", _("园区"), CHOICE, topic=topic, choices=parks)
    yield Field("firm.status", _("评价状态"), CHOICE, topic=topic, choices=_labelled(Score.Status.choices))
    yield Field("firm.founded", _("注册成立日期"), DATE, topic=topic)


def _score(schemes: list[ParsedScheme]) -> Iterator[Field]:
    topic = _("得分与排名")
    decimals = max((scheme.settings["decimals"] for scheme in schemes), default=2)
    points, place = _("分"), _("名")
    yield Field("score.total", _("最终得分"), NUMBER, points, topic, decimals=decimals)
    yield Field("score.rank", _("总排名"), NUMBER, place, topic, decimals=0, hint=_("数值越小名次越前"))
    yield Field("score.stage_rank", _("同类型排名"), NUMBER, place, topic, decimals=0, hint=_("数值越小名次越前"))
    yield Field("score.industry_rank", _("产业排名"), NUMBER, place, topic, decimals=0, hint=_("数值越小名次越前"))
    grades = tuple((grade.name, grade.name) for scheme in schemes for grade in scheme.grades)
    if grades:
        yield Field("score.grade", _("等级"), CHOICE, topic=topic, choices=tuple(dict.fromkeys(grades)))
    yield Field("score.deductions", _("扣分"), NUMBER, points, topic)
    yield Field("score.bonus", _("附加分"), NUMBER, points, topic)


def _changes() -> Iterator[Field]:
    topic = _("较上一评价期")
    yield Field("change.total", _("得分变化"), NUMBER, _("分"), topic, hint=_("本期得分减上一评价期得分"))
    yield Field("change.rank", _("名次变化"), NUMBER, _("名"), topic, decimals=0, hint=_("上升为正，下降为负"))


def _points(schemes: list[ParsedScheme]) -> Iterator[Field]:
    seen: set[str] = set()
    for scheme in schemes:
        for dimension in scheme.dimensions:
            if f"dimension.{dimension.code}" not in seen:
                seen.add(f"dimension.{dimension.code}")
                label = _("%(name)s得分") % {"name": dimension.name}
                yield Field(f"dimension.{dimension.code}", label, NUMBER, _("分"), _("一级指标"))
    for scheme in schemes:
        for indicator in scheme.indicators:
            if f"points.{indicator.code}" in seen:
                continue
            seen.add(f"points.{indicator.code}")
            name = {"code": indicator.code, "name": indicator.name}
            yield Field(
                f"points.{indicator.code}", _("%(code)s %(name)s得分") % name, NUMBER, _("分"), _("二级指标得分")
            )
            yield Field(
                f"value.{indicator.code}", _("%(code)s %(name)s") % name, NUMBER, indicator.unit, _("二级指标数值")
            )


def _metrics(metrics: list[Metric]) -> Iterator[Field]:
    for metric in metrics:
        topic = _("数据项：%(topic)s") % {"topic": metric.topic} if metric.topic else _("数据项")
        kind = FLAG if metric.kind == Metric.Kind.FLAG else NUMBER
        decimals = 0 if metric.kind == Metric.Kind.COUNT else metric.decimals
        unit = "" if kind == FLAG else metric.unit
        yield Field(f"metric.{metric.code}", metric.name, kind, unit, topic, decimals=decimals, hint=metric.help_text)


def _registers() -> Iterator[Field]:
    specs = catalogue.load()
    levels = {level.code: level.name for level in specs.levels}
    for kind, spec in specs.registers.items():
        topic, unit = _("台账"), _("项")
        yield Field(f"register.{kind}", spec.name, NUMBER, unit, topic, decimals=0)
        for code, name in (*((term.code, term.name) for term in spec.categories), *_levels(spec, levels)):
            label = _("%(register)s：%(part)s") % {"register": spec.name, "part": name}
            yield Field(f"register.{kind}.{code}", label, NUMBER, unit, topic, decimals=0)
        if kind in AMOUNTS:
            label = _("%(register)s金额") % {"register": spec.name}
            yield Field(f"register.{kind}.amount", label, NUMBER, _("万元"), topic, decimals=4)
    for term in specs.registers[RegisterEntry.Kind.QUALIFICATION].categories:
        yield Field(f"qualification.{term.code}", term.name, FLAG, topic=_("资质"), hint=_("在计龄截止日有效"))


def _levels(spec: RegisterSpec, levels: dict[str, str]) -> Iterable[tuple[str, str]]:
    return levels.items() if "level" in spec.required else ()


def _labelled(choices: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((code, _(label)) for code, label in choices if code)
