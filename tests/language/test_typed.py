"""What people typed is what an English page shows, though it happen to be a sentence the site itself would say in English."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

from firms.models import ColumnMapping, ImportBatch, Objection, RegisterClaim, RegisterEntry, Reopening, ReportEvent
from scoring.models import Budget, Payment, SavedView
from tests.language.test_whole_site import shown
from tests.test_access import world  # noqa: F401  # the world of the access table: one of everything
from xxgx.english import pages
from xxgx.english.sentences import in_english

pytestmark = pytest.mark.django_db

# Nobody but a person or a file says these: wherever a template shows one, it is marked. A name that either may have written
# (an answer, a remark, a decision's reason) is not here.
TYPED = re.compile(
    r"(?<!=\")\{\{ ([\w.]*(?:file_name|fact\.number|(?:over|voided)_reason|(?:objection|reopening|cell)\.reason|event\.note"
    r"|budget\.note|document_number|(?:view|payment|claim|fact|entry)\.title|side\.said|row\.(?:raw|heading)|item\.header)"
    r"[^}]*)\}\}"
    r"|blocktrans with [^%]*?=((?:page\.)?(?:view\.title|batch\.undo_reason|q|sheet\.name|item\.header|row\.heading)\b[^ %]*)"
)


def read(world, name, audience, query=""):  # noqa: F811
    """What this reader reads in English on the page: its texts, part by part."""
    world.clients[audience].cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    response = world.ask(audience, world.url(name) + query)
    assert response.status_code == 200, name
    return shown(response.text)


def type_everywhere():
    """Into everything a person may type, a word the same page says of itself: (page, who reads it, the word)."""
    report = Reopening.objects.get().report
    state = report.get_state_display()
    Reopening.objects.update(reason=state)
    ReportEvent.objects.create(report=report, kind="reopen_asked", edition=report.edition, note="申请重新开放")
    Objection.objects.update(reason="待答复")
    RegisterClaim.objects.update(title="待核验")
    SavedView.objects.update(title="已共享", shared=True)
    purpose = Budget.Purpose.HIGHTECH.label
    Budget.objects.update(note=purpose)
    Payment.objects.update(title="有效")
    kind = ImportBatch.Kind.METRICS.label
    ImportBatch.objects.update(file_name=kind)
    ColumnMapping.objects.update(heading=kind)
    return [
        ("scoring:review", "office", "", state),
        ("scoring:review_report", "office", "", "申请重新开放"),
        ("firms:report_history", "firm", "", "申请重新开放"),
        ("firms:objection", "firm", "", "待答复"),
        ("firms:claim", "firm", "", "待核验"),
        ("firms:claims", "firm", "", "待核验"),
        ("scoring:saved_views", "office", "", "已共享"),
        ("scoring:budgets", "office", "?year=2024", purpose),
        ("firms:imports", "department", "", kind),
        ("firms:import_mappings", "department", "", kind),
    ]


def failures(world):  # noqa: F811
    found = []
    for name, audience, query, word in type_everywhere():
        parts, english = read(world, name, audience, query), in_english(word)
        assert english != word
        if word not in parts:
            found.append((name, word))
        assert any(english in part for part in parts), (name, english)  # the site's own word, on the same page
    return found


def test_what_was_typed_stays_where_the_site_says_the_same_in_english(world):  # noqa: F811
    assert failures(world) == []


def test_without_the_mark_it_would_be_read(world, monkeypatch):  # noqa: F811
    """The negative control: templates that do not heed the mark turn every one of them."""
    [loader] = engines["django"].english.template_loaders
    monkeypatch.setattr(pages, "_is_typed", lambda _expression: False)
    loader.reset()
    try:
        assert len(failures(world)) == 10
    finally:
        loader.reset()


@pytest.mark.parametrize(
    ("rows", "page", "typed", "said"),
    [
        (Objection, "firms:objection", "rejected", "upheld"),
        (RegisterClaim, "firms:claim", "refused", "verified"),
    ],
)
def test_an_answer_the_site_gave_is_read_and_a_persons_is_not(world, rows, page, typed, said):  # noqa: F811
    """Who agrees need not write anything: the site answers then. Who refuses always writes himself."""
    answer = "经核实，已按核实数值更正。" if rows is Objection else "台账中已有同一事项，已对应。"
    moment = {"answered_at" if rows is Objection else "decided_at": "2026-05-01T00:00Z"}
    rows.objects.update(state=typed, answer=answer, **moment)
    assert answer in read(world, page, "firm")
    if rows is RegisterClaim:  # verified, it stands in the register
        fact = RegisterClaim.objects.values("firm_id", "department_id", "kind", "level", "title", "starts_on").get()
        moment["entry"] = RegisterEntry.objects.create(**fact)
    rows.objects.update(state=said, **moment)
    parts = read(world, page, "firm")
    assert answer not in parts
    assert in_english(answer) in parts


def test_what_somebody_looked_for_stays_as_he_typed_it(world):  # noqa: F811
    assert any("“试算”" in part for part in read(world, "scoring:firm_files", "office", "?q=试算"))


def test_a_mark_changes_nothing_of_what_is_escaped(world):  # noqa: F811
    Objection.objects.update(reason="<b>待答复</b>")
    world.clients["firm"].cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = world.ask("firm", world.url("firms:objection")).text
    assert "&lt;b&gt;待答复&lt;/b&gt;" in page
    assert "<b>待答复" not in page


def test_every_template_marks_what_only_people_write():
    unmarked = [
        (str(path), found[1] or found[2])
        for path in Path(settings.BASE_DIR, "templates").rglob("*.html")
        if "admin" not in path.parts
        for found in TYPED.finditer(path.read_text(encoding="utf-8"))
        if "|typed" not in (found[1] or found[2])
    ]
    assert unmarked == []


def test_an_unmarked_place_is_noticed():
    assert [bool(TYPED.search(text)) for text in ("<b>{{ payment.title }}", '"{{ view.title }}"', "{{ chart.title }}")] == [
        True, True, False
    ]  # fmt: skip
    assert TYPED.search("{% blocktrans with name=view.title %}")[2] == "view.title"
    assert TYPED.search('<input value="{{ view.title }}">') is None
