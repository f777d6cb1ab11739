from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from firms.models import Metric
from scoring.models import Scheme
from xxgx.demo import load
from xxgx.demo.budgets import load_budgets
from xxgx.demo.claims import load_claims
from xxgx.demo.connectors import load_connectors
from xxgx.demo.departments import load_departments
from xxgx.demo.enrolments import load_enrolments
from xxgx.demo.patent_claims import load_patent_claims
from xxgx.demo.reports import load_reports
from xxgx.demo.reviews import load_reviews
from xxgx.demo.samples import write_samples


class Command(BaseCommand):
    help = "生成演示园区（合成数据）：企业、各部门数据、台账、评价期与演示账号。可重复执行，已有则不变。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="即使库中已有真实企业也生成")
        parser.add_argument("--samples", type=Path, default=settings.VAR_DIR / "samples", help="示例文件目录")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["force"]:
            if not settings.DEMO:
                raise CommandError("这不是演示环境（XXGX_DEMO=1）。确要生成演示数据，请加 --force。")
            if load.holds_other_firms():
                raise CommandError("库中已有不属于演示园区的企业，为免混入真实数据，未生成。确要生成，请加 --force。")
        if not Metric.objects.exists():
            raise CommandError("还没有数据项目录，请先运行 load_catalogue。")
        if not Scheme.objects.filter(code=load.SCHEME).exists():
            raise CommandError(f"还没有指标体系 {load.SCHEME}，请先运行 load_scheme。")
        loaded = load.load_zone()
        load.open_periods()
        if settings.DEMO:
            load.make_accounts()
            load_enrolments()
            load_reports()
            load_claims()
            load_patent_claims()
            load_reviews()
            load_connectors()
            load_departments()
            load_budgets()
        if loaded.created or not options["samples"].exists():
            names = write_samples(options["samples"])
            self.stdout.write(f"可供试导入的示例文件 {len(names)} 个，在 {options['samples']}。")
        if loaded.created:
            self.stdout.write(
                f"已生成演示园区：{loaded.firms} 家企业，{loaded.filings} 份报送，{loaded.entries} 条台账，"
                f"{loaded.conflicts} 处来源冲突。"
            )
        elif options["verbosity"] > 1:
            self.stdout.write("演示园区已在。")
