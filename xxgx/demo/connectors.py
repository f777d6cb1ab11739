"""The demo's public web: three made-up sites, served by the demo itself, and the sources that read them.

Only with ``XXGX_DEMO=1``. What they say is made from what the demo holds: mostly the same, some of it new, a little of it wrong,
as public lists are. Nothing is fetched while the demo is prepared; the schedule does that once it runs.
"""

import csv
import io
import zlib
from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.html import escape
from django.views.decorators.http import require_safe

from firms.models import Connector, Department, FactSheet, Firm, RegisterEntry, Source
from firms.services import connectors
from xxgx.demo.economy import YEARS
from xxgx.demo.names import CODE_PREFIX

PAGE = 40
STRANGER = "91410700MAEXAMPLE0"  # a code whose check digit is wrong, as on the odd public list
TITLES = {
    "standards": "标准信息公共服务平台（演示）", "patents": "发明专利授权公告（演示）", "tech-sme": "科技型中小企业入库公告（演示）",
}  # fmt: skip


def _chance(firm: Firm, salt: str) -> int:
    """0–99, the same for a firm whenever it is asked."""
    return zlib.crc32(f"{salt}{firm.credit_code}".encode()) % 100


def _firms() -> Iterator[Firm]:
    return Firm.objects.filter(credit_code__startswith=CODE_PREFIX).order_by("credit_code").iterator()


@require_safe
def standards(request: HttpRequest, year: int) -> JsonResponse:
    """JSON, ``page`` by page: drafters of standards, with how many."""
    rows = [
        {"orgName": firm.name, "uscc": firm.credit_code, "drafted": 1 + _chance(firm, "n") % 3}
        for firm in _firms()
        if _chance(firm, f"standards{year}") < 6
    ]
    text = request.GET.get("page", "1")
    start = (max(1, int(text)) - 1) * PAGE if text.isascii() and text.isdigit() and len(text) < 7 else 0
    answer = {"code": 0, "data": {"total": len(rows), "list": rows[start : start + PAGE]}}
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False})


@require_safe
def patents(request: HttpRequest, year: int) -> HttpResponse:
    """A CSV in GB18030 under a title: grants by patentee, a few of them counted otherwise than the department did."""
    held = FactSheet.objects.filter(
        year=year, values__invention_grants__gt=0, firm__credit_code__startswith=CODE_PREFIX
    )
    text = io.StringIO()
    write = csv.writer(text).writerow
    write([f"{year}年发明专利授权统计"])
    write(["序号", "专利权人", "统一社会信用代码", "授权件数"])
    for number, sheet in enumerate(held.select_related("firm").order_by("firm__credit_code"), start=1):
        more = _chance(sheet.firm, "patents") < 4
        write([number, sheet.firm.name, sheet.firm.credit_code, int(sheet.values["invention_grants"]) + more])
    write(["", "某某（已更名）有限公司", STRANGER, 2])
    return HttpResponse(text.getvalue().encode("gb18030"), content_type="text/csv")


@require_safe
def tech_sme(request: HttpRequest, year: int) -> HttpResponse:
    """A page with a table: firms entered this year that had lapsed, and some the office has entered already."""
    entries = RegisterEntry.objects.in_force().filter(firm=OuterRef("pk"), kind="qualification", category="tech_sme")
    entries = entries.exclude(batch__source=Source.PUBLIC)  # the list does not change because somebody read it
    firms = Firm.objects.filter(credit_code__startswith=CODE_PREFIX).order_by("credit_code")
    lapsed = firms.filter(Exists(entries), ~Exists(entries.filter(ends_on__gte=date(year, 12, 31))))[:24]
    rows = "".join(
        f"<tr><td>{number}<td>{escape(firm.name)}<td>{year}年5月{1 + number % 28}日<td>{year}-12-31"
        for number, firm in enumerate(lapsed, start=1)
    )
    head = "<tr><th>序号<th>企业名称<th>入库日期<th>有效期至"
    page = f"<!doctype html><meta charset=utf-8><title>{TITLES['tech-sme']}</title><h1>{TITLES['tech-sme']}</h1><table>{head}{rows}</table>"
    return HttpResponse(page)


urlpatterns = [
    path("demo/public/<int:year>/standards.json", standards),
    path("demo/public/<int:year>/patents.csv", patents),
    path("demo/public/<int:year>/tech-sme.html", tech_sme),
]

_IDENTITY = {"column": "credit_code", "field": "统一社会信用代码"}
SOURCES: dict[str, dict] = {
    "demo-standards": {
        "name": TITLES["standards"], "kind": "json", "file": "standards.json", "department": "market",
        "mapping": {
            "path": "data.list", "paging": "page", "parameter": "page", "size": PAGE,
            "picks": [
                {"column": "credit_code", "field": "uscc"}, {"column": "name", "field": "orgName"},
                {"column": "standards", "field": "drafted"},
            ],
        },
    },
    "demo-patents": {
        "name": TITLES["patents"], "kind": "file", "file": "patents.csv", "department": "market",
        "mapping": {"picks": [_IDENTITY, {"column": "invention_grants", "field": "授权件数"}]},
    },
    "demo-tech-sme": {
        "name": TITLES["tech-sme"], "kind": "table", "file": "tech-sme.html", "department": "science",
        "batch_kind": "registers", "register_kind": "qualification", "every_hours": 168,
        "mapping": {
            "picks": [
                {"column": "name", "field": "企业名称"}, {"column": "category", "value": "科技型中小企业"},
                {"column": "starts_on", "field": "入库日期"}, {"column": "ends_on", "field": "有效期至"},
            ]
        },
    },
}  # fmt: skip


def load_connectors() -> int:
    """Define the demo's sources that are not there, and keep their addresses at the port the demo is served on; how many new.

    None where the sites may not be asked: their addresses would be refused like any other that is not on the list.
    """
    if settings.DEMO_SITE not in settings.CONNECTOR_HOSTS:
        return 0
    base = f"http://{settings.DEMO_SITE}/demo/public"
    there = {row.code: row for row in Connector.objects.filter(code__in=SOURCES)}
    departments = {row.code: row for row in Department.objects.all()}
    made = 0
    for code, spec in SOURCES.items():
        # A register belongs to no data year: its list is the latest year's.
        year = "{year}" if "batch_kind" not in spec else str(YEARS[-1])
        url = f"{base}/{year}/{spec['file']}"
        if (row := there.get(code)) is not None:
            if row.url != url and "/demo/public/" in row.url:
                Connector.objects.filter(pk=row.pk).update(url=url)
            continue
        values = {"batch_kind": "metrics", "register_kind": "", "every_hours": 24} | spec
        values |= {"url": url, "department": departments[spec["department"]]}
        row = connectors.create(code, values, by=None)
        if settings.DEMO_SERVED and values["batch_kind"] == "metrics":
            connectors.switch(row, enabled=True, version=row.version, by=None)
        made += 1
    return made
