"""URLs of pages about one's own account, and of those of allauth's that are stricter here."""

from django.urls import path

from accounts.security import pending_action
from accounts.web import views

urlpatterns = [
    path("accounts/profile/", views.profile, name="profile"),
    path("accounts/continue/", pending_action.resume, name="continue"),
    path("accounts/language/", views.language, name="language"),
    path("accounts/signup/", views.sign_up, name="account_signup"),
    path("accounts/email/", views.AddressesView.as_view(), name="account_email"),
]
