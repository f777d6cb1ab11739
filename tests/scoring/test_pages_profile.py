"""One firm's page: what anybody may know, what its own account and the offices see, and what nobody may guess."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from firms.models import Department, FactSheet, Filing, Membership, RegisterEntry, Role
from scoring.models import Score
from scoring.services import open_period, publish, rescore
from scoring.views import caching
from tests.factories import FirmFactory, UserFactory
from tests.scoring import zone
from tests.scoring.pages import body, main, published, text

pytestmark = pytest.mark.django_db
EXPLAINED = "扣分、衰减与附加分"


@pytest.fixture(autouse=True)
def nothing_kept():
    caching.pages.clear()
    yield
    caching.pages.clear()


def profile(firm, client, **query):
    return client.get(reverse("scoring:profile", args=[firm.credit_code]), query)


def account_of(*firms):
    user = UserFactory(role=Role.FIRM)
    for firm in firms:
        Membership.objects.create(user=user, firm=firm)
    client = Client()
    client.force_login(user, "xxgx.roles.RoleBackend")
    return client


def listed(firm, year=2022):
    """Excludes a firm: on the list of abnormal operations in the year."""
    return RegisterEntry.objects.create(
        firm=firm,
        kind="listing",
        category="abnormal_operation",
        title="未按规定公示年度报告",
        starts_on=dt.date(year, 3, 5),
    )


@pytest.mark.parametrize(
    ("role", "explained"),
    [
        ("office", True), ("leader", True), ("department", True),
        ("firm", False), ("bank", False), ("system", False), ("security", False), ("audit", False),
    ],
)  # fmt: skip
def test_who_sees_the_explanation(as_role, role, explained):
    firms = zone.make_firms(6)
    published(firms=firms)
    response = profile(firms[1], as_role(role))
    assert response.status_code == 200
    assert (EXPLAINED in text(response)) == explained


def test_the_public_sees_score_ranks_and_trend_but_no_figure_of_the_firm(client):
    firms = zone.make_firms(6)
    published(firms=firms, year=2022)
    period = published(firms=firms, year=2023)
    score = Score.objects.get(run=period.published_run, firm=firms[2])
    response = profile(firms[2], client)
    shown = text(response)
    assert f"{score.total:.2f}" in shown
    assert f"{score.rank} / {period.published_run.ranked}" in shown
    assert "历年得分" in shown
    assert EXPLAINED not in shown
    assert "研发费用" not in shown
    assert response.context["page"].account is None


def test_a_firms_own_account_sees_all_of_its_own_and_nothing_of_anothers():
    mine, other = zone.make_firms(2)
    published(firms=[mine, other])
    client = account_of(mine)
    assert EXPLAINED in text(profile(mine, client))
    assert EXPLAINED not in text(profile(other, client))


def test_an_excluded_firm_is_there_for_itself_and_the_office_alone(client, as_role):
    firms = zone.make_firms(4)
    listed(firms[0])
    published(firms=firms)
    assert profile(firms[0], client).status_code == 404
    assert profile(firms[0], account_of(firms[1])).status_code == 404
    assert profile(firms[0], as_role("bank")).status_code == 404
    for reader in (account_of(firms[0]), as_role("office")):
        shown = text(profile(firms[0], reader))
        assert "不纳入当年度积分管理" in shown
        assert "列入经营异常名录" in shown
        assert "未按规定公示年度报告" in shown
        assert "2022年3月5日" in shown


def test_an_unclassified_firm_is_told_what_is_missing(as_role):
    firms = zone.make_firms(4)
    zone.facts(firms, 2022)
    sheet = FactSheet.objects.get(firm=firms[1])
    del sheet.values["revenue"]
    sheet.save()
    period = open_period(2022, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    shown = text(profile(firms[1], account_of(firms[1])))
    assert "待补数据" in shown
    assert "营业收入未提供" in shown


def test_what_does_not_exist_and_what_is_not_public_answer_alike(client):
    published(4)
    unjudged = FirmFactory()
    answers = {
        client.get(reverse("scoring:profile", args=[code])).content
        for code in (unjudged.credit_code, "91410700MA00000000", "x")
    }
    assert len(answers) == 1
    assert b"404" in answers.pop()


def test_an_unpublished_period_stays_with_those_who_see_trials(client, as_role):
    firms = zone.make_firms(5)
    published(firms=firms, year=2022)
    rescore(zone.make_period(year=2023, firms=firms), by=None)
    for reader in (client, account_of(firms[0])):
        assert "2023" not in text(profile(firms[0], reader, year=2023))
    shown = text(profile(firms[0], as_role("office"), year=2023))
    assert "试算，未公布" in shown


def test_a_firm_not_yet_judged_tells_its_account_so(as_role):
    published(4)
    firm = FirmFactory()
    assert "还没有评价结果" in text(profile(firm, account_of(firm)))
    assert "还没有参加过评价" in text(profile(firm, as_role("office")))


# ---- the explanation
def test_the_steps_end_at_the_published_total_and_add_up(as_role):
    firms = zone.make_firms(9)
    RegisterEntry.objects.create(
        firm=firms[3],
        kind="project",
        category="major",
        level="national",
        title="重大专项",
        starts_on=dt.date(2022, 5, 1),
    )
    RegisterEntry.objects.create(
        firm=firms[3], kind="delisting", level="provincial", title="工程中心", starts_on=dt.date(2022, 5, 1)
    )
    period = published(firms=firms)
    account = profile(firms[3], as_role("office")).context["page"].account
    total = Score.objects.get(run=period.published_run, firm=firms[3]).total
    changes = sum(Decimal(step.change.replace("−", "-")) for step in account.steps)
    assert changes == Decimal(account.steps[-1].after) == total
    assert [(line.name, line.amount) for line in account.applied] == [
        ("市级及以上研发或创新平台被摘牌", "−2"),
        ("承担国家、省、市重大科技项目", "+3"),
        ("成长期企业注册满9年、不足14年不升档", "× 0.9"),
    ]  # fmt: skip
    assert account.waterfall.spec["items"][-1]["label"] == f"{total:.2f}"


def test_all_thirty_five_indicators_stand_there_with_their_state(as_role):
    firms = zone.make_firms(8)
    zone.facts(firms, 2022)
    FactSheet.objects.filter(firm=firms[1]).update(values={"revenue": 6000, "hightech_revenue": 50})
    period = open_period(2022, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    response = profile(firms[4], as_role("office"))
    lines = {item.code: item for part in response.context["page"].account.dimensions for item in part.indicators}
    assert len(lines) == 35
    assert lines["2.1"].state == "zero"
    assert lines["1.5"].state == "missing"
    assert lines["1.5"].at_stake == "6.00"
    html = body(response)
    for words in ("确认为零", "未提供", "可争取 6.00 分"):
        assert words in html
    growth = lines["1.2"]
    assert [figure.name for figure in growth.figures] == ["研发费用", "上年研发费用"]
    assert growth.figures[1].known is False


def test_a_zero_is_confirmed_only_where_somebody_stated_one(as_role):
    firms = zone.make_firms(8)
    zone.facts(firms, 2021)
    zone.facts(firms, 2022, net_profit=-1792.512345, net_assets=80000.0, exports=0)
    RegisterEntry.objects.create(
        firm=firms[4], kind="contest", level="provincial", title="省赛", starts_on=dt.date(2022, 5, 1)
    )
    peer = FactSheet.objects.get(firm=firms[1], year=2022)  # so that there are full marks to measure against
    peer.values |= {"exports": 5, "hightech_revenue": 50, "rd_expense": 99, "revenue": 9000}
    peer.save()
    RegisterEntry.objects.create(
        firm=firms[1], kind="platform", level="provincial", title="平台", starts_on=dt.date(2022, 5, 1)
    )
    period = open_period(2022, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    response = profile(firms[4], as_role("office"))
    lines = {item.code: item for part in response.context["page"].account.dimensions for item in part.indicators}
    badges = {code: (item.state_text if item.tone else "") for code, item in lines.items()}
    assert badges["2.9"] == badges["2.1"] == "确认为零"
    assert badges["1.2"] == badges["2.3"] == ""  # no growth is nobody's statement
    assert lines["2.3"].value == "0%"
    assert badges["3.2"] == badges["3.11"] == "台账无登记"
    assert badges["3.9"] == badges["3.14"] == ""  # a plain no
    assert lines["3.14"].value == "否"
    assert lines["3.10"].value == lines["3.10"].figures[0].text == "60%"
    assert lines["3.10"].figures[0].name == "近两年登记的创新创业赛事"
    profit = lines["2.6"].figures[0]
    assert (profit.text, profit.exact) == ("−1,792.51万元", "−1,792.512345万元")
    assert lines["2.6"].value == "−2.24%"
    assert lines["2.6"].value_exact == "−2.24064043125"
    assert 'title="−1,792.512345万元"' in body(response)
    words = text(response)
    assert "阶段" not in words
    assert not re.search(r"[^\d.−]-\d", words.replace("2022-", ""))


def test_a_firm_s_own_page_is_its_own_score_in_the_menu(client):
    firms = zone.make_firms(6)
    published(firms=firms)
    own = body(profile(firms[1], account_of(firms[1])))
    lit = re.findall(r'<a href="([^"]+)" aria-current="page">', own.partition("</header>")[0])
    assert lit == [reverse("scoring:my_score")]
    assert f'<li><a href="{reverse("scoring:my_score")}">我的积分</a></li>' in own.partition("<main")[2]
    public = body(profile(firms[1], client)).partition("</header>")[0]
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', public) == [reverse("scoring:rankings")]


def test_a_figure_names_who_stated_it_and_where(as_role):
    firms = zone.make_firms(3)
    tax = Department.objects.create(code="tax", name="税务局", short_name="税务局")
    zone.facts(firms, 2022)
    filing = Filing.objects.create(
        firm=firms[1], year=2022, source="government", department=tax, values={"revenue": zone.revenue(1)}
    )
    FactSheet.objects.filter(firm=firms[1]).update(winners={"revenue": filing.pk}, conflicts={"revenue": [[1, 5.0]]})
    period = open_period(2022, zone.scheme(), by=None)
    publish(period, rescore(period, by=None).run, by=None)
    client = as_role("office")
    origin = _revenue(profile(firms[1], client)).origin
    assert (origin.source, origin.place, origin.changed, origin.conflict) == ("税务局", "在线填报", False, True)
    sheet = FactSheet.objects.get(firm=firms[1])
    sheet.values["revenue"] += 1
    sheet.save()
    assert _revenue(profile(firms[1], client)).origin.changed
    assert "计算后已更新" in text(profile(firms[1], client))


def _revenue(response):
    parts = response.context["page"].account.dimensions
    line = next(item for part in parts for item in part.indicators if item.code == "2.2")
    return line.figures[0]


@pytest.mark.parametrize("role", ["office", None])
def test_the_number_of_queries_does_not_grow_with_the_firms_history(as_role, role):
    firms = zone.make_firms(6)
    published(firms=firms, year=2022)
    client = as_role(role) if role else Client()
    profile(firms[1], client)  # the first request of a session writes it
    caching.pages.clear()
    few = _queries(client, firms[1])
    published(firms=firms, year=2023)
    published(firms=firms, year=2024)
    for number in range(20):
        RegisterEntry.objects.create(
            firm=firms[1], kind="platform", level="provincial", title=f"平台{number}", starts_on=dt.date(2023, 5, 1)
        )
    profile(firms[1], client)  # the first look at a run keeps with it how its firms stand
    caching.pages.clear()
    assert _queries(client, firms[1]) == few


def _queries(client, firm):
    with CaptureQueriesContext(connection) as captured:
        assert profile(firm, client).status_code == 200
    return len(captured)


def test_no_english_leaks_into_an_explanation(as_role):
    firms = zone.make_firms(6)
    published(firms=firms)
    shown = re.sub(
        r"<[^>]*>|\{.*?\}\]\}",
        " ",
        re.sub(r"<script.*?</script>", "", main(profile(firms[2], as_role("office"))), flags=re.S),
    )
    words = set(re.findall(r"[A-Za-z_]{3,}", shown))
    assert words - {"PCT", "MAT", "main", "east"} == set()


# ---- my score
def test_my_score_goes_straight_to_the_only_firm():
    firm = FirmFactory()
    response = account_of(firm).get(reverse("scoring:my_score"))
    assert response.status_code == 302
    assert response.url == reverse("scoring:profile", args=[firm.credit_code])


def test_my_score_lets_choose_among_several_firms():
    firms = [FirmFactory(), FirmFactory()]
    html = body(account_of(*firms).get(reverse("scoring:my_score")))
    assert all(reverse("scoring:profile", args=[firm.credit_code]) in html for firm in firms)


def test_my_score_without_a_firm_says_whom_to_ask(client):
    words = text(account_of().get(reverse("scoring:my_score")))
    assert "还没有关联企业" in words
    assert "请联系积分办" in words  # who approves 入驻申请 and sends invitations
    assert client.get(reverse("scoring:my_score")).url.startswith(reverse("firms:login"))


@pytest.mark.parametrize("role", ["office", "leader", "department", "bank", "system", "security", "audit"])
def test_my_score_is_for_firms(as_role, role):
    assert as_role(role).get(reverse("scoring:my_score")).status_code == 403
