from django.contrib.auth import views as auth
from django.urls import path

from firms.views import accounts

urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(template_name="accounts/login.html"), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", accounts.PasswordChange.as_view(), name="password_change"),
    path(
        "accounts/password/done/",
        auth.PasswordChangeDoneView.as_view(template_name="accounts/password_changed.html"),
        name="password_changed",
    ),
]
