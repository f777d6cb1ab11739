"""常用查询: kept under a name, changed by its owner alone, shared without showing anybody what is not theirs to see."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections

from firms.models import AuditEntry, Role, User
from firms.services.refusal import Refusal
from scoring.analysis.query import Query
from scoring.exports_analysis import analysis_file
from scoring.models import SavedView
from scoring.services import saved_views
from scoring.services.analysis import ask
from tests.factories import UserFactory
from tests.scoring.analysis import asked_zone
from tests.scoring.analysis.asked_zone import question
from xxgx.demo.analysing import VIEWS, load_saved_views

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return asked_zone.make()


@pytest.fixture
def asked():
    return question(("metric.revenue", "ge", 1000), columns=["firm.name", "metric.revenue"])


def trace(action):
    return AuditEntry.objects.filter(action=action).count()


def refused(code, call):
    with pytest.raises(Refusal) as refusal:
        call()
    assert refusal.value.code == code
    assert refusal.value.message


def test_a_question_is_kept_and_opened_as_it_was(w, asked):
    view = saved_views.save(title="  高收入　企业 ", query=asked, by=w.office)
    assert (view.title, view.shared, view.version) == ("高收入 企业", False, 0)
    opened = saved_views.question(saved_views.opened(w.office, view.pk))
    assert opened == asked
    assert ask(w.office, opened).total == ask(w.office, asked).total > 0
    assert trace("view.save") == 1


def test_the_same_form_sent_twice_is_one_view_and_another_question_needs_another_name(w, asked):
    first = saved_views.save(title="甲", query=asked, by=w.office)
    assert saved_views.save(title="甲", query=asked, by=w.office) == first
    assert trace("view.save") == 1
    refused("title_taken", lambda: saved_views.save(title="甲", query=asked.but(periods=(2023,)), by=w.office))
    assert saved_views.save(title="甲", query=asked, by=w.leader) != first  # a name of one's own


@pytest.mark.parametrize(("title", "code"), [("", "no_title"), (" \u3000", "no_title"), ("名" * 61, "long_title")])
def test_a_name_is_needed(w, asked, title, code):
    refused(code, lambda: saved_views.save(title=title, query=asked, by=w.office))


def test_what_cannot_be_asked_cannot_be_kept(w, asked):
    refused("bad_query", lambda: saved_views.save(title="甲", query=question(columns=["nothing"]), by=w.office))
    foreign = question(columns=["metric.technologists"])
    refused("bad_query", lambda: saved_views.save(title="甲", query=foreign, by=w.tax))
    assert saved_views.save(title="甲", query=foreign, by=w.office)
    view = saved_views.save(title="乙", query=asked, by=w.tax)
    refused("bad_query", lambda: saved_views.revise(view, query=foreign, version=0, by=w.tax))


def test_two_hundred_views_and_no_more(w, asked, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST", 2)
    for title in "甲乙":
        saved_views.save(title=title, query=asked, by=w.office)
    refused("too_many_views", lambda: saved_views.save(title="丙", query=asked, by=w.office))
    saved_views.save(title="甲", query=asked, by=w.office)
    assert saved_views.save(title="丙", query=asked, by=w.leader)  # each has room of their own


def test_the_owner_changes_it_and_each_change_is_traced_once(w, asked):
    view = saved_views.save(title="甲", query=asked, by=w.office)
    other = asked.but(periods=(2023,))
    view = saved_views.revise(view, query=other, version=0, by=w.office)
    view = saved_views.rename(view, title="乙", version=1, by=w.office)
    view = saved_views.share(view, shared=True, version=2, by=w.office)
    assert (view.title, view.shared, view.version, saved_views.question(view)) == ("乙", True, 3, other)
    assert [trace(f"view.{verb}") for verb in ("revise", "rename", "share")] == [1, 1, 1]
    # The same once more, from a page that showed an older version, is done already.
    assert saved_views.share(view, shared=True, version=0, by=w.office).version == 3
    assert trace("view.share") == 1
    saved_views.delete(view, version=3, by=w.office)
    saved_views.delete(view, version=3, by=w.office)
    assert (SavedView.objects.count(), trace("view.delete")) == (0, 1)
    assert AuditEntry.objects.get(action="view.delete").before["query"] == other.to_json()


def test_a_page_that_is_out_of_date_changes_nothing(w, asked):
    view = saved_views.save(title="甲", query=asked, by=w.office)
    saved_views.rename(view, title="乙", version=0, by=w.office)
    for change in (
        lambda: saved_views.rename(view, title="丙", version=0, by=w.office),
        lambda: saved_views.revise(view, query=Query(periods=(2023,)), version=0, by=w.office),
        lambda: saved_views.delete(view, version=0, by=w.office),
    ):
        refused("stale_version", change)
    assert SavedView.objects.get().title == "乙"


def test_a_name_of_another_view_is_refused(w, asked):
    saved_views.save(title="甲", query=asked, by=w.office)
    view = saved_views.save(title="乙", query=asked, by=w.office)
    refused("title_taken", lambda: saved_views.rename(view, title="甲", version=0, by=w.office))
    assert saved_views.rename(view, title=" 乙 ", version=0, by=w.office).version == 0  # its own name is no change
    saved_views.save(title="丁", query=asked, shared=True, by=w.leader)
    assert saved_views.rename(view, title="丁", version=0, by=w.office).version == 1  # each has names of their own


def test_a_colleague_opens_what_is_shared_and_changes_nothing(w, asked):
    view = saved_views.save(title="甲", query=asked, shared=True, by=w.office)
    hidden = saved_views.save(title="乙", query=asked, by=w.office)
    assert saved_views.opened(w.leader, view.pk) == view
    refused("no_view", lambda: saved_views.opened(w.leader, hidden.pk))
    for change in (
        lambda: saved_views.rename(view, title="丙", version=0, by=w.leader),
        lambda: saved_views.revise(view, query=Query(), version=0, by=w.leader),
        lambda: saved_views.share(view, shared=False, version=0, by=w.leader),
        lambda: saved_views.share(view, shared=True, version=0, by=w.leader),  # as it is: not theirs to say either
        lambda: saved_views.delete(view, version=0, by=w.leader),
    ):
        with pytest.raises(PermissionDenied):
            change()
    saved_views.share(view, shared=False, version=0, by=w.office)
    refused("no_view", lambda: saved_views.opened(w.leader, view.pk))


def test_ones_own_stand_first(w, asked):
    saved_views.save(title="a", query=asked, shared=True, by=w.leader)
    saved_views.save(title="z", query=asked, by=w.office)
    saved_views.save(title="b", query=asked, by=w.leader)
    assert [view.title for view in saved_views.listing(w.office)] == ["z", "a"]


@pytest.mark.parametrize("role", [Role.FIRM, Role.BANK, Role.SYSTEM, Role.SECURITY, Role.AUDIT])
def test_nobody_else_has_views(w, asked, role):
    user, view = UserFactory(role=role), saved_views.save(title="甲", query=asked, shared=True, by=w.office)
    for call in (
        lambda: saved_views.listing(user),
        lambda: saved_views.opened(user, view.pk),
        lambda: saved_views.save(title="乙", query=asked, by=user),
        lambda: saved_views.save(title="", query=asked, by=user),
        lambda: saved_views.delete(view, version=0, by=user),
    ):
        with pytest.raises(PermissionDenied):
            call()


def test_who_may_ask_no_more_changes_nothing_of_their_own(w, asked):
    view = saved_views.save(title="甲", query=asked, by=w.tax)
    w.tax.role, w.tax.department = Role.BANK, None
    w.tax.save()
    for change in (
        lambda: saved_views.rename(view, title="丙", version=0, by=w.tax),
        lambda: saved_views.revise(view, query=Query(), version=0, by=w.tax),
        lambda: saved_views.share(view, shared=True, version=0, by=w.tax),
        lambda: saved_views.delete(view, version=0, by=w.tax),
    ):
        with pytest.raises(PermissionDenied):
            change()
    assert SavedView.objects.get(title="甲").version == 0


def test_a_shared_view_shows_a_department_nothing_it_may_not_see(w):
    secret = question(("metric.technologists", "ge", 1), columns=["firm.name", "metric.technologists"])
    view = saved_views.save(title="科技人员", query=secret, shared=True, by=w.office)
    opened = saved_views.question(saved_views.opened(w.tax, view.pk))
    result = ask(w.tax, opened)
    assert result.hidden
    assert "无权" in result.problems[0].message
    assert (result.rows, result.total) == ((), 0)
    assert [field.code for field in result.columns] == ["firm.name"]


def test_what_a_later_version_no_longer_knows_is_told(w, asked):
    view = saved_views.save(title="甲", query=asked, by=w.office)
    SavedView.objects.update(query={**view.query, "columns": ["metric.gone"], "shape": "cube"})
    view.refresh_from_db()
    result = ask(w.office, saved_views.question(view))
    assert {problem.code for problem in result.problems} == {"unknown_field", "unknown_key"}


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_a_file_leaves_one_entry_with_the_question(w, asked, file_format):
    response = analysis_file(w.office, asked, file_format)
    body = b"".join(response.streaming_content)
    total = ask(w.office, asked).total
    (entry,) = AuditEntry.objects.filter(action="analysis.export")
    assert (entry.after["format"], entry.after["rows"]) == (file_format, total)
    assert Query.from_json(entry.after["query"]) == ask(w.office, asked).query
    assert "营业收入不小于1,000万元" in entry.summary
    if file_format == "csv":
        text = body.decode("utf-8-sig")
        assert "条件：营业收入不小于1,000万元" in text
        lines = text.strip().splitlines()
        heading = next(i for i, line in enumerate(lines) if line.startswith('"评价期"'))
        assert len(lines[heading + 1 :]) == total
    else:
        assert body.startswith(b"PK")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_is_one_view(asked):
    w = asked_zone.make()
    barrier, made = threading.Barrier(2, timeout=5), []

    def send():
        user = User.objects.get(pk=w.office.pk)
        barrier.wait()
        made.append(saved_views.save(title="甲", query=asked, by=user).pk)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert len(set(made)) == 1
    assert (SavedView.objects.count(), trace("view.save")) == (1, 1)


def test_what_the_demo_keeps_can_be_asked_by_who_keeps_it(w):
    for username, user in (("office", w.office), ("leader", w.leader), ("dept-science", w.science)):
        User.objects.filter(pk=user.pk).update(username=username)
    assert load_saved_views() == len(VIEWS)
    assert load_saved_views() == 0
    for view in SavedView.objects.select_related("owner"):
        result = ask(view.owner, saved_views.question(view))
        assert result.answered, (view.title, result.problems)
