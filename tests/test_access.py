"""Every URL → who may: one table, swept for every audience. A URL that is not in the table fails the suite."""

import pytest
from django.contrib import admin
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from firms.models import ColumnMapping, Department, Extension, ImportBatch, Job, Membership, Metric, Role, User
from scoring.services import certificates, publish, rescore
from tests import analysing, disputes, enrolling, publics, reporting, reviewing, showing, spending
from tests.scoring import zone
from xxgx import roles

pytestmark = pytest.mark.django_db

STAFF = {"office", "leader", "department", "other_department"}
SIGNED_IN = STAFF | {"firm", "other_firm", "bank", "system", "security", "audit"}
EVERYBODY = SIGNED_IN | {"anonymous"}
IMPORTERS = {"office", "department", "other_department"}
FIRMS = {"firm", "other_firm"}
# The batch and the job of the world below were made by the science department's officer.
ITS_OWN = {"office", "department"}

OF_A_FIRM = ("portrait", "peers", "simulate", "target", "statement")
# name: (who may, method, arguments)
TABLE = {
    "livez": (EVERYBODY, "get", {}),
    "readyz": (EVERYBODY, "get", {}),
    "favicon": (EVERYBODY, "get", {}),
    "home": (SIGNED_IN, "get", {}),
    "language": (EVERYBODY, "get", {"language": "en"}),
    "language_script": (EVERYBODY, "get", {}),
    "firms:login": (EVERYBODY, "get", {}),
    "firms:logout": (EVERYBODY, "post", {}),
    "firms:password_change": (SIGNED_IN, "get", {}),
    "firms:password_changed": (SIGNED_IN, "get", {}),
    **enrolling.TABLE,
    **showing.TABLE,
    "firms:department": ({"department", "other_department"}, "get", {}),
    "firms:coverage": (STAFF, "get", {}),
    "firms:coverage_firms": (STAFF, "get", {}),
    "firms:extensions": ({"office"}, "get", {}),
    "firms:extension_revoke": ({"office"}, "post", {"pk": "extension"}),
    "firms:reminders": ({"office"}, "get", {}),
    "firms:remind": ({"office"}, "post", {}),
    "firms:coverage_metric": ({"office", "leader", "department"}, "get", {"year": 2022, "metric": "science_metric"}),
    "firms:coverage_export": ({"office", "leader", "department"}, "get", {"year": 2022, "metric": "science_metric"}),
    "firms:imports": (IMPORTERS, "get", {}),
    "firms:import_new": (IMPORTERS, "get", {}),
    "firms:import_template": (IMPORTERS, "get", {"year": 2022}),
    "firms:register_template": (ITS_OWN, "get", {"kind": "platform"}),
    "firms:import_mappings": (IMPORTERS, "get", {}),
    "firms:import_mapping_forget": (ITS_OWN, "post", {"pk": "mapping"}),
    "firms:import_columns": (ITS_OWN, "post", {"pk": "batch"}),
    "firms:import_undo_preview": (ITS_OWN, "get", {"pk": "batch"}),
    "firms:import_detail": (ITS_OWN, "get", {"pk": "batch"}),
    "firms:import_confirm": (ITS_OWN, "post", {"pk": "batch"}),
    "firms:import_discard": (ITS_OWN, "post", {"pk": "batch"}),
    "firms:import_undo": (ITS_OWN, "post", {"pk": "batch"}),
    "firms:import_match": (ITS_OWN, "post", {"pk": "batch"}),
    "firms:import_refused": (ITS_OWN, "get", {"pk": "batch"}),
    "firms:import_file": (ITS_OWN, "get", {"pk": "batch"}),
    "firms:claims": (FIRMS, "get", {}),
    "firms:claim_new": ({"firm"}, "get", {"credit_code": "code", "kind": "platform"}),
    "firms:claim": (ITS_OWN | {"firm"}, "get", {"pk": "claim"}),
    "firms:claim_edit": ({"firm"}, "get", {"pk": "claim"}),
    "firms:claim_submit": ({"firm"}, "post", {"pk": "claim"}),
    "firms:claim_withdraw": ({"firm"}, "post", {"pk": "claim"}),
    "firms:claim_discard": ({"firm"}, "post", {"pk": "claim"}),
    "firms:claim_queue": (IMPORTERS, "get", {}),
    "firms:claim_verify": (ITS_OWN, "post", {"pk": "claim"}),
    "firms:claim_refuse": (ITS_OWN, "post", {"pk": "claim"}),
    "firms:claim_hand_over": (ITS_OWN, "post", {"pk": "claim"}),
    "firms:claim_verify_many": (IMPORTERS, "post", {}),
    "firms:objections": (IMPORTERS | FIRMS, "get", {}),
    "firms:objection_new": (FIRMS, "get", {}),
    "firms:objection": (ITS_OWN | {"firm"}, "get", {"pk": "objection"}),
    "firms:objection_withdraw": ({"firm"}, "post", {"pk": "objection"}),
    "firms:objection_uphold": (ITS_OWN, "post", {"pk": "objection"}),
    "firms:objection_reject": (ITS_OWN, "post", {"pk": "objection"}),
    "firms:connectors": (IMPORTERS, "get", {}),
    "firms:connector_new": ({"office"}, "get", {}),
    "firms:connector": (ITS_OWN, "get", {"pk": "connector"}),
    "firms:connector_edit": ({"office"}, "get", {"pk": "connector"}),
    "firms:connector_run": ({"office"}, "post", {"pk": "connector"}),
    "firms:connector_trial": ({"office"}, "post", {"pk": "connector"}),
    "firms:connector_trial_result": ({"office"}, "get", {"pk": "connector", "job": "trial"}),
    "firms:connector_switch": ({"office"}, "post", {"pk": "connector"}),
    "firms:fetch_original": (ITS_OWN, "get", {"pk": "fetch"}),
    "firms:conflicts": (IMPORTERS, "get", {}),
    "firms:conflict_decide": (ITS_OWN, "post", {"year": "conflict_year", "metric": "metric", "credit_code": "code"}),
    "firms:conflict_rule": (ITS_OWN, "post", {"year": "conflict_year", "metric": "metric"}),
    "firms:decisions": (IMPORTERS, "get", {}),
    "firms:decision_revoke": (ITS_OWN, "post", {"pk": "decision"}),
    "firms:source_record": (IMPORTERS, "get", {}),
    "firms:workbench": ({"firm", "other_firm"}, "get", {}),
    "firms:report": ({"firm"}, "get", {"credit_code": "code", "year": 2022}),
    "firms:report_save": ({"firm"}, "post", {"credit_code": "code", "year": 2022}),
    "firms:report_withdraw": ({"firm"}, "post", {"credit_code": "code", "year": 2022}),
    "firms:report_history": ({"firm"}, "get", {"credit_code": "code", "year": 2022}),
    "firms:report_workbook": ({"firm"}, "get", {"credit_code": "code", "year": 2022}),
    "firms:report_upload": ({"firm"}, "get", {"credit_code": "code", "year": 2022}),
    "firms:evidence": ({"firm", "office", "department"}, "get", {"pk": "evidence"}),
    "firms:job": (ITS_OWN | {"system"}, "get", {"pk": "job"}),
    "firms:job_cancel": (ITS_OWN | {"system"}, "post", {"pk": "job"}),
    "firms:job_retry": (ITS_OWN | {"system"}, "post", {"pk": "job"}),
    "scoring:overview": (EVERYBODY, "get", {}),
    "scoring:rankings": (EVERYBODY, "get", {}),
    "scoring:rankings_export": (STAFF, "get", {"format": "csv"}),
    "scoring:method": (EVERYBODY, "get", {}),
    "scoring:profile": (EVERYBODY, "get", {"credit_code": "code"}),
    "scoring:my_score": ({"firm", "other_firm"}, "get", {}),
    **{f"scoring:my_{page}": (FIRMS, "get", {}) for page in OF_A_FIRM},
    **{f"scoring:{page}": (STAFF | {"firm"}, "get", {"credit_code": "code"}) for page in OF_A_FIRM},
    "scoring:statement_issue": ({"office", "firm"}, "post", {"credit_code": "code"}),
    "scoring:statement_pdf": (STAFF | {"firm"}, "get", {"credit_code": "code"}),
    "scoring:verify": (EVERYBODY, "get", {}),
    "scoring:verified": (EVERYBODY, "get", {"code": "certificate_code"}),
    "scoring:certificates": ({"office"}, "get", {}),
    "scoring:certificate_revoke": ({"office"}, "post", {"pk": "certificate"}),
    "scoring:office": ({"office"}, "get", {}),
    "scoring:schedule": ({"office"}, "get", {}),
    "scoring:open_period": ({"office"}, "post", {}),
    "scoring:period": ({"office"}, "get", {"year": 2022}),
    "scoring:period_rescore": ({"office"}, "post", {"year": 2022}),
    "scoring:period_publish": ({"office"}, "post", {"year": 2022}),
    "scoring:period_withdraw": ({"office"}, "post", {"year": 2022}),
    "scoring:period_lock": ({"office"}, "post", {"year": 2022}),
    "scoring:period_unlock": ({"office"}, "post", {"year": 2022}),
    "scoring:period_stage": ({"office"}, "post", {"year": 2022}),
    "scoring:period_open": ({"office"}, "post", {"year": 2022}),
    "scoring:period_deadlines": ({"office"}, "post", {"year": 2022}),
    "scoring:period_move": ({"office"}, "post", {"year": 2022}),
    "scoring:review": ({"office"}, "get", {}),
    "scoring:review_export": ({"office"}, "get", {}),
    "scoring:review_many": ({"office"}, "post", {}),
    "scoring:review_report": ({"office"}, "get", {"pk": "report"}),
    "scoring:review_accept": ({"office"}, "post", {"pk": "report"}),
    "scoring:review_return": ({"office"}, "post", {"pk": "report"}),
    "scoring:review_reopen": ({"office"}, "post", {"pk": "report"}),
    "scoring:review_reopening": ({"office"}, "post", {"pk": "reopening"}),
    "scoring:run": ({"office"}, "get", {"pk": "run"}),
    "scoring:board": (EVERYBODY, "get", {}),
    "scoring:board_data": (EVERYBODY, "get", {}),
    "scoring:leader": ({"office", "leader"}, "get", {}),
    "scoring:leader_firms": ({"office", "leader"}, "get", {}),
    "scoring:leader_firms_export": ({"office", "leader"}, "get", {"format": "csv"}),
    "scoring:budgets": ({"office"}, "get", {}),
    "scoring:budget_set": ({"office"}, "post", {}),
    "scoring:budgets_export": ({"office"}, "get", {"format": "csv"}),
    "scoring:payment_void": ({"office"}, "post", {"pk": "payment"}),
    **analysing.TABLE,
    "scoring:firm_files": (STAFF, "get", {}),
    "scoring:firm_file": (STAFF, "get", {"credit_code": "code"}),
    "scoring:firm_file_export": (STAFF, "get", {"credit_code": "code"}),
    "scoring:batch_forecast": (ITS_OWN, "get", {"pk": "batch"}),
    "scoring:batch_forecast_ask": (ITS_OWN, "post", {"pk": "batch"}),
    "scoring:api-schema": (EVERYBODY, "get", {}),
    "scoring:api-docs": (EVERYBODY, "get", {}),
    "scoring:api-periods": (EVERYBODY, "get", {}),
    "scoring:api-rankings": (EVERYBODY, "get", {}),
    "scoring:api-firm": (EVERYBODY, "get", {"credit_code": "code"}),
    "scoring:api-explanation": (STAFF | {"firm"}, "get", {"credit_code": "code"}),
    "scoring:api-method": (EVERYBODY, "get", {}),
    "scoring:api-analysis": ({"office", "leader"}, "post", {}),
}


