"""Score tables by a scheme file, without a database: how an outsider checks a published result."""

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from firms.exports import write_csv, write_xlsx
from firms.importing import cells, spool
from firms.importing.header import letter
from firms.importing.problem import BadCell, Unreadable
from firms.services.refusal import Refusal
from scoring.engine import (
    Cohort,
    CohortError,
    Evaluation,
    History,
    Registers,
    Scheme,
    SchemeError,
    evaluate,
    parse_scheme,
)
from scoring.engine.explain import STATUS_WORDS
from scoring.engine.record import peer_groups
from scoring.results import missing_for_stage, result_table

SHOWN = 20  # problems named before the rest is only counted
Parse = Callable[[Any], Any]
NAMES = {
    "name": ("企业名称", "名称"),
    "registered_on": ("注册成立日期", "成立日期", "注册日期"),
    "stage_since": ("跨入现企业类型日期", "跨入现阶段日期"),
}
STAGE_COLUMNS = {
    "previous_stage": ("上期企业类型", "上期阶段"), "previous2_stage": ("上上期企业类型", "上上期阶段"),
    "override_stage": ("核定企业类型", "核定阶段"), "peak_stage": ("降档前企业类型", "降档前阶段"),
}  # fmt: skip
RECORD_COLUMNS = {
    "kind": ("台账", "种类", "台账种类"), "category": ("类别",), "level": ("级别",), "starts": ("开始日期", "认定日期", "日期"),
    "ends": ("结束日期", "有效期至", "恢复日期"), "amount": ("金额", "金额(万元)"), "quantity": ("数量",),
}  # fmt: skip


@dataclass
class Sheet:
    """One table read: its name for messages, the key of each row, the columns that were understood, what was left out."""

    file: str
    keys: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)


class Command(BaseCommand):
    help = "按方案文件给表格计分（不用数据库）：第一列为企业编号，其余列用数据项代码或中文名称。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scheme", type=Path, metavar="SCHEME", help="方案文件（TOML）")
        parser.add_argument("data", type=Path, metavar="DATA", help="当年数据（xlsx、xls、csv）")
        parser.add_argument("--previous", type=Path, help="上年数据")
        parser.add_argument(
            "--records", type=Path, help="台账：企业编号、台账、类别、级别、开始日期、结束日期、金额、数量"
        )
        parser.add_argument("--as-of", type=_date, help="基准日，如 2022-12-31；默认为上一年12月31日")
        parser.add_argument("--year", type=int, help="数据年度；默认为基准日所在年")
        parser.add_argument("--references", type=Path, help="已锁定评价期公布的参照值（JSON）；不给则由本表计算")
        parser.add_argument("--references-out", type=Path, help="把所用的参照值写到这个文件")
        parser.add_argument("--out", type=Path, required=True, help="结果文件（.xlsx 或 .csv）")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if out.suffix.lower() not in (".xlsx", ".csv"):
            raise CommandError("--out 应以 .xlsx 或 .csv 结尾。")
        scheme = _scheme(options["scheme"])
        as_of = options["as_of"] or dt.date(timezone.localdate().year - 1, 12, 31)
        data = read_table(options["data"], data_columns(scheme))
        previous = read_table(options["previous"], data_columns(scheme)) if options["previous"] else Sheet("")
        records = (
            read_table(options["records"], record_columns(scheme), repeated=True) if options["records"] else Sheet("")
        )
        references = _references(options["references"])
        try:
            cohort = build(scheme, data, previous, records, as_of, options["year"] or as_of.year)
            evaluation = evaluate(scheme, cohort, references)
        except CohortError as error:
            raise CommandError(str(error)) from error
        table = result_table(evaluation, data.columns.get("name"))
        try:
            (write_csv if out.suffix.lower() == ".csv" else write_xlsx)(table, out)
            if options["references_out"]:
                text = json.dumps(evaluation.references, ensure_ascii=False, indent=1)
                options["references_out"].write_text(text + "\n", encoding="utf-8")
        except (OSError, Refusal) as error:
            raise CommandError(f"写不了结果文件：{error}") from error
        self.report(evaluation, data, previous, records, out)

    def report(self, evaluation: Evaluation, data: Sheet, previous: Sheet, records: Sheet, out: Path) -> None:
        counts = np.bincount(evaluation.status, minlength=len(STATUS_WORDS))
        words = "、".join(f"{word}{count}家" for word, count in zip(STATUS_WORDS.values(), counts, strict=True))
        cohort = evaluation.cohort
        self.stdout.write(f"数据年度{cohort.year}，基准日{cohort.as_of}。共{len(cohort)}家：{words}。结果：{out}")
        lacking = Counter(name for names in missing_for_stage(evaluation).values() for name in names)
        if lacking:
            listed = "、".join(f"缺{name}{count}家" for name, count in lacking.most_common())
            self.stdout.write(f"待补数据：{listed}（逐家见结果文件“所缺数据”一列）。")
        for sheet in (data, previous, records):
            if sheet.ignored:
                self.stdout.write(f"{sheet.file}里没有用到的列：{'、'.join(sheet.ignored)}")
        for sheet in (previous, records):
            strangers = len(set(sheet.keys) - set(cohort.keys))
            if strangers:
                self.stdout.write(f"{sheet.file}里有{strangers}家企业不在当年数据中，未用。")


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _scheme(path: Path) -> Scheme:
    try:
        return parse_scheme(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"读不出方案文件{path}：应为UTF-8编码的文本文件。") from error
    except SchemeError as error:
        lines = [f"{path} 第{line}行：{message}" for line, message in error.problems]
        raise CommandError("方案文件有误：\n" + "\n".join(lines[:SHOWN])) from error


