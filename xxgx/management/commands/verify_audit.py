from typing import Any

from django.core.management.base import BaseCommand, CommandError

from firms.models import AuditEntry
from firms.services import audit


class Command(BaseCommand):
    help = "校验审计链：每一项是否与前一项相符、末尾是否缺失。恢复备份之后必做。"

    def handle(self, *args: Any, **options: Any) -> None:
        broken = audit.verify()
        if broken is not None:
            raise CommandError(f"审计链在第 {broken} 项断裂：该项或其前一项被改动过，或末尾缺失。")
        self.stdout.write(f"审计链完整，共 {AuditEntry.objects.count()} 项。")
