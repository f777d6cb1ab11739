"""Pages anybody may open."""

from django.urls import path

from scoring.views import exports, public

urlpatterns: list = [
    path("", public.overview, name="overview"),
    path("rankings/", public.rankings, name="rankings"),
    path("rankings/export.<str:format>", exports.rankings, name="rankings_export"),
    path("firms/<str:credit_code>/", public.profile, name="profile"),
    path("method/", public.method, name="method"),
]
