from django.core.management.base import BaseCommand

from xxgx import roles


class Command(BaseCommand):
    help = "按 xxgx/roles.py 载入各角色的后台权限；可重复执行。"

    def handle(self, *args: object, **options: object) -> None:
        changed = roles.load()
        self.stdout.write(f"角色权限：{len(roles.GRANTS)} 个角色，{changed} 个有更新。")
