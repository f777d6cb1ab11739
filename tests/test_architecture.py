"""What the import arrows cannot see, and rules of the house a machine can check."""

import ast
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).parents[1]
HEIGHT = {"firms": 0, "scoring": 1, "xxgx": 2}
OURS = [path for app in HEIGHT for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]


def upward(height):
    """Foreign keys (written as strings, so no import shows them) from a lower app to a higher one."""
    return [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model is not None
        and height.get(field.related_model._meta.app_label, -1) > height.get(model._meta.app_label, 99)
    ]  # fmt: skip


def test_no_foreign_key_points_upward():
    assert upward(HEIGHT) == []


def test_the_same_look_finds_keys_when_up_is_called_down():
    assert "scoring.Score.firm" in upward({"firms": 1, "scoring": 0})


def test_a_module_fits_in_the_head():
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in OURS}
    assert not {name: lines for name, lines in long.items() if lines > 400}


def test_the_engine_asks_for_neither_the_time_nor_a_file():
    """Names that reach the clock, the disk or the network appear nowhere in the pure core."""
    forbidden = {"open", "print", "input", "eval", "exec", "compile", "__import__"}
    methods = {"today", "now", "utcnow", "time", "time_ns"}
    found = []
    for path in (ROOT / "scoring" / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            callee = node.func
            name = (
                callee.id if isinstance(callee, ast.Name) else callee.attr if isinstance(callee, ast.Attribute) else ""
            )
            if (isinstance(callee, ast.Name) and name in forbidden) or (
                isinstance(callee, ast.Attribute) and name in methods
            ):
                found.append(f"{path.name}:{node.lineno} {name}")
    assert not found


def test_no_lock_names_a_registry():
    for path in [*(ROOT / "requirements").glob("*.txt"), ROOT / "package-lock.json"]:
        assert "://" not in path.read_text(encoding="utf-8"), path.name


def test_models_are_named_in_chinese():
    """What the back office shows: no field of ours falls back to its English name."""
    bare = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in HEIGHT
        for field in model._meta.concrete_fields
        if not field.primary_key and field.editable and str(field.verbose_name).isascii() and field.name != "sha256"
        and model._meta.label not in {"firms.AuditHead", "scoring.RunSlice"}
    ]  # fmt: skip
    assert not bare
