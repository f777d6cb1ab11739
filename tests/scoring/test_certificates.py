"""计分说明: one code a published score, that anybody can check and nobody can guess; one page, always the same."""

import contextlib
import re
import threading
import zlib
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from firms.models import AuditEntry, Membership, Role, User
from firms.services.refusal import Refusal
from scoring import checks, paper
from scoring.assembly import statement
from scoring.models import Certificate, Score
from scoring.presenters.own import statement as presenters
from scoring.services import certificates, publish, rescore, withdraw
from tests.factories import OfficerFactory, UserFactory
from tests.scoring import zone
from tests.scoring.pages import text

pytestmark = pytest.mark.django_db


class World:
    def __init__(self):
        self.firms = zone.make_firms(9)
        self.period = zone.make_period(firms=self.firms, year=2022)
        self.period = publish(self.period, rescore(self.period, by=None).run, by=None)
        self.office = UserFactory()
        self.own, self.other = self.firms[1], self.firms[2]
        self.manager, self.stranger = (self.account(firm) for firm in (self.own, self.other))

    def account(self, firm):
        user = User.objects.create_user(f"m-{firm.pk}", password="x", role=Role.FIRM)
        Membership.objects.create(user=user, firm=firm)
        return user

    def issue(self):
        return certificates.issue(self.own, 2022, by=self.manager)

    def again(self):
        """The figures move, and the period is published anew."""
        sheet = self.own.fact_sheets.get(year=2022)
        sheet.values["rd_expense"] += 500
        sheet.save()
        return publish(self.period, rescore(self.period, by=None).run, by=None)


@pytest.fixture
def w(db):
    cache.clear()
    return World()


def client_of(user):
    client = Client()
    client.force_login(user, "xxgx.roles.RoleBackend")
    return client


def check(code):
    return Client().get(reverse("scoring:verified", args=[code]))


# ---- issuing
def test_asking_again_gives_the_same_code_and_one_entry_in_the_trail(w):
    first = w.issue()
    again = certificates.issue(w.own, 2022, by=w.office)
    assert again.pk == first.pk
    assert Certificate.objects.count() == 1
    assert AuditEntry.objects.filter(action="certificate.issue").count() == 1


