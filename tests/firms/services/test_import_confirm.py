"""Confirming: rows about firms of which nothing was stated go straight from the staged plan into force, all others are judged
again; both ways must end in the same facts, and neither may overlook what changed since the preview."""

import pytest

from firms.models import Department, FactSheet, Filing, ImportRow
from firms.services import filings, import_planning, imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FilingFactory, FirmFactory, workbook

pytestmark = pytest.mark.django_db
HEADER = ["统一社会信用代码", "营业收入（万元）", "净利润（万元）"]


@pytest.fixture
def firms():
    load_catalogue(by=None)
    return FirmFactory.create_batch(4)


def planned(firms, file_name="数据.xlsx", year=2022):
    rows = [[firm.credit_code, 100 + number, number or ""] for number, firm in enumerate(firms)]
    tax = Department.objects.get(code="tax")
    batch = imports.upload(
        workbook([HEADER, *rows], name=file_name), kind="metrics", department=tax, year=year, by=None
    )
    return imports.plan(batch)


def confirm(batch):
    return imports.confirm(batch, digest=batch.plan_digest, by=None)


def told(year):
    """All that is known of a year but keys and times; winners by the row of the file they came from."""
    place = {filing.pk: (filing.source, filing.sheet, filing.row_number) for filing in Filing.objects.all()}
    sheets = FactSheet.objects.filter(year=year).order_by("firm_id")
    return (
        list(
            Filing.objects.filter(year=year).order_by("firm_id", "id").values_list(
                "firm_id", "source", "department", "sheet", "row_number", "values", "filed_by"
            )
        ),
        [
            (
                sheet.firm_id, sheet.values, sheet.has_conflicts, sheet.version,
                {code: place[filing] for code, filing in sheet.winners.items()},
                {code: [(place[filing], value) for filing, value in losers] for code, losers in sheet.conflicts.items()},
            )
            for sheet in sheets
        ],
        [sorted(stored) for stored in sheets.values_list("winners", flat=True)],
    )  # fmt: skip


@pytest.mark.parametrize("earlier", [[], [0, 2], [0, 1, 2, 3]], ids=["of none", "of some", "of all"])
def test_both_ways_end_in_the_same_facts(firms, earlier, monkeypatch):
    for year in (2021, 2022):
        for number in earlier:
            FilingFactory(firm=firms[number], year=year, values={"headcount": 9.0, "revenue": 7.0}, source="firm")
        filings.refold(year)
    confirm(planned(firms, year=2022))
    monkeypatch.setattr(filings, "file_staged", lambda batch, source: 0)  # as if every row had to be judged again
    confirm(planned(firms, year=2021))
    assert told(2021) == told(2022)
    assert len(told(2022)[1]) == 4


def test_a_firm_that_was_stated_and_taken_back_is_judged_again(firms):
    gone = confirm(planned(firms[:1]))
    imports.undo(gone, by=None, reason="有误")
    done = confirm(planned(firms))
    sheet = FactSheet.objects.get(firm=firms[0])
    assert sheet.values == {"revenue": 100}
    assert set(sheet.winners.values()) == {Filing.objects.get(firm=firms[0], batch=done).pk}


def somebody_states(firm):
    filings.refold(2022, [FilingFactory(firm=firm, values={"revenue": 1.0}, source="firm").firm_id])


@pytest.mark.parametrize("known", [0, 4], ids=["nothing known before", "all known before"])
def test_a_fact_of_one_firm_since_the_preview_stops_the_whole_batch(firms, known):
    for firm in firms[:known]:
        FilingFactory(firm=firm, values={"headcount": 9.0}, source="firm")
    filings.refold(2022)
    batch = planned(firms)
    somebody_states(firms[3])
    with pytest.raises(Refusal, match="变化"):
        confirm(batch)
    assert not Filing.objects.filter(batch=batch).exists()
    assert FactSheet.objects.filter(values__has_key="net_profit").count() == 0
    confirm(batch)  # what was shown now is applied
    assert FactSheet.objects.get(firm=firms[3]).values["net_profit"] == 3


def test_the_control_without_comparing_the_change_would_go_unseen(firms, monkeypatch):
    batch = planned(firms)
    somebody_states(firms[3])
    replanned = import_planning.replanned
    monkeypatch.setattr(import_planning, "replanned", lambda *args, as_shown, **kwargs: replanned(*args, **kwargs))
    confirm(batch)
    assert Filing.objects.filter(batch=batch).count() == 4


@pytest.mark.parametrize("known", [0, 4], ids=["nothing known before", "all known before"])
def test_a_staged_row_that_went_missing_stops_the_batch(firms, known):
    for firm in firms[:known]:
        FilingFactory(firm=firm, values={"headcount": 9.0}, source="firm")
    filings.refold(2022)
    batch = planned(firms)
    ImportRow.objects.filter(batch=batch, firm=firms[1]).delete()
    with pytest.raises(Refusal, match="变化"):
        confirm(batch)
    assert not Filing.objects.filter(batch=batch).exists()


def test_winners_are_stored_in_short_and_read_by_metric(firms):
    batch = confirm(planned(firms[:2]))
    sheet = FactSheet.objects.get(firm=firms[1])
    filing = Filing.objects.get(batch=batch, firm=firms[1])
    assert sheet.winners == dict.fromkeys(("revenue", "net_profit"), filing.pk)
    assert FactSheet.objects.only("winners").get(firm=firms[1]).winners == sheet.winners
    assert FactSheet.objects.values_list("winners", flat=True).get(firm=firms[1]) == {"*": filing.pk}
    FilingFactory(firm=firms[1], values={"revenue": 5.0}, source="firm")
    filings.refold(2022)
    sheet.refresh_from_db()
    assert sheet.conflicts  # never in short beside a conflict: whoever settles it reads the winners as they are stored
    assert FactSheet.objects.values_list("winners", flat=True).get(firm=firms[1]) == sheet.winners
