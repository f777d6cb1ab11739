"""The pages of 常用查询: a question kept, opened, changed, shared and thrown away."""

import re

import pytest
from django.urls import reverse

from firms.models import Role
from firms.services.catalogue import load_catalogue
from scoring.models import SavedView
from scoring.services import saved_views
from tests import analysing
from tests.analysing import question
from tests.scoring.pages import body, published, text
from tests.scoring.test_analysis_pages import PAGE, rows, show

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(as_role):
    load_catalogue(by=None)
    published(12)
    return as_role(Role.OFFICE)


def test_a_question_is_kept_opened_changed_renamed_shared_and_thrown_away(office):
    query = question(("firm.stage", "in", ("growth",)))
    asked = re.search(r'name="q" value="([\w-]+)"', body(show(office, query)))[1]
    response = office.post(f"{PAGE}views/save/", {"q": asked, "title": "成长期"}, follow=True)
    view = SavedView.objects.get()
    assert "成长期" in text(response)
    assert rows(response)
    assert "我的常用查询" in text(response)
    changed = office.get(PAGE, {"q": question(("firm.stage", "in", ("startup",))).address(), "view": view.pk})
    assert "条件已改动，尚未保存" in text(changed)
    new = re.search(r'name="q" value="([\w-]+)"', body(changed))[1]
    office.post(f"{PAGE}views/save/", {"q": new, "view": view.pk, "version": view.version, "title": view.title})
    view.refresh_from_db()
    assert view.query["where"]["children"][0]["value"] == ["startup"]
    office.post(reverse("scoring:saved_view_rename", args=[view.pk]), {"title": "初创", "version": view.version})
    view.refresh_from_db()
    office.post(reverse("scoring:saved_view_share", args=[view.pk]), {"shared": "1", "version": view.version})
    view.refresh_from_db()
    assert (view.title, view.shared) == ("初创", True)
    listed = text(office.get(f"{PAGE}views/"))
    assert "初创 已共享" in listed
    office.post(reverse("scoring:saved_view_delete", args=[view.pk]), {"version": view.version})
    assert not SavedView.objects.exists()


def test_a_shared_view_tells_whose_it_is_and_shows_only_what_one_may_see(office, people, as_role):
    query = question(("metric.revenue", "ge", 1), columns=("metric.revenue", "score.total"))
    owner = people[Role.OFFICE]
    view = saved_views.save(title="收入", query=query, shared=True, by=owner)
    client = as_role(Role.DEPARTMENT)
    page = text(client.get(PAGE, {"view": view.pk}))
    assert f"{owner.get_full_name() or owner.username} 共享的常用查询" in page
    assert "您无权查看" in page
    assert "更新“收入”" not in page
    assert client.post(reverse("scoring:saved_view_rename", args=[view.pk]), {"title": "x"}).status_code == 403


def test_a_view_changed_elsewhere_is_not_overwritten(office, people):
    view = analysing.saved(people[Role.OFFICE])
    url = reverse("scoring:saved_view_rename", args=[view.pk])
    office.post(url, {"title": "新名", "version": 0})
    assert office.post(url, {"title": "又一名", "version": 0}).status_code == 409
    view.refresh_from_db()
    assert view.title == "新名"
