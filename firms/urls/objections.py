from django.urls import path

from firms.views import objections

urlpatterns = [
    path("objections/", objections.objection_list, name="objections"),
    path("objections/new/", objections.objection_new, name="objection_new"),
    path("objections/<int:pk>/", objections.objection_detail, name="objection"),
    path("objections/<int:pk>/withdraw/", objections.objection_withdraw, name="objection_withdraw"),
    path("objections/<int:pk>/uphold/", objections.objection_uphold, name="objection_uphold"),
    path("objections/<int:pk>/reject/", objections.objection_reject, name="objection_reject"),
]
