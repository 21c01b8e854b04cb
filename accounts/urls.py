"""Addresses of pages about one's own account; signing in and the like are allauth's."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/profile/", views.profile, name="profile"),
    path("accounts/language/", views.language, name="language"),
]
