"""Every address below ``/api/v1/``."""

from django.urls import path

from accounts import api as accounts

app_name = "api"

urlpatterns = [
    path("auth/register/", accounts.RegisterView.as_view(), name="register"),
    path("auth/token/", accounts.TokenView.as_view(), name="token"),
    path("auth/token/refresh/", accounts.RefreshView.as_view(), name="token-refresh"),
    path("auth/token/blacklist/", accounts.BlacklistView.as_view(), name="token-blacklist"),
]
