"""The engine on 100,000 firms × 35 indicators against straightforward pandas doing the same, and how both grow."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import Apart, Report, apart, timed
from benchmarks.engine_pandas import POINTS, score
from benchmarks.engine_zone import STAGES, YEAR, Zone, zone
from scoring.engine import STATES, STATUSES, Cohort, Evaluation, History, Registers, evaluate, parse_scheme
from scoring.engine.robustness import rank_intervals

SCHEME = Path(__file__).parents[1] / "scoring/schemes/xinkai-2022-110.toml"
FIRMS, GROWTH, QUICK = 100_000, (1_000, 10_000, 100_000, 500_000), (1_000, 10_000)


def run(report: Report) -> None:
    """Ratio to pandas at 100,000 firms (10,000 when quick), the same results from both, growth, memory."""
    n = QUICK[-1] if report.quick else FIRMS
    frames, scheme = zone(n), parse_scheme(SCHEME.read_text(encoding="utf-8"))
    columns = cohort(frames)
    engine, stored, baseline = best_in_turn(
        lambda: evaluate(scheme, columns),
        lambda: evaluate(scheme, columns).records(),
        lambda: score(frames),
        rounds=3 if report.quick else 5,
    )
    evaluation = evaluate(scheme, columns)
    report.add(f"引擎,{n:,}家×35项,含全部中间量", engine, "s")
    report.add("引擎,另加逐家存档记录", stored, "s")
    report.add("pandas,同样的过程与中间量", baseline, "s")
    # A quick run is too small for the promise: fixed costs of either side weigh in.
    report.add("pandas ÷ 引擎", baseline / engine, "×", "≥ 3", None if report.quick else baseline / engine >= 3)
    report.add("pandas ÷ (引擎+记录)", baseline / stored, "×")
    report.add("两者得分不同的企业", different(score(frames), evaluation), "家")
    report.add("以精确算术复核的企业", evaluation.recomputed, "家")
    drawn = evaluation if n == QUICK[-1] else evaluate(scheme, cohort(zone(QUICK[-1])))
    robust = cpu_seconds(lambda: rank_intervals(drawn, draws=1000))
    report.add("稳健性:1,000 次权重抽样 × 10,000 家的名次区间,CPU 时间", robust, "s", "≤ 1", robust <= 1)
    seconds = {}
    for size in QUICK if report.quick else GROWTH:
        done: Apart = apart("benchmarks.engine:once", size)
        seconds[size] = done.value
        report.add(f"引擎 {size:,} 家,CPU 时间", done.value, "s")
        report.add(f"引擎 {size:,} 家,进程内存峰值", done.peak_mb, "MB")
    small, large = sorted(seconds)[-2:]
    growth = (seconds[large] / seconds[small]) / (large / small)
    report.add(f"每家 CPU 时间,{large:,} ÷ {small:,} 家", growth, "×", "≤ 1.5", None if report.quick else growth <= 1.5)
    report.note(
        "引擎与 pandas 从同样的数组(数据表)出发,台账每家 4 条;两者都产出每项指标的值、状态、比例、得分、未得分值,"
        "以及各项扣分、衰减、附加分与名次。pandas 用 float64,不作精确复核;进程内存含生成数据所用的部分。"
    )


def best_in_turn(*functions: Callable[[], object], rounds: int) -> list[float]:
    """Each function's best seconds, taken in turn, so that a busy machine disturbs them alike."""
    seconds = [[timed(function, 1) for function in functions] for _ in range(rounds)]
    return [min(column) for column in zip(*seconds, strict=True)]


def cpu_seconds(function: Callable[[], object], rounds: int = 3) -> float:
    """Least CPU seconds of some calls: what grows with the firms, not with the neighbours on the machine."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return min(seconds)


def once(size: int) -> float:
    """CPU seconds of one evaluation in a process of its own."""
    scheme, columns = parse_scheme(SCHEME.read_text(encoding="utf-8")), cohort(zone(size))
    return cpu_seconds(lambda: evaluate(scheme, columns))


def cohort(frames: Zone) -> Cohort:
    """The data frames as the engine's columns."""
    firms, entries = frames.firms, frames.entries

    def days(series: pd.Series) -> np.ndarray:
        return series.to_numpy().astype("datetime64[D]")

    unknown = np.full(len(firms), -1, dtype=np.int8)
    return Cohort(
        keys=firms.index.tolist(),
        year=YEAR,
        as_of=dt.date(YEAR, 12, 31),
        current={name: frames.current[name].to_numpy() for name in frames.current},
        previous={name: frames.previous[name].to_numpy() for name in frames.previous},
        dates={"registered_on": days(firms["registered_on"])},
        groups={"industry": firms["industry"].to_numpy(dtype=str)},
        registers=Registers(
            entries["firm"].to_numpy(np.int32),
            *(entries[name].to_numpy(dtype=str) for name in ("kind", "category", "level")),
            days(entries["starts"]),
            days(entries["ends"]),
            entries["amount"].to_numpy(),
            np.full(len(entries), np.nan),
        ),
        history=History(
            firms["previous_stage"].to_numpy(),
            firms["previous2_stage"].to_numpy(),
            firms["demoted_before"].to_numpy(),
            days(firms["stage_since"]),
            unknown,
            unknown,
        ),
    )


def different(table: pd.DataFrame, evaluation: Evaluation) -> int:
    """Firms whose status, stage, points or total (beyond float64's rounding) differ between the two: 0 means the same work."""
    status = np.array(STATUSES)[evaluation.status]
    stage = np.array([*STAGES, ""])[evaluation.stage]
    wrong = (table["status"].to_numpy() != status) | (table["stage"].to_numpy() != stage)
    scored = evaluation.status == STATUSES.index("scored")
    for i, code in enumerate(POINTS):
        wrong |= np.abs(table[f"points {code}"].to_numpy() - evaluation.points[:, i]) > 1e-9
        state = np.array(STATES)[evaluation.state[:, i]]
        wrong |= scored & (table[f"state {code}"].to_numpy() != state)
    wrong |= np.abs(table["unrounded"].to_numpy() * scored - evaluation.unrounded) > 1e-9
    wrong |= np.abs(table["total"].to_numpy() - evaluation.total) > 0.0101
    return int(wrong.sum())
