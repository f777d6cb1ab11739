"""The zone once for all of these tests."""

import pytest
from django.core.cache import cache
from django.db import transaction

from scoring.assembly import outcomes, spreads
from scoring.presenters import run_sums
from scoring.presenters.board import _kept
from scoring.views import caching
from tests.one_figure.world import World


@pytest.fixture(scope="package")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def w(world, db):
    spreads._known.clear()
    run_sums._known.clear()
    caching.pages.clear()
    _kept.clear()
    outcomes.KEPT.clear()
    cache.clear()
    return world
