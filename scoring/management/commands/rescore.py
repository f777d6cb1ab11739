from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from firms.services.refusal import Refusal
from scoring.models import EvaluationPeriod
from scoring.services import rescore


class Command(BaseCommand):
    help = "按现行数据重新计算评价期；数据没有变化的不产生新的计算。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, help="数据年度；不写则计算所有未锁定的评价期")

    def handle(self, *args: Any, **options: Any) -> None:
        periods = EvaluationPeriod.objects.select_related("year").order_by("year_id")
        if options["year"] is not None:
            periods = periods.filter(year_id=options["year"])
            if not periods:
                raise CommandError(f"没有{options['year']}年度的评价期，请先建立。")
        else:
            periods = periods.filter(year__locked_at__isnull=True)
        for period in periods:
            try:
                result = rescore(period, by=None)
            except Refusal as refusal:
                raise CommandError(str(refusal)) from refusal
            what = "已完成" if result.created else "数据没有变化，沿用"
            self.stdout.write(
                f"{period}：{what}第{result.run.number}次计算，{result.run.firms}家企业，{result.run.ranked}家参与排名。"
            )
