from django.core.management.base import BaseCommand

from firms.services import catalogue


class Command(BaseCommand):
    help = "载入职能部门与数据项目录（可重复执行；积分办已修改的内容不覆盖）"

    def add_arguments(self, parser):
        parser.add_argument("--overwrite", action="store_true", help="以目录文件为准，覆盖已修改的内容")

    def handle(self, *, overwrite: bool, **options):
        loaded = catalogue.load_catalogue(by=None, overwrite=overwrite)
        self.stdout.write(f"目录已载入：新增{loaded.created}项，更新{loaded.changed}项。")
