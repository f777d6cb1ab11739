"""A department's 20,000-row file, previewed and confirmed: how much memory, this process and the reading child together."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import Report, apart

DATABASE = "department"
ROWS = 20_000
LIMIT = 300


def run(report: Report) -> None:
    from benchmarks.importing import prepare
    from benchmarks.importing_file import write

    rows = 5_000 if report.quick else ROWS
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.xlsx"
        write(file, rows)
        prepare(rows)
        done = apart("benchmarks.importing:staged", str(file), 2001)
        again = apart("benchmarks.importing:staged", str(file), 2002)  # a year with last year's figures beside it
    for what, found in (("空年度", done), ("上一年已有数据", again)):
        child = found.value["child_mb"]
        peak = found.peak_mb + child
        report.add(f"部门文件 {rows:,}行 × 40列，预览（{what}）", found.value["preview"], "s")
        report.add(f"部门文件 {rows:,}行 × 40列，确认（{what}）", found.value["confirm"], "s")
        report.add(
            f"峰值内存（{what}；本进程 {found.peak_mb:.0f} + 读取子进程 {child:.0f}）",
            peak,
            "MB",
            f"< {LIMIT}",
            peak < LIMIT,
        )
    report.note("峰值为两个进程各自最高值之和；读取子进程在写入开始前已退出，实际同时占用更低。")
