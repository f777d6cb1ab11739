"""附件 of announcements: kept once, in sight as long as what they hang on, handed out as they came, through every door."""

import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import AuditEntry, Role
from firms.services.refusal import Refusal
from scoring.models import Announcement, AnnouncementFile
from scoring.services import announcements
from scoring.views import caching
from tests import races, showing
from tests.factories import OfficerFactory, UserFactory, workbook
from tests.reporting import PDF, PNG, upload
from tests.scoring.pages import body, published, text

pytestmark = pytest.mark.django_db
FEED, API, NEW = "/announcements/feed.xml", "/api/v1/announcements/", "/office/announcements/new/"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


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


@pytest.fixture
def row(author):
    return announcements.draft(**showing.text(), by=author)


def names(row):
    return [file.file_name for file in row.files.attached()]


def code_of(call, *args, **kwargs):
    with pytest.raises(Refusal) as refused:
        call(*args, **kwargs)
    assert refused.value.message
    return refused.value.code


def page_of(row):
    return reverse("scoring:announcement", args=[row.pk])


def at(file):
    return reverse("scoring:announcement_file", args=[file.announcement_id, file.pk])


def edit_of(row):
    return reverse("scoring:announcement_edit", args=[row.pk])


def stored():
    folder = Path(AnnouncementFile._meta.get_field("file").storage.location) / "announcements"
    return {path for path in folder.rglob("*") if path.is_file()}


# ---- the services
def test_a_file_is_kept_by_its_content_under_a_name_of_ours_and_traced(row, author):
    file = showing.hung(row, author, "../../名单 \u202efdp.pdf")
    assert file.file_name == "名单 fdp.pdf"
    assert Path(file.file.name).name.startswith(file.sha256[:16])
    assert file.file.name.startswith("announcements/")
    assert (file.media_type, file.size, file.added_by) == ("application/pdf", len(PDF), author)
    assert file.file.open("rb").read() == PDF
    entry = AuditEntry.objects.get(action="announcement.attach")
    assert entry.target_id == str(row.pk)
    assert entry.after == {"file": file.file_name, "sha256": file.sha256, "size": file.size}


def test_each_deed_twice_is_one(row, author):
    row = announcements.attach(row, upload("甲.pdf"), upload("乙.pdf"), by=author)
    assert announcements.attach(row, upload("丙.pdf"), by=author).version == row.version == 1
    file = row.files.get()
    row = announcements.remove(file, by=author)
    assert announcements.remove(file, by=author).version == row.version == 2
    actions = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert actions == ["announcement.draft", "announcement.attach", "announcement.detach"]
    assert file.file.storage.exists(file.file.name)  # out of sight, not off the disk
    again = showing.hung(row, author)
    assert again.pk != file.pk


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.exe", b"MZ", "not_evidence"),
        ("a.pdf", b"", "empty_file"),
        ("a.pdf", PNG, "name_disagrees"),
        ("a.pdf", PDF + b"x" * 100, "file_too_large"),
    ],
)
def test_what_is_not_taken(row, author, settings, name, content, code):
    settings.EVIDENCE_MAX_BYTES = len(PDF) + 50
    before = stored()
    assert code_of(announcements.attach, row, upload(name, content), by=author) == code
    assert stored() == before
    assert not row.files.exists()


def test_a_workbook_a_document_and_a_picture_are_taken(row, author):
    announcements.attach(row, workbook([["名次"], [1]], name="名单.xlsx"), upload("章.png", PNG), by=author)
    assert names(row) == ["名单.xlsx", "章.png"]


def test_so_many_and_no_two_of_one_name(row, author, settings):
    settings.ANNOUNCEMENT_MAX_FILES = 2
    first = showing.hung(row, author, "名单.pdf")
    assert code_of(announcements.attach, row, upload("名单.pdf", PDF + b"2"), by=author) == "same_name"
    showing.hung(row, author, "b.png", PNG)
    before = stored()
    assert code_of(announcements.attach, row, upload("c.pdf", PDF + b"3"), by=author) == "too_many_files"
    assert stored() == before
    announcements.remove(first, by=author)
    announcements.attach(row, upload("名单.pdf", PDF + b"2"), by=author)
    assert sorted(names(row)) == ["b.png", "名单.pdf"]


def test_only_the_office(row, author):
    file = showing.hung(row, author)
    others = [UserFactory(role=role) for role in Role.values if role not in (Role.OFFICE, Role.DEPARTMENT)]
    for somebody in (OfficerFactory(), *others):
        assert code_of(announcements.attach, row, upload("x.png", PNG), by=somebody) == "not_office"
        assert code_of(announcements.remove, file, by=somebody) == "not_office"
    assert names(row) == ["名单.pdf"]


