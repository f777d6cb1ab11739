"""Sample files for trying the import: the latest year as offices really send it, with corrections and with mess."""

from pathlib import Path
from typing import Any

import numpy as np

from firms.importing.patents import check_digit
from xxgx.demo.batches import CODE, NAME, heading
from xxgx.demo.names import credit_code, firm_names
from xxgx.demo.statements import Statement
from xxgx.demo.workbooks import plain_csv, workbook
from xxgx.demo.zone import Zone, build_zone

_TAX = ("revenue", "total_profit", "net_profit", "net_assets", "total_assets", "rd_tax_relief")
_LABOUR = ("headcount", "bachelors", "postgraduates", "graduates_hired")
_WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")


def write_samples(folder: Path, zone: Zone | None = None) -> list[str]:
    """Write the sample files into ``folder`` and return their names. Same zone, same bytes."""
    zone = zone or build_zone()
    year = zone.years[-1]
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"税务局-{year}年度财务数据.xlsx": _tax(zone, year),
        f"人社局-{year}年度用工数据.csv": _labour(zone, year),
        f"科技局-{year}年度技术合同.csv": _contracts(zone, year),
        f"市场监管局-{year}年度发明专利.csv": _patents(zone, year),
        "企业名录-新增.csv": _firms(zone),
        f"税务局-{year}年度营业收入-有问题.xlsx": _faulty(zone, year),
        "说明.txt": _NOTES.format(year=year).encode("utf-8-sig"),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return list(files)


_NOTES = """演示数据，可在“数据导入”页试用：

税务局-{year}年度财务数据.xlsx　　带标题、单位行和合计行；有几家更正了数字，其余与库中相同
人社局-{year}年度用工数据.csv　　　GB18030 编码；有几行没有统一社会信用代码，按企业名称匹配
科技局-{year}年度技术合同.csv　　　台账；新登记的技术合同
市场监管局-{year}年度发明专利.csv　　台账；新公告的发明专利，有登记过的、号码有误的和实用新型，登记后计入当年件数
企业名录-新增.csv　　　　　　　　　　两家新入园企业
税务局-{year}年度营业收入-有问题.xlsx　该拒收的行：错误代码、文字、重复企业、不在名录的企业
"""


def _told(zone: Zone, year: int, department: str) -> list[Statement]:
    return [s for s in zone.statements if s.year == year and s.department == department]


def _tax(zone: Zone, year: int) -> bytes:
    """Thousands separators as text and full-width digits here and there; every 40th firm's profit is corrected."""
    rows: list[list[Any]] = []
    sums = [0.0] * len(_TAX)
    for i, told in enumerate(_told(zone, year, "tax")):
        firm = zone.firms[told.firm]
        values: list[Any] = [told.values.get(code) for code in _TAX]
        sums = [total + (value or 0) for total, value in zip(sums, values, strict=True)]
        if i % 40 == 7 and values[1] is not None:
            corrected = round(values[1] * 1.03 + 1.5, 2)
            sums[1] += corrected - values[1]
            values[1] = corrected
        if i % 25 == 3 and values[0] is not None:
            values[0] = f"{values[0]:,.2f}"
        elif i % 60 == 11 and values[0] is not None:
            values[0] = f"{values[0]:.2f}".translate(_WIDE)
        rows.append([f" {firm.credit_code} " if i % 30 == 5 else firm.credit_code, firm.name, *values])
    header = (CODE, "纳税人名称", *(heading(code).removesuffix("（万元）") for code in _TAX))
    return workbook(f"高新区企业{year}年度主要财务数据表", "单位：万元", header, rows, totals=sums)


def _labour(zone: Zone, year: int) -> bytes:
    """GB18030; some rows without a code, a note at the end."""
    rows: list[list[Any]] = [[CODE, NAME, *(heading(code) for code in _LABOUR)]]
    for i, told in enumerate(_told(zone, year, "hr")):
        firm = zone.firms[told.firm]
        values = [told.values.get(code) for code in _LABOUR]
        if i % 50 == 9 and values[0] is not None:
            values[0] += 2
        rows.append(["" if i % 70 == 20 else firm.credit_code, firm.name, *values])
    rows.append(["备注：参保口径，数据截至12月31日"])
    return plain_csv(rows, "gb18030")


