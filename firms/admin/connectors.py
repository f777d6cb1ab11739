"""采集记录: read only; sources are defined on their own pages."""

from django.contrib import admin

from firms.admin.base import ReadOnlyAdmin
from firms.models import Fetch


@admin.register(Fetch)
class FetchAdmin(ReadOnlyAdmin):
    list_display = ("id", "connector", "year", "outcome", "started_at", "rows", "code", "message", "batch", "asked_by")
    list_filter = ("outcome", "connector", "year")
    list_select_related = ("connector", "batch", "asked_by")
    search_fields = ("connector__name", "connector__code", "code", "message")
    date_hierarchy = "started_at"
