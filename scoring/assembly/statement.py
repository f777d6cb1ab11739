"""What a 计分说明 says: plain values out of one score's record, and the digest and code it is known by.

From the record alone, not from today's facts: a published score says the same for ever. Always Chinese: it is a document.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Any

import orjson
from django.db.models import Sum
from stdnum.iso7064 import mod_37_36

from scoring.engine import ENGINE_VERSION, parse_scheme
from scoring.engine.explain import explain
from scoring.models import RunSlice, Score

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0, O, 1 and I, which are taken for one another
RANDOM = 15  # characters, 75 bits; one more checks them
EDITION = 1  # of the page's wording; a new one makes new papers


def content(score: Score) -> dict[str, Any]:
    """Everything the page says of a ranked score, JSON-able. ``score`` with run, period and scheme; three queries at most."""
    run, period = score.run, score.run.period
    scheme = parse_scheme(run.scheme.text)
    detail = (
        score.detail if "detail" in score.__dict__ else Score.objects.values_list("detail", flat=True).get(pk=score.pk)
    )
    found = explain(scheme, run.references, bytes(detail), period.as_of)
    exists = {line.code: line.state != "absent" for line in found.indicators}
    return {
        "edition": EDITION,
        "firm": score.name,
        "credit_code": score.credit_code,
        "period": period.name,
        "year": period.year_id,
        "as_of": period.as_of.isoformat(),
        "published_at": period.published_at.isoformat() if period.published_at else "",
        "stage": found.stage_text,
        "cluster": score.cluster,
        "total": found.total_text,
        "unrounded": found.unrounded_exact,
        "ranks": {"overall": score.rank, "stage": score.stage_rank, "cluster": score.industry_rank},
        "of": _among(score),
        "dimensions": [
            {"name": line.name, "points": line.points_exact, "weight": line.weight, "weighted": line.weighted_exact}
            for line in found.dimensions
        ],
        "indicators": [
            {
                "code": line.code, "name": line.name, "dimension": line.dimension, "value": line.value_text,
                "state": line.state, "points": line.points_exact, "most": line.max_points,
            }
            for line in found.indicators
            if exists[line.code]
        ],
        "groups": [[line.code, line.name] for line in found.dimensions],
        "adjustments": [
            {"kind": line.kind, "name": line.name, "amount": line.amount, "article": line.article}
            for line in found.adjustments
            if line.applies
        ],
        "steps": [[step.name, step.change, step.after] for step in found.steps],
        "grade": found.grade or "",
        "scheme": {
            "title": scheme.title, "document": scheme.document, "code": scheme.code, "version": scheme.version,
            "sha256": run.scheme_sha256,
        },
        "run": run.number,
        "engine": run.engine_version or ENGINE_VERSION,
        "inputs": run.inputs_digest,
    }  # fmt: skip


def _among(score: Score) -> dict[str, int]:
    """How many firms each rank is among."""
    parts = RunSlice.objects.filter(run_id=score.run_id, status=Score.Status.SCORED)
    rows = parts.values("stage", "cluster").annotate(n=Sum("firms")).order_by()
    return {
        "overall": score.run.ranked,
        "stage": sum(row["n"] for row in rows if row["stage"] == score.stage),
        "cluster": sum(row["n"] for row in rows if row["cluster"] == score.cluster),
    }


def digest(found: Mapping[str, Any]) -> str:
    """SHA-256 of what a page says."""
    said = {key: value for key, value in found.items() if key != "published_at"}  # when, not what
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


# ---- codes
def new_code() -> str:
    """A code nobody can guess, with its check character; 16 characters of ``ALPHABET``."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return body + mod_37_36.calc_check_digit(body, ALPHABET)


def read_code(text: str) -> str:
    """What was typed or scanned as a code is kept: width, case, spaces and dashes do not matter."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def is_code(text: str) -> bool:
    """Whether it can be one at all: length, letters and check character."""
    return len(text) == RANDOM + 1 and set(text) <= set(ALPHABET) and mod_37_36.is_valid(text, ALPHABET)


def grouped(code: str) -> str:
    """As people read it: XXXX-XXXX-XXXX-XXXX."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