def _references(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"读不出参照值文件{path}：应为JSON。") from error
    if not isinstance(found, dict):
        raise CommandError(f"参照值文件{path}的内容不对：最外层应为各指标。")
    return found


# ---- which columns mean what
def number(cell: Any) -> float:
    """A number, or NaN for an empty cell. Thousands separators and full-width digits are understood. Raises BadCell."""
    if isinstance(cell, bool):
        return float(cell)
    if isinstance(cell, int | float):
        value = float(cell)
    else:
        text = cells.folded(cell).replace(" ", "").replace("−", "-")
        if text.lower() in cells.NOTHING:
            return math.nan
        try:
            value = float(text.replace(",", ""))
        except ValueError:
            value = math.nan
        if not text.isascii() or "_" in text or not math.isfinite(value):
            raise BadCell("not_a_number", f"应为数字，实为“{text[:30]}”")
    if not math.isfinite(value):
        raise BadCell("not_finite", "不是有效数值")
    return value


def _one_of(words: dict[str, str], what: str) -> Parse:
    """A code, given as itself or by its Chinese name."""
    codes = {name: code for code, name in words.items()} | {code: code for code in words}

    def parse(cell: Any) -> str:
        text = cells.folded(cell)
        if text and text not in codes:
            raise BadCell("unknown", f"未知的{what}“{text[:30]}”，应为{'、'.join(words.values())}之一")
        return codes.get(text, "")

    return parse


def _yes(cell: Any) -> bool:
    return cells.flag(cell) == 1.0


def _flag_or_number(cell: Any) -> float:
    try:
        return number(cell)
    except BadCell:
        value = cells.flag(cell)
        return math.nan if value is None else value


def data_columns(scheme: Scheme) -> dict[str, tuple[str, Parse]]:
    """Heading → (what it is, how to read it)."""
    found: dict[str, tuple[str, Parse]] = {}
    stages = {stage.code: stage.name for stage in scheme.stages}

    def add(key: str, parse: Parse, *headings: str) -> None:
        for heading in (key, *headings):
            found[heading] = (key, parse)

    add("name", cells.text, *NAMES["name"])
    for key in ("registered_on", "stage_since"):
        add(key, cells.day, *NAMES[key])
    for key, headings in STAGE_COLUMNS.items():
        add(key, _one_of(stages, "企业类型"), *headings)
    add("demoted_before", _yes, "上期降档")
    for group in {"industry", "park", *scheme.groups_used, *peer_groups(scheme)}:
        add(group, cells.text, *{"industry": ("行业", "主导产业"), "park": ("园区",)}.get(group, ()))
    for name in (item[1] for item in scheme.inputs if item[0] == "manual"):
        add(name, _yes)
    for code, metric in scheme.metrics.items():
        parse = _flag_or_number if metric.unit == "是/否" else number
        add(code, parse, metric.name, f"{metric.name}({metric.unit})")
    return found


def record_columns(scheme: Scheme) -> dict[str, tuple[str, Parse]]:
    """The same for the registers."""
    categories = {code: name for kind in scheme.registers.values() for code, name in kind.categories.items()}
    parsers: dict[str, Parse] = {
        "kind": _one_of({code: kind.name for code, kind in scheme.registers.items()}, "台账"),
        "category": _one_of(categories, "类别"), "level": _one_of(dict(scheme.levels), "级别"), "starts": cells.day,
        "ends": cells.day, "amount": number, "quantity": number,
    }  # fmt: skip
    return {heading: (key, parsers[key]) for key, names in RECORD_COLUMNS.items() for heading in (key, *names)}


