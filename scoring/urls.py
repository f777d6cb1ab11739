from django.urls import include, path

from scoring.views import public

app_name = "scoring"

urlpatterns: list = [
    path("", public.overview, name="overview"),
    path("firms/<str:credit_code>/", public.profile, name="profile"),
    path("my/score/", public.my_score, name="my_score"),
    path("method/", public.method, name="method"),
    path("api/", include("scoring.api.urls")),
]
