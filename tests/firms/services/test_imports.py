import pytest
from django.utils import timezone

from firms.models import AuditEntry, DataYear, Department, FactSheet, Filing, ImportBatch, ImportRow
from firms.services import audit, filings, imports
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from tests.factories import FilingFactory, FirmFactory, OfficerFactory, UserFactory, credit_code, workbook

pytestmark = pytest.mark.django_db
HEADER = ["统一社会信用代码", "企业名称", "营业收入（万元）"]


@pytest.fixture(autouse=True)
def _catalogue():
    load_catalogue(by=None)


@pytest.fixture
def tax():
    return Department.objects.get(code="tax")


@pytest.fixture
def officer(tax):
    return OfficerFactory(department=tax)


@pytest.fixture
def firms():
    return [FirmFactory() for _ in range(4)]


def taken(rows, by, department=None, year=2022, header=HEADER, **kwargs):
    batch = imports.upload(
        workbook([header, *rows]),
        kind=kwargs.pop("kind", "metrics"),
        department=department or by.department,
        year=year,
        by=by,
        **kwargs,
    )
    return imports.plan(batch)


def applied(*args, **kwargs):
    batch = taken(*args, **kwargs)
    return imports.confirm(batch, digest=batch.plan_digest, by=batch.uploaded_by)


def code_of(call, *args, **kwargs):
    with pytest.raises(Refusal) as refused:
        call(*args, **kwargs)
    assert refused.value.message
    assert refused.value.place
    assert refused.value.hint
    assert 400 <= refused.value.status < 500
    return refused.value.code


def rows_of(batch):
    return {row.row_number: row for row in ImportRow.objects.filter(batch=batch)}


def test_preview_writes_no_fact_and_shows_each_cell_before_and_after(officer, firms):
    filings.refold(2022, [FilingFactory(firm=firms[0], values={"revenue": 10.0, "net_profit": 1.0}).firm_id])
    before = list(FactSheet.objects.values_list("firm", "values", "version"))
    batch = taken(
        [[firms[0].credit_code, firms[0].name, 12], [firms[1].credit_code, "", 5], [firms[0].credit_code[:-1], "", 5]],
        officer,
    )
    rows = rows_of(batch)
    assert (rows[2].verdict, rows[2].before, rows[2].values) == ("change", {"revenue": 10.0}, {"revenue": 12.0})
    assert (rows[3].verdict, rows[3].before) == ("create", {})
    assert (rows[4].verdict, rows[4].reasons[0]["code"], rows[4].cells[0]) == (
        "refused",
        "bad_code",
        firms[0].credit_code[:-1],
    )
    assert list(FactSheet.objects.values_list("firm", "values", "version")) == before
    assert Filing.objects.count() == 1


def test_confirm_files_folds_and_leaves_other_metrics_alone(officer, firms):
    filings.refold(2022, [FilingFactory(firm=firms[0], values={"revenue": 10.0, "net_profit": 1.0}).firm_id])
    batch = applied([[firms[0].credit_code, "", 12]], officer)
    sheet = FactSheet.objects.get(firm=firms[0], year=2022)
    assert sheet.values == {"revenue": 12.0, "net_profit": 1.0}
    filing = Filing.objects.get(batch=batch)
    assert sheet.winners["revenue"] == filing.pk
    assert (filing.filed_by, filing.department, filing.row_number) == (officer, officer.department, 2)
    assert sheet.version == 2
    assert audit.verify() is None


def test_a_firm_s_own_figure_stays_as_a_conflict(officer, firms):
    own = FilingFactory(firm=firms[0], source="firm", values={"revenue": 10.0})
    filings.refold(2022, [firms[0].pk])
    applied([[firms[0].credit_code, "", 12]], officer)
    sheet = FactSheet.objects.get(firm=firms[0])
    assert sheet.values == {"revenue": 12.0}
    assert sheet.conflicts == {"revenue": [[own.pk, 10.0]]}
    assert sheet.has_conflicts


def test_within_the_tolerance_is_no_conflict(officer, firms):
    FilingFactory(firm=firms[0], source="firm", values={"revenue": 1000.0})
    applied([[firms[0].credit_code, "", 1004]], officer)
    assert FactSheet.objects.get(firm=firms[0]).conflicts == {}


