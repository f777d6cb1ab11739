"""公开数据源: the list, one source with its record, editing, testing, running, switching."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from firms.forms.connectors import ConnectorForm, picks_form
from firms.models import Connector, Fetch, Job, Role
from firms.presenters import connectors as presenters
from firms.services import audit, connector_runs, connector_trials, connectors
from firms.services.refusal import Refusal
from firms.views.guards import role_required
from firms.views.paging import number

readers_only = role_required(Role.OFFICE, Role.DEPARTMENT)
office_only = role_required(Role.OFFICE)


def _source(request: HttpRequest, pk: int) -> Connector:
    return get_object_or_404(Connector.objects.visible_to(request.user).select_related("department"), pk=pk)


@readers_only
@require_safe
def source_list(request: HttpRequest) -> HttpResponse:
    return render(request, "connectors/list.html", {"page": presenters.source_list(request.user)})


@readers_only
@require_safe
def source_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, pk, None)


@office_only
@require_safe
def trial_result(request: HttpRequest, pk: int, job: int) -> HttpResponse:
    found = get_object_or_404(
        Job.objects.visible_to(request.user), pk=job, kind=connector_trials.KIND, args__connector=pk
    )
    return _detail(request, pk, found)


def _detail(request: HttpRequest, pk: int, trial: Job | None) -> HttpResponse:
    try:
        page = presenters.source_page(request.user, pk, before=number(request.GET.get("before", "")), trial=trial)
    except Connector.DoesNotExist:
        raise Http404 from None
    return render(request, "connectors/detail.html", {"page": page})


@office_only
def source_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@office_only
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, _source(request, pk))


def _edit(request: HttpRequest, source: Connector | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form, picks = ConnectorForm(data, source=source), picks_form(data, source=source)
    context = {"form": form, "picks": picks, "source": source, "hosts": connectors.guard().hosts}
    valid = data is not None and all([form.is_valid(), picks.is_valid()])
    if not valid:
        return render(request, "connectors/edit.html", context, status=400 if data is not None else 200)
    values = form.values(picks.picks())
    try:
        if source is None:
            kept = connectors.create(form.cleaned_data["code"], values, by=request.user)
        else:
            kept = connectors.change(source, values, version=form.cleaned_data["version"] or 0, by=request.user)
    except Refusal as refusal:
        return _refused(request, context, values, refusal)
    messages.success(request, _("已保存。请先测试采集，再启用。") if not kept.enabled else _("已保存。"))
    return redirect("firms:connector", pk=kept.pk)


def _refused(request: HttpRequest, context: dict, values: dict, refusal: Refusal) -> HttpResponse:
    """The form with what was typed and why not; to somebody overtaken, both texts, and their next saving counts."""
    context["refusal"] = refusal
    if refusal.code == "stale":
        now = _source(request, context["source"].pk)
        context["differences"] = presenters.differences(now, values)
        context["form"].at_version(now.version)
    return render(request, "connectors/edit.html", context, status=refusal.status)


@office_only
@require_POST
def source_run(request: HttpRequest, pk: int) -> HttpResponse:
    job = connector_runs.ask(_source(request, pk), year=number(request.POST.get("year", "")) or None, by=request.user)
    return redirect("firms:job", pk=job.pk)


@office_only
@require_POST
def source_trial(request: HttpRequest, pk: int) -> HttpResponse:
    job = connector_trials.ask(_source(request, pk), year=number(request.POST.get("year", "")) or None, by=request.user)
    return redirect("firms:job", pk=job.pk)


@office_only
@require_POST
def source_switch(request: HttpRequest, pk: int) -> HttpResponse:
    enabled = request.POST.get("enabled") == "1"
    version = number(request.POST.get("version", ""))
    connectors.switch(_source(request, pk), enabled=enabled, version=version, by=request.user)
    messages.success(request, _("已启用，将按间隔采集。") if enabled else _("已停用，原有数据不受影响。"))
    return redirect("firms:connector", pk=pk)


@readers_only
@require_safe
def fetch_original(request: HttpRequest, pk: int) -> FileResponse:
    """The answers as they came; never opened by the browser."""
    try:
        fetch, file = presenters.original(request.user, pk)
    except Fetch.DoesNotExist:
        raise Http404 from None
    audit.record("fetch.download", f"下载采集原文：{fetch}", by=request.user, target=fetch)
    response = FileResponse(file, as_attachment=True, filename=f"{fetch.connector.code}-{fetch.pk}.bin")
    response["Content-Type"] = "application/octet-stream"
    return response
