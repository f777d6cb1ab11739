"""The API keeps the word its OpenAPI document gives, whatever is sent to it."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from xxgx.wsgi import application

CONFIG = SchemathesisConfig.from_dict(
    {
        "generation": {"mode": "all"},  # values the document allows, and values it does not
        # Which codes of stages and parks there are depends on the data: a well-formed unknown one is a 400 too.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "403", "404", "429"]}},
    }
)
document = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True), config=CONFIG)
document.app = application


@pytest.fixture
def one_connection():
    """The server's end of a request may not close the connection that the test's own transaction lives on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@document.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_one_the_document_describes(case, zone, unthrottled, one_connection):
    case.call_and_validate()


@pytest.fixture
def signed_in(zone, client):
    client.force_login(zone.user("office"))
    return {"sessionid": client.cookies["sessionid"].value, "csrftoken": "x" * 32}


@document.include(operation_id="analysis").parametrize()
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_whatever_the_office_asks_is_answered_or_told(case, signed_in, unthrottled, one_connection):
    answer = case.call(cookies=signed_in, headers={"X-CSRFToken": "x" * 32})
    assert answer.status_code in (200, 400, 405, 413, 415), answer.text
    case.validate_response(answer)
