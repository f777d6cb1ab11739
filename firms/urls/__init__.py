"""Addresses of `firms`, a module a topic, all in one namespace."""

from firms.urls import (
    accounts,
    claims,
    conflicts,
    connectors,
    coverage,
    deadlines,
    imports,
    jobs,
    members,
    messages,
    objections,
    reports,
)

app_name = "firms"

urlpatterns = [
    *accounts.urlpatterns,
    *claims.urlpatterns,
    *conflicts.urlpatterns,
    *connectors.urlpatterns,
    *coverage.urlpatterns,
    *deadlines.urlpatterns,
    *imports.urlpatterns,
    *jobs.urlpatterns,
    *members.urlpatterns,
    *messages.urlpatterns,
    *objections.urlpatterns,
    *reports.urlpatterns,
]
