"""What the buttons of the builder do to a draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from scoring.analysis.check import PER_MEASURE
from scoring.analysis.fields import EARLIEST, base, earlier
from scoring.analysis.query import MAX_CONDITIONS, Measure, Query, place
from scoring.presenters.analysis.draft import GROUP, LIST, SHAPES, UNCHOSEN, Draft, Node, count

LISTED = ("columns", "sort", "measures", "within")
FIRST_ROWS, FIRST_ACROSS = "firm.stage", "firm.cluster"


def changed(draft: Draft, deed: str, *, root: str = "w") -> tuple[Draft, str]:
    """The draft after a button (``add:w``, ``remove:w.1`` …) and the path the reader goes on at.

    An unknown button changes nothing: it is the one that only reads the form again.
    """
    verb, _, where = deed.partition(":")
    if verb in _TREE and (where == root or where.startswith(f"{root}.")):
        tree, focus = changed_tree(draft["where"], verb, where, root)
        return draft | {"where": tree}, focus
    if verb in _LISTS:
        return draft | changed_lists({name: draft[name] for name in LISTED}, verb, where), where.partition(":")[0]
    draft = deepcopy(draft)
    if verb == "shape" and where in SHAPES:
        _reshape(draft, where)
    return draft, ""


def changed_tree(tree: Node, verb: str, path: str, root: str) -> tuple[Node, str]:
    """A tree of conditions after a button at ``path``, and the path the reader goes on at."""
    tree = deepcopy(tree)
    return tree, _TREE[verb](tree, _indices(path, root), path) if verb in _TREE else path


def changed_lists(lists: dict[str, list], verb: str, where: str) -> dict[str, list]:
    """Lists of columns, orders … after a button such as ``drop`` at ``columns:2``."""
    lists = deepcopy(lists)
    name, _, index = where.partition(":")
    if verb in _LISTS and name in lists:
        _LISTS[verb](lists[name], place(index or "0"), name)
    return lists


def _indices(path: str, root: str) -> list[int]:
    return [place(part) for part in path.removeprefix(root).split(".") if part]


def _at(tree: Node, indices: list[int]) -> Node | None:
    for index in indices:
        children = tree.get("children")
        if children is None or index >= len(children):
            return None
        tree = children[index]
    return tree


def _fresh() -> Node:
    return {"field": UNCHOSEN, "op": UNCHOSEN}


def _full(tree: Node) -> bool:
    return count(tree) >= MAX_CONDITIONS


def _add(tree: Node, indices: list[int], path: str) -> str:
    group = _at(tree, indices)
    if group is None or "children" not in group or _full(tree):
        return path
    group["children"].append(_fresh())
    return f"{path}.{len(group['children']) - 1}"


def _add_group(tree: Node, indices: list[int], path: str) -> str:
    group = _at(tree, indices)
    if group is None or "children" not in group or _full(tree):
        return path
    other = "any" if group["how"] == "all" else "all"  # a group of the same kind would say nothing new
    group["children"].append({"how": other, "children": [_fresh()]})
    return f"{path}.{len(group['children']) - 1}.0"


def _remove(tree: Node, indices: list[int], path: str) -> str:
    parent = _at(tree, indices[:-1]) if indices else None
    if not indices:
        tree["children"] = []
    elif parent is not None and indices[-1] < len(parent.get("children", ())):
        del parent["children"][indices[-1]]
    return path.rpartition(".")[0] or path


def _move(step: int) -> Callable[[Node, list[int], str], str]:
    def moved(tree: Node, indices: list[int], path: str) -> str:
        parent = _at(tree, indices[:-1]) if indices else None
        if parent is None or indices[-1] >= len(parent.get("children", ())):
            return path
        at, to = indices[-1], indices[-1] + step
        if not 0 <= to < len(parent["children"]):
            return path
        parent["children"][at], parent["children"][to] = parent["children"][to], parent["children"][at]
        return f"{path.rpartition('.')[0]}.{to}"

    return moved


def _lift(tree: Node, indices: list[int], path: str) -> str:
    """Out of its group, to stand right behind it."""
    parent, above = _at(tree, indices[:-1]), _at(tree, indices[:-2])
    if len(indices) < 2 or parent is None or above is None or indices[-1] >= len(parent.get("children", ())):
        return path
    above["children"].insert(indices[-2] + 1, parent["children"].pop(indices[-1]))
    return ".".join([path.split(".")[0], *map(str, indices[:-2]), str(indices[-2] + 1)])


_TREE: dict[str, Callable[[Node, list[int], str], str]] = {
    "add": _add, "group": _add_group, "remove": _remove, "up": _move(-1), "down": _move(1), "lift": _lift,
}  # fmt: skip


def _earlier(items: list, at: int, _name: str) -> None:
    if 0 < at < len(items):
        items[at - 1], items[at] = items[at], items[at - 1]


def _drop(items: list, at: int, _name: str) -> None:
    if 0 <= at < len(items):
        del items[at]


def _last_period(items: list, at: int, _name: str) -> None:
    """The same column as it was one period earlier, right behind it; once more, a period further back."""
    if 0 <= at < len(items):
        code, back = base(items[at])
        while back < EARLIEST and earlier(code, back) in items:
            back += 1
        if earlier(code, back) not in items:
            items.insert(items.index(earlier(code, back - 1)) + 1 if back > 1 else at + 1, earlier(code, back))


def _more(items: list, _at: int, name: str) -> None:
    fresh: dict[str, Any] = {
        "sort": ["score.total", "desc"],
        "measures": {"field": "score.total", "statistic": "median"},
    }
    if name in fresh:
        items.append(fresh[name])


_LISTS: dict[str, Callable[[list, int, str], None]] = {
    "earlier": _earlier,
    "drop": _drop,
    "more": _more,
    "before": _last_period,
}


def _reshape(draft: Draft, shape: str) -> None:
    """Into a list, a group-by or a pivot; what the other shapes need is kept as far as the question can hold it."""
    if shape == LIST:
        draft["rows"] = draft["across"] = ""
        draft["sort"] = [pair for pair in draft["sort"] if not pair[0].startswith(PER_MEASURE)]
        return
    draft["rows"] = draft["rows"] or FIRST_ROWS
    if not draft["measures"]:
        draft["measures"] = [{"field": "", "statistic": "count"}]
        if shape == GROUP:
            draft["measures"].append({"field": "score.total", "statistic": "median"})
    if shape == GROUP:
        draft["across"] = ""
    elif not draft["across"]:
        draft["across"] = FIRST_ACROSS if draft["rows"] != FIRST_ACROSS else FIRST_ROWS


def quartiles(draft: Draft, axis: str) -> Query | None:
    """The question whose totals are the quartiles of a dimension, for the firms of the draft; None where there is no such
    dimension. Its answer goes to ``banded``."""
    code = draft.get(axis) or ""
    if axis not in ("rows", "across") or not code:
        return None
    whole = Query.from_json({**draft, "periods": draft["periods"][:1]})
    measures = tuple(Measure(code, statistic) for statistic in ("p25", "median", "p75"))
    return whole.but(rows="firm.status", across="", measures=measures, bands=(), columns=(), sort=())


def banded(draft: Draft, axis: str, figures: Iterable[float | None]) -> Draft:
    """The draft with bands of about as many firms each: at the quartiles, in round numbers."""
    edges = sorted({_round(figure) for figure in figures if figure is not None})
    return draft | {"bands": {**draft["bands"], draft[axis]: edges}} if edges else draft


def _round(figure: float) -> float | int:
    """Two digits of it: 1,676.02 → 1,700."""
    value = float(f"{figure:.2g}")
    return int(value) if value.is_integer() else value
