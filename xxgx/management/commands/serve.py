"""Web, worker and scheduler together in the foreground: the demo, and a small site on one machine."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from honcho import manager as processes

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "同时启动网站、后台任务与定时调度；Ctrl-C 全部停止。"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--prepare", action="store_true", help="先建库并载入基础数据（演示环境含演示园区）")

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        _require_free(port)
        if options["prepare"]:
            call_command("prepare", verbosity=options["verbosity"])
        self._welcome(port)
        sys.exit(_run(port))

    def _welcome(self, port: int) -> None:
        self.stdout.write(f"\n  http://{HOST}:{port}/\n")
        if settings.DEMO:
            from xxgx.demo import ACCOUNTS

            self.stdout.write("  演示账号（演示数据，请勿用于正式环境）：")
            for account in ACCOUNTS:
                self.stdout.write(f"    {account}")
        self.stdout.write("  Ctrl-C 停止\n")


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise CommandError(f"端口 {port} 已被占用，请换一个：make demo PORT=8001") from None


def _run(port: int) -> int:
    """Start the three, pass their output on, stop all when one stops or on Ctrl-C. 0 after an orderly stop."""
    python = f"{sys.executable} -m"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # A worker asked to stop finishes its job first; one that cannot is killed after this, and the job is taken up again.
    processes.KILL_WAIT = 15
    manager = processes.Manager()
    # One process a part: the stop signal goes to the whole group, and a pool's children would die before their parent.
    for name, command in {
        "web": f"gunicorn xxgx.wsgi --bind {HOST}:{port} --workers 2 --preload --graceful-timeout 3 --log-level warning",
        "worker": "celery -q -A xxgx worker --pool solo --loglevel WARNING",
        "beat": "celery -q -A xxgx beat --pidfile= --loglevel WARNING",
    }.items():
        manager.add_process(name, f"exec {python} {command}", env=environment, cwd=str(settings.BASE_DIR))
    manager.loop()
    return 0 if manager.returncode in {0, 130, 143} else 1
