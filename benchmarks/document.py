"""docs/benchmarks.md: a section a benchmark, each from one run, replaced by the next run of that benchmark."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks import Report, shown

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` (all) or `python -m benchmarks NAME` (that section). Every section is one run: its ratios compare what was timed in it, and
its first line says when, where, and how busy the machine was as it began (load average of the minute before)."""
_MARK = "\n\n## "


def section(report: Report, circumstances: str) -> str:
    """One benchmark's table and notes under its name."""
    lines = [report.benchmark, "", circumstances, "", "| what | measured | target | |", "|---|---:|---|---|"]
    for row in report.rows:
        verdict = "skipped" if row.skipped else {True: "✓", False: "✗ missed", None: ""}[row.ok]
        measured = row.skipped or f"{shown(row.measured)} {row.unit}".strip()
        lines.append(f"| {row.name} | {measured} | {row.target} | {verdict} |")
    if report.notes:
        lines += ["", *(f"- {note}" for note in report.notes)]
    return "\n".join(lines)


def keep(sections: Iterable[str], order: tuple[str, ...], path: Path = DOCUMENT) -> None:
    """Write these sections in their places; those of other benchmarks stay as they are."""
    text = path.read_text() if path.exists() else ""
    kept = {part.split("\n", 1)[0]: part.rstrip() for part in text.split(_MARK)[1:]}
    kept |= {part.split("\n", 1)[0]: part for part in sections}
    path.write_text(_MARK.join([HEAD, *(kept[name] for name in order if name in kept)]) + "\n")
