"""Everything between an empty database and one that can serve; each step does nothing when it is already done."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from firms.models import Role, User
from scoring import schemes
from scoring.models import EvaluationPeriod
from scoring.services import publish, rescore
from xxgx.demo.analysing import load_saved_views
from xxgx.demo.certificates import load_certificates
from xxgx.demo.showing import load_showing

SCHEME = Path(schemes.__file__).parent / "xinkai-2022-110.toml"


class Command(BaseCommand):
    help = "建库、载入角色、部门、数据项与指标体系；演示环境另外生成演示园区、计算并发布。可重复执行。"

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = {"verbosity": options["verbosity"]}
        call_command("migrate", interactive=False, verbosity=0)
        call_command("load_roles", **verbosity)
        call_command("load_catalogue", **verbosity)
        call_command("load_scheme", str(SCHEME), **verbosity)
        if settings.DEMO:
            call_command("demo_zone", **verbosity)
            self._score_and_publish()
            load_showing()
            load_saved_views()
            load_certificates()

    def _score_and_publish(self) -> None:
        """The demo's first view: all periods scored, all but the latest published. What people did since stays."""
        periods = list(EvaluationPeriod.objects.order_by("year_id"))
        office = User.objects.filter(role=Role.OFFICE, is_active=True).first()
        if any(period.runs.complete().exists() for period in periods):
            return
        for period in periods:
            result = rescore(period, by=office)
            self.stdout.write(f"{period}：已计算，{result.run.ranked} 家参与排名。")
            if period is not periods[-1]:
                publish(period, result.run, by=office)
