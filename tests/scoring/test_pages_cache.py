"""Public pages kept per state of publication: fast, never stale, never one visitor's."""

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import FactSheet
from scoring.models import EvaluationPeriod, Run
from scoring.presenters import published as state
from scoring.presenters import ranking
from scoring.services import publish, rescore, withdraw
from scoring.views import caching
from tests.scoring import zone
from tests.scoring.pages import published, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    caching.pages.clear()
    yield
    caching.pages.clear()


def another_run(period):
    for sheet in FactSheet.objects.all():
        sheet.values["technologists"] += 1 + sheet.firm_id % 7
        sheet.save()
    return rescore(period, by=None).run


def queries(client, url, **query):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url, query)
    return len(captured), response


@pytest.mark.parametrize("name", ["scoring:overview", "scoring:rankings", "scoring:method"])
def test_a_page_asked_for_again_costs_one_query(client, name):
    published()
    first, response = queries(client, reverse(name))
    again, kept = queries(client, reverse(name))
    assert first > 1
    assert again == 1  # the pointers of publication
    assert kept.content == response.content


@pytest.mark.parametrize("name", ["scoring:overview", "scoring:rankings", "scoring:method"])
def test_a_kept_page_is_given_before_anything_is_made_for_a_visitor_and_marked_like_any_other(client, name):
    published()
    first = client.get(reverse(name))
    again = client.get(reverse(name))
    assert hasattr(first.wsgi_request, "session")
    assert not hasattr(again.wsgi_request, "session")
    assert again.headers == first.headers
    marks = {"Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Vary"}
    assert marks <= set(again.headers)


def test_what_is_refused_is_refused_though_the_page_is_kept(client):
    published()
    url = reverse("scoring:rankings")
    client.get(url)
    assert queries(client, url)[0] == 1
    assert client.get(url, headers={"host": "elsewhere.example"}).status_code == 400
    assert client.get(url + "?utm=%00").status_code == 400
    assert client.get(url, {"stage": "nonsense"}).status_code == 400
    assert Client().post(url).status_code == 405


