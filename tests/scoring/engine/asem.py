"""The ASEM index (doi 10.21105/joss.04567) written as scheme files: cases C, T and V of tests/data/asem."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np

from scoring.engine import Cohort

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data" / "asem"
SCHEMES = ROOT / "scoring" / "schemes" / "examples"
TITLES = {"c": "极差标准化,缺项权重重新分配", "t": "按分组的权重", "v": "固定上下限"}
STAGES = ("S", "M", "L", "XL")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def short(text: str) -> str:
    """A number with at most 15 significant digits, as schemes want them."""
    return format(float(format(Decimal(text), ".15g")), "")


def scheme_text(case: str) -> str:
    """The scheme file of a case, from the index's own metadata."""
    meta = [row for row in rows("asem_meta.csv") if row["Level"]]
    posts = {row["iCode"]: row for row in rows("V_goalposts.csv")}
    weights: dict[str, dict[str, str]] = {}
    for row in rows("T_stage_weights.csv"):
        weights.setdefault(row["iCode"], {})[row["stage"]] = short(row["Weight"])
    indicators = [row for row in meta if row["Type"] == "Indicator"]
    out = [
        "# Written by tests/scoring/engine/asem.py from the index's metadata.", "format = 1", "", "[scheme]",
        f'code = "asem-{case}"', 'version = "1"', f'title = "ASEM 可持续互联互通指数:{TITLES[case]}"', "total = 100", "",
        "[options.decimals]", "value = 10", 'text = "保留十位小数"', "",
    ]  # fmt: skip
    if case != "t":
        out += ["[options.missing]", 'value = "rescale"', 'text = "缺项不计,权重在其余各项间重新分配"', ""]
    out.append("[metrics]")
    wanted = indicators + (
        [row for row in rows("asem_meta.csv") if row["Type"] == "Denominator"] if case == "v" else []
    )
    out += [f'{row["iCode"]} = {{ name = "{row["iName"]}", unit = "{row["Unit"]}" }}' for row in wanted]
    if case == "t":
        for stage in STAGES:
            out += [
                "",
                "[[stages]]",
                f'code = "{stage}"',
                f'name = "{stage}"',
                f"when = \"group('GDPpc_group') == '{stage}'\"",
            ]
    out += ["", "[aggregate]", 'method = "arithmetic"']

    def weight(row: dict[str, str]) -> str:
        if case == "t":
            table = weights[row["iCode"]]
            return "{ " + ", ".join(f"{stage} = {table[stage]}" for stage in STAGES) + " }"
        return row["Weight"]

    for row in sorted((r for r in meta if r["Type"] == "Aggregate" and r["Parent"]), key=lambda r: -int(r["Level"])):
        out += ["", "[[dimensions]]", f'code = "{row["iCode"]}"', f'name = "{row["iName"]}"', 'method = "arithmetic"']
        if row["Parent"] != "Index":
            out.append(f'parent = "{row["Parent"]}"')
        out += [f"weight = {weight(row)}", "max_points = 100"]
    for i, row in enumerate(indicators, 1):
        reverse = "true" if row["Direction"] == "-1" else "false"
        rule = f'{{ type = "min_max", peers = "all", reverse = {reverse} }}'
        if case == "v":
            low, high = (short(posts[row["iCode"]][f"goalpost_{end}"]) for end in ("lower", "upper"))
            rule = f'{{ type = "goalposts", lower = {low}, upper = {high}, reverse = {reverse} }}'
        out += ["", "[[indicators]]", f'code = "i{i}"', f'name = "{row["iName"]}"', f'dimension = "{row["Parent"]}"']
        value = row["iCode"] + (f" / {row['Denominator']}" if case == "v" and row["Denominator"] else "")
        out += ["max_points = 100", f"weight = {weight(row)}", f'value = "{value}"', f"rule = {rule}"]
    return "\n".join(out) + "\n"


def cohort(case: str) -> Cohort:
    """The units of a case as firms."""
    # The published V is of the raw data divided by its denominators, gaps and outliers left as they are: with
    # A_treated.csv every unit that has an imputed or winsorised cell differs, with this all 51 agree.
    table = rows("A_treated.csv" if case == "t" else "asem_raw.csv")
    groups = {row["uCode"]: row["GDPpc_group"] for row in rows("asem_raw.csv")}
    codes = [
        row["iCode"]
        for row in rows("asem_meta.csv")
        if row["Type"] in ("Indicator", "Denominator")[: 2 if case == "v" else 1]
    ]

    def number(text: str) -> float:
        return float("nan") if text in ("", "NA") else float(text)

    return Cohort(
        [row["uCode"] for row in table],
        2018,
        dt.date(2018, 12, 31),
        {code: np.array([number(row[code]) for row in table]) for code in codes},
        groups={"GDPpc_group": np.array([groups[row["uCode"]] for row in table])},
    )


def expected(case: str) -> dict[str, dict[str, str]]:
    """The published results by unit."""
    name = {
        "c": "C_expected_scores.csv",
        "t": "T_stage_weights_expected_scores.csv",
        "v": "V_goalposts_expected_scores.csv",
    }
    return {row["uCode"]: row for row in rows(name[case])}


if __name__ == "__main__":
    for each in TITLES:
        (SCHEMES / f"asem-{each}.toml").write_text(scheme_text(each), encoding="utf-8")
