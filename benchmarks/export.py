"""Export of a ranking: our exporter against openpyxl's write-only mode, the very same cells, a process each."""

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from benchmarks import Report, apart

ROWS = 100_000
STAGES = ("初创期", "成长期", "扩张期", "成熟期")
CLUSTERS = ("高端装备制造", "生物医药", "氢能", "其他产业")


def rows(count: int) -> Iterator[list]:
    """Ranking rows like the page's: the same columns and types, texts that do not repeat."""
    for n in range(count):
        points = [n * step % 10_000 / 100 for step in (37, 53, 71)]
        yield [
            n + 1,
            n % 21 - 10 or None,
            f"91410700MA{n:07d}X",
            f"新乡市{n:06d}智能装备科技有限公司",
            STAGES[n % 4],
            n // 4 + 1,
            CLUSTERS[n % 3],
            n // 3 + 1,
            "主园区",
            *points,
            Decimal(n * 37 % 10_000) / 100,
        ]


def table(count: int):
    from firms.exports import Table
    from scoring.exports import ranking_columns
    from scoring.presenters.ranking import RankingPage

    columns = ranking_columns(RankingPage(dimensions=["技术创新", "成长经营", "辅助"]))
    return Table("2022年度企业创新积分榜单", columns, rows(count), lines=["评价期：2022年度", "条件：全部"])


def ours(count: int, file_format: str) -> int:
    from firms import exports

    write = {"xlsx": exports.write_xlsx, "csv": exports.write_csv}[file_format]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        assert write(table(count), path) == count
        return path.stat().st_size


def openpyxl_write_only(count: int) -> int:
    """The straightforward way: title, conditions, headings, rows; no styles, which spares it work we do."""
    import openpyxl

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.xlsx"
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        asked = table(count)
        for text in (asked.title, *asked.lines):
            sheet.append([text])
        sheet.append([column.heading for column in asked.columns])
        for row in asked.rows:
            sheet.append(row)
        book.save(path)
        return path.stat().st_size


def run(report: Report) -> None:
    count = 10_000 if report.quick else ROWS
    them = apart("benchmarks.export:openpyxl_write_only", count)
    us = apart("benchmarks.export:ours", count, "xlsx")
    csv = apart("benchmarks.export:ours", count, "csv")
    ratio = them.seconds / us.seconds
    report.add(f"openpyxl write-only, xlsx, {count:,} rows × 13", them.seconds, "s")
    report.add(f"our xlsx, {count:,} rows × 13, styled", us.seconds, "s")
    report.add("openpyxl ÷ ours", ratio, "×", "≥ 3", ratio >= 3)
    report.add("our xlsx, peak memory of the whole process", us.peak_mb, "MB", "< 150", us.peak_mb < 150)
    report.add(f"our csv, {count:,} rows × 13", csv.seconds, "s")
    report.note("Same cells from one generator; each writer in a process of its own with Django loaded.")