class World:
    """A published year, a trial year, two firms' accounts, one officer's batch and job, one client an audience."""

    def __init__(self, people):
        firms = zone.make_firms(6)
        self.published = zone.make_period(firms=firms, year=2022)
        self.trial = zone.make_period(firms=firms, year=2023)
        publish(self.published, rescore(self.published, by=None).run, by=None)
        self.trial_run = rescore(self.trial, by=None).run
        self.published.refresh_from_db()
        own, other = firms[0], firms[1]
        officer = people[Role.DEPARTMENT]
        market, _created = Department.objects.get_or_create(
            code="market", defaults={"name": "市场监督管理局", "short_name": "市场监管局"}
        )
        users = {role.value: user for role, user in people.items()}
        users["other_firm"] = User.objects.create_user("u-other-firm", password="x", role=Role.FIRM)
        users["other_department"] = User.objects.create_user(
            "u-other-department", password="x", role=Role.DEPARTMENT, department=market
        )
        Membership.objects.create(user=users["firm"], firm=own)
        Membership.objects.create(user=users["other_firm"], firm=other)
        batch = ImportBatch.objects.create(
            kind="metrics", year=2022, department=officer.department, uploaded_by=officer, file_name="数据.csv",
            sha256="0" * 64, size=2, file=ContentFile(b"ok", "x.csv"),
        )  # fmt: skip
        job = Job.objects.create(kind="rescore", key="2022", due_at=self.published.published_at, requested_by=officer)
        mapping = ColumnMapping.objects.create(
            department=officer.department, kind="metrics", heading="产值", column="rd_expense", set_by=officer
        )
        metric = Metric.objects.create(code="science-metric", name="科技指标", kind="count", owner=officer.department)
        extension = Extension.objects.create(
            firm=own, year=2022, due_on="2099-01-01", reason="审计", approved_by=people[Role.OFFICE]
        )
        certificate = certificates.issue(own, 2022, by=people[Role.OFFICE])
        self.arguments = {
            "certificate": certificate.pk, "certificate_code": certificate.code,
            "extension": extension.pk,
            "mapping": mapping.pk, "science_metric": metric.code,
            "batch": batch.pk, "job": job.pk, "run": self.published.published_run_id, "code": own.credit_code,
        }  # fmt: skip
        self.arguments |= disputes.world(own, other, officer)
        self.arguments |= analysing.world(people[Role.OFFICE])
        self.arguments |= reporting.world(own, users)
        self.arguments |= reviewing.world(own, people[Role.OFFICE])
        self.arguments |= enrolling.world(own, users)
        self.arguments |= publics.world(officer.department)
        self.arguments |= showing.world(people[Role.OFFICE], self.published)
        self.arguments |= spending.world()
        self.clients = {"anonymous": Client(raise_request_exception=False)}
        for audience, user in users.items():
            self.clients[audience] = Client(raise_request_exception=False)
            self.clients[audience].force_login(user, "xxgx.roles.RoleBackend")

    def url(self, name):
        _who, _method, arguments = TABLE[name]
        return reverse(name, kwargs={key: self.arguments.get(value, value) for key, value in arguments.items()})

    def ask(self, audience, url, method="get"):
        """The answer, and everything the request changed undone."""
        client = self.clients[audience]
        cookies = client.cookies.output()
        with transaction.atomic():
            response = getattr(client, method)(url)
            transaction.set_rollback(True)
        client.cookies.clear()
        client.cookies.load(cookies.replace("Set-Cookie: ", ""))
        return response


