"""多维检索 for tests: who may what, and a question that was saved."""

from scoring.analysis.query import Condition, Group, Measure, Query
from scoring.models import SavedView
from scoring.services import saved_views

READERS = {"office", "leader", "department", "other_department"}
TABLE = {
    "scoring:analysis": (READERS, "get", {}),
    "scoring:analysis_edit": (READERS, "post", {}),
    "scoring:analysis_export": (READERS, "get", {"format": "csv"}),
    "scoring:compare": (READERS, "get", {}),
    "scoring:compare_edit": (READERS, "post", {}),
    "scoring:compare_export": (READERS, "get", {"format": "csv"}),
    "scoring:saved_views": (READERS, "get", {}),
    "scoring:saved_view_save": (READERS, "post", {}),
    # Only the owner changes one, the office's here; nobody else can so much as find one that is not shared.
    "scoring:saved_view_rename": ({"office"}, "post", {"pk": "saved_view"}),
    "scoring:saved_view_share": ({"office"}, "post", {"pk": "saved_view"}),
    "scoring:saved_view_delete": ({"office"}, "post", {"pk": "saved_view"}),
}


def question(*conditions, how="all", **more):
    """A list of all periods' firms that meet the conditions: (field, op, value) each."""
    where = Group(how, tuple(Condition(*condition) for condition in conditions))
    return Query(**{"where": where, "columns": ("firm.stage", "score.total"), **more})


def by_stage(**more):
    return question(rows="firm.stage", measures=(Measure("", "count"), Measure("score.total", "median")), **more)


def saved(owner, title="成长期企业", **more):
    query = question(("firm.stage", "in", ("growth",)))
    return saved_views.save(title=title, query=query, by=owner, **more)


def many(owner, count):
    """``count`` of them in bulk, kept before anything was computed."""
    start = SavedView.objects.count()
    rows = [SavedView(owner=owner, title=f"查询{start + n}", query=question().to_json()) for n in range(count)]
    SavedView.objects.bulk_create(rows)


def world(office):
    return {"saved_view": saved(office).pk}
