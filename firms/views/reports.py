"""企业填报: the page, its autosave, its submission, the workbook way and its history. Each view is one call to a service."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from firms.forms import reports as forms
from firms.models import Firm, FirmReport, Role
from firms.presenters import report_history, workbench
from firms.presenters import reports as presenters
from firms.services import evidence, report_desk, report_workbook, reports
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.originals import original

firm_only = role_required(Role.FIRM)
evidence_readers = role_required(Role.FIRM, Role.DEPARTMENT, Role.OFFICE)


def _by_script(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _firm(request: HttpRequest, credit_code: str) -> Firm:
    return get_object_or_404(Firm.objects.visible_to(request.user), credit_code=credit_code)


@firm_only
@never_cache
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """企业工作台."""
    asked, before = report_desk.desks(request.user), report_desk.earlier(request.user)
    page = workbench.workbench(request.user, asked, before, timezone.localdate())
    return render(request, "reports/workbench.html", {"page": page})


@firm_only
@never_cache
def form(request: HttpRequest, credit_code: str, year: int) -> HttpResponse:
    """The form itself; posted back, it is saved first, whatever else is wanted of it."""
    firm = _firm(request, credit_code)
    if request.method == "POST":
        return _posted(request, firm, year)
    page = presenters.form_page(report_desk.desk(firm, year, by=request.user), timezone.localdate())
    return render(request, "reports/form.html", {"page": page})


def _posted(request: HttpRequest, firm: Firm, year: int) -> HttpResponse:
    deed, _colon, what = request.POST.get("deed", "save").partition(":")
    report = reports.open_for(firm, year, by=request.user)
    changes = forms.posted(request.POST)
    try:
        if deed == "submit":
            edition = forms.whole(request.POST.get("edition", ""))
            saved = reports.save_and_submit(report, changes, edition=edition, by=request.user)
        else:
            saved = reports.save_cells(report, changes, by=request.user)
            if not saved.refused:
                DEEDS.get(deed, _saved)(request, report, what)
    except Refusal as refusal:
        return _form_again(request, firm, year, refusal=refusal)
    if saved.refused:
        typed = {
            change.code: {"state": change.state, "text": change.text, "reason": change.reason} for change in changes
        }
        return _form_again(request, firm, year, saved=saved, typed=typed)
    if deed in {"attach", "remove"} and _by_script(request):
        return _files(request, firm, year, report, what)
    if deed == "submit":
        messages.success(request, _("已提交，等待积分办审核。"))
        return redirect("firms:workbench")
    return redirect(f"{reverse('firms:report', args=[firm.credit_code, year])}{_anchor(deed, what)}")


def _form_again(
    request: HttpRequest, firm: Firm, year: int, *, refusal: Refusal | None = None, **shown
) -> HttpResponse:
    """The page as it stands now, with what was refused: nothing typed is gone."""
    if refusal is not None and (_by_script(request) or refusal.status == 403):
        raise refusal
    page = presenters.form_page(report_desk.desk(firm, year, by=request.user), timezone.localdate(), **shown)
    context = {"page": page, "refusal": refusal}
    return render(request, "reports/form.html", context, status=refusal.status if refusal else 409)


def _anchor(deed: str, what: str) -> str:
    return f"#m-{what}" if deed == "attach" and what.replace("_", "").isalnum() else ""


def _saved(request: HttpRequest, report: FirmReport, what: str) -> None:
    messages.success(request, _("已保存。"))


def _rest(request: HttpRequest, report: FirmReport, what: str) -> None:
    rest = reports.unanswered(report, by=request.user)
    reports.save_cells(report, rest, by=request.user)
    messages.success(request, _("已将其余%(n)d项标为“未提供”，提交前仍可修改。") % {"n": len(rest)})


def _ask(request: HttpRequest, report: FirmReport, what: str) -> None:
    reports.ask_to_submit(report, by=request.user)
    messages.success(request, _("已提请企业管理员核对并提交。"))


def _attach(request: HttpRequest, report: FirmReport, what: str) -> None:
    file = request.FILES.get(f"file-{what}")
    if file is None:
        raise Refusal("no_file", _("请先选择文件。"), place=_("佐证材料"), hint=_("选择后再点“上传”。"), status=400)
    evidence.attach(file, firm=report.firm, by=request.user, year=report.year, metric=what)


def _remove(request: HttpRequest, report: FirmReport, what: str) -> None:
    own = evidence.readable_by(request.user).filter(firm=report.firm, year=report.year)
    evidence.remove(get_object_or_404(own, pk=max(forms.whole(what), 0)), by=request.user)


# What the form's other buttons do once it is saved.
DEEDS: dict[str, Callable[[HttpRequest, FirmReport, str], None]] = {
    "rest": _rest, "ask": _ask, "attach": _attach, "remove": _remove,
}  # fmt: skip


def _files(request: HttpRequest, firm: Firm, year: int, report: FirmReport, what: str) -> HttpResponse:
    """The list of one cell's files, for the script that has just changed it."""
    desk = report_desk.desk(firm, year, by=request.user)
    code = request.POST.get("metric", what)
    files = desk.standing.evidence.get(code, [])
    fragment = render(request, "reports/_files.html", {"files": files, "may_edit": desk.may_edit}).content.decode()
    return JsonResponse({"html": fragment} | presenters.state(desk))


