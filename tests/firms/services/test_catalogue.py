import tomllib
from pathlib import Path

import pytest

from firms import catalogue
from firms.models import AuditEntry, Department, Metric, RegisterEntry
from firms.services.catalogue import in_force, load_catalogue

SCHEME = Path(__file__).parents[3] / "scoring" / "schemes" / "xinkai-2022-110.toml"


def test_the_catalogue_covers_exactly_what_the_scheme_uses():
    scheme = tomllib.loads(SCHEME.read_text(encoding="utf-8"))
    ours = catalogue.load()
    assert ours.metrics.keys() == scheme["metrics"].keys()
    assert {code: metric.unit or "是/否" for code, metric in ours.metrics.items()} == {
        code: metric["unit"] for code, metric in scheme["metrics"].items()
    }
    # What is counted into figures reaches the scheme as those: it names the metrics, not the register.
    assert ours.registers.keys() - {ours.counted.kind} == scheme["registers"].keys()
    assert set(ours.counted.figures.values()) <= scheme["metrics"].keys()
    for kind, register in scheme["registers"].items():
        assert {term.code for term in ours.registers[kind].categories} == set(register.get("categories", {}))
    assert {term.code for term in ours.levels} == scheme["levels"].keys()


def test_register_vocabulary_is_that_of_the_model():
    ours = catalogue.load()
    assert set(ours.registers) == set(RegisterEntry.Kind.values)
    codes = {term.code for register in ours.registers.values() for term in register.categories}
    assert codes == set(RegisterEntry.Category.values) - {""}
    assert {term.code for term in ours.levels} == set(RegisterEntry.Level.values) - {""}


def test_every_metric_says_what_it_counts():
    for metric in catalogue.load().metrics.values():
        assert len(metric.help_text) > 20, metric.code
        assert metric.minimum is not None, metric.code
        assert metric.maximum is not None, metric.code


@pytest.mark.django_db
def test_loading_twice_changes_nothing_and_is_audited_once():
    first = load_catalogue(by=None)
    assert first.created == Department.objects.count() + Metric.objects.count() == 10 + 24
    again = load_catalogue(by=None)
    assert (again.created, again.changed) == (0, 0)
    assert AuditEntry.objects.filter(action="catalogue.load").count() == 1


@pytest.mark.django_db
def test_what_the_office_edited_stays_unless_overwritten():
    load_catalogue(by=None)
    Metric.objects.filter(code="revenue").update(aliases=["收入"], tolerance=0.1)
    load_catalogue(by=None)
    assert in_force().metrics["revenue"].aliases == ("收入",)
    assert load_catalogue(by=None, overwrite=True).changed == 1
    assert in_force().metrics == catalogue.load().metrics
