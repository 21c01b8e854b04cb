"""Addresses of the catalogue's pages."""

from django.urls import path

from catalog import covers
from catalog.views import browsing, editing, finding

urlpatterns = [
    path("", finding.home, name="home"),
    path("artists/", browsing.artists, name="artists"),
    path("artists/<slug:slug>/", browsing.artist, name="artist"),
    path("albums/<uuid:pk>/", browsing.album, name="album"),
    path("tracks/<uuid:pk>/edit/", editing.edit_track, name="track-edit"),
    path("tracks/<uuid:pk>/remove/", editing.remove_track, name="track-remove"),
    path("covers/<uuid:pk>/", covers.track_cover, name="track-cover"),
]
