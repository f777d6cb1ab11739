"""The loader behind the benchmarks writes rows the rest of the system can read."""

import numpy as np
import pytest
from django.db import connection
from stdnum.cn import uscc

from firms import catalogue
from firms.models import FactSheet, Firm, RegisterEntry
from firms.services.catalogue import load_catalogue
from xxgx.demo.scale import credit_codes, load_scale, metric_columns

pytestmark = pytest.mark.django_db


def test_codes_are_valid_by_the_library():
    codes = credit_codes(np.arange(0, 9_999_999, 3_001))
    assert len(set(codes)) == len(codes)
    assert all(uscc.is_valid(code) for code in codes)


def test_columns_are_the_catalogue_and_keep_its_bounds_and_checks():
    rng = np.random.default_rng(5)
    columns = metric_columns(rng, rng.normal(7, 1.6, 3000), rng.normal(size=3000))
    metrics = catalogue.load().metrics
    assert set(columns) == set(metrics)
    for code, values in columns.items():
        assert values.min() >= metrics[code].minimum, code
        assert values.max() <= metrics[code].maximum, code
    for check in catalogue.load().checks:
        assert (columns[check.part] <= columns[check.whole]).all(), check.code


def test_firms_sheets_and_entries_arrive_readable_and_the_indexes_stand_again():
    load_catalogue(by=None)
    with connection.cursor() as cursor:
        before = {model: set(connection.introspection.get_constraints(cursor, model._meta.db_table))
                  for model in (Firm, FactSheet, RegisterEntry)}  # fmt: skip
    loaded = load_scale(300, [2022, 2023], entries=3)
    assert (loaded.firms, loaded.sheets, loaded.entries) == (300, 600, 900)
    assert (Firm.objects.count(), FactSheet.objects.count(), RegisterEntry.objects.count()) == (300, 600, 900)
    firm = Firm.objects.order_by("pk").first()
    assert firm.name_initials.isascii()
    assert firm.industry is not None
    assert firm.park is not None
    sheet = FactSheet.objects.get(firm=firm, year=2023)
    assert 15 <= len(sheet.values) <= 24
    assert Firm.objects.create(credit_code=credit_codes(np.array([999_999]))[0], name="后来的企业").pk > 300
    with connection.cursor() as cursor:
        for model, names in before.items():
            assert set(connection.introspection.get_constraints(cursor, model._meta.db_table)) == names


def test_a_database_with_firms_is_refused():
    Firm.objects.create(credit_code=credit_codes(np.array([1]))[0], name="已在的企业")
    with pytest.raises(ValueError, match="empty"):
        load_scale(10, [2022])
