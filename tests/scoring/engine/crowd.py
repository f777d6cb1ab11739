"""A random crowd of firms under 新开〔2022〕110号."""

import datetime as dt

import numpy as np

from scoring.engine import Cohort, Registers, Scheme
from tests.scoring.engine import small, xinkai


def crowd(n: int = 60, seed: int = 3) -> tuple[Scheme, Cohort]:
    """The scheme and n firms, a tenth of their figures missing."""
    rng = np.random.default_rng(seed)
    rules = xinkai.scheme()
    current = {code: np.round(rng.lognormal(4, 2, n), 2) for code in rules.metrics if code != "torch_reported"}
    before = {code: np.round(values * rng.uniform(0.5, 1.5, n), 2) for code, values in current.items()}
    for values in current.values():
        values[rng.random(n) < 0.1] = np.nan
    keys = [f"F{i}" for i in range(n)]
    kinds = [
        ("platform", ""),
        ("award", ""),
        ("project", "major"),
        ("contest", ""),
        ("talent", ""),
        ("contract", "university"),
    ]
    entries = [
        (int(rng.integers(n)), *kinds[rng.integers(6)], rng.choice(["national", "provincial", "municipal"]), f"202{rng.integers(0, 4)}-06-01", None, 1.23)
        for _ in range(n * 4)
    ]  # fmt: skip
    born = np.datetime64("2022-12-31") - rng.integers(100, 8000, n).astype("timedelta64[D]")
    stages = rng.integers(-1, 4, n).astype(np.int8)
    history = small.history(n, previous_stage=stages, demoted_previous=rng.random(n) < 0.3)
    return rules, Cohort(
        keys,
        2022,
        dt.date(2022, 12, 31),
        current,
        before,
        {"registered_on": born},
        registers=Registers.build(keys, entries),
        history=history,
    )
