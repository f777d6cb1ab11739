"""一企一档."""

from django.urls import path

from scoring.views import files

urlpatterns: list = [
    path("files/", files.firm_files, name="firm_files"),
    path("files/<slug:credit_code>/", files.firm_file, name="firm_file"),
    path("files/<slug:credit_code>/export.xlsx", files.firm_file_export, name="firm_file_export"),
]
