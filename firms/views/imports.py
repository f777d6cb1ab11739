"""A file on its way in: upload, preview, confirm, match, undo. Each view is one call to a service or presenter."""

from pathlib import PurePath

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from firms import catalogue, exports
from firms.forms.imports import MatchForm, UndoForm, UploadForm
from firms.models import ColumnMapping, ImportBatch, Role
from firms.presenters import headings
from firms.presenters import imports as presenters
from firms.services import audit, import_guess, import_headings, import_jobs, import_scope, imports
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.paging import number

importers_only = role_required(Role.OFFICE, Role.DEPARTMENT)


def _batch(request: HttpRequest, pk: int) -> ImportBatch:
    return get_object_or_404(ImportBatch.objects.visible_to(request.user), pk=pk)


@importers_only
def batch_list(request: HttpRequest) -> HttpResponse:
    state, q = request.GET.get("state", ""), request.GET.get("q", "").strip()[:100]
    page = presenters.batch_list(request.user, state=state, q=q, before=number(request.GET.get("before", "")))
    return render(request, "imports/list.html", {"page": page, "state": state, "q": q})


@importers_only
def batch_new(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None, user=request.user)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            file = form.cleaned_data.pop("file")
            batch = imports.upload(file, by=request.user, **import_guess.completed(file, **form.cleaned_data))
            import_jobs.stage(batch, by=request.user)
        except Refusal as refused:
            refusal = refused
        else:
            return redirect("firms:import_detail", pk=batch.pk)
    status = refusal.status if refusal else 400 if form.is_bound else 200
    years = range(timezone.localdate().year - 1, timezone.localdate().year - 4, -1)
    context = {"form": form, "refusal": refusal, "template_years": years, "kept": import_scope.kept_by(request.user)}
    return render(request, "imports/new.html", context, status=status)


@importers_only
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        page = presenters.batch_page(
            request.user, pk, verdict=request.GET.get("verdict", ""), after=number(request.GET.get("after", ""))
        )
    except ImportBatch.DoesNotExist:
        raise Http404 from None
    offer = import_headings.offer(page.batch, by=request.user)
    return render(request, "imports/detail.html", {"page": page, "sheets": headings.headings(page.batch, offer)})


@importers_only
@require_POST
def batch_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """What this file's headings mean; the file is then read anew."""
    batch = _batch(request, pk)
    said = dict(zip(request.POST.getlist("heading"), request.POST.getlist("column"), strict=False))
    if import_headings.assign(batch, said, by=request.user):
        import_jobs.stage(batch, by=request.user, again=True)
        messages.success(request, _("已按指定的对应重新读取，下次遇到同样的列名会直接采用。"))
    else:
        messages.info(request, _("列的对应没有变化。"))
    return redirect("firms:import_detail", pk=pk)


@importers_only
def mapping_list(request: HttpRequest) -> HttpResponse:
    return render(request, "imports/headings.html", {"mappings": headings.mapping_list(request.user)})


@importers_only
@require_POST
def mapping_forget(request: HttpRequest, pk: int) -> HttpResponse:
    mapping = get_object_or_404(ColumnMapping.objects.visible_to(request.user), pk=pk)
    import_headings.forget(mapping, by=request.user)
    messages.success(request, _("已取消对“%s”的指定。") % mapping.heading)
    return redirect("firms:import_mappings")


@importers_only
@require_POST
def batch_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    if import_jobs.confirm(batch, digest=request.POST.get("digest", ""), by=request.user):
        messages.success(request, _("已确认写入。"))
    return redirect("firms:import_detail", pk=pk)


@importers_only
@require_POST
def batch_discard(request: HttpRequest, pk: int) -> HttpResponse:
    imports.discard(_batch(request, pk), by=request.user)
    messages.info(request, _("已放弃，没有改动任何数据。"))
    return redirect("firms:imports")


@importers_only
def batch_undo_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What undoing would do and what it would leave, before anybody confirms it."""
    batch = _batch(request, pk)
    context = {"page": presenters.batch_page(request.user, pk), "kept": imports.kept_on_undo(batch), "form": UndoForm()}
    return render(request, "imports/undo.html", context)


@importers_only
@require_POST
def batch_undo(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise Refusal(
            "reason_required", _("撤销要写明原因。"), place=_("撤销原因"), hint=_("请返回填写后再撤销。"), status=400
        )
    imports.undo(batch, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("整批已撤销。"))
    return redirect("firms:import_detail", pk=pk)


@importers_only
@require_POST
def batch_match(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _batch(request, pk)
    form = MatchForm(request.POST)
    if not form.is_valid():
        reason = str(next(iter(form.errors.values()))[0])
        raise Refusal("bad_match", reason, place=_("指定企业"), hint=_("返回批次页面重新填写。"), status=400)
    row = get_object_or_404(batch.rows, pk=form.cleaned_data["row"])
    firm = form.cleaned_data["firm"]
    imports.match_row(row, firm, by=request.user)
    messages.success(request, _("第%(n)d行已指定为%(firm)s。") % {"n": row.row_number, "firm": firm.name})
    return redirect(f"{reverse('firms:import_detail', args=[pk])}?verdict=unmatched")


@importers_only
def batch_refused(request: HttpRequest, pk: int) -> FileResponse:
    """Refused and unmatched rows as they were sent, each with its reasons, to mend and send again."""
    batch = _batch(request, pk)
    response, rows = exports.download(exports.refused(batch), f"{PurePath(batch.file_name).stem}-拒收行", "xlsx")
    audit.record("batch.download_refused", f"下载拒收行：{batch}", by=request.user, target=batch, after={"rows": rows})
    return response


@importers_only
def template(request: HttpRequest, year: int) -> FileResponse:
    """The workbook this department fills in, with what it stated already."""
    department = request.user.department
    table = exports.template(department, year)
    response, rows = exports.download(table, table.title, "xlsx")
    audit.record(
        "template.download", f"下载填报表：{table.title}", by=request.user, target=department,
        after={"year": year, "rows": rows},
    )  # fmt: skip
    return response


@importers_only
def register_template(request: HttpRequest, kind: str) -> FileResponse:
    """A register, or 企业名录, as this department keeps it: to correct and send back."""
    if kind != "firms" and kind not in catalogue.load().registers:
        raise Http404
    department = request.user.department
    import_scope.permit_scope("firms" if kind == "firms" else "registers", department, None, kind, request.user)
    table = exports.firms_template() if kind == "firms" else exports.register_template(department, kind)
    response, rows = exports.download(table, table.title, "xlsx")
    audit.record(
        "template.download", f"下载台账模板：{table.title}", by=request.user, target=department,
        after={"kind": kind, "rows": rows},
    )  # fmt: skip
    return response


@importers_only
def batch_file(request: HttpRequest, pk: int) -> FileResponse:
    """The original, as uploaded; never opened by the browser."""
    batch = _batch(request, pk)
    audit.record("batch.download", f"下载原始文件：{batch}", by=request.user, target=batch)
    response = FileResponse(batch.file.open("rb"), as_attachment=True, filename=batch.file_name)
    response["Content-Type"] = "application/octet-stream"
    return response
