import pytest
from django.db import connection, transaction

from firms.models import Firm
from firms.services import bulk
from tests.factories import FirmFactory


@pytest.mark.django_db
def test_among_finds_by_number_and_by_text_and_nothing_for_nothing():
    firms = FirmFactory.create_batch(3)
    assert set(bulk.among(Firm.objects.all(), "id", [firms[0].pk, firms[2].pk, 10**12])) == {firms[0], firms[2]}
    assert list(bulk.among(Firm.objects.all(), "credit_code", {firms[1].credit_code, "x" * 40})) == [firms[1]]
    assert list(bulk.among(Firm.objects.all(), "id", [])) == list(bulk.among(Firm.objects.all(), "name", [])) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_only_working_papers_alone_do_not_wait_for_the_disk():
    if connection.vendor != "postgresql":
        pytest.skip("synchronous_commit is PostgreSQL's")

    def waits() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            return cursor.fetchone()[0]

    usual = waits()
    with bulk.unhurried():
        assert waits() == "off"
    assert waits() == usual
    with transaction.atomic():  # inside another's transaction it is that one's to say
        with bulk.unhurried():
            assert waits() == usual
        assert waits() == usual
