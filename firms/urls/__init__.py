"""Addresses of `firms`, a module a topic, all in one namespace."""

from firms.urls import accounts, conflicts, imports, jobs, members, messages, reports

app_name = "firms"

urlpatterns = [
    *accounts.urlpatterns,
    *conflicts.urlpatterns,
    *imports.urlpatterns,
    *jobs.urlpatterns,
    *members.urlpatterns,
    *messages.urlpatterns,
    *reports.urlpatterns,
]
