"""Addresses of judgements, a module a topic."""

from django.urls import include, path

from scoring.urls import analysis, announcements, board, budgets, files, firm, forecasts, leader, office, public, review

app_name = "scoring"

urlpatterns: list = [
    *public.urlpatterns,
    *announcements.urlpatterns,
    *board.urlpatterns,
    *firm.urlpatterns,
    *analysis.urlpatterns,
    *files.urlpatterns,
    *leader.urlpatterns,
    *office.urlpatterns,
    *budgets.urlpatterns,
    *review.urlpatterns,
    *forecasts.urlpatterns,
    path("api/", include("scoring.api.urls")),
]
