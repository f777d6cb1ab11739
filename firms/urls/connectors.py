from django.urls import path

from firms.views import connectors

urlpatterns = [
    path("connectors/", connectors.source_list, name="connectors"),
    path("connectors/new/", connectors.source_new, name="connector_new"),
    path("connectors/<int:pk>/", connectors.source_detail, name="connector"),
    path("connectors/<int:pk>/edit/", connectors.source_edit, name="connector_edit"),
    path("connectors/<int:pk>/run/", connectors.source_run, name="connector_run"),
    path("connectors/<int:pk>/trial/", connectors.source_trial, name="connector_trial"),
    path("connectors/<int:pk>/trial/<int:job>/", connectors.trial_result, name="connector_trial_result"),
    path("connectors/<int:pk>/switch/", connectors.source_switch, name="connector_switch"),
    path("connectors/fetches/<int:pk>/original/", connectors.fetch_original, name="fetch_original"),
]
