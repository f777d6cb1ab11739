from django.urls import include, path

from scoring.views import public

app_name = "scoring"

urlpatterns: list = [
    path("", public.overview, name="overview"),
    path("method/", public.method, name="method"),
    path("api/", include("scoring.api.urls")),
]
