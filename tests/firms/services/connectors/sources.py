"""A source of public data and what it offers, as small as a test needs."""

from firms.models import Connector, Fetch
from firms.services import connector_runs, imports, jobs
from tests.factories import DepartmentFactory
from tests.firms.connecting.site import as_json

MAP = {
    "picks": [{"column": "credit_code", "field": "code"}, {"column": "revenue", "field": "v", "unit": "万元"}],
    "path": "rows",
}


def values_for(site, **changes):
    return {
        "name": "税务公开数据", "kind": "json", "url": site.url("/list?year={year}"), "batch_kind": "metrics", "register_kind": "",
        "department": DepartmentFactory(code="tax"), "mapping": MAP, "every_hours": 24,
    } | changes  # fmt: skip


def offer(site, firms, *values):
    site.answers["/list"] = as_json(
        {"rows": [{"code": firm.credit_code, "v": value} for firm, value in zip(firms, values, strict=False)]}
    )


def fetched(source, by=None):
    """One fetch as its job runs it: the attempt it left."""
    if by is None:
        Connector.objects.filter(pk=source.pk).update(enabled=True)
        year = 2022 if source.batch_kind == "metrics" else None
        key = f"{source.pk}@{Fetch.objects.count()}"
        job = jobs.enqueue(connector_runs.KIND, key, {"connector": source.pk, "year": year}, by=None)
    else:
        job = connector_runs.ask(source, year=2022, by=by)
    jobs.run(job.pk)
    return Fetch.objects.first()


def confirmed(fetch, by):
    return imports.confirm(fetch.batch, digest=fetch.batch.plan_digest, by=by)
