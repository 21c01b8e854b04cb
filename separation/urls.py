"""Addresses of the pages around separations."""

from django.urls import path

from separation import views

urlpatterns = [
    path("tracks/<uuid:pk>/", views.track, name="track"),
    path("tracks/<uuid:pk>/separate/", views.separate, name="track-separate"),
    path("tracks/<uuid:pk>/stop/", views.withdraw, name="track-stop"),
    path("upload/", views.upload, name="upload"),
]
