from django.contrib.auth import views as auth
from django.urls import path

app_name = "firms"

urlpatterns = [
    path("accounts/login/", auth.LoginView.as_view(template_name="accounts/login.html"), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
]
