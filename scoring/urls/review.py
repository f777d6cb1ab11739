"""填报审核."""

from django.urls import path

from scoring.views import review

urlpatterns: list = [
    path("office/review/", review.queue, name="review"),
    path("office/review/export.xlsx", review.export, name="review_export"),
    path("office/review/decide/", review.decide_many, name="review_many"),
    path("office/review/<int:pk>/", review.report, name="review_report"),
    path("office/review/<int:pk>/accept/", review.accept, name="review_accept"),
    path("office/review/<int:pk>/return/", review.return_, name="review_return"),
    path("office/review/<int:pk>/reopen/", review.ask_reopening, name="review_reopen"),
    path("office/review/reopenings/<int:pk>/", review.decide_reopening, name="review_reopening"),
]
