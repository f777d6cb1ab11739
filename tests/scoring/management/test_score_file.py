"""manage.py score_file: files in, a result out, no database."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command
from python_calamine import load_workbook

from tests.scoring.engine import asem, xinkai

SCHEME = asem.ROOT / "scoring" / "schemes" / "xinkai-2022-110.toml"
DATA = "统一社会信用代码,企业名称,成立日期,营业收入(万元),研发费用,年末职工总数,备注\n"


@pytest.fixture
def score(tmp_path, capsys):
    """score(data, previous=…, records=…) → (headings → cell by firm, what was said)."""

    def run(data, out="out.csv", scheme=SCHEME, encoding="utf-8", **options):
        paths = {}
        for name, text in {"data": data, **{k: v for k, v in options.items() if k in ("previous", "records")}}.items():
            paths[name] = tmp_path / f"{name}.csv"
            paths[name].write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        words = [str(scheme), str(paths["data"]), f"--out={tmp_path / out}"]
        rest = {"as_of": "2022-12-31", **{k: v for k, v in options.items() if k not in paths}}
        rest |= {name: path for name, path in paths.items() if name != "data"}
        call_command("score_file", *words, *(f"--{name.replace('_', '-')}={value}" for name, value in rest.items()))
        if out.endswith("xlsx"):
            rows = load_workbook(tmp_path / out).get_sheet_by_index(0).to_python()
        else:
            with (tmp_path / out).open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.reader(file))
        head = next(i for i, row in enumerate(rows) if row[0] == "企业编号")
        return {row[0]: dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]}, capsys.readouterr().out

    return run


def test_a_table_is_scored(score):
    data = (
        DATA
        + '甲1,甲公司,2016-06-01,"1,200.50",180,160,x\n乙2,乙公司,2020年3月1日,3000,,20,\n丙3,丙公司,2010-01-01,,5,6,\n'
    )
    previous = "编号,营业收入,研发费用\n甲1,1000,100\n过客,5,5\n"
    records = (
        "编号,台账,类别,级别,开始日期\n甲1,资质,高新技术企业,,2020-06-01\n甲1,科技项目,重大科技项目,国家级,2022-05-01\n"
    )
    rows, said = score(data, previous=previous, records=records)
    assert rows["甲1"]["企业类型"] == "成长期"
    assert float(rows["甲1"]["1.2 研发费用增速 指标值"]) == 80
    assert float(rows["甲1"]["3.9 得分"]) == 8
    assert float(rows["甲1"]["附加分：承担国家、省、市重大科技项目"]) == 3
    assert rows["乙2"]["待确认"] == "是"
    assert rows["乙2"]["1.1 状态"] == "未提供"
    assert rows["丙3"]["状态"] == "待补数据"
    assert rows["丙3"]["总名次"] == ""
    assert [rows[key]["所缺数据"] for key in ("甲1", "乙2", "丙3")] == ["", "", "营业收入"]
    assert "参评2家" in said
    assert "待补数据：缺营业收入1家" in said
    assert "备注" in said
    assert "1家企业不在当年数据中" in said


def test_what_a_stage_waits_for_is_named_firm_by_firm(score):
    data = "编号,成立日期,营业收入\n甲,,\n乙,2010-01-01,\n丙,,500\n丁,2021-05-01,\n"
    rows, said = score(data)
    lacking = {key: row["所缺数据"] for key, row in rows.items()}
    assert lacking == {"甲": "注册成立日期、营业收入", "乙": "营业收入", "丙": "注册成立日期", "丁": ""}
    assert "待补数据：缺注册成立日期2家、缺营业收入2家（" in said
    rows, said = score("编号,成立日期\n甲,2010-01-01\n")
    assert rows["甲"]["所缺数据"] == "营业收入"  # no such column at all
    assert not set(said) & set(",;:()") - set(said.partition("结果：")[2]), said


def test_gb18030_and_excel_out_with_the_same_total(score):
    data = DATA + "甲1,甲公司,2016-06-01,1200,180,160,\n"
    first, _ = score(data, encoding="gb18030")
    second, _ = score(data, out="out.xlsx")
    assert float(first["甲1"]["最终得分"]) == second["甲1"]["最终得分"] > 0


def test_published_references_are_used(score, tmp_path):
    data = DATA + "甲1,甲公司,2016-06-01,1200,180,160,\n"
    saved = tmp_path / "references.json"
    score(data, references_out=saved)
    references = json.loads(saved.read_text(encoding="utf-8"))
    references["1.1"]["growth"]["full"]["value"] = "360"
    saved.write_text(json.dumps(references), encoding="utf-8")
    rows, _ = score(data, references=saved)
    assert float(rows["甲1"]["1.1 得分"]) == 6


def test_another_scheme_scores_another_table(score):
    data = (asem.DATA / "asem_raw.csv").read_text(encoding="utf-8")
    lines = [line.split(",") for line in data.splitlines()]
    swapped = "\n".join(",".join([row[1], row[0], *row[2:]]) for row in lines)
    rows, _ = score(swapped, scheme=asem.SCHEMES / "asem-c.toml", as_of="2018-12-31")
    for key, published in asem.expected("c").items():
        assert float(rows[key]["最终得分"]) == pytest.approx(float(published["Index"]), abs=1e-9)
        assert int(rows[key]["总名次"]) == int(published["Rank"])


def test_no_cell_of_the_result_is_a_formula(score):
    data = DATA + '甲1,"=HYPERLINK(""x"")",2016-06-01,1200,180,160,\n'
    rows, _ = score(data)
    assert rows["甲1"]["企业名称"].startswith("'=")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("甲1,甲,2016-06-01,abc,1,1,", "第2行D列（营业收入(万元)）：应为数字，实为“abc”"),
        ("甲1,甲,2016-06-01,NaN,1,1,", "第2行D列"),
        ("甲1,甲,2016-06-01,1e400,1,1,", "第2行D列"),
        ("甲1,甲,2016-13-01,1,1,1,", "第2行C列"),
        (",甲,2016-06-01,1,1,1,", "第2行A列：缺少企业编号"),
        ("甲1,甲,2016-06-01,1,1,1,\n甲1,乙,2016-06-01,1,1,1,", "第3行A列：企业“甲1”与第2行重复"),
    ],
)
def test_bad_cells_are_named_and_nothing_is_written(score, tmp_path, row, message):
    with pytest.raises(CommandError) as caught:
        score(DATA + row + "\n")
    assert message in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_bad_files_are_refused(score, tmp_path):
    with pytest.raises(CommandError, match="重复"):
        score("编号,营业收入,revenue\n甲,1,2\n")
    with pytest.raises(CommandError):
        score(b"")
    with pytest.raises(CommandError, match="未知的台账"):
        score(DATA + "甲1,甲,2016-06-01,1,1,1,\n", records="编号,台账\n甲1,荣誉\n")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(xinkai.TEXT.replace('value = "rd_expense"', 'value = "rd_expanse"'), encoding="utf-8")
    with pytest.raises(CommandError, match="未知的名称 rd_expanse"):
        score(DATA + "甲1,甲,2016-06-01,1,1,1,\n", scheme=wrong)
    with pytest.raises(CommandError, match="xlsx 或"):
        score(DATA + "甲1,甲,2016-06-01,1,1,1,\n", out="out.txt")
