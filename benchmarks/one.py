"""Run one benchmark module in this process: ``python -m benchmarks.one NAME OUT [--quick]``."""

import os
import sys
from pathlib import Path

from benchmarks import Report, load


def main() -> None:
    name, out = sys.argv[1], Path(sys.argv[2])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xxgx.settings")
    import django

    django.setup()
    if "DATABASE_URL" not in os.environ:
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    report = Report(name, "--quick" in sys.argv)
    try:
        load(name).run(report)
    finally:
        out.write_text(report.as_json())


if __name__ == "__main__":
    main()
