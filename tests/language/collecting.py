"""``locale/collect.py`` as a module: it stands beside what it writes, not on the path."""

import importlib.util
from pathlib import Path

PLACE = Path(__file__).resolve().parent.parent.parent / "locale" / "collect.py"
_spec = importlib.util.spec_from_file_location("collect", PLACE)
collect = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(collect)
