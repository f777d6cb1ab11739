"""公告公示: drafted, published, changed, taken down; what the public sees of it, and when."""

import xml.etree.ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import AuditEntry, Role
from firms.services.refusal import Refusal
from scoring.models import Announcement
from scoring.services import announcements, publish, rescore
from scoring.views import caching
from tests import races, showing
from tests.factories import UserFactory
from tests.scoring import zone
from tests.scoring.pages import body, published, text

pytestmark = pytest.mark.django_db
LIST, FEED, API = "/announcements/", "/announcements/feed.xml", "/api/v1/announcements/"


@pytest.fixture(autouse=True)
def nothing_kept():
    caching.pages.clear()
    yield
    caching.pages.clear()


@pytest.fixture
def author():
    return UserFactory(role=Role.OFFICE, name="陈拟稿")


@pytest.fixture
def office(as_role):
    return as_role("office")


def page_of(row):
    return reverse("scoring:announcement", args=[row.pk])


# ---- the services
def test_from_draft_to_published_to_taken_down_and_back(author):
    row = announcements.draft(**showing.text(), by=author)
    assert (row.state, row.published_at) == ("draft", None)
    row = announcements.publish(row, version=row.version, by=author)
    assert row.state == "published"
    row = announcements.withdraw(row, version=row.version, reason="有误", by=author)
    assert row.state == "withdrawn"
    row = announcements.publish(row, version=row.version, by=author)
    assert row.state == "published"
    actions = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert actions == [f"announcement.{verb}" for verb in ("draft", "publish", "withdraw", "publish")]


def test_each_deed_twice_is_one(author):
    first = announcements.draft(**showing.text(), by=author)
    assert announcements.draft(**showing.text(), by=author) == first
    shown = announcements.publish(first, version=0, by=author)
    assert announcements.publish(first, version=0, by=author).version == shown.version
    down = announcements.withdraw(shown, version=shown.version, reason="x", by=author)
    assert announcements.withdraw(shown, version=shown.version, reason="x", by=author).version == down.version
    announcements.edit(down, version=down.version, **showing.text(title="新"), by=author)
    announcements.edit(down, version=down.version, **showing.text(title="新"), by=author)
    assert AuditEntry.objects.count() == 4
    assert Announcement.objects.count() == 1


