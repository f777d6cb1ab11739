from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

from scoring.api import reference, views
from scoring.api.analysis import Analysis
from scoring.api.announcements import Announcements

urlpatterns = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("docs/", reference.docs, name="api-docs"),
    path("v1/analysis/", Analysis.as_view(), name="api-analysis"),
    path("v1/periods/", views.Periods.as_view(), name="api-periods"),
    path("v1/rankings/", views.Rankings.as_view(), name="api-rankings"),
    path("v1/firms/<str:credit_code>/", views.Firm.as_view(), name="api-firm"),
    path("v1/firms/<str:credit_code>/explanation/", views.Explanation.as_view(), name="api-explanation"),
    path("v1/announcements/", Announcements.as_view(), name="api-announcements"),
    path("v1/method/", views.Method.as_view(), name="api-method"),
]
