"""The office's desk and the life of a period."""

from django.urls import path

from scoring.views import lifecycle, office

urlpatterns: list = [
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
    path("office/runs/<int:pk>/", office.run, name="run"),
]
