"""Files to take away: for those who may, each leaving one audit entry."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from firms.exports import FORMATS, download
from firms.permissions import may_export
from firms.services import audit
from scoring.exports import ranking_export
from scoring.models import EvaluationPeriod, Run
from scoring.presenters.ranking_table import conditions


@require_GET
@login_required
def rankings(request: HttpRequest, format: str) -> HttpResponseBase:
    """The ranking as seen: the page's own conditions, all rows."""
    if not may_export(request.user):
        raise PermissionDenied
    if format not in FORMATS:
        raise Http404
    try:
        export = ranking_export(request.user, conditions(request.GET))
    except EvaluationPeriod.DoesNotExist:
        raise Http404 from None
    response, count = download(export.table, export.file_name, format)
    audit.record(
        "ranking.export",
        _("导出%(title)s，%(count)d行（%(conditions)s）")
        % {"title": export.table.title, "count": count, "conditions": export.conditions},
        by=request.user,
        target=Run(pk=export.run_id),
        after={"format": format, "rows": count, "conditions": export.conditions},
    )
    return response
