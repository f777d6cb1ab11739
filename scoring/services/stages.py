"""A stage stated by a person: confirmation or override with a reason (readings 1 and 7)."""

from django.db import transaction

from firms.models import DataYear, Firm, User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.engine import parse_scheme
from scoring.models import EvaluationPeriod, StageRecord


@transaction.atomic
def state_stage(firm: Firm, period: EvaluationPeriod, stage: str, *, reason: str, by: User | None) -> StageRecord:
    """From the next run on ``firm`` is of ``stage`` in this period, whatever the rules say. Refused once locked."""
    year = DataYear.objects.select_for_update().get(year=period.year_id)
    if year.is_locked:
        raise Refusal(
            "year_locked", f"{year}已锁定，不能再核定企业类型。", place=firm.name, hint="确需更改的，先解锁数据年度。"
        )
    names = {found.code: found.name for found in parse_scheme(period.scheme.text).stages}
    if stage not in names:
        raise Refusal("unknown_stage", "没有这种企业类型。", place="企业类型", hint="请从列表中选择。", status=400)
    if not reason.strip():
        raise Refusal("no_reason", "核定必须写明理由。", place="理由", hint="请填写后重新提交。", status=400)
    before = StageRecord.objects.filter(firm=firm, year=period.year_id).values("stage", "reason").first()
    record, _ = StageRecord.objects.update_or_create(
        firm=firm, year=period.year_id, defaults={"stage": stage, "reason": reason.strip()[:300], "stated_by": by}
    )
    audit.record(
        "stage.state", f"{firm.name}{period.year_id}年度核定为{names[stage]}", by=by, target=record,
        before=before, after={"stage": stage, "reason": record.reason},
    )  # fmt: skip
    return record
