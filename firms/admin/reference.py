"""Reference data: parks, industries, departments, metrics, data years."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from import_export import fields
from import_export.widgets import JSONWidget

from firms.admin.base import OfficeAdmin, ReadOnlyAdmin
from firms.admin.tables import TableAdmin, TableResource
from firms.admin.widgets import ChoiceWidget, CodeWidget
from firms.models import DataYear, Department, Industry, Metric, Park


class ParkResource(TableResource):
    class Meta(TableResource.Meta):
        model = Park
        import_id_fields = ("code",)
        fields = ("code", "name", "position")


@admin.register(Park)
class ParkAdmin(TableAdmin, OfficeAdmin):
    resource_classes = (ParkResource,)
    list_display = ("code", "name", "position")
    search_fields = ("code", "name")


class IndustryResource(TableResource):
    cluster = fields.Field("cluster", "主导产业", widget=ChoiceWidget(Industry.Cluster))

    class Meta(TableResource.Meta):
        model = Industry
        import_id_fields = ("code",)
        fields = ("code", "name", "cluster")


@admin.register(Industry)
class IndustryAdmin(TableAdmin, OfficeAdmin):
    resource_classes = (IndustryResource,)
    list_display = ("code", "name", "cluster")
    list_filter = ("cluster",)
    search_fields = ("code", "name")


class DepartmentResource(TableResource):
    class Meta(TableResource.Meta):
        model = Department
        import_id_fields = ("code",)
        fields = ("code", "name", "short_name", "position")


@admin.register(Department)
class DepartmentAdmin(TableAdmin, OfficeAdmin):
    resource_classes = (DepartmentResource,)
    list_display = ("code", "name", "short_name", "position")
    search_fields = ("code", "name", "short_name")


class MetricResource(TableResource):
    kind = fields.Field("kind", "类型", widget=ChoiceWidget(Metric.Kind))
    owner = fields.Field("owner", "责任部门", widget=CodeWidget(Department, "code"))
    aliases = fields.Field("aliases", "别名", widget=JSONWidget())

    class Meta(TableResource.Meta):
        model = Metric
        import_id_fields = ("code",)
        fields = (
            "code", "name", "aliases", "unit", "kind", "minimum", "maximum", "decimals", "owner", "tolerance",
            "help_text", "topic", "position",
        )  # fmt: skip


@admin.register(Metric)
class MetricAdmin(TableAdmin, OfficeAdmin):
    resource_classes = (MetricResource,)
    list_display = ("code", "name", "unit", "kind", "owner", "topic", "position")
    list_filter = ("topic", "kind", "owner")
    list_select_related = ("owner",)
    search_fields = ("code", "name", "help_text")

    def get_readonly_fields(self, request: HttpRequest, obj: Metric | None = None) -> Any:
        # Schemes and filings name metrics by code: a code that moves would orphan them.
        return ("code",) if obj else ()


@admin.register(DataYear)
class DataYearAdmin(ReadOnlyAdmin):
    list_display = ("year", "locked_at", "locked_by")
    list_select_related = ("locked_by",)
