from django.urls import path

from firms.views import imports

urlpatterns = [
    path("imports/", imports.batch_list, name="imports"),
    path("imports/new/", imports.batch_new, name="import_new"),
    path("imports/template/<year:year>.xlsx", imports.template, name="import_template"),
    path("imports/template/<slug:kind>.xlsx", imports.register_template, name="register_template"),
    path("imports/columns/", imports.mapping_list, name="import_mappings"),
    path("imports/columns/<int:pk>/forget/", imports.mapping_forget, name="import_mapping_forget"),
    path("imports/<int:pk>/", imports.batch_detail, name="import_detail"),
    path("imports/<int:pk>/confirm/", imports.batch_confirm, name="import_confirm"),
    path("imports/<int:pk>/discard/", imports.batch_discard, name="import_discard"),
    path("imports/<int:pk>/columns/", imports.batch_columns, name="import_columns"),
    path("imports/<int:pk>/undo/preview/", imports.batch_undo_preview, name="import_undo_preview"),
    path("imports/<int:pk>/undo/", imports.batch_undo, name="import_undo"),
    path("imports/<int:pk>/match/", imports.batch_match, name="import_match"),
    path("imports/<int:pk>/refused.xlsx", imports.batch_refused, name="import_refused"),
    path("imports/<int:pk>/file/", imports.batch_file, name="import_file"),
]