def test_matching_by_code_then_name_then_a_person(officer, firms):
    twin = FirmFactory(name=firms[3].name)
    stranger = credit_code(900001)
    batch = taken(
        [
            [firms[0].credit_code, firms[0].name, 1], ["", firms[1].name, 2], ["", "从未登记有限公司", 3], [stranger, "也未登记有限公司", 4],
            [firms[0].credit_code, firms[1].name, 5], [stranger, firms[2].name, 6], ["", twin.name, 7], ["", "", 8],
        ],
        officer,
    )  # fmt: skip
    rows = rows_of(batch)
    assert [rows[number].verdict for number in range(2, 10)] == [
        "create", "create", "unmatched", "unmatched", "refused", "refused", "unmatched", "refused",
    ]  # fmt: skip
    assert firms[0].name in rows[6].reasons[0]["message"]
    assert firms[1].name in rows[6].reasons[0]["message"]
    assert {rows[number].reasons[-1]["code"] for number in (6, 7)} == {"code_name_disagree"}
    assert rows[9].reasons[0]["code"] == "no_identity"
    counts = batch.counts
    assert counts["rows"] == 8 == counts["accepted"] + counts["unmatched"] + counts["refused"] + counts["left_out"]
    assert counts["unmatched"] == 3


def test_a_person_matches_a_row_and_the_plan_is_new(officer, firms):
    batch = taken([[credit_code(900002), "曾用名有限公司", 7]], officer)
    old = batch.plan_digest
    row = imports.match_row(rows_of(batch)[2], firms[0], by=officer)
    batch.refresh_from_db()
    assert (row.verdict, row.firm, batch.counts["unmatched"], batch.counts["accepted"]) == ("create", firms[0], 0, 1)
    assert code_of(imports.confirm, batch, digest=old, by=officer) == "digest_mismatch"
    imports.confirm(batch, digest=batch.plan_digest, by=officer)
    assert FactSheet.objects.get(firm=firms[0]).values == {"revenue": 7}


def test_a_person_cannot_match_two_rows_to_one_firm(officer, firms):
    batch = taken([[firms[0].credit_code, "", 1], ["", "曾用名有限公司", 7]], officer)
    assert code_of(imports.match_row, rows_of(batch)[3], firms[0], by=officer) == "same_firm_twice"
    assert code_of(imports.match_row, rows_of(batch)[2], firms[1], by=officer) == "already_matched"


def test_the_same_firm_twice(officer, firms):
    one, two = firms[0], firms[1]
    batch = taken([[one.credit_code, "", 1], ["", one.name, 1], [two.credit_code, "", 1], ["", two.name, 2]], officer)
    rows = rows_of(batch)
    assert [rows[number].verdict for number in (2, 3, 4, 5)] == ["create", "left_out", "refused", "refused"]
    assert rows[3].reasons[-1]["code"] == "repeated_row"
    assert "第4行" in rows[5].reasons[-1]["message"]
    assert batch.counts["rows"] == 4 == batch.counts["accepted"] + batch.counts["left_out"] + batch.counts["refused"]


def test_the_same_file_twice_is_refused_and_names_the_batch(officer, firms):
    file = workbook([HEADER, [firms[0].credit_code, "", 1]])
    batch = imports.upload(file, kind="metrics", department=officer.department, year=2022, by=officer)
    with pytest.raises(Refusal, match=f"第{batch.pk}批"):
        imports.upload(file, kind="metrics", department=officer.department, year=2022, by=officer)
    imports.discard(batch, by=officer)
    imports.upload(file, kind="metrics", department=officer.department, year=2022, by=officer)


def test_undo_puts_the_facts_back(officer, firms):
    FilingFactory(firm=firms[0], values={"revenue": 10.0, "net_profit": 1.0})
    filings.refold(2022, [firms[0].pk])
    before = FactSheet.objects.get(firm=firms[0])
    batch = applied([[firms[0].credit_code, "", 12], [firms[1].credit_code, "", 5]], officer)
    imports.undo(batch, by=officer, reason="文件用错")
    sheet = FactSheet.objects.get()
    assert (sheet.firm, sheet.values, sheet.winners) == (firms[0], before.values, before.winners)
    assert Filing.objects.filter(batch=batch).count() == 2  # the evidence stays
    assert Filing.objects.in_force().count() == 1
    assert (batch.state, batch.undo_reason) == ("undone", "文件用错")
    assert code_of(imports.undo, batch, by=officer, reason="再撤") == "wrong_state"


