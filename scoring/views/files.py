"""一企一档: each view is one call to a presenter."""

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from firms.exports import CONTENT_TYPES
from firms.services import audit
from firms.views.guards import role_required
from scoring.exports_firm_file import workbook
from scoring.presenters import firm_file as present

readers = role_required(*present.READERS)


@require_safe
@readers
def firm_files(request: HttpRequest) -> HttpResponse:
    """The firm one means, at once; else those a search found."""
    found = present.find_firms(request.user, request.GET.get("q", "").strip()[:100])
    if found.exact:
        return redirect("scoring:firm_file", found.exact)
    return render(request, "files/find.html", {"page": found})


@require_safe
@readers
def firm_file(request: HttpRequest, credit_code: str) -> HttpResponse:
    return render(request, "files/file.html", {"page": present.firm_file(request.user, credit_code, request.GET)})


@require_GET
@readers
def firm_file_export(request: HttpRequest, credit_code: str) -> HttpResponseBase:
    file = present.firm_file(request.user, credit_code, {}, whole=True)
    made = workbook(file, request.user)
    audit.record(
        "firm.export", _("导出“%s”的一企一档") % file.firm.name, by=request.user, target=file.firm,
        after={"format": "xlsx", "sections": [section.code for section in file.sections]},
    )  # fmt: skip
    response = FileResponse(
        made, as_attachment=True, filename=_("一企一档-%s.xlsx") % file.firm.name,
        content_type=CONTENT_TYPES["xlsx"],
    )  # fmt: skip
    response["Cache-Control"] = "private, no-store"
    return response
