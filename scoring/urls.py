from django.urls import include, path

from scoring.views import exports, office, public

app_name = "scoring"

urlpatterns: list = [
    path("", public.overview, name="overview"),
    path("rankings/", public.rankings, name="rankings"),
    path("rankings/export.<str:format>", exports.rankings, name="rankings_export"),
    path("firms/<str:credit_code>/", public.profile, name="profile"),
    path("my/score/", public.my_score, name="my_score"),
    path("method/", public.method, name="method"),
    path("api/", include("scoring.api.urls")),
    path("office/", office.desk, name="office"),
    path("office/schedule/", office.nightly, name="schedule"),
    path("office/periods/", office.open_period, name="open_period"),
    path("office/periods/<year:year>/", office.period, name="period"),
    path("office/periods/<year:year>/rescore/", office.rescore, name="period_rescore"),
    path("office/periods/<year:year>/publish/", office.publish, name="period_publish"),
    path("office/periods/<year:year>/withdraw/", office.withdraw, name="period_withdraw"),
    path("office/periods/<year:year>/lock/", office.lock, name="period_lock"),
    path("office/periods/<year:year>/unlock/", office.unlock, name="period_unlock"),
    path("office/periods/<year:year>/stage/", office.state_stage, name="period_stage"),
    path("office/runs/<int:pk>/", office.run, name="run"),
]
