"""领导驾驶舱."""

from django.urls import path

from scoring.views import leader

urlpatterns: list = [
    path("leader/", leader.leader, name="leader"),
    path("leader/firms/", leader.firms, name="leader_firms"),
    path("leader/firms/export.<str:format>", leader.firms_export, name="leader_firms_export"),
]
