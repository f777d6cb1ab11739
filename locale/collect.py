"""Collects what pages say into ``locale/en/LC_MESSAGES/*.po`` and compiles it: ``make messages``.

Beside what gettext marks it takes every Chinese text of the Python code that may reach a page: refusals, verdicts, the labels
of choices and fields, the engine's words. An f-string becomes a sentence with gaps (``第{row}行`` → ``第%(row)s行``), which
``xxgx.english.sentences`` recognises in the finished text. Names kept as data (metrics, indicators, departments) come from
the files they are loaded from. No GNU gettext is needed: Babel writes the catalogues and compiles them.
"""

from __future__ import annotations

import ast
import datetime as dt
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_javascript
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from xxgx.demo.accounts import ACCOUNTS
from xxgx.demo.places import INDUSTRIES, PARKS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "locale" / "en" / "LC_MESSAGES"
HAN = re.compile(r"[\u3400-\u9fff]")
# Chinese that no page shows, or that is the record itself: files to take away, the shell, programs, made-up data, headings.
UNSEEN = re.compile(
    r"(^|/)(migrations|management|demo|english|exports)/|"
    r"^(firms/exports\w*|scoring/exports\w*|firms/services/report_workbook|firms/importing/(fields|columns)|"
    r"scoring/engine/(lint|reader|rulereader|tomlreader|grammar|language)|xxgx/(vendor|celery|settings))\.py$"
)
# The record of what was done, and what only a log or a developer reads.
RECORDS = {"record", "info", "warning", "error", "debug", "exception", "stdout", "write", "CheckConstraint", "UniqueConstraint", "ValueError", "RuntimeError", "TypeError", "AssertionError", "KeyError"}  # fmt: skip
# Patterns and formats, and the bodies of mails (mails are sent in Chinese).
# Figures with their units, which are put together from data.
UNITS = ("万元", "亿元", "万美元", "元", "件", "个", "项", "家", "人", "年", "分", "名", "份", "次", "条", "行", "处", "天", "笔", "页", "位", "个百分点", "批", "倍", "小时", "秒")  # fmt: skip
MEASURES = ["满分%(n)d分", "前%(n)d%%", *(f"%(n)d{unit}" for unit in UNITS)]
NO_TEXT = re.compile(r"\\[ds]|\(\?|\^|甲乙丙丁|\?\||%[YmdH](?![\w(])|\n\n")
MARKS = {"gettext", "gettext_lazy", "gettext_noop", "_", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
WHEN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # fixed: what did not change is not written anew
HEAD = """English of 新乡高新区企业创新积分信息系统. Words used throughout:
企业创新积分 innovation points (of a firm) · 积分 points · 积分办 Points Office · 评价期 evaluation period · 数据年度 data year
企业类型 stage: 初创期 start-up, 成长期 growth, 扩张期 expansion, 成熟期 mature · 一级指标 dimension · 指标 indicator · 数据项 metric
得分 points · 分值 maximum points · 名次 rank · 榜单 ranking · 公示 public notice · 公布/发布 publication · 试算 trial calculation
填报 reporting · 填报表 report · 提交 submit · 退回 return · 通过 accept · 佐证材料 evidence · 台账 register · 申报 claim · 核验 verification
异议 objection · 冲突 conflict · 裁定 decision · 完整率 completeness · 批次 batch · 撤销 undo · 拒收 refused · 负面清单 negative list
培育库 cultivation pool · 高新技术企业 High-tech Enterprise · 科技型中小企业 technology-based SME · 规上工业企业 industrial enterprise above
designated size · 专精特新 specialised and innovative SME · 瞪羚企业 gazelle enterprise · 万元 CNY 10,000 (figures unchanged)
"""


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and msgid of every Chinese text a module may show."""
    tree = ast.parse(source)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                skipped.add(id(first.value))
        elif isinstance(node, ast.Call) and _called(node) in RECORDS:
            skipped.update(
                id(inner)
                for inner in ast.walk(node)
                if not (isinstance(inner, ast.Call) and inner is not node and _called(inner) in MARKS)
            )
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values if isinstance(part, ast.Constant))
            for part in node.values:  # the digits' format inside a gap
                if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
                    skipped.update(id(inner) for inner in ast.walk(part.format_spec))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and HAN.search(node.value):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            text = sentence(node)
            if HAN.search(text):
                yield node.lineno, text


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def sentence(node: ast.JoinedStr) -> str:
    """An f-string as a msgid: its expressions are gaps, named after what stands in them."""
    parts: list[str] = []
    names: set[str] = set()
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("%", "%%"))
        else:
            assert isinstance(part, ast.FormattedValue)
            name = wanted = _name(part.value)
            turn = 2
            while name in names:
                name, turn = f"{wanted}{turn}", turn + 1
            names.add(name)
            parts.append(f"%({name})s")
    return "".join(parts)


def _name(node: ast.AST) -> str:
    while isinstance(node, ast.Call):
        node = node.args[0] if node.args and _called(node) != "join" else node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else "value"


_CALL = re.compile(r"""\b(n?p?gettext|_)\(((?:u?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,?\s*)+)""")


def template_texts(source: str) -> Iterator[tuple[int, str]]:
    """What ``trans``, ``blocktrans`` and ``_("…")`` of a template ask gettext for."""
    code = templatize(source)
    for number, line in enumerate(code.split("\n"), 1):
        for match in _CALL.finditer(line):
            call = ast.parse(f"f({match[2].rstrip(', ')})", mode="eval").body
            assert isinstance(call, ast.Call)
            texts = [part.value for part in call.args if isinstance(part, ast.Constant)]
            for text in texts[1:] if match[1].startswith("p") else texts:
                yield number, text


def data_texts(value: object) -> Iterator[str]:
    """Names in a catalogue or a scheme: what pages show of a TOML file."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key not in {"aliases", "source"}:
                yield item
            elif key not in {"aliases", "headings", "sources"}:
                yield from data_texts(item)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                yield item
            else:
                yield from data_texts(item)


def tracked(*folders: str) -> list[str]:
    """The project's own files, whatever else lies about (by git where there is one)."""
    listed = subprocess.run(  # noqa: S603
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "--", *folders],  # noqa: S607
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0 and listed.stdout:
        return sorted(name for name in set(listed.stdout.splitlines()) if (ROOT / name).is_file())
    return sorted(
        str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()
    )


def collected() -> dict[str, Catalog]:
    """Domain → its texts with where they stand."""
    pages, scripts = Catalog(locale="en"), Catalog(locale="en")
    for name in tracked("templates", "firms", "scoring", "xxgx"):
        text = (ROOT / name).read_text() if name.endswith((".html", ".py", ".toml")) else ""
        if name.endswith(".html"):
            found = template_texts(text)
        elif name.endswith(".py") and not UNSEEN.search(name):
            found = python_texts(text)
        elif name.endswith(".toml") and "/examples/" not in name:
            found = ((0, item) for item in data_texts(tomllib.loads(text)) if HAN.search(item))
        else:
            continue
        for _line, msgid in found:
            if HAN.search(msgid) and not (name.endswith(".py") and NO_TEXT.search(msgid)):
                pages.add(msgid, locations=[(name, 0)], flags=_flags(msgid))
    # What the demo shows on every page; an office's own names of parks are added here or stay as they are.
    for msgid in (row.name for rows in (PARKS, INDUSTRIES, ACCOUNTS) for row in rows):
        pages.add(msgid, locations=[("xxgx/demo/places.py", 0)])
    for msgid in MEASURES:
        pages.add(msgid, flags=["python-format"])
    for unit in ("万元", "万美元", "件", "个", "项", "家", "人", "条", "是/否"):  # of metrics, which scripts say too
        scripts.add(unit, locations=[("static/js/reports.js", 0)])
    for name in tracked("static/js"):
        for _line, _function, text, _comments in extract_javascript(
            BytesIO((ROOT / name).read_bytes()), ["gettext", "_"], [], {"encoding": "utf-8"}
        ):
            if isinstance(text, str):
                scripts.add(text, locations=[(name, 0)])
    return {"django": pages, "djangojs": scripts}


def _flags(msgid: str) -> list[str]:
    return ["python-format"] if re.search(r"%\(\w+\)[sd]|%[sd]", msgid) else []


def present(domain: str) -> Catalog:
    path = FOLDER / f"{domain}.po"
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as file:
        return read_po(file, locale="en")


def compiled(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def written(catalog: Catalog) -> bytes:
    buffer = BytesIO()
    write_po(buffer, catalog, width=0, sort_output=True, omit_header=False, include_lineno=False, ignore_obsolete=True)
    return buffer.getvalue()


GAPS = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{\w*\}")
# Chinese that stays in an English text: nothing but what is quoted as a name of its own.
QUOTED_HAN = re.compile(r"[(（][\u3400-\u9fff、〔〕0-9]+[)）]|“[^”]*”")


def faults(domain: str) -> list[str]:
    """What is wrong with a catalogue: texts without English or nowhere used, gaps that differ, Chinese left over."""
    catalog, wanted = present(domain), collected()[domain]
    found = [f"no English: {message.id}" for message in wanted if message.id and not _english(catalog, message.id)]
    for message in catalog:
        if not message.id or not isinstance(message.string, str):
            continue
        if message.id not in wanted:
            found.append(f"nowhere used: {message.id}")
        elif message.fuzzy:
            found.append(f"fuzzy: {message.id}")
        elif message.string and sorted(GAPS.findall(message.id)) != sorted(GAPS.findall(message.string)):
            found.append(f"gaps differ: {message.id} → {message.string}")
        elif HAN.search(QUOTED_HAN.sub("", message.string)):
            found.append(f"Chinese left: {message.id} → {message.string}")
    return found


def _english(catalog: Catalog, msgid: str) -> str:
    message = catalog.get(msgid)
    return str(message.string) if message is not None and message.string else ""


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    missing = 0
    for domain, wanted in collected().items():
        former = present(domain)
        catalog = Catalog(
            locale="en",
            project="xxgx",
            charset="utf-8",
            header_comment="".join(f"# {line}\n" for line in HEAD.splitlines()),
        )
        for message in wanted:
            if message.id:
                english = _english(former, message.id)
                catalog.add(message.id, english, locations=message.locations, flags=message.flags)
                missing += not english
        catalog.fuzzy = False
        catalog.creation_date = catalog.revision_date = WHEN
        (FOLDER / f"{domain}.po").write_bytes(written(catalog))
        (FOLDER / f"{domain}.mo").write_bytes(compiled(catalog))
        sys.stdout.write(f"{domain}: {len(catalog)} texts\n")
    sys.stdout.write(f"without English: {missing}\n")
    return 1 if missing else 0


__all__ = ["Message", "collected", "compiled", "faults", "main", "present", "written"]

if __name__ == "__main__":
    raise SystemExit(main())
