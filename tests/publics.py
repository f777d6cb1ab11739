"""A source of public data in a department's hands, with what its fetches left: what tests of access and of lists ask for."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from firms.models import Connector, Department, Fetch, ImportBatch, Job

MAP = {"picks": [{"column": "credit_code", "field": "code"}, {"column": "standards", "field": "n"}]}


def connector(department: Department, tag: str = "x") -> Connector:
    return Connector.objects.create(
        code=f"source-{tag}".lower(), name=f"公开数据{tag}", kind="json", url="https://data.example.cn/list", department=department,
        mapping=MAP, enabled=True,
    )  # fmt: skip


def staged(source: Connector) -> Fetch:
    """A fetch that brought a batch, its original kept."""
    batch = ImportBatch.objects.create(
        kind="metrics", year=2022, department=source.department, source="public", file_name=f"{source.code}.xlsx",
        sha256="1" * 64, size=2, file=ContentFile(b"ok", "x.xlsx"),
    )  # fmt: skip
    fetch = Fetch.objects.create(
        connector=source,
        year=2022,
        outcome="staged",
        batch=batch,
        finished_at=timezone.now(),
        rows=1,
        size=2,
        sha256=str(batch.pk),
    )
    default_storage.save(fetch.original_name, ContentFile(b"[]"))
    return fetch


def world(department: Department) -> dict[str, int]:
    source = connector(department)
    trial = Job.objects.create(
        kind="connector.trial",
        key=str(source.pk),
        args={"connector": source.pk},
        due_at=timezone.now(),
        state="succeeded",
    )
    return {"connector": source.pk, "fetch": staged(source).pk, "trial": trial.pk}
