"""Speed, measured: every claim of docs/benchmarks.md comes from ``python -m benchmarks``.

A benchmark is a module here with ``run(report: Report) -> None`` and, if it needs PostgreSQL,
``DATABASE = "label"``: the harness gives each label a fresh, migrated database of its own
(modules with the same label share it); without a label the module gets an empty embedded SQLite.
Each module runs in its own process, so that peak memory is its own. Ratios compare two things
timed in that one run on that one machine.
"""

import gc
import importlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ok`` is None where nothing was promised; ``skipped`` says why nothing was measured."""

    benchmark: str
    name: str
    measured: float | str
    unit: str = ""
    target: str = ""
    ok: bool | None = None
    skipped: str = ""


@dataclass
class Report:
    """What one benchmark module found. ``quick`` asks for sizes that finish in seconds."""

    benchmark: str = ""
    quick: bool = False
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, measured: float | str, unit: str = "", target: str = "", ok: bool | None = None) -> None:
        """Record one figure: ``add("引擎 ÷ pandas", 4.1, "×", "≥ 3", 4.1 >= 3)``. ``ok=None``: no promise."""
        self.rows.append(Row(self.benchmark, name, measured, unit, target, None if ok is None else bool(ok)))
        print(f"  {name}: {shown(measured)} {unit}", file=sys.stderr, flush=True)

    def skip(self, name: str, reason: str) -> None:
        self.rows.append(Row(self.benchmark, name, "", skipped=reason))
        print(f"  {name}: skipped, {reason}", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """How something was measured, printed under the table."""
        self.notes.append(text)

    def as_json(self) -> str:
        return json.dumps({"rows": [asdict(row) for row in self.rows], "notes": self.notes}, ensure_ascii=False)


def shown(value: float | str) -> str:
    """Three significant digits for numbers; text as it is."""
    if isinstance(value, str):
        return value
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def timed(function: Callable[[], Any], repeat: int = 3) -> float:
    """Median seconds of ``repeat`` calls, garbage collected before each."""
    seconds = []
    for _ in range(repeat):
        gc.collect()
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def peak_mb() -> float:
    """This process's highest resident memory, MB.

    From VmHWM: ``ru_maxrss`` survives exec, so a child started by a large parent would report the parent's peak.
    """
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


@dataclass(frozen=True)
class Apart:
    """``seconds`` spent inside the function, ``peak_mb`` of the whole process it had to itself, its JSON-able value."""

    seconds: float
    peak_mb: float
    value: Any


def apart(target: str, *args: Any) -> Apart:
    """Call ``"package.module:function"`` in a fresh process: its time and memory are nobody else's.

    The function's module is imported, and Django set up, before the clock starts; arguments must be JSON-able.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.apart", target, json.dumps(args)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{target} failed:\n{done.stderr}")
    return Apart(**json.loads(done.stdout.splitlines()[-1]))


def load(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")
