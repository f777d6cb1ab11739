"""The back office is Django's admin under our own site (``xxgx.site``)."""

from django.contrib.admin.apps import AdminConfig


class BackOfficeConfig(AdminConfig):
    default_site = "xxgx.site.BackOffice"
    verbose_name = "后台"
