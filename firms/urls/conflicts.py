from django.urls import path

from firms.views import conflicts

urlpatterns = [
    path("conflicts/", conflicts.conflict_list, name="conflicts"),
    path("conflicts/decisions/", conflicts.decision_list, name="decisions"),
    path("conflicts/decisions/<int:pk>/revoke/", conflicts.decision_revoke, name="decision_revoke"),
    path("conflicts/sources/", conflicts.source_record, name="source_record"),
    path("conflicts/<year:year>/<slug:metric>/rule/", conflicts.conflict_rule, name="conflict_rule"),
    path(
        "conflicts/<year:year>/<slug:metric>/<slug:credit_code>/decide/",
        conflicts.conflict_decide,
        name="conflict_decide",
    ),
]
