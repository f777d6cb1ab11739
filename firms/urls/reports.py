from django.urls import path

from firms.views import reports

FORM = "my/report/<str:credit_code>/<year:year>/"

urlpatterns = [
    path("my/", reports.desk, name="workbench"),
    path(FORM, reports.form, name="report"),
    path(f"{FORM}save/", reports.save, name="report_save"),
    path(f"{FORM}withdraw/", reports.withdraw, name="report_withdraw"),
    path(f"{FORM}history/", reports.history, name="report_history"),
    path(f"{FORM}workbook.xlsx", reports.workbook, name="report_workbook"),
    path(f"{FORM}upload/", reports.upload, name="report_upload"),
    path("evidence/<int:pk>/", reports.evidence_file, name="evidence"),
]
