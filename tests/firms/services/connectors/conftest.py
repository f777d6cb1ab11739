import pytest

from firms.models import DataYear, Role
from firms.services import catalogue, connectors
from tests.factories import DataYearFactory, DepartmentFactory, FirmFactory, OfficerFactory, UserFactory
from tests.firms.connecting.site import Site
from tests.firms.services.connectors.sources import values_for


@pytest.fixture
def site(settings):
    with Site() as one:
        settings.CONNECTOR_HOSTS = [f"127.0.0.1:{one.port}"]
        settings.CONNECTOR_NETWORKS = ["127.0.0.1/32"]
        settings.CONNECTOR_HTTP = True
        yield one


@pytest.fixture
def office(db):
    catalogue.load_catalogue(by=None)
    DataYearFactory(year=2022, phase=DataYear.Phase.REPORTING)
    return UserFactory(role=Role.OFFICE)


@pytest.fixture
def officer(office):
    return OfficerFactory(department=DepartmentFactory(code="tax"))


@pytest.fixture
def firms(office):
    return [FirmFactory() for _ in range(3)]


@pytest.fixture
def source(site, office, firms):
    return connectors.create("tax-public", values_for(site), by=office)
