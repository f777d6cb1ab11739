"""积分办法, generated from the scheme in force: nothing on the page is typed in a second time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.engine import parse_scheme
from scoring.engine.scheme import Dimension, Indicator, Option, Scheme, Source
from scoring.models import EvaluationPeriod
from scoring.models import Scheme as StoredScheme
from scoring.presenters.formatting import briefly, chinese_date, number, typeset
from scoring.presenters.wording import in_words

CATEGORIES = {"core": gettext_lazy("火炬中心核心指标"), "local": gettext_lazy("地方特色指标")}
STEPS = {
    "deductions": gettext_lazy("减去负面清单扣分"),
    "floor": gettext_lazy("低于0分的按0分计"),
    "decay": gettext_lazy("乘以衰减系数"),
    "bonus": gettext_lazy("加上重大科技项目附加分"),
    "cap": gettext_lazy("不超过满分"),
}


@dataclass(frozen=True)
class Line:
    """A row of a table: what, in words, how many points or which factor, and where it is written.

    ``reading`` is the number of our own interpretation, None where the regulation itself says so.
    """

    code: str
    name: str
    words: str
    points: str
    article: str
    reading: int | None


@dataclass(frozen=True)
class IndicatorLine:
    anchor: str
    code: str
    name: str
    unit: str
    category: str
    core: bool
    points: str
    value: str
    rule: str
    article: str
    reading: int | None
    aliases: str


@dataclass(frozen=True)
class DimensionTable:
    code: str
    name: str
    points: str
    core: int
    local: int
    indicators: tuple[IndicatorLine, ...]


@dataclass(frozen=True)
class MethodPage:
    title: str
    document: str
    issued_on: str
    version: str
    sha256: str
    eligibility: Line | None
    stages: tuple[Line, ...]
    confirmation: Line | None
    weights: tuple[tuple[str, tuple[str, ...]], ...]
    dimension_names: tuple[str, ...]
    dimensions: tuple[DimensionTable, ...]
    indicator_count: int
    core_count: int
    exclusions: tuple[Line, ...]
    deductions: tuple[Line, ...]
    decays: tuple[Line, ...]
    bonuses: tuple[Line, ...]
    steps: tuple[str, ...]
    grades: tuple[Line, ...]
    readings: tuple[Line, ...]
    regulations: tuple[Line, ...]


@dataclass(frozen=True)
class FullMarks:
    """满分值 of the latest published period: (code, name, unit, one text per stage); a ``*`` = from all stages."""

    period: str
    stages: tuple[str, ...]
    rows: tuple[tuple[str, str, str, tuple[str, ...]], ...]
    widened: bool


@dataclass(frozen=True)
class Method:
    """``period``: whose scheme and full marks these are; None before anything is published. ``page`` None: no scheme."""

    page: MethodPage | None = None
    full_marks: FullMarks | None = None
    period: EvaluationPeriod | None = None
    periods: tuple[EvaluationPeriod, ...] = ()


def method_page(year: int | None = None) -> Method:
    """The method and full marks of the published period of ``year``, else of the latest, else the scheme loaded last."""
    published = EvaluationPeriod.objects.published().select_related("published_run__scheme").order_by("-year_id")
    periods = tuple(published)
    if not periods:
        stored = StoredScheme.objects.order_by("-id").first()
        return Method(described(stored.sha256, stored.text)) if stored else Method()
    period = next((item for item in periods if item.year_id == year), periods[0])
    stored = period.published_run.scheme
    marks = full_marks(parsed(stored.sha256, stored.text), period)
    return Method(described(stored.sha256, stored.text), marks, period, periods)


@lru_cache(maxsize=8)
def parsed(sha256: str, text: str) -> Scheme:
    """A stored scheme, parsed once per process: its digest stands for it."""
    return parse_scheme(text)


def full_marks(scheme: Scheme, period: EvaluationPeriod) -> FullMarks:
    """What counts as full marks in a published period, for indicators that are measured against a reference."""
    references = period.published_run.references
    rows, widened = [], False
    for item in scheme.indicators:
        cells = references.get(item.code, {})
        texts = []
        for stage in scheme.stages:
            full = cells.get(stage.code, {}).get("full", {})
            wide = full.get("peers") == "*"
            widened = widened or wide
            texts.append(f"{number(full.get('value'), most=2)}{'*' if wide else ''}")
        if any(text != "—" for text in texts):
            rows.append((item.code, typeset(item.name), item.unit, tuple(texts)))
    return FullMarks(period.name, tuple(stage.name for stage in scheme.stages), tuple(rows), widened)


@lru_cache(maxsize=8)
def described(sha256: str, text: str) -> MethodPage:
    """The page of one scheme text; a scheme never changes, so neither does its page."""
    scheme = parsed(sha256, text)
    dimensions = tuple(_dimension(scheme, item) for item in scheme.dimensions if _own(scheme, item))
    return MethodPage(
        title=scheme.title,
        document=scheme.document,
        issued_on=_day(scheme.issued_on),
        version=scheme.version,
        sha256=sha256,
        eligibility=_condition(scheme, scheme.eligibility),
        stages=tuple(_stages(scheme)),
        confirmation=_condition(scheme, scheme.confirmation),
        weights=tuple(_weights(scheme)),
        dimension_names=tuple(item.name for item in _top(scheme)),
        dimensions=dimensions,
        indicator_count=len(scheme.indicators),
        core_count=sum(item.category == "core" for item in scheme.indicators),
        exclusions=tuple(
            _line(scheme, item.code, item.name, item.when, item.source, said=item.words) for item in scheme.exclusions
        ),
        deductions=tuple(_line(scheme, item.code, item.name, item.points, item.source) for item in scheme.deductions),
        decays=tuple(
            _line(scheme, item.code, item.name, item.when, item.source, f"× {number(item.factor)}", item.words)
            for item in scheme.decays
        ),
        bonuses=tuple(_line(scheme, item.code, item.name, item.points, item.source) for item in scheme.bonuses),
        steps=tuple(_steps(scheme)),
        grades=tuple(_grades(scheme)),
        readings=_provisions(scheme, "interpretation"),
        regulations=_provisions(scheme, "regulation"),
    )


def anchor(code: str) -> str:
    """Where an indicator stands on the method page."""
    return f"i-{code.replace('.', '-')}"


def _day(text: str) -> str:
    try:
        return chinese_date(date.fromisoformat(text))
    except ValueError:  # a scheme may say it in words
        return text


def _line(scheme: Scheme, code: str, name: str, expression, source: Source, points: str = "", said: str = "") -> Line:
    """``said``: the scheme's own phrase, printed in place of the expression spelled out."""
    words = typeset(said or (in_words(scheme, expression, worth="分") if expression else ""))
    return Line(code, typeset(name), words, points, typeset(source.article), our_reading(scheme, source.reading))