def _contracts(zone: Zone, year: int) -> bytes:
    """New contracts of innovative firms, dates the way people type them."""
    rows: list[list[Any]] = [[CODE, NAME, "合同名称", "合同类别", "登记日期", "合同金额（万元）", "合同编号"]]
    kept = [e for e in zone.entries if e.kind == "contract" and e.starts_on.year == year][:40]
    for i, entry in enumerate(kept):
        firm, day = zone.firms[entry.firm], entry.starts_on
        written = (day.isoformat(), f"{day.year}年{day.month}月{day.day}日", f"{day.year}.{day.month}.{day.day}")[i % 3]
        kind = "高校院所" if entry.category == "university" else "技术开发"
        amount = round(float(entry.amount or 0) * 1.2, 2)
        rows.append(
            [firm.credit_code, firm.name, f"{entry.title}（补充）", kind, written, amount, f"演示补-{i + 1:03d}"]
        )
    return plain_csv(rows)


def _patents(zone: Zone, year: int) -> bytes:
    """As an agency lists them: both days, the sort, numbers with ZL; some known already, one mistyped, some of another sort."""
    rows: list[list[Any]] = [["申请人", CODE, "专利名称", "专利类型", "专利号", "申请日", "授权公告日"]]
    known = [e for e in zone.entries if e.category == "invention_grant" and e.starts_on.year == year][:12]
    for i, entry in enumerate(known):
        firm, applied = zone.firms[entry.firm], f"{year - 2}.{entry.starts_on.month}.8"
        day = entry.starts_on.isoformat()
        rows.append([firm.name, firm.credit_code, entry.title, "发明专利", f"ZL{entry.document_number}", applied, day])
        number = f"{year - 2}1{8_500_000 + i:07d}"
        check = check_digit(number) if i != 5 else str((int(check_digit(number).replace("X", "10")) + 1) % 10)
        rows.append(
            [firm.name, firm.credit_code, f"{entry.title}（改进）", "发明", f"ZL {number}.{check}", applied, day]
        )
        if i % 4 == 0:
            other = f"{year - 1}2{8_500_000 + i:07d}"
            rows.append(
                [firm.name, firm.credit_code, "一种工装夹具", "实用新型", f"ZL{other}.{check_digit(other)}", "", day]
            )
    return plain_csv(rows)


def _newcomers(zone: Zone) -> list[tuple[str, str]]:
    """Two firms the zone does not have: unused numbers, unused brands."""
    codes = {firm.credit_code for firm in zone.firms}
    names = {firm.name for firm in zone.firms}
    free = [credit_code(number) for number in range(1, 200) if credit_code(number) not in codes]
    fresh = firm_names(np.random.default_rng(zone.seed), ["C3849", "C3581", "C3491"], np.zeros(3, dtype=bool))
    return list(zip(free, [name for name in fresh if name not in names], strict=False))[:2]


def _firms(zone: Zone) -> bytes:
    header = [CODE, NAME, "注册成立日期", "园区", "行业代码"]
    dates, industries = (f"{zone.years[-1]}-03-18", f"{zone.years[-1]}年9月2日"), ("C3849", "C3581")
    rows = [
        [code, name, day, "主园区", industry]
        for (code, name), day, industry in zip(_newcomers(zone), dates, industries, strict=True)
    ]
    return plain_csv([header, *rows])


def _faulty(zone: Zone, year: int) -> bytes:
    """Rows that must be refused or queued, each for its own reason, among good ones."""
    told = [s for s in _told(zone, year, "tax") if s.values.get("revenue")][:12]
    rows: list[list[Any]] = [
        [zone.firms[s.firm].credit_code, zone.firms[s.firm].name, round(s.values["revenue"] * 1.01, 2)] for s in told
    ]
    rows[1][0] = rows[1][0][:-1] + ("1" if rows[1][0][-1] != "1" else "2")  # wrong check digit
    rows[2][2] = "约三千万"
    rows[3][2] = -120.5
    rows.append([rows[4][0], rows[4][1], round(rows[4][2] * 1.5, 2)])  # the same firm again, another figure
    (stranger_code, stranger_name), *_ = _newcomers(zone)
    rows.append([stranger_code, stranger_name, 456.7])
    rows.append(["", "新乡市某某不知名有限公司", 88.8])
    rows.append([None, None, None])
    return workbook(f"{year}年度企业营业收入", "单位：万元", (CODE, NAME, "营业收入"), rows, totals=[64_000.0])
