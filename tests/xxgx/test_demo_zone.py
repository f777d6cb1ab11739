"""The demo zone is a pure value whose totals are those the zone published for 2022."""

import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest
from stdnum.cn import uscc

from firms import catalogue
from xxgx.demo.samples import write_samples
from xxgx.demo.statements import LEFT_TO_FIRMS
from xxgx.demo.zone import build_zone

LAST_DAY = date(2022, 12, 31)
# Brands of real firms of the city and the trade: a demo must not put words into their mouths.
REAL_BRANDS = (
    "华兰", "卫华", "科隆", "新飞", "白鹭", "百灵", "天丰", "拓新", "高远", "驼人", "心连心", "威猛", "平原", "氢璞",
    "亿华通", "新航", "佐今明", "双鹭", "豫飞", "矿山起重", "太行", "格林", "瑞丰", "金龙", "华星", "大宏",
)  # fmt: skip


@pytest.fixture(scope="module")
def zone():
    return build_zone()


def held(zone, kind, category=None):
    return [
        e
        for e in zone.entries
        if e.kind == kind
        and category in (None, e.category)
        and e.starts_on <= LAST_DAY
        and (e.ends_on is None or e.ends_on >= LAST_DAY)
    ]


def figures(zone, source="government"):
    """(firm, year) → metric → value, of one kind of source."""
    found = defaultdict(dict)
    for s in zone.statements:
        if s.source == source:
            found[s.firm, s.year] |= s.values
    return found


def test_the_same_seed_gives_the_same_zone_and_another_seed_another(zone):
    build_zone.cache_clear()
    assert build_zone().digest() == zone.digest()
    assert build_zone(7).digest() != zone.digest()


@pytest.mark.parametrize(("category", "many"), [("hightech", 148), ("tech_sme", 248), ("above_scale", 102)])
def test_holders_of_a_status_at_the_end_of_2022(zone, category, many):
    assert len({e.firm for e in held(zone, "qualification", category)}) == many


def test_81_firms_above_scale_do_rd_for_exactly_623_million(zone):
    told = figures(zone)
    rd = [Decimal(str(told[e.firm, 2022]["rd_expense"])) for e in held(zone, "qualification", "above_scale")]
    assert sum(value > 0 for value in rd) == 81
    assert sum(rd) == Decimal("62300.00")


def test_contracts_of_ten_months_are_exactly_470_million(zone):
    amounts = [
        Decimal(str(e.amount))
        for e in zone.entries
        if e.kind == "contract" and date(2022, 1, 1) <= e.starts_on <= date(2022, 10, 31)
    ]
    assert sum(amounts) == Decimal("47000.00")


def test_platforms_at_the_end_of_2022(zone):
    platforms = held(zone, "platform")
    assert len(platforms) == 296
    assert {e.level for e in platforms} == {"national", "provincial", "municipal"}


def test_about_500_firms_a_year(zone):
    told = figures(zone)
    for year in (2022, 2023, 2024):
        assert 480 <= sum(y == year for _, y in told) <= 540


def test_names_are_unique_and_nobodys(zone):
    names = [firm.name for firm in zone.firms]
    assert len(set(names)) == len(names)
    assert not [name for name in names for brand in REAL_BRANDS if brand in name]
    assert all(re.fullmatch(r"[\u4e00-\u9fff（）]+有限公司", name) for name in names)


def test_codes_are_valid_unique_and_visibly_synthetic(zone):
    codes = [firm.credit_code for firm in zone.firms]
    assert len(set(codes)) == len(codes)
    assert all(uscc.is_valid(code) and code.startswith("91410700XXGX") for code in codes)


def test_no_firm_has_facts_before_it_was_registered(zone):
    assert all(zone.firms[s.firm].registered_on.year <= s.year for s in zone.statements)
    assert all(zone.firms[e.firm].registered_on <= e.starts_on for e in zone.entries)


def test_figures_keep_the_bounds_and_decimals_of_the_catalogue(zone):
    metrics = catalogue.load().metrics
    assert {code for s in zone.statements for code in s.values} == set(metrics)
    for s in zone.statements:
        for code, value in s.values.items():
            metric = metrics[code]
            assert metric.minimum <= value <= metric.maximum, (code, value)
            assert round(value, metric.decimals) == value, (code, value)
            assert not s.department or s.department == metric.owner


def test_a_part_is_never_larger_than_its_whole_whoever_states_it(zone):
    firms_own = figures(zone, "firm")
    for key, told in figures(zone).items():
        for values in (told, firms_own.get(key, {}) | told, told | firms_own.get(key, {})):
            for check in catalogue.load().checks:
                if {check.part, check.whole} <= values.keys() and check.part != "rd_expense":
                    assert values[check.part] <= values[check.whole], (key, check.code)


def test_contract_figures_are_the_sums_of_the_register(zone):
    sums = defaultdict(Decimal)
    for e in zone.entries:
        if e.kind == "contract":
            sums[e.firm, e.starts_on.year] += Decimal(str(e.amount))
    for (firm, year), values in figures(zone).items():
        if "tech_contract_value" in values:
            assert Decimal(str(values["tech_contract_value"])) == sums[firm, year]


