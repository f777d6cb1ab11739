"""A result recomputes from its archive to the same digits, whatever has become of the facts since."""

import pytest
from django.core.management import CommandError, call_command

from firms.models import FactSheet, RegisterEntry
from scoring.models import Score
from scoring.services import lock, publish, rescore
from scoring.services.verification import verify_run
from tests.scoring import zone

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """The second year's run: with a past, register entries, an exclusion and a firm without revenue."""
    firms = zone.make_firms(24)
    rescore(zone.make_period(firms=firms, year=2021), by=None)
    for number, (kind, category) in enumerate(
        [
            ("listing", "serious_dishonesty"),
            ("environment", "warning"),
            ("qualification", "hightech"),
            ("contract", "general"),
        ]
    ):
        RegisterEntry.objects.create(
            firm=firms[number], kind=kind, category=category, title="事项", starts_on="2022-05-01", amount="12.3456"
        )
    zone.facts(firms, 2022)
    sheet = FactSheet.objects.filter(year=2022).last()
    del sheet.values["revenue"]
    sheet.save()
    period = zone.open_period(2022, zone.scheme(), by=None)
    return rescore(period, by=None).run


def test_every_byte_comes_out_again_after_all_facts_changed(run):
    FactSheet.objects.update(values={"revenue": 1})
    RegisterEntry.objects.all().delete()
    assert (verify_run(run).firms, verify_run(run).differences) == (24, [])


def test_so_does_a_run_on_frozen_references(run):
    lock(run.period, by=None)
    FactSheet.objects.filter(pk=FactSheet.objects.filter(year=2022).first().pk).update(values={"revenue": 5e6})
    later = rescore(run.period, by=None, reason="核对后更正").run
    assert later != run
    assert later.references == run.references
    assert verify_run(later).differences == []


@pytest.mark.parametrize("change", [{"total": 99}, {"rank": 1}, {"stage_rank": 777}])
def test_a_touched_score_is_found(run, change):
    Score.objects.filter(pk=run.scores.ranked().order_by("-position").first().pk).update(**change)
    assert len(verify_run(run).differences) == 1


def test_a_touched_archive_is_found(run):
    score = run.scores.ranked().first()
    record = bytearray(score.detail)
    record[40] ^= 1
    Score.objects.filter(pk=score.pk).update(detail=bytes(record))
    assert verify_run(run).differences


def test_the_command_checks_what_is_published_and_fails_when_it_does_not_agree(run, capsys):
    publish(run.period, run, by=None)
    call_command("verify_run")
    assert "核对24家企业，逐位一致" in capsys.readouterr().out
    Score.objects.filter(run=run, rank=1).update(total=1)
    with pytest.raises(CommandError, match="不一致"):
        call_command("verify_run", str(run.pk))
    with pytest.raises(CommandError, match="没有编号"):
        call_command("verify_run", "999")
