"""Addresses of pages about one's own account; signing in and the like are allauth's, but for what is stricter."""

from django.urls import path

from accounts import views
from accounts.security import pending_action

urlpatterns = [
    path("accounts/profile/", views.profile, name="profile"),
    path("accounts/continue/", pending_action.resume, name="continue"),
    path("accounts/language_cookie/", views.language, name="language"),
    path("accounts/signup/", views.sign_up, name="account_signup"),
    path("accounts/email/", views.AddressesView.as_view(), name="account_email"),
]
