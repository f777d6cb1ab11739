from django.urls import include, path

app_name = "scoring"

urlpatterns: list = [
    path("api/", include("scoring.api.urls")),
]
