import getpass
import os
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from firms.models import Department, Role, User
from firms.services import audit


class Command(BaseCommand):
    help = (
        "建立一个账号。新装系统先建三员：system、security、audit 各一人；口令交互输入，或取自环境变量 XXGX_PASSWORD。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--name", default="", help="姓名")
        parser.add_argument("--department", default="", help="职能部门代码，角色为 department 时必填")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = User(username=options["username"], name=options["name"], role=options["role"])
        if options["department"]:
            user.department = Department.objects.filter(code=options["department"]).first()
            if user.department is None:
                raise CommandError(f"没有代码为 {options['department']} 的职能部门。")
        password = os.environ.get("XXGX_PASSWORD") or getpass.getpass("口令：")
        try:
            validate_password(password, user)
            user.set_password(password)
            user.full_clean()
        except ValidationError as error:
            raise CommandError("；".join(error.messages)) from None
        user.save()
        audit.record("user.create", f"命令行建立账号 {user.username}", by=None, target=user, after={"role": user.role})
        self.stdout.write(f"已建立账号 {user.username}（{user.get_role_display()}）。")