def test_undo_of_an_earlier_batch_keeps_what_a_later_one_said(officer, firms):
    first = applied([[firms[0].credit_code, "", 1]], officer)
    applied([[firms[0].credit_code, "", 2]], officer)
    imports.undo(first, by=officer, reason="有误")
    assert FactSheet.objects.get().values == {"revenue": 2}


def test_confirm_is_for_the_uploader_only_with_the_digest_shown_and_once(officer, firms, tax):
    batch = taken([[firms[0].credit_code, "", 1]], officer)
    assert (
        code_of(imports.confirm, batch, digest=batch.plan_digest, by=OfficerFactory(department=tax)) == "not_your_batch"
    )
    assert code_of(imports.confirm, batch, digest=batch.plan_digest, by=UserFactory()) == "not_your_batch"
    assert code_of(imports.confirm, batch, digest="0" * 64, by=officer) == "digest_mismatch"
    assert not Filing.objects.exists()
    imports.confirm(batch, digest=batch.plan_digest, by=officer)
    assert code_of(imports.confirm, batch, digest=batch.plan_digest, by=officer) == "wrong_state"
    assert Filing.objects.count() == 1
    assert AuditEntry.objects.filter(action="batch.apply").count() == 1


def test_facts_changed_since_the_preview_are_shown_again_first(officer, firms):
    batch = taken([[firms[0].credit_code, "", 12]], officer)
    shown = batch.plan_digest
    applied([[firms[0].credit_code, "", 11]], officer)
    assert code_of(imports.confirm, batch, digest=shown, by=officer) == "plan_changed"
    batch.refresh_from_db()
    assert FactSheet.objects.get().values == {"revenue": 11}  # nothing half-written
    row = ImportRow.objects.get(batch=batch)
    assert (batch.state, row.verdict, row.before) == ("planned", "change", {"revenue": 11.0})
    assert batch.plan_digest != shown
    imports.confirm(batch, digest=batch.plan_digest, by=officer)
    assert FactSheet.objects.get().values == {"revenue": 12}


def test_a_locked_year_refuses_on_every_path(officer, firms):
    done = applied([[firms[0].credit_code, "", 1]], officer)
    waiting = taken([[firms[0].credit_code, "", 2]], officer)
    DataYear.objects.filter(year=2022).update(locked_at=timezone.now())
    assert code_of(taken, [[firms[1].credit_code, "", 3]], officer) == "year_locked"
    assert code_of(imports.confirm, waiting, digest=waiting.plan_digest, by=officer) == "year_locked"
    assert code_of(imports.undo, done, by=officer, reason="有误") == "year_locked"
    done.refresh_from_db()
    assert done.state == "applied"
    assert FactSheet.objects.get().values == {"revenue": 1}
    DataYear.objects.filter(year=2022).update(locked_at=None)  # the control: the same confirm passes once unlocked
    imports.confirm(waiting, digest=waiting.plan_digest, by=officer)


def test_a_department_writes_only_its_own_metrics(officer, firms):
    batch = imports.upload(
        workbook([[*HEADER, "职工人数（人）"], [firms[0].credit_code, "", 1, 2]]),
        kind="metrics",
        department=officer.department,
        year=2022,
        by=officer,
    )
    assert code_of(imports.plan, batch) == "foreign_column"
    batch.refresh_from_db()
    assert (batch.state, batch.problems[0]["code"], ImportRow.objects.count()) == ("refused", "foreign_column", 0)
    office = UserFactory()
    batch = applied(
        [[firms[0].credit_code, "", 1, 2]], office, header=[*HEADER, "职工人数（人）"], department=officer.department
    )
    assert FactSheet.objects.get().values == {"revenue": 1, "headcount": 2}