@pytest.fixture
def world(people):
    return World(people)


def names(patterns=None, namespace=""):
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"
        elif pattern.namespace != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names(pattern.url_patterns, namespace + inner)


def test_every_url_is_in_the_table_and_the_table_names_no_other():
    assert set(names()) == set(TABLE)


def refused(response):
    """403; or hidden as 404; or sent to sign in."""
    return response.status_code in {401, 403, 404} or "/accounts/login/" in response.headers.get("Location", "")


def test_every_audience_at_every_url(world):
    wrong = []
    for name, (who, method, _arguments) in TABLE.items():
        for audience in sorted(EVERYBODY):
            response = world.ask(audience, world.url(name), method)
            if response.status_code >= 500 or refused(response) != (audience not in who):
                wrong.append((name, audience, response.status_code))
    assert not wrong


def test_the_sweep_notices_a_door_left_open(world, monkeypatch):
    """The negative control: a role that is let in where the table keeps it out is reported."""
    monkeypatch.setattr("firms.views.guards.role_of", lambda _person: "office")
    assert not refused(world.ask("bank", world.url("scoring:office")))


def test_a_change_of_state_is_never_made_by_following_a_link(world):
    for name, (who, method, _arguments) in TABLE.items():
        if method == "post":
            for audience in sorted(who):
                assert world.ask(audience, world.url(name)).status_code == 405, (name, audience)