def test_a_change_of_a_published_one_is_in_the_trail_before_and_after(author):
    row = showing.published(author)
    announcements.edit(row, version=row.version, **showing.text(title="改过的标题", pinned=True), by=author)
    entry = AuditEntry.objects.get(action="announcement.edit")
    assert (entry.before["title"], entry.after["title"]) == ("关于填报的通知", "改过的标题")
    assert (entry.before["pinned"], entry.after["pinned"]) == (False, True)
    assert entry.before["body"] == showing.text()["body"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"title": "  "}, "empty"),
        ({"body": " \r\n "}, "empty"),
        ({"title": "长" * 121}, "too_long"),
        ({"body": "长" * 20_001}, "too_long"),
        ({"kind": "x"}, "unknown_kind"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(author, changed, code):
    with pytest.raises(Refusal) as refused:
        announcements.draft(**showing.text(**changed), by=author)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert refused.value.place


def test_only_the_office_and_only_what_was_seen(author):
    row = announcements.draft(**showing.text(), by=author)
    leader = UserFactory(role=Role.LEADER)
    deeds = [
        lambda by, version: announcements.edit(row, version=version, **showing.text(title="别的"), by=by),
        lambda by, version: announcements.publish(row, version=version, by=by),
    ]
    for deed in deeds:
        with pytest.raises(Refusal, match="积分办"):
            deed(leader, row.version)
        with pytest.raises(Refusal, match="已被他人修改"):
            deed(author, row.version + 1)
    with pytest.raises(Refusal, match="还没有发布"):
        announcements.withdraw(row, version=row.version, reason="x", by=author)
    shown = announcements.publish(row, version=row.version, by=author)
    with pytest.raises(Refusal, match="写明原因"):
        announcements.withdraw(shown, version=shown.version, reason=" ", by=author)
    with pytest.raises(Refusal, match="已被他人修改"):
        announcements.withdraw(shown, version=shown.version - 1, reason="x", by=author)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
def test_two_officers_who_change_one_text_at_once_do_not_overwrite_each_other(monkeypatch, author, locked):
    races.needs_real_connections()
    row = showing.published(author)
    if not locked:
        monkeypatch.setattr(announcements, "_lock", lambda seen: Announcement.objects.get(pk=seen.pk))
    races.meet(monkeypatch, announcements, "_refuse_stale")
    done = races.outcomes(
        *[
            lambda title=title: announcements.edit(row, version=row.version, **showing.text(title=title), by=author)
            for title in ("甲", "乙")
        ]
    )
    assert done == (["done", "stale_version"] if locked else ["done", "done"])


# ---- what the public sees, and when
def shows(client, row):
    """Whether each public place shows it: the front page, the list, its own page, the feed, the API."""
    return (
        row.title in text(client.get("/")),
        row.title in text(client.get(LIST)),
        client.get(page_of(row)).status_code == 200,
        row.title in body(client.get(FEED)),
        row.title in [line["title"] for line in client.get(API).json()["rows"]],
    )


@pytest.mark.parametrize("period_published", [False, True])
def test_it_is_shown_and_gone_everywhere_at_once(client, author, period_published):
    if period_published:
        published()
    row = announcements.draft(**showing.text(), by=author)
    assert shows(client, row) == (False,) * 5
    row = announcements.publish(row, version=row.version, by=author)
    assert shows(client, row) == (True,) * 5
    row = announcements.edit(row, version=row.version, **showing.text(title="换了标题"), by=author)
    assert shows(client, row) == (True,) * 5
    row = announcements.withdraw(row, version=row.version, reason="x", by=author)
    assert shows(client, row) == (False,) * 5


def test_without_its_change_in_the_key_a_page_would_stay(client, author, monkeypatch):
    """Negative control of the test above."""
    published()
    state = caching.pointers()
    monkeypatch.setattr(caching, "pointers", lambda: state)
    client.get(LIST)
    row = showing.published(author)
    assert row.title not in text(client.get(LIST))


def test_a_kept_list_costs_one_query_and_a_draft_changes_nothing_of_it(client, author):
    published()
    first = client.get(LIST)
    announcements.draft(**showing.text(), by=author)
    with CaptureQueriesContext(connection) as asked:
        again = client.get(LIST)
    assert len(asked) == 1
    assert again.content == first.content


def test_the_period_of_an_announcement_is_named_once_it_is_published(client, author):
    period = zone.make_period(6, 2023)
    row = showing.published(author, period=period)
    assert period.name not in text(client.get(page_of(row)))
    publish(period, rescore(period, by=None).run, by=None)
    assert period.name in text(client.get(page_of(row)))


def test_pinned_ones_come_first_and_the_front_page_shows_five(client, author):
    published()
    rows = [showing.published(author, title=f"第{number}篇") for number in range(6)]
    pinned = announcements.edit(rows[0], version=1, **showing.text(title="第0篇", pinned=True), by=author)
    titles = [row.title for row in client.get("/").context["page"].announcements]
    assert titles == [pinned.title, "第5篇", "第4篇", "第3篇", "第2篇"]


def test_kinds_words_and_pages_stay_in_the_address(client, author):
    published()
    showing.many(author, 45)
    showing.published(author, kind="policy", title="ＡＢＣ政策　积分", body="其他 奖励 内容")
    page = client.get(LIST, {"page": 3}).context["page"]
    assert (page.count, page.pages, len(page.rows), page.next) == (46, 3, 6, "")
    found = client.get(LIST, {"q": "  奖励　政策 "}).context["page"]
    assert [row.kind for row in found.rows] == ["policy"]
    assert [(tab.count, tab.current) for tab in found.tabs] == [(1, True), (0, False), (0, False), (1, False)]
    nothing = client.get(LIST, {"q": "奖励", "kind": "notice"})
    assert "没有符合条件的公告" in text(nothing)
    assert client.get(LIST, {"kind": "nonsense", "page": "x"}).context["page"].count == 46
    assert client.get(LIST, {"page": "99999999"}).context["page"].number == 3


def test_an_empty_list_says_what_will_stand_there(client, office):
    assert "还没有公告" in text(client.get(LIST))
    assert "拟稿" in text(office.get(reverse("scoring:office_announcements")))


def test_what_was_typed_is_text(client, author):
    row = showing.published(
        author, title="<b>题</b>", body="<script>alert(1)</script>\n\nhttps://example.org/a?b=1&c=2"
    )
    html = body(client.get(page_of(row)))
    assert "<script>alert" not in html
    assert "&lt;b&gt;题" in html
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    for url in (LIST, "/", FEED):
        assert "<b>题</b>" not in body(client.get(url))


def test_the_feed_is_one_that_readers_understand(client, author):
    row = showing.published(author)
    response = client.get(FEED)
    assert response.headers["Content-Type"].startswith("application/atom+xml")
    space = {"a": "http://www.w3.org/2005/Atom"}
    (entry,) = ET.fromstring(response.content).findall("a:entry", space)  # noqa: S314  (our own)
    assert entry.find("a:title", space).text == row.title
    assert entry.find("a:link", space).get("href") == f"http://testserver{page_of(row)}"
    assert entry.find("a:summary", space).text == "第一段。"


def test_the_api_has_the_public_ones_only_whoever_asks(client, as_role, author):
    announcements.draft(**showing.text(title="草稿"), by=author)
    showing.published(author, kind="publicity")
    for reader in (client, as_role("office"), as_role("bank")):
        answer = reader.get(API).json()
        assert [row["kind_name"] for row in answer["rows"]] == ["公示"]
        assert answer["count"] == 1
    assert client.get(API, {"kind": "notice"}).json()["rows"] == []
    assert client.get(API, {"kind": "x"}).status_code == 400
    assert client.get(API, {"nonsense": "1"}).json()["place"] == "nonsense"


def test_what_a_feed_says_is_plain_text_also_where_it_is_read_as_html(client, author):
    showing.published(author, title="a < b", body="研发费用 < 5% 的企业<script>alert(1)</script>")
    entry = ET.fromstring(client.get(FEED).content).find("{http://www.w3.org/2005/Atom}entry")  # noqa: S314  (our own)
    summary = entry.find("{http://www.w3.org/2005/Atom}summary")
    assert summary.get("type") == "html"  # so this is markup, and what a reader shows of it is the text as written
    assert summary.text == "研发费用 &lt; 5% 的企业&lt;script&gt;alert(1)&lt;/script&gt;"
    assert entry.find("{http://www.w3.org/2005/Atom}title").text == "a < b"  # a title is text


# ---- the office's pages
def test_the_office_writes_looks_publishes_and_takes_down(office, client):
    response = office.post(reverse("scoring:announcement_new"), showing.text(pinned="on"))
    row = Announcement.objects.get()
    assert response.url == page_of(row)
    assert row.pinned
    preview = text(office.get(page_of(row)))
    assert "公众看不到草稿" in preview
    assert "第二段。" in preview
    assert client.get(page_of(row)).status_code == 404
    office.post(reverse("scoring:announcement_publish", args=[row.pk]), {"version": 0})
    assert client.get(page_of(row)).status_code == 200
    office.post(reverse("scoring:announcement_withdraw", args=[row.pk]), {"version": 1, "reason": "有误"})
    assert client.get(page_of(row)).status_code == 404
    assert "已撤下" in text(office.get(reverse("scoring:office_announcements"), {"state": "withdrawn"}))


def test_a_text_somebody_else_changed_meanwhile_is_shown_and_nothing_typed_is_lost(office, author):
    row = showing.published(author)
    announcements.edit(row, version=row.version, **showing.text(body="对方写的"), by=author)
    url = reverse("scoring:announcement_edit", args=[row.pk])
    mine = showing.text(body="我写的", version=row.version)
    response = office.post(url, mine)
    assert response.status_code == 409
    assert "对方写的" in text(response)
    assert "我写的" in body(response)
    row.refresh_from_db()
    assert row.body == "对方写的"
    assert f'name="version" value="{row.version}"' in body(response)
    office.post(url, mine | {"version": row.version})
    row.refresh_from_db()
    assert row.body == "我写的"


def test_a_form_with_a_gap_keeps_what_was_typed(office):
    response = office.post(reverse("scoring:announcement_new"), showing.text(title=""))
    assert response.status_code == 400
    assert "第一段。" in body(response)
    assert not Announcement.objects.exists()
    response = office.post(reverse("scoring:announcement_new"), showing.text(body="   "))
    assert response.status_code == 400