def test_a_reader_who_has_the_page_gets_304(client):
    published()
    url = reverse("scoring:rankings")
    etag = client.get(url).headers["ETag"]
    response = client.get(url, headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_publishing_and_withdrawing_show_at_once(client):
    period = published(20)
    url = reverse("scoring:rankings")
    first = client.get(url)
    second = another_run(period)
    assert client.get(url).content == first.content  # a trial run is nothing to the public
    period = publish(period, second, by=None)
    changed = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.content != first.content
    withdraw(period, by=None, reason="有误")
    assert "还没有公布的榜单" in text(client.get(url))


def test_without_the_pointers_in_the_key_a_stale_page_would_be_shown(client, monkeypatch):
    """Negative control of the test above."""
    monkeypatch.setattr(caching, "pointers", lambda: (("always the same",),))
    period = published(20)
    url = reverse("scoring:rankings")
    first = client.get(url).content
    publish(period, another_run(period), by=None)
    assert client.get(url).content == first


def test_the_public_sees_one_state_while_a_pointer_moves_and_the_new_one_after(client, monkeypatch):
    """Publishing happens while a page is made: it is a page of the first run, and kept for nobody."""
    period = published(20)
    first, second = period.published_run, another_run(period)
    original = ranking._parks

    def meanwhile():
        monkeypatch.setattr(ranking, "_parks", original)
        publish(period, second, by=None)
        return original()

    monkeypatch.setattr(ranking, "_parks", meanwhile)
    url = reverse("scoring:rankings")
    assert client.get(url).context["page"].run_id == first.pk
    assert client.get(url).context["page"].run_id == second.pk


def test_periods_read_while_a_pointer_moved_are_not_remembered_for_the_state_before(monkeypatch):
    period = published(20)
    second, before, original = another_run(period), state.pointers(), state._read

    def meanwhile():
        publish(period, second, by=None)
        return original()

    monkeypatch.setattr(state, "_read", meanwhile)
    assert [item.published_run_id for item in state.published_periods()] == [second.pk]
    assert before not in state._known
    monkeypatch.setattr(state, "_read", original)
    assert [item.published_run_id for item in state.published_periods()] == [second.pk]
    assert state.pointers() in state._known
    assert len(state._known) <= state.STATES


def test_a_period_renamed_is_shown_at_once(client):
    period = published()
    assert period.name in text(client.get(reverse("scoring:rankings")))
    EvaluationPeriod.objects.update(name="另一个名称")
    assert "另一个名称" in text(client.get(reverse("scoring:rankings")))


def test_a_signed_in_reader_is_never_given_nor_leaves_a_kept_page(client, as_role):
    published()
    url = reverse("scoring:rankings")
    anonymous = client.get(url)
    mine = as_role("office").get(url)
    assert "退出登录" in text(mine)
    assert "private" in mine.headers["Cache-Control"]
    assert "ETag" not in mine.headers
    assert client.get(url).content == anonymous.content
    caching.pages.clear()
    as_role("office").get(url)
    assert "退出登录" not in text(client.get(url))


def test_a_session_that_is_over_reads_the_public_page(client):
    published()
    client.cookies["sessionid"] = "nobody"
    response = client.get(reverse("scoring:rankings"))
    assert response.status_code == 200
    assert "退出登录" not in text(response)


def test_a_search_is_answered_but_not_kept(client):
    published()
    url = reverse("scoring:rankings")
    assert client.get(url, {"q": "新乡"}).status_code == 200
    first, _ = queries(client, url, q="新乡")
    assert first > 1


def test_made_up_parameters_do_not_make_new_pages(client):
    published()
    url = reverse("scoring:overview")
    client.get(url)
    assert queries(client, url, utm="1", nonsense="2")[0] == 1
    assert queries(client, url, year="")[0] == 1
    client.get(url, {"year": "x" * 65})
    assert queries(client, url, year="x" * 65)[0] > 1


def test_no_more_pages_are_kept_than_fit(client, monkeypatch):
    small = LocMemCache("published-pages-small", {"TIMEOUT": 600, "OPTIONS": {"MAX_ENTRIES": 5}})
    monkeypatch.setattr(caching, "pages", small)
    published(30)
    for number in range(20):
        assert client.get(reverse("scoring:rankings"), {"cursor": f"a{number}.{number}"}).status_code == 200
    assert 0 < len(small._cache) <= 5
    monkeypatch.setattr(caching, "PAGES", 5)
    for number in range(20):
        caching._remember(f"/firms/{number}/", ("year",))
    assert len(caching._parameters) <= 5


def test_a_page_with_a_form_token_is_not_kept():
    """The guard behind the templates: whatever asks for a token belongs to one visitor."""
    from django.http import HttpResponse
    from django.middleware.csrf import get_token

    calls = []

    @caching.published_page()
    def view(request):
        calls.append(1)
        return HttpResponse(get_token(request))

    for _ in range(2):
        request = RequestFactory().get("/with-token/")
        view(request)
    assert len(calls) == 2


def test_a_missing_page_is_not_kept(client):
    published()
    url = reverse("scoring:rankings")
    assert [client.get(url, {"year": 2001}).status_code for _ in range(2)] == [404, 404]
    assert not caching.pages._cache
    client.get(url)
    assert len(caching.pages._cache) == 1


def test_head_and_get_share_a_page(client):
    published()
    url = reverse("scoring:method")
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.head(url).status_code == 200
    assert len(captured) == 1
    assert Client().post(url).status_code == 405
    assert Run.objects.count() == 1
    assert zone.scheme().sha256


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_meanwhile_is_replaced(client):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connection to lose")
    published()
    url = reverse("scoring:rankings")
    assert client.get(url).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert client.get(url).status_code == 200