def test_about_three_percent_of_cells_are_missing_and_one_percent_in_conflict(zone):
    metrics = catalogue.load().metrics
    # What is left to the firms in the year they are reporting is another matter.
    told = {
        (firm, year): {
            code: value for code, value in values.items() if year < zone.years[-1] or code not in LEFT_TO_FIRMS
        }
        for (firm, year), values in figures(zone).items()
    }
    cells = sum(len(metrics) - len(LEFT_TO_FIRMS) * (year == zone.years[-1]) for _, year in told)
    assert 0.025 <= 1 - sum(map(len, told.values())) / cells <= 0.035
    conflicts = sum(
        key in told and code in told[key] and abs(value - told[key][code]) > metrics[code].tolerance * abs(value)
        for key, values in figures(zone, "firm").items()
        for code, value in values.items()
    )
    assert 0.005 <= conflicts / cells <= 0.015


def test_the_three_states_of_a_cell_all_occur(zone):
    told = figures(zone)
    for year in (2022, 2023, 2024):
        revenue = [values.get("revenue") for (_, y), values in told.items() if y == year]
        assert sum(value is None for value in revenue) >= 3  # left unclassified
        rd = [values.get("rd_expense") for (_, y), values in told.items() if y == year]
        assert rd.count(0) > 10
        assert any(rd)


def test_every_negative_item_occurs_several_times_a_restored_one_included(zone):
    cases = Counter()
    restored = Counter()
    for e in zone.entries:
        if e.kind in {"listing", "environment", "incident", "requalification", "delisting"}:
            key = (e.kind, e.category or e.level)
            cases[key] += 1
            restored[key] += e.ends_on is not None
    expected = {
        ("listing", "abnormal_operation"), ("listing", "serious_dishonesty"),
        ("environment", "warning"), ("environment", "bad"),
        ("incident", "safety_major"), ("incident", "mass"),
        ("requalification", "hightech"), ("requalification", "tech_sme"),
        ("delisting", "national"), ("delisting", "provincial"), ("delisting", "municipal"),
    }  # fmt: skip
    assert set(cases) == expected
    assert min(cases.values()) >= 2
    for key in (("listing", "abnormal_operation"), ("requalification", "hightech"), ("requalification", "tech_sme")):
        assert restored[key] >= 2
    assert sum(restored["delisting", level] for level in ("national", "provincial", "municipal")) >= 2


def test_every_stage_and_every_boundary_of_the_regulation_is_met(zone):
    told = figures(zone)
    revenue = {key: values["revenue"] for key, values in told.items() if "revenue" in values}
    old = {i for i, firm in enumerate(zone.firms) if firm.registered_on < date(2016, 1, 1)}
    assert any(value == 2000 for (firm, _), value in revenue.items() if firm in old)
    assert any(value == 10000 for (firm, _), value in revenue.items() if firm in old)
    assert date(2018, 12, 31) in {firm.registered_on for firm in zone.firms}
    assert any((firm.registered_on.month, firm.registered_on.day) == (2, 29) for firm in zone.firms)

    def grade(firm, year):
        value = revenue.get((firm, year))
        return None if value is None else (value >= 2000) + (value >= 10000)

    for year in (2022, 2023, 2024):
        stages = Counter(grade(firm, year) for firm in old)
        assert min(stages[0], stages[1], stages[2]) >= 20
    moves = {tuple(grade(firm, year) for year in (2022, 2023, 2024)) for firm in old}
    assert (2, 1, 0) in moves  # one grade in each of two years running
    assert any(move[:2] == (2, 0) for move in moves)  # two grades at once
    assert {(0, 1, 1), (1, 2, 2)} <= moves  # promotions
    young = [
        (firm, year)
        for (firm, year), value in revenue.items()
        if year > 2021 and value >= 2000 and zone.firms[firm].registered_on > date(year - 4, 1, 1)
    ]
    assert len(young) >= 3  # for the office to confirm
    assert {row.stage for row in zone.stages} == {"expansion", "mature"}
    runs = Counter(row.firm for row in zone.stages if row.stage == "expansion" and row.year <= 2021)
    assert any(5 <= years < 10 for years in runs.values())
    assert any(years >= 10 for years in runs.values())


def test_entries_are_registered_once_with_dates_in_order(zone):
    keys = [(e.firm, e.kind, e.category, e.level, e.title, e.starts_on) for e in zone.entries]
    assert len(set(keys)) == len(keys)
    assert all(e.ends_on is None or e.ends_on >= e.starts_on for e in zone.entries)


def test_every_register_category_of_the_catalogue_has_entries(zone):
    for kind, register in catalogue.load().registers.items():
        present = {e.category for e in zone.entries if e.kind == kind}
        assert present == ({term.code for term in register.categories} or {""})


def test_sample_files_are_written_and_the_same_each_time(zone, tmp_path):
    names = write_samples(tmp_path / "a", zone)
    write_samples(tmp_path / "b", zone)
    assert len(names) == 7
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
