"""What import-export does out of the box: a plain model of 40 columns, a plain ModelResource, its own admin pages.

Uploaded, previewed and confirmed through the two admin views as a browser would, with every default left as it is.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import connection, models
from django.urls import path
from import_export import fields, resources
from import_export.admin import ImportMixin
from import_export.formats.base_formats import DEFAULT_FORMATS, XLSX
from import_export.widgets import ForeignKeyWidget

from benchmarks.importing_file import CODES
from firms.models import Firm


class Fact(models.Model):
    """About a firm, as facts are here: the row's credit code must be a firm's."""

    firm = models.OneToOneField("firms.Firm", models.CASCADE, related_name="+")

    class Meta:
        app_label = "firms"  # one that is installed; the table is dropped again
        db_table = "benchmark_fact"

    def __str__(self) -> str:
        return str(self.firm_id)


class CodedFact(models.Model):
    """About nobody: whatever code the row has is kept as text."""

    credit_code = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=128)

    class Meta:
        app_label = "firms"
        db_table = "benchmark_coded_fact"

    def __str__(self) -> str:
        return self.name


for _code in CODES:
    models.FloatField(null=True).contribute_to_class(Fact, _code)
    models.FloatField(null=True).contribute_to_class(CodedFact, _code)


class FactResource(resources.ModelResource):
    firm = fields.Field("firm", "credit_code", ForeignKeyWidget(Firm, "credit_code"))

    class Meta:
        model = Fact
        import_id_fields = ("firm",)
        exclude = ("id",)


class CodedFactResource(resources.ModelResource):
    class Meta:
        model = CodedFact
        import_id_fields = ("credit_code",)
        exclude = ("id",)


class OpenAdmin(ImportMixin, admin.ModelAdmin):
    def has_add_permission(self, request: Any) -> bool:
        return True

    has_change_permission = has_delete_permission = has_view_permission = has_module_permission = has_add_permission


class FactAdmin(OpenAdmin):
    resource_classes = [FactResource]


class CodedFactAdmin(OpenAdmin):
    resource_classes = [CodedFactResource]


site = admin.AdminSite()
site.register(Fact, FactAdmin)
site.register(CodedFact, CodedFactAdmin)
urlpatterns = [path("admin/", site.urls)]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
# Django's and import-export's own templates, not this project's.
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def admin_flow(file: str, coded: bool = False) -> dict[str, Any]:
    """Seconds of preview and of confirm of this xlsx through the admin, into an empty table."""
    from django.test import Client, override_settings

    from firms.models import User

    model = CodedFact if coded else Fact
    with connection.schema_editor() as editor:
        if model._meta.db_table in connection.introspection.table_names():
            editor.delete_model(model)
        editor.create_model(model)
    user, _ = User.objects.get_or_create(username="benchmark", defaults={"role": "office", "is_staff": True})
    place = f"/admin/firms/{model._meta.model_name}"
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE, TEMPLATES=TEMPLATES):
        client = Client(raise_request_exception=True)
        client.force_login(user, settings.AUTHENTICATION_BACKENDS[-1])
        start = time.perf_counter()
        with Path(file).open("rb") as content:
            preview = client.post(
                f"{place}/import/", {"import_file": content, "format": str(DEFAULT_FORMATS.index(XLSX)), "resource": "0"}
            )  # fmt: skip
        previewed = time.perf_counter()
        assert preview.status_code == 200, (preview.status_code, preview.headers.get("Location"))
        initial = preview.context_data["confirm_form"].initial
        done = client.post(
            f"{place}/process_import/", {key: value for key, value in initial.items() if value is not None}
        )
        confirmed = time.perf_counter()
        assert done.status_code == 302, done.status_code
    rows = model.objects.count()
    with connection.schema_editor() as editor:
        editor.delete_model(model)
    return {"rows": rows, "preview": previewed - start, "confirm": confirmed - previewed}
