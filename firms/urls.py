from django.contrib.auth import views as auth
from django.urls import path

from firms.views import accounts, imports, jobs

app_name = "firms"

urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(template_name="accounts/login.html"), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", accounts.PasswordChange.as_view(), name="password_change"),
    path(
        "accounts/password/done/",
        auth.PasswordChangeDoneView.as_view(template_name="accounts/password_changed.html"),
        name="password_changed",
    ),
    path("imports/", imports.batch_list, name="imports"),
    path("imports/new/", imports.batch_new, name="import_new"),
    path("imports/template/<year:year>.xlsx", imports.template, name="import_template"),
    path("imports/<int:pk>/", imports.batch_detail, name="import_detail"),
    path("imports/<int:pk>/confirm/", imports.batch_confirm, name="import_confirm"),
    path("imports/<int:pk>/discard/", imports.batch_discard, name="import_discard"),
    path("imports/<int:pk>/undo/", imports.batch_undo, name="import_undo"),
    path("imports/<int:pk>/match/", imports.batch_match, name="import_match"),
    path("imports/<int:pk>/refused.xlsx", imports.batch_refused, name="import_refused"),
    path("imports/<int:pk>/file/", imports.batch_file, name="import_file"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job_retry"),
]
