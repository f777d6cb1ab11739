"""docs/regulation.md may not drift from the scheme, the engine and the tests it names."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/regulation.md").read_text(encoding="utf-8")
SCHEME = tomllib.loads((ROOT / "scoring/schemes/xinkai-2022-110.toml").read_text(encoding="utf-8"))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| (\d+|三|四|表)", line)
]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_name_exists(row):
    *_, keys, engine, proof = row
    for key in names(keys):
        found = SCHEME["options"] if row[0].isdigit() else SCHEME
        for part in key.split("."):
            assert part in found, f"{key} is not in the scheme"
            found = found[part]
    for function in names(engine):
        module, name = function.split(".")
        assert callable(getattr(importlib.import_module(f"scoring.engine.{module}"), name))
    for path in names(proof):
        assert (ROOT / path).is_file()


def test_every_option_and_block_is_on_the_page():
    said = {name.removeprefix("options.") for row in ROWS for name in names(row[-3])}
    assert set(SCHEME["options"]) <= said
    plain = {"format", "scheme", "options", "metrics", "levels", "registers", "confirmation"}
    assert set(SCHEME) - plain <= said


def test_readings_carry_their_numbers():
    for row in ROWS:
        if row[0].isdigit():
            for key in names(row[1]):
                assert SCHEME["options"][key]["reading"] == int(row[0]), key


def test_the_scheme_is_the_regulation():
    """35 indicators, 10 + 10 + 15, each dimension's points 100, 18 core, the weights of 三(四)."""
    indicators = SCHEME["indicators"]
    by_dimension = {
        code: [i for i in indicators if i["dimension"] == code] for code in ("innovation", "performance", "support")
    }
    assert [len(found) for found in by_dimension.values()] == [10, 10, 15]
    assert all(sum(i["max_points"] for i in found) == 100 for found in by_dimension.values())
    assert sum(i["category"] == "core" for i in indicators) == 18
    weights = {d["code"]: d["weight"] for d in SCHEME["dimensions"]}
    stages = ("startup", "growth", "expansion", "mature")
    assert [[weights[d][s] for d in by_dimension] for s in stages] == [
        [50, 30, 20],
        [35, 45, 20],
        [30, 40, 30],
        [20, 30, 50],
    ]
