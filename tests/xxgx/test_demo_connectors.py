"""The demo's made-up public sites: read by the very sources that are defined for them, and asked nothing of any real one."""

import pytest
from django.test import RequestFactory
from django.urls import URLResolver, get_resolver

from firms.connecting.fieldmap import FieldMap
from firms.connecting.sources import source_of
from firms.models import Connector, FactSheet, Firm, RegisterEntry
from firms.services import catalogue
from tests.factories import FirmFactory
from xxgx.demo import connectors as demo
from xxgx.demo.names import credit_code

pytestmark = pytest.mark.django_db
YEAR = 2024


@pytest.fixture
def firms(settings):
    catalogue.load_catalogue(by=None)
    settings.CONNECTOR_HOSTS, settings.CONNECTOR_NETWORKS, settings.CONNECTOR_HTTP = (
        [settings.DEMO_SITE],
        ["127.0.0.1/32"],
        True,
    )
    firms = [FirmFactory(credit_code=credit_code(number)) for number in range(1, 121)]
    FactSheet.objects.bulk_create(
        FactSheet(firm=firm, year=YEAR, values={"invention_grants": 3.0}) for firm in firms[:50]
    )
    for firm in firms[:5]:
        RegisterEntry.objects.create(
            firm=firm, kind="qualification", category="tech_sme", title="国家科技型中小企业入库", starts_on="2023-05-01",
            ends_on="2023-12-31",
        )  # fmt: skip
    return firms


def read(code, view, **query):
    body = view(RequestFactory().get("/", query), year=YEAR).content
    source = Connector.objects.get(code=code)
    return source_of(source.kind).rows(body, FieldMap.of(source.mapping)).rows


def test_each_site_is_read_by_its_source(firms):
    assert demo.load_connectors() == 3
    assert demo.load_connectors() == 0
    first, again = read("demo-standards", demo.standards), read("demo-standards", demo.standards)
    assert first == again
    assert {code for code, *_ in first} <= set(Firm.objects.values_list("credit_code", flat=True))
    grants = read("demo-patents", demo.patents)
    assert len(grants) == 51
    assert {row[1] for row in grants[:-1]} <= {"3", "4"}
    assert grants[-1] == [demo.STRANGER, "2"]
    assert [row[0] for row in read("demo-tech-sme", demo.tech_sme)] == [
        firm.name for firm in sorted(firms[:5], key=lambda firm: firm.credit_code)
    ]


def test_they_are_off_unless_the_demo_is_served_and_follow_its_port(firms, settings):
    demo.load_connectors()
    assert not Connector.objects.filter(enabled=True).exists()
    settings.DEMO_SITE, settings.CONNECTOR_HOSTS = "127.0.0.1:8123", ["127.0.0.1:8123"]
    demo.load_connectors()
    assert all(
        url.startswith("http://127.0.0.1:8123/demo/public/") for url in Connector.objects.values_list("url", flat=True)
    )


def test_without_the_demo_there_are_no_such_pages():
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns if not isinstance(pattern, URLResolver)]
    assert not [route for route in routes if "demo" in route]
