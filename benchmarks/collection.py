"""The last evening before the deadline: firms at once open their form, fill it in, submit it, and click twice.

Real requests to gunicorn with two sync workers; the clients are threads on the same two cores. Sessions are made beforehand.
Afterwards every form is read from the database: what is not there word for word is lost, what is there twice is counted.
"""

import resource
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import orjson

from benchmarks import Report
from benchmarks.web import Reply, ask, get, serving

DATABASE = "collection"
YEAR = 2023
LIMIT = 60.0
WORKERS = 2
LEFT = (
    "hightech_revenue",
    "technologists",
    "graduates_hired",
    "foreign_returnees",
    "university_contract_value",
    "invested_firms",
)


@dataclass
class Client:
    """One accountant: her form's address, her cookies, what she types, and the answers she got."""

    firm: int
    path: str
    session: str
    token: str
    cells: dict[str, str]
    replies: list[Reply] = field(default_factory=list)
    error: str = ""

    def work(self, port: int, start: threading.Barrier) -> None:
        start.wait()
        try:
            self._work(port)
        except OSError as error:
            self.error = repr(error)

    def _work(self, port: int) -> None:
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={self.token}", "X_CSRFToken": self.token}
        self.replies.append(get(port, self.path, **headers))
        cells = {
            code: {"state": "value", "text": text, "reason": "订单增加，已与报表核对", "edition": 0}
            for code, text in self.cells.items()
        }
        body = orjson.dumps({"cells": cells})
        saved = ask(
            port,
            "POST",
            f"{self.path}save/",
            body,
            Content_Type="application/json",
            Accept="application/json",
            **headers,
        )
        self.replies.append(saved)
        told = orjson.loads(saved.body)
        form = {"deed": "submit", "edition": told["edition"]}
        for code, cell in cells.items():
            form |= {f"{name}-{code}": cell[name] for name in ("state", "text", "reason")}
            form[f"edition-{code}"] = told["editions"][code]
        typed = urlencode(form).encode()
        for _ in range(2):
            self.replies.append(
                ask(port, "POST", self.path, typed, Content_Type="application/x-www-form-urlencoded", **headers)
            )


def run(report: Report) -> None:
    clients = prepared(40 if report.quick else 200)
    with serving(WORKERS) as port:
        get(port, "/my/")  # both workers are up and have their code before the clock starts
        get(port, "/my/")
        seconds = everybody(clients, port)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured(report, clients, seconds)
    report.add("processor time of the server, its start included", used.ru_utime + used.ru_stime, "s")


def prepared(count: int) -> list[Client]:
    """Firms with the year open, departments' figures in, and six cells left to each."""
    from django.test import Client as Browser
    from django.utils import timezone

    from firms.models import DataYear, Department, Firm, Membership, Role, User
    from firms.services import filings
    from firms.services.catalogue import in_force, load_catalogue
    from xxgx import roles

    load_catalogue(by=None)
    roles.load()
    DataYear.objects.update_or_create(
        year=YEAR, defaults={"phase": "reporting", "firms_due_on": timezone.localdate() + timedelta(days=1)}
    )
    metrics = in_force().metrics
    firms = Firm.objects.bulk_create(
        Firm(credit_code=f"91410700BENCH{number:05d}", name=f"测速企业{number}号有限公司") for number in range(count)
    )
    given = {code: 100.0 for code in metrics if code not in LEFT} | {
        "revenue": 9000.0,
        "headcount": 400.0,
        "torch_reported": 1.0,
    }
    last = dict.fromkeys(LEFT, 30.0)
    tax = Department.objects.get(code="tax").pk
    for year, values in ((YEAR - 1, last), (YEAR, given)):
        filings.append(
            [filings.NewFiling(firm.pk, values) for firm in firms],
            year=year,
            source="government",
            by_id=None,
            department_id=tax,
        )
        filings.refold(year)
    clients = []
    for number, firm in enumerate(firms):
        user = User.objects.create(username=f"bench-{number}", role=Role.FIRM, name="会计")
        Membership.objects.create(user=user, firm=firm, kind=Membership.Kind.MANAGER)
        browser = Browser()
        browser.force_login(user, "xxgx.roles.RoleBackend")
        cells = {code: str(20 + (number + at) % 70) for at, code in enumerate(LEFT)}
        clients.append(
            Client(
                firm.pk,
                f"/my/report/{firm.credit_code}/{YEAR}/",
                browser.cookies["sessionid"].value,
                secrets.token_hex(16),
                cells,
            )
        )
    return clients


def everybody(clients: list[Client], port: int) -> float:
    """Seconds from the moment all begin until the last one has her answer."""
    start = threading.Barrier(len(clients) + 1)
    threads = [threading.Thread(target=client.work, args=(port, start)) for client in clients]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def measured(report: Report, clients: list[Client], seconds: float) -> None:
    from django.db.models import Count

    from firms.models import FirmReport

    rows = {row.firm_id: row for row in FirmReport.objects.filter(year=YEAR).annotate(times=Count("events"))}
    lost, twice = 0, 0
    for client in clients:
        row = rows.get(client.firm)
        there = row is not None and row.state == "submitted" and row.times >= 1
        kept = there and {code: cell["text"] for code, cell in row.cells.items()} == client.cells
        lost += not kept
        twice += bool(row and row.times > 1)
    failed = sum(client.error != "" or any(reply.status >= 400 for reply in client.replies) for client in clients)
    slowest = max((reply.seconds for client in clients for reply in client.replies), default=0.0)
    count, asked = len(clients), sum(len(client.replies) for client in clients)
    report.add(f"{count} firms open, fill in and submit at once", seconds, "s", f"≤ {LIMIT:g}", seconds <= LIMIT)
    report.add("submissions lost", lost, "of " + str(count), "0", lost == 0)
    report.add("submitted twice by a double click", twice, "", "0", twice == 0)
    report.add("clients with an answer of 400 or more", failed, "", "0", failed == 0)
    report.add("requests served", asked / seconds, "requests/s")
    report.add("slowest answer, waiting in line included", slowest, "s")
    report.note(
        f"gunicorn, {WORKERS} sync workers; {count} threads as clients on the same machine, all starting at once."
    )
    report.note("lost: a form that is not 待审核 in the database with every cell word for word as it was typed.")
