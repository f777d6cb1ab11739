"""数据大屏: what the hall is shown, all of it published, as plain values for the page and for the script that refreshes it."""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.models import Industry, Park
from scoring.models import EvaluationPeriod
from scoring.presenters.board_parks import HEIGHT, WIDTH, tiles, tone
from scoring.presenters.formatting import chinese_date, number, rounded
from scoring.presenters.overview import overview
from scoring.presenters.published import pinned, pointers, published_periods
from scoring.presenters.run_sums import Part, RunSums, sums_of

SECONDS = 600  # names outside the run (a park renamed in the back office) show after this at the latest
COURSE = 6  # periods of the trend
# In the process: the pointers in the key keep every process right, as with the pages kept (scoring.views.caching).
_kept = LocMemCache("board", {"TIMEOUT": SECONDS, "OPTIONS": {"MAX_ENTRIES": 8}})


class Board(NamedTuple):
    """``etag``: a digest of ``values``, which are JSON-able. ``values["period"]`` None: nothing is published."""

    etag: str
    values: dict[str, Any]


def board() -> Board:
    """What is published now. One query where that was asked before, a constant number otherwise; nobody's session counts."""
    state = pointers()
    key = hashlib.sha256(repr(state).encode()).hexdigest()
    found = _kept.get(key)
    if found is None:
        with pinned(state):
            values = _values()
        text = json.dumps(values, ensure_ascii=False, sort_keys=True)
        found = Board(hashlib.sha256(text.encode()).hexdigest()[:32], values)
        _kept.set(key, found)
    return found


def _values() -> dict[str, Any]:
    page = overview(AnonymousUser())
    period = page.period
    if period is None or period.published_run is None:
        return {"period": None}
    run = period.published_run
    periods = published_periods()[:COURSE][::-1]
    sums = sums_of(item.published_run for item in periods if item.published_run)
    own, stages = sums[run.pk], dict(run.summary["stages"])
    decimals = run.summary["decimals"]
    return {
        "period": {
            "year": period.year_id,
            "name": period.name,
            "published": _("%s公布") % chinese_date(timezone.localtime(period.published_at)),
        },
        "figures": [
            {"label": str(f.label), "value": f.value, "unit": str(f.unit), "change": f.change, "direction": f.direction}
            for f in page.figures
        ],
        "compared": _("增减与%s年相比") % page.previous.year_id if page.previous else "",
        "trend": _trend(periods, sums),
        "distribution": _distribution(run.summary, own, stages),
        "stages": _parts(_("企业类型"), stages, own.parts["stage"]),
        "clusters": _parts(_("主导产业"), dict(Industry.Cluster.choices), own.parts["cluster"]),
        "parks": _parks(own),
        "leaders": [
            {
                "name": top.name,
                "firms": _("%s家") % number(top.firms),
                "rows": [[str(row.stage_rank), row.name, number(row.total, decimals)] for row in top.rows],
            }
            for top in page.tops
            if top.rows
        ],
    }


def _trend(periods: list[EvaluationPeriod], sums: dict[int, RunSums]) -> dict[str, Any]:
    wholes = [sums[item.published_run_id].whole for item in periods]
    spent = [_rounded(whole.summed("rd_expense", 1e4)) for whole in wholes]
    share = [_rounded(whole.intensity) for whole in wholes]
    labels = [_("%s年") % item.year_id for item in periods]
    return {
        "title": _("研发投入趋势"),
        "labels": labels,
        "bars": {"name": _("研发费用（亿元）"), "data": spent},
        "line": {"name": _("研发强度（%）"), "data": share},
        "head": [_("年度"), _("研发费用（亿元）"), _("研发强度（%）")],
        "rows": [[a, number(b, 2), number(c, 2)] for a, b, c in zip(labels, spent, share, strict=True)],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else rounded(value, 2)


def _distribution(summary: dict[str, Any], own: RunSums, stages: dict[str, str]) -> dict[str, Any]:
    """Firms by total, a band wide enough that no more than ten stand side by side, split by stage."""
    edges = summary.get("histogram_edges", [])
    counts = {code: part.histogram for code, part in own.parts["stage"].items() if code in stages}
    used = [i for i in range(len(edges) - 1) if any(i < len(row) and row[i] for row in counts.values())]
    if not used:
        return {"title": _("得分分布"), "labels": [], "across": "", "up": "", "series": [], "head": [], "rows": []}
    step = -(-(used[-1] + 1 - used[0]) // 10)
    bands = [range(i, min(i + step, used[-1] + 1)) for i in range(used[0], used[-1] + 1, step)]
    limits = [edges[band.start] for band in bands] + [edges[bands[-1].stop]]
    labels = [f"{number(low)}–{number(high)}" for low, high in pairwise(limits)]
    series = [
        {"code": code, "name": name, "data": [sum(counts[code][i] for i in band if i < len(counts[code])) for band in bands]}
        for code, name in stages.items()
        if code in counts
    ]  # fmt: skip
    return {
        "title": _("得分分布"),
        "labels": labels,
        "across": _("分"),
        "up": _("家"),
        "series": series,
        "head": [_("得分（分）"), *(one["name"] for one in series)],
        "rows": [[label, *(number(one["data"][i]) for one in series)] for i, label in enumerate(labels)],
    }


def _parts(title: str, names: dict[str, str], groups: dict[str, Part]) -> dict[str, Any]:
    """Each part's firms and mean total; ``share`` in whole per cents of the largest part."""
    present = [code for code in names if code in groups]
    most = max((groups[code].firms for code in present), default=0)
    return {
        "title": title,
        "rows": [
            {
                "name": str(names[code]),
                "firms": number(groups[code].firms),
                "mean": number(groups[code].mean, 1),
                "share": round(100 * groups[code].firms / most) if most else 0,
            }
            for code in present
        ],
    }


def _parks(own: RunSums) -> dict[str, Any]:
    """Every park on the register, those without ranked firms too; the size is how many firms, the colour their mean total."""
    parks = list(Park.objects.values_list("code", "name"))
    groups = [own.parts["park"].get(code, Part()) for code, _name in parks]
    means = [group.mean for group in groups if group.mean is not None]
    drawn = tiles([group.firms for group in groups])
    return {
        "title": _("各园区参评企业"),
        "width": WIDTH,
        "height": HEIGHT,
        "tiles": [
            {
                "name": name,
                "firms": _("%s家") % number(group.firms),
                "mean": _("均分%s") % number(group.mean, 1),
                "tone": tone(group.mean, means),
                "x": tile.x,
                "y": tile.y,
                # Inside its margins; letters as large as the name's length lets them be.
                "inner_width": round(tile.width - 4, 1),
                "inner_height": round(tile.height - 4, 1),
                "letters": round(min(28, (tile.width - 24) / max(len(name), 5)), 1),
                "small": round(min(24, (tile.width - 24) / 5), 1),
            }
            for (_code, name), group, tile in zip(parks, groups, drawn, strict=False)
        ],
    }
