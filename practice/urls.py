"""Addresses of the pages for practising."""

from django.urls import path

from practice.web import beats

urlpatterns = [
    path("tracks/<uuid:pk>/beats/", beats.edit, name="track-beats"),
]