# ---- reading
def _key(cell: Any) -> str:
    if isinstance(cell, float) and abs(cell) >= 1e15:
        raise BadCell("code_as_number", "编号被存成了数字，末位已丢失，请把该列设为文本格式重新录入")
    return cells.folded(cell)


def read_table(path: Path, known: dict[str, tuple[str, Parse]], *, repeated: bool = False) -> Sheet:
    """The first sheet of a file, its first row as headings, its first column as keys. Raises CommandError."""
    try:
        with spool.read(path) as found:
            sheet = next(found.sheets())
            return _table(path.name, sheet.first_column, sheet.rows, known, repeated)
    except (OSError, StopIteration) as error:
        raise CommandError(f"读不出文件{path}。") from error
    except Unreadable as error:
        raise CommandError(f"{path.name}:{error.message}{error.hint}") from error


def _table(
    file: str, first: int, rows: Iterator[tuple[int, list[Any]]], known: dict[str, tuple[str, Parse]], repeated: bool
) -> Sheet:
    sheet, problems = Sheet(file), []
    header = next(((at, row) for at, row in rows if any(cell != "" for cell in row)), None)
    if header is None:
        raise CommandError(f"{file}是空的。")
    headings = [cells.folded(cell) for cell in header[1]]
    used: dict[int, tuple[str, Parse]] = {}
    for at, heading in enumerate(headings[1:], 1):
        meaning = known.get(heading)
        if meaning is None:
            sheet.ignored += [heading] if heading else []
        elif meaning[0] in sheet.columns:
            problems.append(f"第{header[0]}行{letter(first + at)}列：“{heading}”与另一列重复")
        else:
            used[at] = meaning
            sheet.columns[meaning[0]] = []
    seen: dict[str, int] = {}
    for line, row in rows:
        if all(cell == "" for cell in row):
            continue
        row = row + [""] * (len(headings) - len(row))
        try:
            key = _key(row[0])
            if not key:
                raise BadCell("no_key", "缺少企业编号")
            if key in seen and not repeated:
                raise BadCell("repeated", f"企业“{key}”与第{seen[key]}行重复")
        except BadCell as error:
            problems.append(f"第{line}行{letter(first)}列：{error.message}")
            continue
        seen[key] = line
        sheet.keys.append(key)
        for at, (name, parse) in used.items():
            try:
                sheet.columns[name].append(parse(row[at]))
            except BadCell as error:
                problems.append(f"第{line}行{letter(first + at)}列（{headings[at]}）：{error.message}")
                sheet.columns[name].append(None)
    if problems:
        more = f"\n另有{len(problems) - SHOWN}处。" if len(problems) > SHOWN else ""
        raise CommandError(f"{file}有{len(problems)}处问题，没有计分：\n" + "\n".join(problems[:SHOWN]) + more)
    return sheet


# ---- rows to arrays
def build(scheme: Scheme, data: Sheet, previous: Sheet, records: Sheet, as_of: dt.date, year: int) -> Cohort:
    """The cohort of the tables."""
    n = len(data.keys)
    place = {key: i for i, key in enumerate(data.keys)}
    codes = [stage.code for stage in scheme.stages]

    def dates(name: str) -> Any:
        return np.array(data.columns.get(name, [None] * n), dtype="datetime64[D]")

    def stages(name: str) -> Any:
        return np.array([codes.index(v) if v else -1 for v in data.columns.get(name, [""] * n)], dtype=np.int8)

    before = {code: np.full(n, np.nan) for code in scheme.metrics if code in previous.columns}
    for row, key in enumerate(previous.keys):
        if key in place:
            for code, column in before.items():
                column[place[key]] = previous.columns[code][row]
    blank: list[Any] = [None] * len(records.keys)
    columns = [records.columns.get(name, blank) for name in RECORD_COLUMNS]
    entries = [(key, *rest) for key, *rest in zip(records.keys, *columns, strict=True) if key in place]
    entries = [(key, kind or "", *rest) for key, kind, *rest in entries]
    manual = {key[1] for key in scheme.inputs if key[0] == "manual"}
    return Cohort(
        data.keys, year, as_of,
        {code: np.array(data.columns[code], dtype=float) for code in scheme.metrics if code in data.columns}, before,
        {"registered_on": dates("registered_on")},
        {name: np.array(data.columns[name], dtype=str) for name in ("industry", "park", *scheme.groups_used) if name in data.columns},
        Registers.build(data.keys, entries),
        History(
            stages("previous_stage"), stages("previous2_stage"), np.array(data.columns.get("demoted_before", [False] * n), dtype=bool),
            dates("stage_since"), stages("override_stage"), stages("peak_stage"),
        ),
        {name: np.array(data.columns[name], dtype=bool) for name in manual if name in data.columns},
    )  # fmt: skip
