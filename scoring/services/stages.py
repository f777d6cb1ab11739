"""A stage stated by a person: confirmation or override with a reason (readings 1 and 7)."""

from django.db import transaction

from firms.models import DataYear, Firm, User
from firms.services import audit
from firms.services.refusal import Refusal
from scoring.engine import parse_scheme
from scoring.models import EvaluationPeriod, Scheme, StageRecord


@transaction.atomic
def state_stage(firm: Firm, period: EvaluationPeriod, stage: str, *, reason: str, by: User | None) -> StageRecord:
    """From the next run on ``firm`` is of ``stage`` in this period, whatever the rules say. Refused once locked."""
    return _state(firm, period.year_id, _names(period.scheme), stage, reason, by)


@transaction.atomic
def state_past_stage(firm: Firm, year: int, stage: str, *, reason: str, by: User | None) -> StageRecord:
    """The same for any year, also one before the first period, whose stages are those of the latest scheme."""
    period = EvaluationPeriod.objects.select_related("scheme").filter(year=year).first()
    scheme = period.scheme if period else Scheme.objects.order_by("-loaded_at", "-pk").first()
    return _state(firm, year, _names(scheme) if scheme else {}, stage, reason, by)


@transaction.atomic
def withdraw_stage(record: StageRecord, *, by: User | None) -> None:
    """From the next run on the rules decide again. Refused once locked."""
    _refuse_if_locked(record.firm, record.year)
    audit.record(
        "stage.withdraw", f"撤销{record.firm.name}{record.year}年度企业类型认定", by=by, target=record,
        before={"stage": record.stage, "reason": record.reason},
    )  # fmt: skip
    record.delete()


def _names(scheme: Scheme) -> dict[str, str]:
    return {found.code: found.name for found in parse_scheme(scheme.text).stages}


def _refuse_if_locked(firm: Firm, year: int) -> None:
    """Also holds the year's row against a lock until the transaction ends."""
    held = DataYear.objects.select_for_update().filter(year=year).first()
    if held is not None and held.is_locked:
        raise Refusal(
            "year_locked", f"{held}已锁定，不能再核定企业类型。", place=firm.name, hint="确需更改的，先解锁数据年度。"
        )


def _state(firm: Firm, year: int, names: dict[str, str], stage: str, reason: str, by: User | None) -> StageRecord:
    _refuse_if_locked(firm, year)
    if stage not in names:
        raise Refusal("unknown_stage", "没有这种企业类型。", place="企业类型", hint="请从列表中选择。", status=400)
    if not reason.strip():
        raise Refusal("no_reason", "核定必须写明理由。", place="理由", hint="请填写后重新提交。", status=400)
    before = StageRecord.objects.filter(firm=firm, year=year).values("stage", "reason").first()
    record, _ = StageRecord.objects.update_or_create(
        firm=firm, year=year, defaults={"stage": stage, "reason": reason.strip()[:300], "stated_by": by}
    )
    audit.record(
        "stage.state", f"{firm.name}{year}年度核定为{names[stage]}", by=by, target=record,
        before=before, after={"stage": stage, "reason": record.reason},
    )  # fmt: skip
    return record
