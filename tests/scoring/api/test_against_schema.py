"""The API keeps the word its OpenAPI document gives, whatever is sent to it."""

import schemathesis
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


@document.parametrize()
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_one_the_document_describes(case, zone, unthrottled):
    case.call_and_validate()
