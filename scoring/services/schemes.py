"""Loading a scheme: the regulation as data, checked whole, never changed once a period uses it."""

from django.db import transaction

from firms.models import Metric, User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.engine import SchemeError, parse_scheme
from scoring.engine.scheme import Scheme as ParsedScheme
from scoring.models import Dimension, EvaluationPeriod, Indicator, Run, Scheme

SHOWN = 20  # problems listed in one refusal


@transaction.atomic
def load_scheme(text: str, *, by: User | None) -> Scheme:
    """Store a scheme's text and its dimensions and indicators as rows. The same text again returns the one there is.

    A changed text under the same code and version replaces a draft nobody uses yet; one in use is refused: give the
    new text a new version. Refusal lists every problem with its line.
    """
    try:
        parsed = parse_scheme(text)
    except SchemeError as error:
        lines = [f"第{line}行：{message}" for line, message in error.problems]
        more = f"（另有{len(lines) - SHOWN}处）" if len(lines) > SHOWN else ""
        raise Refusal(
            "bad_scheme", "；".join(lines[:SHOWN]) + more, place="方案文件", hint="请逐处更正后重新载入。", status=400
        ) from error
    same = Scheme.objects.filter(sha256=parsed.sha256).first()
    if same is not None:
        return same
    _check_metrics(parsed)
    scheme = Scheme.objects.select_for_update().filter(code=parsed.code, version=parsed.version).first()
    before = None
    if scheme is None:
        scheme = Scheme(code=parsed.code, version=parsed.version)
    elif EvaluationPeriod.objects.filter(scheme=scheme).exists() or Run.objects.filter(scheme=scheme).exists():
        raise Refusal(
            "scheme_in_use",
            f"{parsed.code}第{parsed.version}版已被评价期使用，不能更改。",
            place="方案文件 [scheme] version",
            hint="请把 version 改为新的版本号后载入。",
        )
    else:
        before = scheme.sha256
    scheme.title, scheme.text, scheme.sha256 = parsed.title, text, parsed.sha256
    scheme.save()
    _materialise(scheme, parsed)
    audit.record(
        "scheme.load", f"载入指标体系 {scheme}", by=by, target=scheme, before=before, after={"sha256": parsed.sha256}
    )
    return scheme


def _check_metrics(parsed: ParsedScheme) -> None:
    """A metric nobody collects would silently score everybody as missing."""
    known = set(Metric.objects.values_list("code", flat=True))
    unknown = [code for code in parsed.metrics_used if code not in known]
    if known and unknown:
        raise Refusal(
            "unknown_metrics",
            f"数据项目录中没有：{'、'.join(unknown)}。",
            place="方案文件 [metrics]",
            hint="请改用目录中的代码，或先在目录中增加数据项。",
            status=400,
        )


def _materialise(scheme: Scheme, parsed: ParsedScheme) -> None:
    scheme.dimensions.all().delete()  # and its indicators with it
    dimensions = Dimension.objects.bulk_create(
        Dimension(scheme=scheme, code=dimension.code, name=dimension.name, position=position)
        for position, dimension in enumerate(parsed.dimensions, 1)
    )
    by_code = {dimension.code: dimension for dimension in dimensions}
    Indicator.objects.bulk_create(
        Indicator(
            scheme=scheme,
            dimension=by_code[indicator.dimension],
            code=indicator.code,
            name=indicator.name,
            category=indicator.category,
            max_points=round(float(indicator.max_points), 3),
            unit=indicator.unit,
            position=position,
        )
        for position, indicator in enumerate(parsed.indicators, 1)
    )