def test_a_file_that_could_not_be_recorded_leaves_nothing_on_the_disk(row, author, monkeypatch):
    before = stored()
    monkeypatch.setattr(announcements, "_save", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        announcements.attach(row, upload(), upload("b.png", PNG), by=author)
    assert stored() == before
    assert not AnnouncementFile.objects.exists()


def test_a_text_and_its_files_are_changed_together_or_not_at_all(row, author):
    old = showing.hung(row, author)
    row.refresh_from_db()
    changed = showing.text(title="新题")
    bad = [upload("名单.pdf", PDF + b"2"), upload("x.exe", b"MZ")]
    code_of(announcements.edit, row, version=row.version, **changed, added=bad, removed=[old], by=author)
    code_of(announcements.edit, row, version=row.version, **changed, added=bad[:1], by=author)
    row.refresh_from_db()
    assert (row.title, names(row)) == ("关于填报的通知", ["名单.pdf"])
    row = announcements.edit(row, version=row.version, **changed, added=bad[:1], removed=[old], by=author)
    assert (row.title, row.files.attached().get().size) == ("新题", len(PDF) + 1)
    # The same form once more, as it was sent.
    assert announcements.edit(row, version=1, **changed, added=bad[:1], removed=[old], by=author).version == row.version


def test_files_are_not_hung_on_what_somebody_changed_meanwhile(row, author):
    file = showing.hung(row, author)
    announcements.publish(row, version=1, by=author)
    seen = {"version": 1, "by": author}
    assert code_of(announcements.edit, row, **showing.text(), added=[upload("x.png", PNG)], **seen) == "stale_version"
    assert code_of(announcements.edit, row, **showing.text(), removed=[file], **seen) == "stale_version"


def test_what_is_published_is_what_was_looked_at_files_and_all(row, author):
    file = showing.hung(row, author)
    assert code_of(announcements.publish, row, version=0, by=author) == "stale_version"
    announcements.publish(row, version=1, by=author)
    assert AuditEntry.objects.get(action="announcement.publish").after["files"] == [
        {"file": file.file_name, "sha256": file.sha256, "size": file.size}
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
def test_two_officers_at_once_hang_no_more_than_there_is_room_for(monkeypatch, settings, row, author, locked):
    races.needs_real_connections()
    settings.ANNOUNCEMENT_MAX_FILES = 1
    if not locked:
        monkeypatch.setattr(announcements, "_lock", lambda seen: Announcement.objects.get(pk=seen.pk))
    races.meet(monkeypatch, announcements, "_refuse_beside")
    done = races.outcomes(
        lambda: announcements.attach(row, upload("甲.pdf"), by=author),
        lambda: announcements.attach(row, upload("乙.png", PNG), by=author),
    )
    assert done == (["done", "too_many_files"] if locked else ["done", "done"])


# ---- who reads them, and how they are handed out
def reads(client, file):
    """Whether the announcement's page names it, and whether its address hands it out."""
    page = client.get(page_of(file.announcement))
    return page.status_code == 200 and file.file_name in text(page), client.get(at(file)).status_code


def test_in_sight_as_long_as_what_it_hangs_on(client, as_role, office, author, row):
    published()  # from now on pages are kept
    others = [client, *(as_role(role) for role in Role.values if role != Role.OFFICE)]
    file = showing.hung(row, author)

    def everybody(answer):
        assert {reads(other, file) for other in others} == {answer}

    everybody((False, 404))
    assert reads(office, file) == (True, 200)
    row = announcements.publish(row, version=1, by=author)
    everybody((True, 200))
    row = announcements.withdraw(row, version=row.version, reason="有误", by=author)
    everybody((False, 404))
    assert reads(office, file) == (True, 200)
    row = announcements.publish(row, version=row.version, by=author)
    everybody((True, 200))
    second = showing.hung(row, author, "补充.png", PNG)
    assert reads(client, second) == (True, 200)
    announcements.remove(file, by=author)
    everybody((False, 404))
    assert reads(office, file) == (False, 200)
    assert reads(client, second) == (True, 200)


def test_a_file_is_found_only_under_its_own_announcement(client, author):
    file, other = showing.hung(showing.published(author), author), showing.published(author, title="另一篇")
    assert client.get(reverse("scoring:announcement_file", args=[other.pk, file.pk])).status_code == 404


def test_handed_out_to_be_saved_under_its_chinese_name_and_never_run(client, office, author, row):
    file = showing.hung(row, author, "公示名单.xlsx", workbook([["名次"], [1]]).read())
    draft = office.get(at(file))
    assert draft["Cache-Control"] == "private, no-store"
    announcements.publish(row, version=1, by=author)
    answer = client.get(at(file))
    assert b"".join(answer.streaming_content) == file.file.open("rb").read()
    assert answer["Content-Disposition"] == f"attachment; filename*=utf-8''{quote('公示名单.xlsx')}"
    assert answer["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert int(answer["Content-Length"]) == file.size
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "public, no-cache"
    kept = client.get(at(file), headers={"If-None-Match": answer["ETag"]})
    assert (kept.status_code, kept["Cache-Control"], kept["ETag"]) == (304, "public, no-cache", answer["ETag"])
    assert client.post(at(file)).status_code == 405


def test_what_was_damaged_on_the_disk_is_not_handed_out(client, author):
    file = showing.hung(showing.published(author), author)
    file.file.storage.delete(file.file.name)
    assert "不能下载" in text(client.get(at(file)))
    file.file.storage.save(file.file.name, ContentFile(PDF + b" "))
    assert client.get(at(file)).status_code == 409


# ---- feed and API
def test_the_feed_has_them_as_enclosures_and_the_api_as_attachments(client, author):
    published_one = showing.published(author)
    file = showing.hung(published_one, author)
    gone = showing.hung(published_one, author, "旧.png", PNG)
    announcements.remove(gone, by=author)
    (entry,) = ET.fromstring(client.get(FEED).content).findall("a:entry", ATOM)  # noqa: S314  (our own)
    links = [link.attrib for link in entry.findall("a:link", ATOM) if link.get("rel") == "enclosure"]
    url = f"http://testserver{at(file)}"
    assert links == [{"rel": "enclosure", "href": url, "length": str(len(PDF)), "type": "application/pdf"}]
    (line,) = client.get(API).json()["rows"]
    assert line["attachments"] == [{"name": "名单.pdf", "size": len(PDF), "media_type": "application/pdf", "url": url}]
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("address", [FEED, API, "page", "edit"])
def test_as_many_queries_however_many_files(client, office, author, address):
    row = showing.published(author)
    url = {"page": page_of(row), "edit": edit_of(row)}.get(address, address)
    reader = office if address == "edit" else client

    def queries():
        caching.pages.clear()
        with CaptureQueriesContext(connection) as asked:
            assert reader.get(url).status_code == 200
        return len(asked)

    showing.hung(row, author)
    queries()
    few = queries()
    for number in range(1, 8):
        showing.hung(row, author, f"{number}.pdf", PDF + bytes([number]))
    assert queries() == few


# ---- the office's form
def test_the_office_adds_looks_and_takes_away(office):
    response = office.post(NEW, showing.text(added=[upload("甲.pdf"), upload("乙.png", PNG)]))
    row = Announcement.objects.get()
    assert response.url == page_of(row)
    preview = text(office.get(page_of(row)))
    assert "甲.pdf" in preview
    assert "PNG 图片" in preview
    form = office.get(edit_of(row))
    assert 'enctype="multipart/form-data"' in body(form)
    first = row.files.get(file_name="甲.pdf")
    assert at(first) in body(form)
    sent = showing.text(version=row.version, removed=[first.pk], added=[upload("丙.pdf", PDF + b"3")])
    assert office.post(edit_of(row), sent).status_code == 302
    assert names(row) == ["乙.png", "丙.pdf"]
    assert office.post(edit_of(row), sent | {"added": [upload("丙.pdf", PDF + b"3")]}).status_code == 302
    assert names(row) == ["乙.png", "丙.pdf"]
    assert "甲.pdf" not in text(office.get(edit_of(row)))


def test_each_refused_file_is_named_at_its_field_and_nothing_typed_is_lost(office):
    files = [upload("好.pdf"), upload("坏.exe", b"MZ"), upload("空.pdf", b"")]
    response = office.post(NEW, showing.text(title="写了很久", added=files))
    assert response.status_code == 400
    assert not Announcement.objects.exists()
    shown = text(response)
    for words in ("文件“坏.exe”", "文件“空.pdf”", "请重新选择：好.pdf、坏.exe、空.pdf"):
        assert words in shown
    assert 'value="写了很久"' in body(response)
    assert "第一段。" in body(response)


def test_what_is_ticked_stays_ticked_when_a_file_is_refused(office, author, row):
    file = showing.hung(row, author)
    showing.hung(row, author, "二.png", PNG)
    sent = showing.text(version=2, body="改过的", removed=[file.pk], added=[upload("二.png", PNG + b"2")])
    response = office.post(edit_of(row), sent)
    assert response.status_code == 400
    assert "已有同名的附件" in text(response)
    assert "改过的" in body(response)
    assert body(response).count(" checked") == 1
    assert names(row) == ["名单.pdf", "二.png"]


def test_a_file_of_another_announcement_is_not_taken_away(office, author, row):
    other = showing.hung(showing.published(author, title="另一篇"), author)
    response = office.post(edit_of(row), showing.text(version=0, removed=[other.pk]))
    assert response.status_code == 400
    assert names(other.announcement) == ["名单.pdf"]
