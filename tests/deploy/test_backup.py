"""A backup is worth what its restore is worth: dump this database, restore it elsewhere, compare."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from firms.services import audit
from tests.factories import FirmFactory

DEPLOY = Path(__file__).parents[2] / "deploy"

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the scripts are for PostgreSQL"),
    pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed"),
]


def url(name):
    at = connection.settings_dict
    password = f":{at['PASSWORD']}" if at["PASSWORD"] else ""
    return f"postgres://{at['USER']}{password}@{at['HOST'] or '127.0.0.1'}:{at['PORT'] or 5432}/{name}"


def run(script, argument, database, var):
    environment = {**os.environ, "OWNER_DATABASE_URL": database, "XXGX_VAR": str(var)}
    return subprocess.run([DEPLOY / script, argument], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def empty_database():
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(url("postgres"), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield url(name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def saved(tmp_path):
    """A backup of a database with one firm and one trace, and of one uploaded original."""
    FirmFactory(name="新乡恢复演练有限公司")
    audit.record("x.y", "备份之前", by=None)
    original = tmp_path / "var" / "files" / "imports" / "原件.csv"
    original.parent.mkdir(parents=True)
    original.write_bytes("代码,名称\n".encode())
    done = run("backup.sh", tmp_path / "backups", url(connection.settings_dict["NAME"]), tmp_path / "var")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def test_what_was_saved_comes_back_whole(saved, empty_database, tmp_path):
    done = run("restore.sh", saved, empty_database, tmp_path / "new")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty_database) as restored:
        assert restored.execute("SELECT name FROM firms_firm").fetchall() == [("新乡恢复演练有限公司",)]
        rows = restored.execute("SELECT sequence, digest FROM firms_auditentry ORDER BY 1").fetchall()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequence, digest FROM firms_auditentry ORDER BY 1")
        assert rows == cursor.fetchall()
    assert (tmp_path / "new" / "files" / "imports" / "原件.csv").read_bytes() == "代码,名称\n".encode()


def test_nothing_is_restored_over_something(saved, tmp_path):
    done = run("restore.sh", saved, url(connection.settings_dict["NAME"]), tmp_path / "new")
    assert done.returncode == 1
    assert "not empty" in done.stdout


def test_a_damaged_backup_is_not_restored(saved, empty_database, tmp_path):
    with (saved / "database.dump").open("ab") as dump:
        dump.write(b"x")
    assert run("restore.sh", saved, empty_database, tmp_path / "new").returncode != 0
    with psycopg.connect(empty_database) as restored:
        assert restored.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
