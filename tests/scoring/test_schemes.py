"""A scheme is loaded whole or not at all, and never changes under a period that uses it."""

import pytest
from django.core.management import CommandError, call_command

from firms.models import AuditEntry, DataYear
from firms.services.catalogue import load_catalogue
from firms.services.refusal import Refusal
from scoring.models import Dimension, EvaluationPeriod, Indicator, Scheme
from scoring.services import load_scheme, open_period
from tests.scoring import zone

pytestmark = pytest.mark.django_db
CHANGED = zone.TEXT + "\n# 另一份文本\n"


def test_dimensions_and_indicators_become_rows():
    scheme = load_scheme(zone.TEXT, by=None)
    assert (scheme.code, scheme.version) == ("xinkai-2022-110", "1.1")
    assert list(scheme.dimensions.values_list("code", flat=True)) == ["innovation", "performance", "support"]
    assert scheme.indicators.count() == 35
    for dimension in scheme.dimensions.all():
        assert sum(indicator.max_points for indicator in dimension.indicators.all()) == 100


def test_the_same_text_again_changes_nothing():
    first = load_scheme(zone.TEXT, by=None)
    assert load_scheme(zone.TEXT, by=None) == first
    assert AuditEntry.objects.filter(action="scheme.load").count() == 1


def test_a_draft_may_change_but_a_scheme_in_use_may_not():
    first = load_scheme(zone.TEXT, by=None)
    draft = load_scheme(CHANGED, by=None)
    assert (draft.pk, draft.sha256 == first.sha256) == (first.pk, False)
    assert (Dimension.objects.count(), Indicator.objects.count()) == (3, 35)
    open_period(2022, draft, by=None)
    with pytest.raises(Refusal, match="已被评价期使用"):
        load_scheme(zone.TEXT, by=None)
    assert Scheme.objects.get().text == CHANGED


def test_every_problem_is_named_with_its_line_and_nothing_is_stored():
    broken = zone.TEXT.replace("growth(revenue)", "growth(revenu)").replace(
        'code = "mature"', 'code = "mature"\nfoo = 1'
    )
    with pytest.raises(Refusal, match=r"第\d+行") as refused:
        load_scheme(broken, by=None)
    assert refused.value.status == 400
    assert not Scheme.objects.exists()


def test_a_metric_nobody_collects_is_refused():
    load_catalogue(by=None)
    text = zone.TEXT.replace("foreign_returnees", "moon_landings")
    with pytest.raises(Refusal, match="moon_landings"):
        load_scheme(text, by=None)


@pytest.mark.parametrize("text", ["", "不是TOML", "\x00", "format = 1"])
def test_what_is_no_scheme_is_refused(text):
    with pytest.raises(Refusal):
        load_scheme(text, by=None)


def test_a_year_is_judged_once():
    scheme = zone.scheme()
    period = open_period(2022, scheme, by=None)
    assert str(period.as_of) == "2022-12-31"
    with pytest.raises(Refusal, match="已经建立"):
        open_period(2022, scheme, by=None)
    assert (EvaluationPeriod.objects.count(), DataYear.objects.count()) == (1, 1)


def test_the_commands_say_what_they_did_and_what_is_missing(tmp_path, capsys):
    path = tmp_path / "scheme.toml"
    path.write_text(zone.TEXT, encoding="utf-8")
    call_command("load_scheme", str(path))
    zone.make_period(5)
    call_command("rescore", "--year", "2022")
    call_command("rescore")
    said = capsys.readouterr().out
    assert "35项指标" in said
    assert "已完成第1次计算，5家企业" in said
    assert "数据没有变化，沿用第1次计算" in said
    with pytest.raises(CommandError, match="没有1999年度"):
        call_command("rescore", "--year", "1999")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="UTF-8"):
        call_command("load_scheme", str(path))
