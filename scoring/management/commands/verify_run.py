from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scoring.models import Run
from scoring.services.verification import verify_run


class Command(BaseCommand):
    help = "用存档的数据与方案重新计算已发布（或指定）的评价计算，逐位核对。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", nargs="*", type=int, help="评价计算的编号；不写则核对所有已发布的")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = Run.objects.complete().select_related("scheme", "period").order_by("pk")
        if options["run"]:
            runs = runs.filter(pk__in=options["run"])
            missing = sorted(set(options["run"]) - set(runs.values_list("pk", flat=True)))
            if missing:
                raise CommandError(f"没有编号为{'、'.join(map(str, missing))}的已完成的计算。")
        else:
            runs = runs.filter(
                pk__in=Run.objects.filter(period__published_run__isnull=False).values("period__published_run")
            )
        failed = 0
        for run in runs:
            verdict = verify_run(run)
            failed += bool(verdict.differences)
            said = "；".join(verdict.differences) or "逐位一致"
            self.stdout.write(f"{run}：核对{verdict.firms}家企业，{said}。")
        if failed:
            raise CommandError(f"{failed}次计算与存档不一致。")
