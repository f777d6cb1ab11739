"""多维检索, 群组对比, 一企一档."""

from django.urls import path

from scoring.views import analysis, compare

urlpatterns: list = [
    path("analysis/", analysis.analysis, name="analysis"),
    path("analysis/edit/", analysis.edit, name="analysis_edit"),
    path("analysis/export.<str:format>", analysis.export, name="analysis_export"),
    path("analysis/compare/", compare.compare, name="compare"),
    path("analysis/compare/edit/", compare.edit, name="compare_edit"),
    path("analysis/compare/export.<str:format>", compare.export, name="compare_export"),
    path("analysis/views/", analysis.views, name="saved_views"),
    path("analysis/views/save/", analysis.save_view, name="saved_view_save"),
    path("analysis/views/<int:pk>/rename/", analysis.rename_view, name="saved_view_rename"),
    path("analysis/views/<int:pk>/share/", analysis.share_view, name="saved_view_share"),
    path("analysis/views/<int:pk>/delete/", analysis.delete_view, name="saved_view_delete"),
]
