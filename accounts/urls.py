"""Addresses of pages about one's own account; signing in and the like are allauth's."""

from django.urls import path

from accounts import pending_action, views

urlpatterns = [
    path("accounts/profile/", views.profile, name="profile"),
    path("accounts/continue/", pending_action.resume, name="continue"),
    path("accounts/language/", views.language, name="language"),
]
