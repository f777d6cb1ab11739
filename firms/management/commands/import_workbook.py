from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError

from firms.importing.problem import Unreadable
from firms.models import Department, ImportBatch, ImportRow, RegisterEntry, User
from firms.services import import_guess, imports
from firms.services.refusal import Refusal

SHOWN = 20


class Command(BaseCommand):
    help = "导入一个部门报来的文件（企业名录、指标数据或台账），逐行交代去向；文件被拒收时退出码为1"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=ImportBatch.Kind.values, help="缺省时按文件名和列判断")
        parser.add_argument("--department", help="部门代码，如 tax；缺省时按文件名和列判断")
        parser.add_argument("--year", type=int, help="数据年度；缺省时按文件名、工作表名或标题判断")
        parser.add_argument("--register", default="", help="台账代码，如 platform")
        parser.add_argument("--by", help="以哪个账号的名义导入；缺省为系统")
        parser.add_argument("--dry-run", action="store_true", help="只预览，不写入")
        parser.add_argument("--yes", action="store_true", help="不询问，直接写入")

    def handle(self, *, file: Path, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"没有这个文件：{file}")
        try:
            by = User.objects.get(username=options["by"]) if options["by"] else None
        except User.DoesNotExist as error:
            raise CommandError(f"没有这个账号：{options['by']}") from error
        try:
            batch = self._upload(file, by, options)
            self.stdout.write(f"{batch}（{batch.get_kind_display()}{self._scope(batch)}）")
            imports.plan(batch)
            self._account(batch)
            if options["dry_run"]:
                imports.discard(batch, by=by)
                self.stdout.write("只预览，没有写入。")
            elif self._agreed(options["yes"]):
                imports.confirm(batch, digest=batch.plan_digest, by=by)
                self.stdout.write(self.style.SUCCESS(f"已写入{batch.counts['accepted']}行。"))
        except Refusal as refusal:
            raise CommandError(f"拒收：{refusal}") from refusal

    def _upload(self, file: Path, by: User | None, options: dict[str, Any]) -> ImportBatch:
        try:
            seen = import_guess.guess(file, file.name)
        except Unreadable as bad:
            raise imports.refusal_of(bad, file.name) from bad
        register = options["register"] or seen.register_kind
        kind = options["kind"] or ("registers" if options["register"] else seen.kind)
        if not kind:
            raise Refusal(
                "unclear_kind", "看不出是名录、指标还是台账。", place=file.name, hint="请用 --kind 指明。", status=400
            )
        year = options["year"] or seen.year
        if kind == "metrics" and year is None:
            raise Refusal("unclear_year", "看不出是哪个年度。", place=file.name, hint="请用 --year 指明。", status=400)
        code = options["department"] or seen.department or (by.department.code if by and by.department else "")
        department = Department.objects.filter(code=code).first()
        if department is None:
            raise Refusal(
                "unclear_department", "看不出是哪个部门。", place=file.name, hint="请用 --department 指明。", status=400
            )
        with file.open("rb") as content:
            return imports.upload(
                File(content, name=file.name),
                kind=kind,
                department=department,
                year=year if kind == "metrics" else None,
                register_kind=register if kind == "registers" else "",
                by=by,
            )

    def _scope(self, batch: ImportBatch) -> str:
        register = dict(RegisterEntry.Kind.choices).get(batch.register_kind, "") if batch.register_kind else ""
        parts = [str(batch.department or ""), f"{batch.year}年度" if batch.year else "", str(register)]
        return "，" + "，".join(part for part in parts if part)

    def _agreed(self, yes: bool) -> bool:
        if yes or not sys.stdin.isatty():
            return True
        return input("写入吗？[y/N] ").strip().lower() in {"y", "yes", "是"}

    def _account(self, batch: ImportBatch) -> None:
        counts = batch.counts
        for sheet, found in batch.mapping.items():
            columns = "、".join(
                f"{column['letter']}={column['name']}" + (f"（{column['unit']}）" if column["unit"] else "")
                for column in found["columns"]
            )
            self.stdout.write(f"  {f'工作表“{sheet}”' if sheet else ''}第{found['row']}行为表头：{columns}")
        self.stdout.write(
            f"  共{counts['lines']}行 = 标题和表头{counts['heading']}行 + 数据区{counts['rows']}行"
            + (f" + 其他工作表{counts['elsewhere']}行" if counts["elsewhere"] else "")
        )
        self.stdout.write(
            f"  数据区{counts['rows']}行 = 接受{counts['accepted']}行（新增{counts['create']}、变更{counts['change']}、"
            f"无变化{counts['same']}） + 待匹配{counts['unmatched']}行 + 拒收{counts['refused']}行 + 不计入{counts['left_out']}行"
            + (f"（其中空行{counts['blank']}行）" if counts["blank"] else "")
        )
        for problem in batch.problems:
            self.stdout.write(f"  注意：{imports.in_words(problem)}")
        for verdict in ("refused", "unmatched", "left_out"):
            rows = ImportRow.objects.filter(batch=batch, verdict=verdict).order_by("id")
            for row in rows[:SHOWN]:
                words = "；".join(map(imports.in_words, row.reasons))
                self.stdout.write(f"  {row.get_verdict_display()}：{row}，{words}")
            if (more := rows.count() - SHOWN) > 0:
                self.stdout.write(f"  {ImportRow.Verdict(verdict).label}：另有{more}行，可在批次页下载。")