@firm_only
@require_POST
def save(request: HttpRequest, credit_code: str, year: int) -> HttpResponse:
    """The autosave of a page with scripts."""
    report = reports.open_for(_firm(request, credit_code), year, by=request.user)
    saved = reports.save_cells(report, forms.sent(request.body), by=request.user)
    return JsonResponse(presenters.after_save(saved), json_dumps_params={"ensure_ascii": False})


@firm_only
@require_POST
def withdraw(request: HttpRequest, credit_code: str, year: int) -> HttpResponse:
    firm = _firm(request, credit_code)
    reports.withdraw(get_object_or_404(FirmReport, firm=firm, year=year), by=request.user)
    messages.success(request, _("已撤回，可以继续修改；改好后请重新提交。"))
    return redirect("firms:report", credit_code, year)


@firm_only
@require_GET
def history(request: HttpRequest, credit_code: str, year: int) -> HttpResponse:
    firm = _firm(request, credit_code)
    try:
        page = report_history.history(request.user, firm, year)
    except FirmReport.DoesNotExist:
        raise Http404 from None
    return render(request, "reports/history.html", {"page": page})


@firm_only
@require_GET
def workbook(request: HttpRequest, credit_code: str, year: int) -> HttpResponse:
    desk = report_desk.desk(_firm(request, credit_code), year, by=request.user)
    response = HttpResponse(
        report_workbook.workbook(desk.standing),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    name = f"{year}年度企业填报表-{desk.standing.firm.name}.xlsx"
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "private, no-store"
    return response


@firm_only
def upload(request: HttpRequest, credit_code: str, year: int) -> HttpResponse:
    """A filled-in workbook: what it would change, to be looked at before it goes into the draft."""
    desk = report_desk.desk(_firm(request, credit_code), year, by=request.user)
    form = forms.WorkbookForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                preview = report_workbook.read(form.cleaned_data["file"], desk.standing)
                context["preview"] = presenters.workbook_preview(preview, desk.standing)
            else:
                status = 400
        except Refusal as refusal:
            context["refusal"], status = refusal, refusal.status
    page = presenters.form_page(desk, timezone.localdate())
    return render(request, "reports/upload.html", context | {"page": page, "form": form}, status=status)


@evidence_readers
@require_GET
def evidence_file(request: HttpRequest, pk: int) -> FileResponse:
    """A supporting file; never opened inside the site's own pages."""
    row = evidence.opened(get_object_or_404(evidence.readable_by(request.user), pk=pk), by=request.user)
    return original(row.file, name=row.file_name, media_type=row.media_type)