ACCOUNT = "得分构成"  # the heading over the explanation


def test_a_score_is_explained_to_its_firm_and_to_the_staff_and_to_nobody_else(world):
    url = world.url("scoring:profile")
    for audience in sorted(EVERYBODY):
        text = world.ask(audience, url).text
        assert (ACCOUNT in text) == (audience in STAFF | {"firm"}), audience


@pytest.mark.parametrize("name", ["scoring:overview", "scoring:rankings", "scoring:profile", "scoring:method"])
def test_a_trial_year_is_not_shown_by_asking_for_it(world, name):
    trial = str(world.trial_run.references)
    for audience in ("anonymous", "firm", "bank", "system", "security", "audit"):
        response = world.ask(audience, f"{world.url(name)}?year=2023")
        assert response.status_code in {200, 302, 404}
        assert "2023年度企业创新积分" not in response.text, audience
        assert trial not in response.text


def test_trial_runs_are_not_in_the_api(world):
    for audience in ("anonymous", "firm", "bank", "system", "security", "audit"):
        assert [row["year"] for row in world.ask(audience, world.url("scoring:api-periods")).json()] == [2022]
        assert world.ask(audience, world.url("scoring:api-rankings") + "?year=2023").status_code == 404


def test_every_model_of_the_back_office_is_granted_to_somebody_and_nothing_else_is():
    registered = {f"{model._meta.app_label}.{model._meta.model_name}" for model in admin.site._registry}
    granted = {label for models in roles.GRANTS.values() for label in models}
    assert registered == granted


