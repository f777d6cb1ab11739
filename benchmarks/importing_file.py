"""The workbook both imports take: a credit code, a name and 38 figures a row; header cells are the codes."""

from __future__ import annotations

import random
from pathlib import Path

import xlsxwriter
from stdnum.cn import uscc

from firms.catalogue import load

METRICS = load().metrics
EXTRA = tuple(f"extra_{number}" for number in range(38 - len(METRICS)))
CODES = (*METRICS, *EXTRA)
# Wholes are drawn above their parts, so that no row is refused for saying the impossible.
RANGES = {
    "revenue": (5e3, 9e4), "total_assets": (9e3, 9e4), "rd_expense": (200, 900), "tech_contract_value": (100, 900),
    "headcount": (300, 900), "bachelors": (60, 200),
}  # fmt: skip


def credit_code(number: int) -> str:
    stem = f"91410700MB{number:07d}"
    return stem + uscc.calc_check_digit(stem)


def firm_name(number: int) -> str:
    return f"新乡试样{number:06d}号机械有限公司"


def write(path: Path, rows: int) -> None:
    """The same seed gives the same figures; a shorter file is the beginning of a longer one."""
    dice = random.Random(110)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, ["credit_code", "name", *CODES])
    for number in range(rows):
        figures = []
        for code in CODES:
            low, high = RANGES.get(code, (0, 50))
            kind = METRICS[code].kind if code in METRICS else "amount"
            if kind == "flag":
                figures.append(dice.randint(0, 1))
            else:
                figures.append(
                    round(dice.uniform(low, high), 2) if kind == "amount" else dice.randint(int(low), int(high))
                )
        sheet.write_row(number + 1, 0, [credit_code(number), firm_name(number), *figures])
    book.close()