def test_codes_are_readable_random_and_checked_by_their_last_character(w):
    codes = {statement.new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert len(code) == 16
        assert not set(code) & set("0O1I")
        assert statement.is_code(code)
        wrong = [code[:i] + other + code[i + 1 :] for i in range(16) for other in "23AZ" if other != code[i]]
        assert not any(statement.is_code(one) for one in wrong)


def test_nobody_else_has_one_made(w):
    strangers = [w.stranger, *(UserFactory(role=role) for role in ("leader", "bank")), OfficerFactory()]
    for user in strangers:
        with pytest.raises(Refusal) as refused:
            certificates.issue(w.own, 2022, by=user)
        assert refused.value.code == "forbidden"
        url = reverse("scoring:statement_issue", args=[w.own.credit_code])
        assert client_of(user).post(url, {"year": 2022}).status_code in {403, 404}, user.role
    assert not Certificate.objects.exists()


def test_only_of_what_is_published_and_ranked(w):
    trial = zone.make_period(firms=w.firms, year=2023)
    rescore(trial, by=None)
    for year in (2023, 2031):
        with pytest.raises(Refusal) as refused:
            certificates.issue(w.own, year, by=w.office)
        assert refused.value.code == "nothing_published"
    Score.objects.filter(firm=w.own).update(status="excluded")
    with pytest.raises(Refusal):
        w.issue()


def test_a_paper_of_another_wording_takes_the_place_of_the_old_one(w, monkeypatch):
    old = w.issue()
    monkeypatch.setattr(statement, "EDITION", 2)
    new = w.issue()
    old.refresh_from_db()
    assert new.pk != old.pk
    assert old.revoked_at is not None
    assert Certificate.objects.in_force().get() == new


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_one_code():
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    world = World()
    start, found = threading.Barrier(2), []

    def ask():
        try:
            start.wait(5)
            found.append(world.issue().code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 2
    assert len(set(found)) == 1
    assert AuditEntry.objects.filter(action="certificate.issue").count() == 1


# ---- taking back
def test_the_office_takes_one_back_with_a_reason_and_once(w):
    made = w.issue()
    for user, reason, code in ((w.manager, "x", "forbidden"), (w.office, "  ", "no_reason")):
        with pytest.raises(Refusal) as refused:
            certificates.revoke(made, reason=reason, by=user)
        assert refused.value.code == code
    done = certificates.revoke(made, reason="冒用", by=w.office)
    assert certificates.revoke(made, reason="再一次", by=w.office).revoked_at == done.revoked_at
    entry = AuditEntry.objects.get(action="certificate.revoke")
    assert entry.after["reason"] == "冒用"
    page = text(check(made.code))
    assert "已作废" in page
    assert "冒用" not in page
    assert w.own.name not in page
    assert w.issue().code != made.code


# ---- checking
def test_a_code_is_found_however_it_is_written(w):
    made = w.issue()
    code, score = made.code, made.score
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    for typed in (code, code.lower(), statement.grouped(code), f" {code[:8]} {code[8:]} ", wide):
        page = text(Client().get(reverse("scoring:verify"), {"code": typed}))
        assert "真实有效" in page, typed
        for shown in (score.name, w.own.credit_code, f"{score.total:.2f}", f"第{score.stage_rank}名", w.period.name):
            assert shown in page


def test_other_codes_are_unknown_or_malformed(w):
    made = w.issue()
    unknown = check(statement.new_code())
    assert unknown.status_code == 404
    assert "没有这个校验码" in text(unknown)
    for typed in (made.code[:-1], made.code[:-1] + ("2" if made.code[-1] != "2" else "3"), "0O1I" * 4, "——", "<b>"):
        page = text(Client().get(reverse("scoring:verify"), {"code": typed}))
        assert "校验码不完整或有误" in page, typed
        assert w.own.name not in page
    assert "校验码" in text(Client().get(reverse("scoring:verify")))


@pytest.mark.parametrize("how", ["published anew", "withdrawn"])
def test_of_a_result_that_is_not_the_published_one_nothing_is_told(w, how):
    made = w.issue()
    old = made.score
    if how == "withdrawn":
        withdraw(w.period, by=None, reason="复核")
    else:
        w.again()
    page = text(check(made.code))
    assert "已被更新的结果代替" in page
    new = Score.objects.filter(firm=w.own).latest("run_id")
    for hidden in (w.own.name, w.own.credit_code, f"{old.total:.2f}", f"{new.total:.2f}", w.period.name):
        assert hidden not in page
    response = client_of(w.manager).get(reverse("scoring:statement_pdf", args=[w.own.credit_code]), {"year": 2022})
    assert response.status_code == 404


def test_after_a_new_publication_another_one_is_made_and_both_codes_say_what_they_are(w):
    old = w.issue()
    w.again()
    new = w.issue()
    assert new.code != old.code
    assert "真实有效" in text(check(new.code))
    assert "已被更新的结果代替" in text(check(old.code))


def test_guessing_is_stopped_and_checking_is_not(w, settings):
    settings.FORM_RATES = settings.FORM_RATES | {"verify": "3/hour"}
    made = w.issue()
    for _ in range(10):
        assert check(made.code).status_code == 200
    answers = [check(statement.new_code()).status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]
    assert check(made.code).status_code == 429  # from this address nothing more is told for an hour


# ---- pages
def test_the_firm_issues_and_takes_its_paper_and_the_office_finds_it(w):
    client = client_of(w.manager)
    page = reverse("scoring:statement", args=[w.own.credit_code])
    assert "开具计分说明" in text(client.get(page))
    done = client.post(reverse("scoring:statement_issue", args=[w.own.credit_code]), {"year": 2022}, follow=True)
    code = statement.grouped(Certificate.objects.get().code)
    assert code in text(done)
    pdf = client.get(reverse("scoring:statement_pdf", args=[w.own.credit_code]))
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    office = client_of(w.office)
    for query in ("", w.own.name[2:5], code.lower(), w.own.credit_code):
        assert code in text(office.get(reverse("scoring:certificates"), {"q": query})), query
    assert code not in text(office.get(reverse("scoring:certificates"), {"q": w.other.name}))
    row = Certificate.objects.get()
    office.post(reverse("scoring:certificate_revoke", args=[row.pk]), {"reason": "填报有误"})
    assert code not in text(office.get(reverse("scoring:certificates"), {"state": "force"}))
    assert "填报有误" in text(office.get(reverse("scoring:certificates"), {"state": "revoked"}))
    assert "没有符合条件的计分说明" in text(office.get(reverse("scoring:certificates"), {"q": "查无此企业"}))


def test_a_paper_in_other_words_is_never_printed_under_the_old_digest(w, monkeypatch):
    old = w.issue()
    client = client_of(w.manager)
    page, pdf = (reverse(f"scoring:{name}", args=[w.own.credit_code]) for name in ("statement", "statement_pdf"))
    assert "下载计分说明" in text(client.get(page))
    monkeypatch.setattr(statement, "EDITION", 2)
    assert client.get(pdf).status_code == 404
    assert "开具计分说明" in text(client.get(page))
    assert presenters.verification(old.code).state == "genuine"  # what was handed out stays true until it is replaced
    client.post(reverse("scoring:statement_issue", args=[w.own.credit_code]), {"year": 2022})
    new = Certificate.objects.in_force().get()
    assert new.digest in text(client.get(page))
    assert client.get(pdf).status_code == 200
    assert presenters.verification(old.code).state == "revoked"


def test_a_trial_has_no_paper(w):
    trial = zone.make_period(firms=w.firms, year=2023)
    rescore(trial, by=None)
    office = client_of(w.office)
    page = text(office.get(reverse("scoring:statement", args=[w.own.credit_code]), {"year": 2023}))
    assert "试算结果不开具" in page


# ---- paper
def paper_of(w):
    made = w.issue()
    return presenters.paper_of(made, statement.content(made.score))


def pages(pdf):
    """Its pages are counted in its objects, most of which are packed."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = [pdf]
    for data in packed:
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompress(data))
    return sum(len(re.findall(rb"/Type\s*/Page(?![a-zA-Z])", part)) for part in found)


def worst(found):
    """Long names everywhere, every adjustment there is, and values as long as they come."""
    name = "新乡高新技术产业开发区" * 4 + "智能装备制造与生物医药联合研究股份有限公司（集团）"
    said = {**found.said, "firm": name, "grade": "创新引领型企业（重点培育）", "period": "二〇二二年度" * 6}
    groups = [
        (
            group,
            [
                (code, f"{label}（含子公司、分公司及联合体）", "1,234,567,890.12万元", points, most)
                for code, label, _v, points, most in rows
            ],
        )
        for group, rows in found.groups
    ]
    adjustments = [
        ("衰减系数", f"第{i}项：企业类型比上一评价期下降两档及以上，而上一评价期也已降档", "× 0.9") for i in range(14)
    ]
    return replace(
        found, said=said, groups=groups, adjustments=adjustments, url="https://jifen.example.gov.cn" + found.url[-30:]
    )


def test_the_paper_is_one_page_and_the_same_every_time(w):
    found = paper_of(w)
    first = paper.statement_pdf(found)
    assert pages(first) == 1
    assert paper.statement_pdf(found) == first


def test_long_names_and_every_adjustment_still_stand_on_one_page(w):
    found = worst(paper_of(w))
    assert pages(paper.statement_pdf(found)) == 1


def test_the_count_of_pages_sees_a_second_one(w, monkeypatch):
    monkeypatch.setattr(paper, "SIZES", (16.0,))
    assert pages(paper.statement_pdf(worst(paper_of(w)))) > 1


def test_the_paper_says_what_the_score_says_in_chinese_for_every_reader(w):
    from django.template.loader import render_to_string
    from django.utils import translation

    with translation.override("en"):
        found = paper_of(w)
    page = render_to_string("own/paper.html", {"paper": found, "qr": ""})
    score = found.certificate.score
    for shown in (
        score.name,
        score.credit_code,
        f"{score.total:.2f}",
        found.code,
        found.url,
        score.run.scheme_sha256,
        found.certificate.digest,
    ):
        assert str(shown) in page
    assert sum(len(rows) for _, rows in found.groups) == 35
    assert [name for name, *_ in found.dimensions] == ["技术创新指标", "成长经营指标", "辅助指标"]
    assert sum(float(weighted) for *_, weighted in found.dimensions) == pytest.approx(
        float(found.steps[2][2]), abs=0.02
    )
    assert "en" not in re.findall(r'lang="(\w+)', page)


def test_what_is_said_does_not_follow_today_s_facts(w):
    made = w.issue()
    before = statement.digest(statement.content(made.score))
    sheet = w.own.fact_sheets.get(year=2022)
    sheet.values["revenue"] = 1.0
    sheet.save()
    w.own.name = "改了名的公司"
    w.own.save()
    assert statement.digest(statement.content(Score.objects.get(pk=made.score_id))) == before == made.digest


def test_without_pango_everything_but_the_paper_works(w, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)

    w.issue()
    client = client_of(w.manager)
    monkeypatch.setattr(builtins, "__import__", without)
    answer = client.get(reverse("scoring:statement_pdf", args=[w.own.credit_code]))
    assert answer.status_code == 503
    assert "pango" in text(answer)
    assert client.get(reverse("scoring:statement", args=[w.own.credit_code])).status_code == 200


def test_the_check_names_what_is_missing_and_how_to_mend_it(monkeypatch):
    monkeypatch.setattr(checks.ctypes.util, "find_library", lambda _name: "libpango-1.0.so.0")
    monkeypatch.setattr(checks, "chinese_fonts", lambda: "Noto Sans CJK SC")
    assert checks.pdf_can_be_made() == []
    monkeypatch.setattr(checks.ctypes.util, "find_library", lambda _name: None)
    monkeypatch.setattr(checks, "chinese_fonts", lambda: "")
    found = checks.pdf_can_be_made()
    assert [one.id for one in found] == ["scoring.W001", "scoring.W002"]
    assert all("apt-get install" in one.hint for one in found)


def test_fonts_are_nothing_where_nobody_can_be_asked(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda _name: None)
    assert checks.chinese_fonts() == ""


def test_the_demo_s_firms_have_papers_and_one_was_taken_back(w):
    from xxgx.demo.certificates import load_certificates

    assert load_certificates() == 2 + 3
    assert {row.firm for row in Certificate.objects.filter(issued_by__role=Role.FIRM)} == {w.own, w.other}
    assert Certificate.objects.in_force().count() == 4
    assert load_certificates() == 0
