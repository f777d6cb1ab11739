from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from firms.services.refusal import Refusal
from scoring.services import load_scheme


class Command(BaseCommand):
    help = "载入指标体系方案文件（TOML）；同一文件重复载入不产生变化。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="方案文件")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"读不出方案文件 {options['file']}：应为UTF-8编码的文本文件。") from error
        try:
            scheme = load_scheme(text, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"已载入 {scheme}，共{scheme.indicators.count()}项指标。")
