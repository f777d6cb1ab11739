from django.urls import include, path

from scoring.views import exports, forecasts, lifecycle, office, public, review

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
    path("office/periods/<year:year>/open/", lifecycle.open_reporting, name="period_open"),
    path("office/periods/<year:year>/deadlines/", lifecycle.deadlines, name="period_deadlines"),
    path("office/periods/<year:year>/move/", lifecycle.move, name="period_move"),
    path("office/review/", review.queue, name="review"),
    path("office/review/export.xlsx", review.export, name="review_export"),
    path("office/review/decide/", review.decide_many, name="review_many"),
    path("office/review/<int:pk>/", review.report, name="review_report"),
    path("office/review/<int:pk>/accept/", review.accept, name="review_accept"),
    path("office/review/<int:pk>/return/", review.return_, name="review_return"),
    path("office/review/<int:pk>/reopen/", review.ask_reopening, name="review_reopen"),
    path("office/review/reopenings/<int:pk>/", review.decide_reopening, name="review_reopening"),
    path("office/runs/<int:pk>/", office.run, name="run"),
    path("imports/<int:pk>/forecast/", forecasts.batch_forecast, name="batch_forecast"),
    path("imports/<int:pk>/forecast/ask/", forecasts.batch_forecast_ask, name="batch_forecast_ask"),
]
