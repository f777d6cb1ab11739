from django.contrib.auth import views as auth
from django.urls import path

from firms.views import accounts, session, sign_in, totp

urlpatterns = [
    path("session/", session.session_ping, name="session_ping"),
    path("accounts/login/", sign_in.SignIn.as_view(), name="login"),
    path("accounts/login/code/", sign_in.SecondStep.as_view(), name="login_code"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", accounts.PasswordChange.as_view(), name="password_change"),
    path(
        "accounts/password/done/",
        auth.PasswordChangeDoneView.as_view(template_name="accounts/password_changed.html"),
        name="password_changed",
    ),
    path("accounts/password/forgotten/", accounts.forgotten, name="password_forgotten"),
    path("accounts/password/forgotten/done/", accounts.forgotten_done, name="password_forgotten_done"),
    path("accounts/password/set/<uidb64>/<token>/", accounts.PasswordSet.as_view(), name="password_set"),
    path("accounts/settings/", accounts.account, name="account"),
    path("accounts/email/", accounts.email_change, name="email_change"),
    path("accounts/email/<str:seal>/", accounts.email_confirm, name="email_confirm"),
    path("accounts/totp/", totp.overview, name="totp"),
    path("accounts/totp/begin/", totp.begin, name="totp_begin"),
    path("accounts/totp/confirm/", totp.confirm, name="totp_confirm"),
    path("accounts/totp/codes/", totp.renew_codes, name="totp_codes"),
    path("accounts/totp/disable/", totp.disable, name="totp_disable"),
]
