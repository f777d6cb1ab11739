from django.contrib.auth import views as auth
from django.urls import path, reverse_lazy

app_name = "firms"

urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(template_name="accounts/login.html"), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path(
        "accounts/password/",
        auth.PasswordChangeView.as_view(
            template_name="accounts/password_change.html", success_url=reverse_lazy("firms:password_changed")
        ),
        name="password_change",
    ),
    path(
        "accounts/password/done/",
        auth.PasswordChangeDoneView.as_view(template_name="accounts/password_changed.html"),
        name="password_changed",
    ),
]