def test_who_may_upload_for_whom(officer, firms):
    file = workbook([HEADER, [firms[0].credit_code, "", 1]])
    hr = Department.objects.get(code="hr")
    for by, department in [
        (officer, hr), (officer, None), (UserFactory(role="firm"), None), (UserFactory(role="leader"), officer.department),
        (UserFactory(role="system"), officer.department), (UserFactory(is_active=False), officer.department),
    ]:  # fmt: skip
        assert (
            code_of(imports.upload, file, kind="metrics", department=department, year=2022, by=by)
            == "not_your_department"
        )
    assert code_of(imports.upload, file, kind="firms", department=officer.department, by=officer) == "not_your_register"
    kwargs = {"kind": "registers", "department": officer.department, "by": officer}
    assert code_of(imports.upload, file, register_kind="platform", **kwargs) == "not_your_register"
    assert code_of(imports.upload, file, register_kind="nonsense", **kwargs) == "register_required"
    assert (
        code_of(imports.upload, file, kind="metrics", department=officer.department, year=None, by=officer)
        == "year_required"
    )
    assert not ImportBatch.objects.exists()


def test_bad_files_leave_nothing_behind_and_the_next_good_one_works(officer, firms):
    from django.core.files.uploadedfile import SimpleUploadedFile

    for content, code in ((b"", "empty_file"), (b"%PDF-1.7", "not_a_table"), (b"PK\x03\x04cut", "cut_file")):
        file = SimpleUploadedFile("表.xlsx", content)
        assert (
            code_of(imports.upload, file, kind="metrics", department=officer.department, year=2022, by=officer) == code
        )
    assert not ImportBatch.objects.exists()
    batch = imports.upload(
        workbook([["没有", "表头"], [1, 2]]), kind="metrics", department=officer.department, year=2022, by=officer
    )
    assert code_of(imports.plan, batch) == "no_header"
    assert code_of(imports.plan, batch) == "wrong_state"
    applied([[firms[0].credit_code, "", 1]], officer)
    assert FactSheet.objects.count() == 1


def test_hostile_file_names_are_only_names(officer, firms):
    file = workbook([HEADER, [firms[0].credit_code, "", 1]], name="x")
    file._name = "../../etc/\x00pass\u202ewd<script>.xlsx"
    batch = imports.upload(file, kind="metrics", department=officer.department, year=2022, by=officer)
    assert batch.file_name == "passwd<script>.xlsx"
    assert ".." not in batch.file.name
    assert "passwd" not in batch.file.name


def test_refused_rows_come_back_with_their_cells_and_reasons(officer, firms):
    batch = taken(
        [[firms[0].credit_code, firms[0].name, "约一百"], [firms[1].credit_code, "", 2], ["", "从未登记有限公司", 3]],
        officer,
    )
    [(header, rows)] = imports.refused_rows(batch)
    assert header == HEADER
    rows = list(rows)
    assert [(number, cells) for _, number, cells, _ in rows] == [
        (2, [firms[0].credit_code, firms[0].name, "约一百"]), (4, ["", "从未登记有限公司", 3.0])
    ]  # fmt: skip
    assert "C列“营业收入（万元）”" in rows[0][3]
    assert "从未登记有限公司" in rows[1][3]


def test_nothing_to_apply_cannot_be_confirmed(officer):
    batch = taken([["", "从未登记有限公司", 3]], officer)
    assert code_of(imports.confirm, batch, digest=batch.plan_digest, by=officer) == "nothing_to_apply"


def test_a_figure_a_thousand_times_the_last_one_is_pointed_out(officer, firms):
    FilingFactory(firm=firms[0], year=2021, values={"revenue": 100.0})
    filings.refold(2021)
    batch = taken([[firms[0].credit_code, "", 1_000_000]], officer)
    assert [reason["code"] for reason in rows_of(batch)[2].reasons] == ["unit_suspect"]
    assert batch.counts["warnings"] == 1


@pytest.mark.parametrize("size", [3, 300])
def test_the_number_of_queries_does_not_grow_with_the_rows(officer, size, django_assert_max_num_queries):
    rows = [[firm.credit_code, "", number] for number, firm in enumerate(FirmFactory.create_batch(size))]
    with django_assert_max_num_queries(70):
        applied(rows, officer)
