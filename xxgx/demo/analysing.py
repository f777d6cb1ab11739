"""What the demo's people ask again and again: questions of 多维检索 kept under a name, some shared."""

from __future__ import annotations

from django.db import transaction

from firms.models import User
from scoring.analysis.query import Condition, Group, Measure, Query
from scoring.models import EvaluationPeriod, SavedView
from scoring.services import saved_views

POOL = Query(
    where=Group(
        "all",
        (
            Condition("firm.stage", "in", ("startup", "growth")),
            Condition("metric.rd_expense", "ge", 100),
            Condition("qualification.hightech", "is", False),
            Group("none", (Condition("register.listing", "ge", 1), Condition("register.environment", "ge", 1))),
        ),
    ),
    columns=(
        "firm.name",
        "firm.stage",
        "firm.cluster",
        "metric.revenue",
        "metric.rd_expense",
        "score.total",
        "score.rank",
    ),
    sort=(("metric.rd_expense", "desc"),),
)
CONTRACTS = Query(
    rows="firm.cluster",
    measures=(
        Measure(),
        Measure("register.contract", "sum"),
        Measure("register.contract.amount", "sum"),
        Measure("register.contract.amount", "share"),
    ),
)
SPREAD = Query(
    rows="firm.stage",
    across="firm.park",
    measures=(Measure(), Measure("score.total", "median"), Measure("score.total", "p75")),
)
FALLING = Query(
    where=Group("all", (Condition("qualification.above_scale", "is", True), Condition("change.total", "lt", 0))),
    columns=("firm.name", "firm.cluster", "firm.park", "score.total", "change.total", "change.rank"),
    sort=(("change.total", "asc"),),
)
# Who keeps it, under what name, whether colleagues see it, and how many of the newest periods it is asked of.
VIEWS = (
    ("office", "高企培育对象初筛", POOL, True, 1),
    ("office", "各产业技术合同", CONTRACTS, True, 3),
    ("office", "得分分布底稿", SPREAD, False, 1),
    ("leader", "得分下滑的规上企业", FALLING, False, 1),
    ("dept-science", "本部门合同统计", CONTRACTS, False, 1),
)


@transaction.atomic
def load_saved_views() -> int:
    """The saved questions; how many. Nothing where there is any, or nothing was published yet."""
    years = list(EvaluationPeriod.objects.published().order_by("-year_id").values_list("year_id", flat=True))
    if not years or SavedView.objects.exists():
        return 0
    people = {user.username: user for user in User.objects.filter(username__in={who for who, *_ in VIEWS})}
    made = 0
    for who, title, query, shared, periods in VIEWS:
        if who in people:
            saved_views.save(
                title=title, query=query.but(periods=tuple(years[:periods])), shared=shared, by=people[who]
            )
            made += 1
    return made