def back_office_urls():
    for pattern in admin.site.urls[0]:
        inner = pattern.url_patterns if hasattr(pattern, "url_patterns") else [pattern]
        for leaf in inner:
            if leaf.name and leaf.name not in {"login", "logout"}:
                for arguments in ([], ["1"], ["firms"], ["1", "1"]):
                    try:
                        yield leaf.name, reverse(f"admin:{leaf.name}", args=arguments)
                        break
                    except NoReverseMatch:
                        continue


def test_the_back_office_lets_nobody_in_who_has_no_work_there(world):
    seen = 0
    for name, url in back_office_urls():
        seen += 1
        for audience in ("anonymous", "firm", "other_firm", "leader", "bank"):
            for method in ("get", "post"):
                response = world.ask(audience, url, method)
                assert refused(response) or response.url.startswith("/admin/login/"), (name, audience, method)
    assert seen > 80


# Tables brought in and taken away: by whom, for every model that can. Nobody else, whatever else they may see.
TABLES = {
    "firms.park": ({"office"}, {"office"}),
    "firms.industry": ({"office"}, {"office"}),
    "firms.department": ({"office"}, {"office"}),
    "firms.metric": ({"office"}, {"office", "department", "other_department"}),
    "firms.registerentry": ({"office", "department", "other_department"}, {"office", "department", "other_department"}),
}


def test_tables_come_in_and_go_out_by_those_who_may_and_nobody_else(world):
    admins = {f"{model._meta.app_label}.{model._meta.model_name}": one for model, one in admin.site._registry.items()}
    assert {label for label, one in admins.items() if hasattr(one, "process_import")} == set(TABLES)
    wrong = []
    for label, (importers, exporters) in TABLES.items():
        name = f"admin:{label.replace('.', '_')}"
        doors = [
            (f"{name}_import", "get", importers), (f"{name}_import", "post", importers),
            (f"{name}_process_import", "post", importers),
            (f"{name}_export", "get", exporters), (f"{name}_export", "post", exporters),
        ]  # fmt: skip
        for door, method, who in doors:
            for audience in sorted(EVERYBODY):
                response = world.ask(audience, reverse(door), method)
                shut = refused(response) or response.headers.get("Location", "").startswith("/admin/login/")
                if response.status_code >= 500 or shut != (audience not in who):
                    wrong.append((door, method, audience, response.status_code))
    assert not wrong


# Which of the three keeps what (三员分立); everything else is business data and none of theirs.
DUTIES = {
    "system": {"firms.user", "firms.department", "firms.job", "django_celery_beat.periodictask",
               "django_celery_beat.crontabschedule"},
    "security": {"firms.user", "firms.membership", "axes.accessattempt"},
    "audit": {"firms.auditentry", "axes.accessattempt", "axes.accesslog"},
}  # fmt: skip


def test_the_three_administrators_see_no_business_data_and_not_each_others_work(world):
    for role, duties in DUTIES.items():
        assert set(roles.GRANTS[role]) == duties
        for model in admin.site._registry:
            label = f"{model._meta.app_label}.{model._meta.model_name}"
            url = reverse(f"admin:{label.replace('.', '_')}_changelist")
            assert world.ask(role, url).status_code == (200 if label in duties else 403), (role, label)
