from django.urls import path

from firms.views import coverage, department

urlpatterns = [
    path("department/", department.home, name="department"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("coverage/firms/", coverage.coverage_firms, name="coverage_firms"),
    path("coverage/<year:year>/<slug:metric>/", coverage.coverage_metric, name="coverage_metric"),
    path("coverage/<year:year>/<slug:metric>.xlsx", coverage.coverage_export, name="coverage_export"),
]
