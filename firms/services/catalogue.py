"""The catalogue in force: what the TOML files say at first, and what the office has edited since."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction

from firms import catalogue
from firms.catalogue import Catalogue, MetricSpec
from firms.models import Department, Metric, User
from firms.services import audit

_METRIC_FIELDS = (
    "name", "unit", "kind", "minimum", "maximum", "decimals", "tolerance", "help_text", "topic", "needs_evidence",
)  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """How many rows a load created and changed; both zero when everything was as the files say."""

    created: int
    changed: int


@transaction.atomic
def load_catalogue(*, by: User | None, overwrite: bool = False) -> Loaded:
    """Bring departments and metrics of ``firms/catalogue`` into the database.

    Rows already there keep what the office edited, unless ``overwrite``. One audit entry, only if something changed.
    """
    files = catalogue.load()
    created = changed = 0
    departments = {}
    for position, spec in enumerate(files.departments.values(), start=1):
        wanted = {"name": spec.name, "short_name": spec.short_name, "position": position * 10}
        departments[spec.code], state = _put(Department, spec.code, wanted, overwrite)
        created, changed = created + (state == "created"), changed + (state == "changed")
    for position, metric in enumerate(files.metrics.values(), start=1):
        wanted = {name: getattr(metric, name) for name in _METRIC_FIELDS} | {
            "aliases": list(metric.aliases),
            "source_priority": list(metric.source_priority),
            "owner_id": departments[metric.owner].pk,
            "position": position * 10,
        }
        _, state = _put(Metric, metric.code, wanted, overwrite)
        created, changed = created + (state == "created"), changed + (state == "changed")
    if created or changed:
        audit.record(
            "catalogue.load", f"载入目录：新增{created}项，更新{changed}项", by=by,
            after={"created": created, "changed": changed},
        )  # fmt: skip
    return Loaded(created, changed)


def _put(model, code: str, wanted: dict, overwrite: bool):
    row, is_new = model.objects.get_or_create(code=code, defaults=wanted)
    if is_new:
        return row, "created"
    differing = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    if not (overwrite and differing):
        return row, "same"
    for name, value in differing.items():
        setattr(row, name, value)
    row.save(update_fields=list(differing))
    return row, "changed"


def in_force() -> Catalogue:
    """The catalogue with the metrics as the database holds them now (one query)."""
    metrics = {
        row.code: MetricSpec(
            code=row.code,
            aliases=tuple(row.aliases),
            owner=row.owner.code if row.owner else "",
            source_priority=tuple(row.source_priority) or ("government", "public", "firm"),
            **{name: getattr(row, name) for name in _METRIC_FIELDS},
        )
        for row in Metric.objects.select_related("owner")
    }
    return replace(catalogue.load(), metrics=metrics)
