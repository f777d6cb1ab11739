"""The English of a finished Chinese text: whole, with gaps, side by side, in parts; and what must stay as it is."""

import time

import pytest

from xxgx.english import catalogue, sentences
from xxgx.english.catalogue import HAN
from xxgx.english.sentences import in_english

FIRM = "新乡市恺池凯智能装备股份有限公司"


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        # whole
        ("初创期", "Start-up"),
        ("请刷新页面查看。", "Please reload the page."),
        # a sentence with gaps, its gaps read too
        ("研发费用金额比上年增长的百分数", "R&D expenditure, growth on the year before in per cent"),
        (f"{FIRM}（91410700XXGX03681W），联系人张三。", f"{FIRM} (91410700XXGX03681W), contact 张三."),
        # gaps that touch are parted where both are known
        ("满分值取同类型企业第90百分位数，47家有数", "full-mark value: percentile 90 of firms of the same stage, known for 47 firms"),
        # marks in half or full width are one
        ("从0起线性计分，达到1件得满分6分，超过的不再加分", "Linear from 0; reaching 1 item gives the full 6 points, more adds nothing"),
        # phrases in a row, lists, brackets
        ("近两年登记的省级科技奖励", "registered in the last two years provincial science and technology awards"),
        ("高新技术企业、专精特新企业", "High-tech Enterprise, Specialised and innovative SME"),
        ("数据（试算）", "Data (trial)"),
        # figures, dates
        ("3,948.96万元", "CNY 3,948.96 × 10,000"),
        ("−2个百分点", "−2 percentage points"),
        ("1家", "1 firm"),
        ("企业类型为成长期、扩张期", "Stage is Growth, Expansion"),
        ("注册成立日期2008年7月30日", "Date of registration 30 July 2008"),
        ("2024年5月3日 09:30", "3 May 2024 09:30"),
        ("2024年5月", "May 2024"),
        ("2024年度", "2024"),
    ],
)  # fmt: skip
def test_read(chinese, english):
    assert in_english(chinese) == english


@pytest.mark.parametrize(
    "text",
    [
        FIRM,  # a name is a name
        "张三",
        "关于印发《办法》的通知要点的说明",  # what people wrote is not half read because it ends like a sentence of ours
        "我公司因审计延期，请予核实后再行处理。",
        "2024年13月",
        "plain text",
        "",
        "初" * 2000,
    ],
)
def test_what_is_not_ours_stays_as_it_is(text):
    assert in_english(text) == text


def test_a_value_in_a_gap_is_never_taken_for_a_gap():
    assert "%(name)s" in in_english("第%(name)s行：请登录")


def test_each_sentence_of_the_catalogue_reads_itself():
    """Every msgid with gaps, filled with figures, is recognised as some sentence that leaves no Chinese of its own."""
    wrong = []
    for msgid, english in catalogue.messages():
        if HAN.search(msgid) and catalogue.GAP.search(msgid) and not HAN.search(english):
            filled = catalogue.GAP.sub("7", msgid).replace("%%", "%")
            if HAN.search(in_english(filled)):
                wrong.append((msgid, in_english(filled)))
    assert wrong == []


def test_json_keeps_its_names():
    assert sentences.of_json({"初创期": ["成长期", 1, None, {"a": "扩张期"}]}) == {
        "初创期": ["Growth", 1, None, {"a": "Expansion"}]
    }


def test_one_of_a_thing():
    assert (
        sentences.one("1 firms, 11 firms, 1 entries, 0.1 points, 1 batches")
        == "1 firm, 11 firms, 1 entry, 0.1 points, 1 batch"
    )
    assert sentences.one("1 reopenings, 1 other firms, 1 import batches, 1 others") == (
        "1 reopening, 1 other firm, 1 import batch, 1 other"
    )


@pytest.mark.parametrize("text", ["年" * 200, "第年" * 300, "  大于上限" * 100, "（年" * 200, "%s 重算" * 150])
def test_a_text_made_up_to_be_slow_is_given_up_soon(text):
    """200 times 年 took two minutes, and a reason or a name may hold them: anybody could stop a worker with one page."""
    sentences._whole.cache_clear()
    sentences._bounded.cache_clear()
    spent = []
    count = sentences._spend
    try:
        sentences._spend = lambda: spent.append(1) or count()
        in_english(text)
    finally:
        sentences._spend = count
    assert len(spent) <= sentences.EFFORT + 1
    spent.clear()
    in_english(text)
    assert not spent  # and is remembered


def test_what_is_given_up_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(sentences, "EFFORT", 0)
    sentences._whole.cache_clear()
    sentences._bounded.cache_clear()
    text = "第3行：请登录"
    assert in_english(text) == text
    monkeypatch.undo()
    sentences._bounded.cache_clear()
    assert in_english(text) != text


def test_no_shape_looks_back_where_its_words_come_again_and_again():
    """A text that repeats what stands between the gaps was tried in every way there is to part it: n³ for three gaps."""
    for msgid, english in catalogue.messages():
        literals = [part for part in catalogue._literals(msgid) if part]
        if len(literals) > 3 and catalogue.GAP.search(msgid):
            shape = catalogue._read(msgid, english).shape
            text = ("1".join(literals[:-1]) * 400)[:1000] + "×"
            began = time.perf_counter()
            shape.fullmatch(text)
            assert time.perf_counter() - began < 0.5, msgid
