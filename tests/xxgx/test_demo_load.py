"""`manage.py demo_zone`: what imports would have left behind, once, and never among real firms."""

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from firms.models import (
    DataYear,
    Decision,
    FactSheet,
    Filing,
    Firm,
    FirmReport,
    ImportBatch,
    ImportRow,
    Membership,
    Objection,
    RegisterClaim,
    RegisterEntry,
    User,
)
from firms.services import audit
from firms.services.report_standing import standing
from scoring import schemes
from scoring.models import EvaluationPeriod, StageRecord
from xxgx.demo import ACCOUNTS, PASSWORD
from xxgx.demo.economy import YEARS
from xxgx.demo.zone import build_zone

pytestmark = pytest.mark.django_db
SCHEME = Path(schemes.__file__).parent / "xinkai-2022-110.toml"


@pytest.fixture
def ready(settings):
    settings.DEMO = True
    call_command("load_catalogue", verbosity=0)
    call_command("load_scheme", str(SCHEME), verbosity=0, stdout=StringIO())


def demo_zone(folder, **options):
    out = StringIO()
    call_command("demo_zone", samples=folder, stdout=out, **options)
    return out.getvalue()


def test_the_zone_is_loaded_whole_with_its_provenance(ready, tmp_path):
    zone = build_zone()
    assert "演示园区" in demo_zone(tmp_path / "samples")
    assert Firm.objects.count() == len(zone.firms)
    # Beside what came in files: figures corrected upon an objection, facts verified upon a claim.
    corrections = Objection.objects.filter(state="upheld").values("correction")
    stated = Filing.objects.exclude(source="register")  # those are counted from the entries
    assert stated.exclude(pk__in=corrections).count() == len(zone.statements)
    assert RegisterEntry.objects.exclude(batch=None).count() == len(zone.entries)
    assert StageRecord.objects.count() == len(zone.stages)
    assert FactSheet.objects.count() == len({(s.firm, s.year) for s in zone.statements})
    assert list(EvaluationPeriod.objects.order_by("year_id").values_list("year_id", flat=True)) == [2022, 2023, 2024]

    # Every figure in force names the filing it came from, and that filing says the same.
    filings = Filing.objects.in_bulk()
    for sheet in FactSheet.objects.filter(year=2022):
        assert set(sheet.winners) == set(sheet.values)
        for code, value in sheet.values.items():
            assert filings[sheet.winners[code]].values[code] == value
    assert FactSheet.objects.filter(has_conflicts=True).count() > 50

    # Every batch keeps its file, and its rows add up.
    for batch in ImportBatch.objects.annotate(many=Count("rows")):
        assert batch.file.size == batch.size > 0
        parts = sum(batch.counts.get(part, 0) for part in ("accepted", "refused", "left_out", "unmatched"))
        assert batch.counts["rows"] == parts == batch.many
    assert not Filing.objects.filter(source="government", batch=None).exclude(pk__in=corrections).exists()
    assert not RegisterEntry.objects.filter(batch=None, claims=None).exists()
    assert not ImportRow.objects.filter(firm=None, verdict__in=["create", "change", "same"]).exists()
    assert audit.verify() is None


def test_a_second_run_changes_nothing(ready, tmp_path):
    demo_zone(tmp_path / "samples")
    first = (Firm.objects.count(), Filing.objects.count(), FactSheet.objects.count(), User.objects.count())
    office = User.objects.get(username="office")
    office.set_password("changed-since-then")
    office.save()
    demo_zone(tmp_path / "samples")
    assert (Firm.objects.count(), Filing.objects.count(), FactSheet.objects.count(), User.objects.count()) == first
    assert User.objects.get(username="office").check_password("changed-since-then")


def test_one_account_a_role_and_firms_that_show_both_fates(ready, tmp_path):
    demo_zone(tmp_path / "samples")
    assert {a.role for a in ACCOUNTS} == {
        "firm",
        "department",
        "office",
        "leader",
        "bank",
        "system",
        "security",
        "audit",
    }
    for account in ACCOUNTS:
        user = User.objects.get(username=account.username)
        assert user.check_password(PASSWORD)
        assert user.role == account.role
        assert (user.department.code if user.department else "") == account.department
        assert not user.is_superuser
    named = Membership.objects.filter(user__username__in=[account.username for account in ACCOUNTS])
    assert named.values("firm").distinct().count() == 2
    excluded = Membership.objects.get(user__username="firm-two").firm
    assert excluded.register_entries.filter(kind="environment", category="bad").exists()


def test_the_latest_year_is_in_the_middle_of_reporting(ready, tmp_path):
    demo_zone(tmp_path / "samples")
    year = DataYear.objects.get(year=2024)
    assert (year.phase, year.is_locked) == ("reporting", False)
    states = Counter(FirmReport.objects.filter(year=2024).values_list("state", flat=True))
    assert all(states[state] > 5 for state in FirmReport.State.values)
    one, two = (FirmReport.objects.get(firm__memberships__user__username=name) for name in ("firm-one", "firm-two"))
    assert (one.state, bool(one.remarks)) == ("returned", True)
    assert (two.state, bool(standing(two.firm, 2024, two).examined.blocking)) == ("draft", True)
    # What waits for review passes the checks it had to pass; what was typed in the demo cannot sign in.
    waiting = FirmReport.objects.filter(state="submitted").select_related("firm")
    assert not [report for report in waiting if standing(report.firm, 2024, report).examined.blocking]
    assert all(not user.has_usable_password() for user in User.objects.filter(role="firm", username__startswith="91"))


def test_without_demo_mode_there_are_neither_firms_nor_accounts(ready, tmp_path, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="--force"):
        demo_zone(tmp_path / "samples")
    assert not Firm.objects.exists()
    demo_zone(tmp_path / "samples", force=True)
    assert Firm.objects.exists()
    assert not User.objects.exists()  # no default accounts outside a demo


def test_real_firms_are_never_mixed_with_invented_ones(ready, tmp_path):
    Firm.objects.create(credit_code="91410700MA40000017", name="一家真实企业")
    with pytest.raises(CommandError, match="真实"):
        demo_zone(tmp_path / "samples")
    assert Firm.objects.count() == 1
    assert not User.objects.exists()


def test_an_unprepared_database_is_told_what_to_do_first(settings, tmp_path):
    settings.DEMO = True
    with pytest.raises(CommandError, match="load_catalogue"):
        demo_zone(tmp_path / "samples")


def test_claims_objections_and_decisions_in_every_state(ready, tmp_path):
    """What officers and firms find on their queues; most conflicts of the year stay open."""
    demo_zone(tmp_path / "samples")
    assert set(RegisterClaim.objects.values_list("state", flat=True)) == set(RegisterClaim.State.values)
    assert {"open", "upheld", "rejected"} <= set(Objection.objects.values_list("state", flat=True))
    assert Objection.objects.filter(state="open", due_on__lt=timezone.localdate()).exists()
    assert Decision.objects.in_force().exists()
    assert Decision.objects.exclude(revoked_at=None).exists()
    assert FactSheet.objects.filter(year=YEARS[-1], has_conflicts=True).count() > 50
    one = Firm.objects.get(memberships__user__username="firm-one")
    assert set(one.register_claims.values_list("state", flat=True)) == set(RegisterClaim.State.values)
