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


EVERYONE: list[tuple[str, Promise, tuple[str, ...]]] = [
    ("scoring:overview", _("首页总览"), ()),
    ("scoring:rankings", _("积分榜单"), ("scoring:profile",)),
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
OFFICE = ("scoring:office", _("工作台"), ("scoring:period", "scoring:run", "scoring:schedule", "firms:job"))
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
ADMIN = ("admin:index", _("后台管理"), ())
ENROLMENTS = ("firms:enrolments", _("企业账号"), ("firms:members", "firms:firm_members"))
MAILS = ("firms:mails", _("邮件"), ())
BY_ROLE: dict[str, list[tuple[str, Promise, tuple[str, ...]]]] = {
    "firm": [WORKBENCH, ("scoring:my_score", _("我的积分"), ())],
    "department": [DEPARTMENT, IMPORTS, VERDICTS, CONNECTORS, COVERAGE],
    "office": [OFFICE, REVIEW, IMPORTS, COVERAGE, VERDICTS, CONNECTORS, ENROLMENTS, ADMIN],
    "leader": [COVERAGE],
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
    if here == "scoring:profile" and getattr(context.get("page"), "own", False):
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
