"""Evaluating a period: the same inputs give no new run, a new run is whole or not there at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from firms.models import User
from firms.services import audit
from firms.services.jobs import Claim
from firms.services.refusal import Refusal
from scoring.assembly import Loaded, load_cohort, save
from scoring.engine import ENGINE_VERSION, Evaluation, evaluate, input_digest, parse_scheme
from scoring.engine.scheme import Scheme as ParsedScheme
from scoring.models import EvaluationPeriod, Run

TRIES = 3


@dataclass(frozen=True)
class RescoreResult:
    """``created`` is false when the latest run already was of these inputs."""

    run: Run
    created: bool


def rescore(
    period: EvaluationPeriod, *, by: User | None, claim: Claim | None = None, reason: str = ""
) -> RescoreResult:
    """Evaluate a period on the facts now in force. ``claim``: the job doing it, which then shows progress and is fenced.

    A locked period is judged again, by its frozen references, only for a stated ``reason``: what was locked should not
    have changed, and if something it rests on did (a firm's founding date, last year's figures), a person decides.

    Reading and computing hold no lock. Writing happens in one transaction under the period's row lock, after a second
    look: a period changed meanwhile is read again; of two rescorers at once the second finds the first one's run.
    """
    for _ in range(TRIES):
        _say(claim, 5, "读取数据")
        with _snapshot():
            seen = EvaluationPeriod.objects.select_related("scheme").get(pk=period.pk)
            scheme = parse_scheme(seen.scheme.text)
            loaded = load_cohort(seen, scheme)
        _say(claim, 40, f"核对{len(loaded.cohort)}家企业的数据")
        digests = _Digests.of(scheme, loaded, seen.references)
        if latest := _unchanged(seen, digests):
            return RescoreResult(latest, False)
        if seen.references is not None and not reason.strip():
            raise Refusal(
                "period_locked", "本期已锁定，但锁定后有关数据发生了变化，结果没有更换。", place=seen.name,
                hint="确需按现有数据重算的，请在评价期页面写明理由；否则请查明变化原因。",
            )  # fmt: skip
        _say(claim, 50, f"计算{len(loaded.cohort)}家企业的积分")
        evaluation = evaluate(scheme, loaded.cohort, seen.references)
        _say(claim, 70, "写入结果")
        with transaction.atomic():
            current = EvaluationPeriod.objects.select_for_update().get(pk=period.pk)
            if claim is not None:
                claim.guard()
            if latest := _unchanged(current, digests):
                return RescoreResult(latest, False)
            if (current.scheme_id, current.as_of, current.references) == (seen.scheme_id, seen.as_of, seen.references):
                return RescoreResult(_write(seen, digests, loaded, evaluation, by, claim, reason), True)
    raise Refusal("period_busy", "计算期间评价期多次变动，未写入结果。", place=str(period), hint="请稍后重试。")


def run_of(period: EvaluationPeriod, scheme: ParsedScheme, loaded: Loaded) -> Run | None:
    """The latest complete run, if it already is of these facts; None when there is none, or the facts have moved since."""
    return _unchanged(period, _Digests.of(scheme, loaded, period.references))


def _write(
    period: EvaluationPeriod,
    digests: _Digests,
    loaded: Loaded,
    evaluation: Evaluation,
    by: User | None,
    claim: Claim | None,
    reason: str,
) -> Run:
    last = period.runs.order_by("-number").values_list("number", flat=True).first() or 0
    run = Run.objects.create(
        period=period,
        number=last + 1,
        scheme=period.scheme,
        scheme_sha256=evaluation.scheme.sha256,
        engine_version=ENGINE_VERSION,
        inputs_digest=digests.whole,
        summary={"frozen_references": period.references is not None},
        job_id=claim.job_id if claim else None,
    )
    save(run, loaded, evaluation)
    audit.record(
        "run.create", f"{run}：{run.firms}家企业，{run.ranked}家参与排名", by=by, target=run,
        after={"inputs": digests.whole, "scheme": run.scheme_sha256, "engine": ENGINE_VERSION, "reason": reason},
    )  # fmt: skip
    return run


@dataclass(frozen=True)
class _Digests:
    """``whole``: everything a run shows depends on. ``measured``: the same before its references were frozen."""

    whole: str
    measured: str

    @classmethod
    def of(cls, scheme: ParsedScheme, loaded: Loaded, references: Mapping[str, Any] | None) -> _Digests:
        # Names and parks are shown from the run: a firm that was renamed needs a new one as well.
        shown = zip(
            loaded.cohort.keys, loaded.names, loaded.searches, loaded.name_keys,
            loaded.clusters.codes.tolist(), loaded.parks.codes.tolist(), strict=True,
        )  # fmt: skip
        names = hashlib.sha256()
        for key, name, search, name_key, cluster, park in sorted(shown):
            names.update(
                f"{key}\0{name}\0{search}\0{name_key}\0{loaded.clusters.names[cluster]}\0{loaded.parks.names[park]}\n".encode()
            )
        base = f"{ENGINE_VERSION} {input_digest(loaded.cohort, scheme)} {names.hexdigest()}"
        frozen = "" if references is None else hashlib.sha256(_canonical(references)).hexdigest()
        return cls(_sha(f"{base} {frozen}"), _sha(f"{base} "))


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _unchanged(period: EvaluationPeriod, digests: _Digests) -> Run | None:
    """The latest complete run, if evaluating again could only repeat it."""
    latest = period.runs.complete().order_by("-number").first()
    if latest is None:
        return None
    if latest.inputs_digest == digests.whole:
        return latest
    # A lock froze just what this run had measured: the result is the same to the last digit.
    froze_it = latest.inputs_digest == digests.measured and period.references == latest.references
    return latest if froze_it else None


@contextmanager
def _snapshot() -> Iterator[None]:
    """All queries inside see the facts of one instant: an import that commits meanwhile is seen whole or not at all."""
    with transaction.atomic():
        if connection.vendor == "postgresql" and len(connection.atomic_blocks) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _say(claim: Claim | None, percent: int, message: str) -> None:
    if claim is not None:
        claim.progress(percent, message)
