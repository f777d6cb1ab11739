"""``python -m benchmarks [name…] [--quick]``: run them, print what they found, keep it in docs/benchmarks.md."""

import argparse
import ast
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from benchmarks import Report, Row
from benchmarks.document import keep, section

ROOT = Path(__file__).resolve().parent.parent
NAMES = (
    "engine",
    "rescore",
    "importing",
    "ranking",
    "pages",
    "overview",
    "export",
    "department",
    "coverage",
    "collection",
    "analysis",
    "leader",
)
LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"


@dataclass
class Postgres:
    """A server that answered, and the databases this run made on it (dropped at the end)."""

    url: str
    made: dict[str, str]

    @classmethod
    def answering(cls) -> "Postgres | None":
        url = os.environ.get("DATABASE_URL") or LOCAL
        if not url.startswith(("postgres://", "postgresql://")):
            return None
        try:
            with psycopg.connect(url, connect_timeout=3):
                return cls(url, {})
        except psycopg.Error:
            return None

    def version(self) -> str:
        with psycopg.connect(self.url) as connection:
            return connection.execute("SHOW server_version").fetchone()[0].split()[0]

    def database(self, label: str) -> str:
        """The URL of this label's database, made and migrated at first use."""
        if label not in self.made:
            name = f"xxgx_bench_{os.getpid()}_{label}"
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
                )
            self.made[label] = name
            migrate(self._url(name))
        return self._url(self.made[label])

    def _url(self, name: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for name in self.made.values():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self.made.clear()


def environment(database_url: str) -> dict[str, str]:
    """What a benchmark process sees: its database, its own var/, nothing of the developer's."""
    chosen = dict(os.environ, DJANGO_SETTINGS_MODULE="xxgx.settings", LOG_LEVEL="WARNING")
    chosen["XXGX_VAR"] = tempfile.mkdtemp(prefix="xxgx-bench-")
    chosen.pop("DATABASE_URL", None)
    if database_url:
        chosen["DATABASE_URL"] = database_url
    return chosen


def migrate(database_url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        env=environment(database_url),
        cwd=ROOT,
        check=True,
    )


def run_apart(name: str, quick: bool, postgres: Postgres | None) -> Report:
    """One benchmark module in its own process; a crash becomes a failed row, not a lost table."""
    report = Report(name, quick)
    source = Path(__file__).with_name(f"{name}.py")
    if not source.exists():
        report.skip(name, "not written yet")
        return report
    label = database_label(source.read_text())
    if label and postgres is None:
        report.skip(name, "needs PostgreSQL, and none answers")
        return report
    print(f"{name} …", file=sys.stderr, flush=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", "benchmarks.one", name, out.name, *(["--quick"] if quick else [])]
        url = postgres.database(label) if label and postgres else ""
        done = subprocess.run(command, env=environment(url), cwd=ROOT, check=False)
        text = Path(out.name).read_text()
    if text:
        found = json.loads(text)
        report.rows = [Row(**row) for row in found["rows"]]
        report.notes = found["notes"]
    if done.returncode:
        report.add("finished", f"crashed (exit {done.returncode})", "", "exit 0", False)
    return report


def database_label(source: str) -> str:
    """The module's ``DATABASE = "label"``, read without importing it: its imports may need Django set up."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == ["DATABASE"]:
            return str(ast.literal_eval(node.value))
    return ""


def machine(postgres: Postgres | None) -> str:
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = next((int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    database = f"PostgreSQL {postgres.version()}" if postgres else "no PostgreSQL"
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB · Python {platform.python_version()} · {database}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="name", help=" ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first look; writes no document")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the databases made here are dropped
    postgres = Postgres.answering()
    failed = False
    try:
        where = machine(postgres)
        for name in options.names or NAMES:
            busy, start = os.getloadavg()[0], time.monotonic()
            report = run_apart(name, options.quick, postgres)
            seconds = time.monotonic() - start
            circumstances = f"{date.today().isoformat()} · {where} · load {busy:.1f} · {seconds:.0f} s"
            found = section(report, circumstances)
            print(f"## {found}\n", flush=True)
            failed |= any(row.ok is False for row in report.rows)
            if not options.quick:  # at once: a run that is stopped keeps what it found
                keep([found], NAMES)
    finally:
        if postgres:
            postgres.drop()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
