"""The main menu: what each audience goes to, in one table."""

from dataclasses import dataclass
from functools import lru_cache

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()


@dataclass(frozen=True)
class Item:
    label: str | Promise
    url: str
    current: bool


# What is told of one firm: under the ranking it is found in, or its account's own.
OF_A_FIRM = (
    "scoring:profile",
    "scoring:portrait",
    "scoring:peers",
    "scoring:simulate",
    "scoring:target",
    "scoring:statement",
)
EVERYONE: list[tuple[str, Promise, tuple[str, ...]]] = [
    ("scoring:overview", _("首页总览"), ()),
    ("scoring:rankings", _("积分榜单"), (*OF_A_FIRM, "scoring:honours")),
    ("scoring:announcements", _("公告公示"), ("scoring:announcement",)),
    ("scoring:method", _("积分办法"), ()),
]
# Which pages light an entry up beside its own: the ones one reaches from it.
IMPORTS = (
    "firms:imports",
    _("数据导入"),
    (
        "firms:import_new",
        "firms:import_detail",
        "firms:import_mappings",
        "firms:import_undo_preview",
        "scoring:batch_forecast",
    ),
)
SHOWN = (  # what the office shows the public, and takes down
    "scoring:office_announcements",
    "scoring:announcement_new",
    "scoring:announcement_edit",
    "scoring:office_honours",
)
OFFICE = (
    "scoring:office",
    _("工作台"),
    (
        "scoring:period",
        "scoring:run",
        "scoring:schedule",
        "scoring:budgets",
        "scoring:certificates",
        "scoring:leader",
        "scoring:leader_firms",
        "firms:job",
        *SHOWN,
    ),
)
REVIEW = ("scoring:review", _("填报审核"), ("scoring:review_report",))
WORKBENCH = (
    "firms:workbench",
    _("企业工作台"),
    (
        "firms:report",
        "firms:report_upload",
        "firms:report_history",
        "firms:claims",
        "firms:claim",
        "firms:claim_new",
        "firms:claim_edit",
        "firms:objections",
        "firms:objection",
        "firms:objection_new",
    ),
)
DEPARTMENT = ("firms:department", _("工作台"), ())
COVERAGE = (
    "firms:coverage",
    _("完整率"),
    ("firms:coverage_firms", "firms:coverage_metric", "firms:extensions", "firms:reminders"),
)
CONNECTORS = (
    "firms:connectors",
    _("公开数据"),
    ("firms:connector", "firms:connector_new", "firms:connector_edit", "firms:connector_trial_result"),
)
VERDICTS = (
    "firms:claim_queue",
    _("核验与裁定"),
    ("firms:claim", "firms:objections", "firms:objection", "firms:conflicts", "firms:decisions", "firms:source_record"),
)
LEADER = ("scoring:leader", _("领导驾驶舱"), ("scoring:leader_firms",))
ANALYSIS = ("scoring:analysis", _("多维检索"), ("scoring:compare", "scoring:saved_views"))
ADMIN = ("admin:index", _("后台管理"), ())
FILES = ("scoring:firm_files", _("一企一档"), ("scoring:firm_file",))
ENROLMENTS = ("firms:enrolments", _("企业账号"), ("firms:members", "firms:firm_members"))
MAILS = ("firms:mails", _("邮件"), ())
BY_ROLE: dict[str, list[tuple[str, Promise, tuple[str, ...]]]] = {
    "firm": [WORKBENCH, ("scoring:my_score", _("我的积分"), ())],
    "department": [DEPARTMENT, IMPORTS, VERDICTS, CONNECTORS, COVERAGE, ANALYSIS, FILES],
    "office": [OFFICE, REVIEW, ANALYSIS, FILES, IMPORTS, COVERAGE, VERDICTS, CONNECTORS, ENROLMENTS, ADMIN],
    "leader": [LEADER, ANALYSIS, FILES, COVERAGE],
    "bank": [],
    "system": [ADMIN, MAILS],
    "security": [ADMIN],
    "audit": [ADMIN],
}


@register.simple_tag(takes_context=True)
def navigation(context) -> tuple[Item, ...]:
    """The entries for whoever reads the page; an error page without a request gets the public ones."""
    request = context.get("request")
    user = getattr(request, "user", None)
    role = user.role if user is not None and user.is_authenticated else ""
    match = getattr(request, "resolver_match", None)
    here = match.view_name if match else ""
    if here in OF_A_FIRM and getattr(context.get("page"), "own", False):
        here = "scoring:my_score"  # a firm's page is its account's own score
    return _items(role, here)


@lru_cache(maxsize=512)
def _items(role: str, here: str) -> tuple[Item, ...]:
    """One role's entries on one page; ``here`` is a name of ours, never an address somebody typed."""
    items = []
    for name, label, related in EVERYONE + BY_ROLE.get(role, []):
        try:
            url = reverse(name)
        except NoReverseMatch:  # a part of the site that is not installed has no entry
            continue
        items.append(Item(label, url, here == name or here in related))
    return tuple(items)
