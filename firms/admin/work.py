"""What happened and what is going on: batches, jobs, the trail."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _

from firms.admin.base import ReadOnlyAdmin, as_written
from firms.models import AuditEntry, ImportBatch, ImportRow, Job
from firms.permissions import may_control_jobs
from firms.services import audit, jobs
from firms.services.refusal import Refusal


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "file_name",
        "kind",
        "state",
        "department",
        "year",
        "uploaded_by",
        "uploaded_at",
        "applied_at",
    )
    list_filter = ("state", "kind", "department", "year")
    list_select_related = ("department", "uploaded_by")
    search_fields = ("file_name", "sha256")
    date_hierarchy = "uploaded_at"
    exclude = ("file",)  # the original is handed out by the import page, which leaves a trace


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ("batch", "sheet", "row_number", "verdict", "firm")
    list_filter = ("verdict",)
    list_select_related = ("batch", "firm")
    search_fields = ("batch__file_name", "firm__name", "firm__credit_code")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "key", "state", "attempt", "progress", "message", "due_at", "finished_at")
    list_filter = ("state", "kind")
    search_fields = ("kind", "key", "error")
    date_hierarchy = "created_at"
    actions = ("retry", "cancel")

    def has_control_permission(self, request: HttpRequest) -> bool:
        return may_control_jobs(request.user)

    @admin.action(description="重新执行所选任务", permissions=["control"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, jobs.retry)

    @admin.action(description="取消所选任务", permissions=["control"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, jobs.cancel)

    def _each(self, request: HttpRequest, queryset: QuerySet[Job], deed: Any) -> None:
        for job in queryset:
            try:
                deed(job, by=request.user)
                messages.success(request, _("已办理：%(job)s") % {"job": job})
            except Refusal as refusal:
                messages.error(request, str(refusal))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    said = staticmethod(as_written("summary", "摘要"))
    list_display = ("sequence", "at", "actor_name", "address", "action", "said")
    readonly_fields = ("said",)
    exclude = ("summary",)
    list_filter = ("action",)
    search_fields = ("actor_name", "summary", "action", "target_id")
    search_help_text = "操作人、摘要、操作或对象编号"
    date_hierarchy = "at"
    change_list_template = "admin/firms/auditentry/change_list.html"

    def get_urls(self) -> list[Any]:
        own = path("verify/", self.admin_site.admin_view(self.verify), name="firms_auditentry_verify")
        return [own, *super().get_urls()]

    def verify(self, request: HttpRequest) -> HttpResponse:
        """Recompute the whole chain and say whether it holds."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            broken = audit.verify()
            if broken is None:
                messages.success(request, _("审计链完整：每一项都与前一项相符。"))
            else:
                messages.error(request, _("审计链在第 %(n)s 项断裂：该项或其前一项被改动过。") % {"n": broken})
            audit.record(
                "audit.verify", f"校验审计链：{'完整' if broken is None else f'第{broken}项断裂'}", by=request.user
            )
        return HttpResponseRedirect(reverse("admin:firms_auditentry_changelist"))