def our_reading(scheme: Scheme, reading: int | None) -> int | None:
    """The number of a reading, where it is ours: a numbered point may also be one the regulation itself settles."""
    ours = any(option.reading == reading and option.basis == "interpretation" for option in scheme.options)
    return reading if ours else None


def _condition(scheme: Scheme, condition) -> Line | None:
    if condition is None:
        return None
    return _line(scheme, condition.code, condition.name, condition.when, condition.source, said=condition.words)


def _stages(scheme: Scheme) -> list[Line]:
    lines = []
    for index, stage in enumerate(scheme.stages):
        line = _line(scheme, stage.code, stage.name, stage.when, stage.source)
        words = line.words or _("全部企业")
        lines.append(
            Line(
                line.code,
                line.name,
                words if index == 0 else _("不属于以上各类，且") + words,
                "",
                line.article,
                our_reading(scheme, stage.source.reading),
            )
        )
    return lines


def _top(scheme: Scheme) -> list[Dimension]:
    return [item for item in scheme.dimensions if not item.parent]


def _own(scheme: Scheme, dimension: Dimension) -> list[Indicator]:
    return [item for item in scheme.indicators if item.dimension == dimension.code]


def _weights(scheme: Scheme) -> list[tuple[str, tuple[str, ...]]]:
    """Per stage, each top dimension's weight; as percents where they add up to 100."""
    rows = []
    for index, stage in enumerate(scheme.stages):
        weights = [item.weight[index] for item in _top(scheme)]
        percent = sum(weights) == Fraction(100)
        rows.append((stage.name, tuple(f"{number(w)}{'%' if percent else ''}" for w in weights)))
    return rows


def _dimension(scheme: Scheme, dimension: Dimension) -> DimensionTable:
    own = _own(scheme, dimension)
    return DimensionTable(
        code=dimension.code,
        name=dimension.name,
        points=number(sum((item.max_points for item in own), Fraction(0))),
        core=sum(item.category == "core" for item in own),
        local=sum(item.category == "local" for item in own),
        indicators=tuple(_indicator(scheme, item) for item in own),
    )


def _indicator(scheme: Scheme, item: Indicator) -> IndicatorLine:
    return IndicatorLine(
        anchor=anchor(item.code),
        code=item.code,
        name=typeset(item.name),
        unit=item.unit,
        category=CATEGORIES.get(item.category, ""),
        core=item.category == "core",
        points=number(item.max_points),
        value=typeset(in_words(scheme, item.value, worth="%" if item.rule.type == "level_map" else "")),
        rule=briefly(typeset(scheme.describe(item))),
        article=typeset(item.source.article),
        reading=our_reading(scheme, item.rule.source.reading),
        aliases="、".join(item.aliases),
    )


def _steps(scheme: Scheme) -> list[str]:
    method = {
        "arithmetic": _("各一级指标得分按企业类型的权重加权平均"),
        "geometric": _("各一级指标得分按权重几何平均"),
        "sum": _("各一级指标得分相加"),
    }[scheme.method]
    order = scheme.settings.get("order", ("deductions", "floor", "decay", "bonus"))
    decimals = number(scheme.settings.get("decimals", 2))
    rounding = _("最后一次四舍五入，保留%(decimals)s位小数；中间步骤不舍入") % {"decimals": decimals}
    return [method, *(STEPS[step] for step in order), rounding]


def _grades(scheme: Scheme) -> list[Line]:
    lines = []
    for grade in scheme.grades:
        words = _("最终得分不低于%s分") % number(grade.lowest) if grade.lowest is not None else ""
        if grade.top is not None:
            words = _("同类型排名前%s%%") % number(grade.top)
        lines.append(Line(grade.code, grade.name, words, "", "", None))
    return lines


def _provisions(scheme: Scheme, basis: str) -> tuple[Line, ...]:
    """The options of this basis as numbered points, one a reading: several options may settle one point together."""
    points: dict[int | str, list[Option]] = {}
    for option in sorted(scheme.options, key=lambda option: option.reading or 999):
        if option.basis == basis and option.text:
            points.setdefault(option.reading or option.key, []).append(option)
    return tuple(_point(options) for options in points.values())


def _point(options: list[Option]) -> Line:
    return Line(
        code="、".join(option.key for option in options),
        name="",
        words="".join(typeset(_option_text(option)) for option in options),
        points="",
        article="、".join(dict.fromkeys(typeset(option.article) for option in options if option.article)),
        reading=options[0].reading,
    )


def _option_text(option: Option) -> str:
    """With the value in force where the text leaves room for it."""
    value = option.value
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return option.text.replace("{value}", number(value) if plain else str(value))
