"""Addresses of `firms`, a module a topic, all in one namespace."""

from firms.urls import accounts, imports, jobs

app_name = "firms"

urlpatterns = [*accounts.urlpatterns, *imports.urlpatterns, *jobs.urlpatterns]
