"""How the zone is made up: stage by cluster and by park, with the change on the period before, from the runs' small cubes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import Industry, Park
from scoring.presenters.formatting import number, signed
from scoring.presenters.run_sums import NOWHERE, Key, RunSums


@dataclass(frozen=True)
class Cell:
    """``change`` in words and ``direction`` up, down or flat; "" where there is no period before."""

    text: str
    url: str = ""
    change: str = ""
    direction: str = "flat"


@dataclass(frozen=True)
class Grid:
    """A table of parts: ``head`` names the columns, each row its name and cells, the last row and column the sums."""

    title: str
    corner: str
    head: list[str]
    rows: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    selected: bool


@dataclass(frozen=True)
class Structure:
    clusters: Grid
    parks: Grid
    park_choices: list[Choice]
    cluster_choices: list[Choice]


def structure(
    year: int, stages: Mapping[str, str], now: RunSums, before: RunSums | None, *, park: str = "", cluster: str = ""
) -> Structure:
    """Stage × cluster (of one park, if asked) and stage × park (of one cluster, if asked)."""
    parks = dict(Park.objects.values_list("code", "name"))
    clusters = {code: str(label) for code, label in Industry.Cluster.choices}
    park, cluster = park if park in parks else "", cluster if cluster in clusters else ""
    # What no firm has is no column; what firms have and nobody named is one of its own.
    park_names = _present(parks, now, 2)
    cluster_names = _present(clusters, now, 1)
    by_cluster = _grid(
        _("企业类型与主导产业"), stages, cluster_names, lambda stage, column: (stage, column, park), year, now, before
    )
    by_park = _grid(
        _("企业类型与园区"), stages, park_names, lambda stage, column: (stage, cluster, column), year, now, before
    )
    return Structure(
        by_cluster,
        by_park,
        [Choice("", _("全部园区"), not park), *(Choice(code, name, code == park) for code, name in parks.items())],
        [
            Choice("", _("全部产业"), not cluster),
            *(Choice(code, name, code == cluster) for code, name in clusters.items()),
        ],
    )


def _present(names: Mapping[str, str], now: RunSums, at: int) -> dict[str, str]:
    held = {key[at] for key in now.ranked}
    named = {code: name for code, name in names.items() if code in held}
    others = {code: code for code in sorted(held - {*names, ""})}
    return named | others | ({NOWHERE: _("未登记")} if "" in held else {})


def _grid(
    title: str,
    stages: Mapping[str, str],
    columns: Mapping[str, str],
    where: Callable[[str, str], Key],
    year: int,
    now: RunSums,
    before: RunSums | None,
) -> Grid:
    def cell(stage: str, column: str) -> Cell:
        asked = where(stage, column)
        return counted(now.firms(*asked), before.firms(*asked) if before else None, ranking(year, *asked))

    rows = [(name, [cell(stage, column) for column in [*columns, ""]]) for stage, name in stages.items()]
    rows.append((_("合计"), [cell("", column) for column in [*columns, ""]]))
    return Grid(title, _("企业类型"), [*columns.values(), _("合计")], rows)


def counted(value: int, before: int | None, url: str) -> Cell:
    """A number of firms with its change; none is not worth a link."""
    if before is None:
        return Cell(number(value), url if value else "")
    difference = value - before
    direction = "up" if difference > 0 else "down" if difference < 0 else "flat"
    return Cell(number(value), url if value else "", signed(difference) if difference else "", direction)


def ranking(year: int, stage: str = "", cluster: str = "", park: str = "") -> str:
    """Where these ranked firms are listed; nowhere, of those who have no industry or park."""
    if NOWHERE in (stage, cluster, park):
        return ""
    asked = {"year": year, "stage": stage, "cluster": cluster, "park": park}
    return f"{reverse('scoring:rankings')}?{urlencode({name: value for name, value in asked.items() if value})}"
