"""Addresses of the catalogue's pages."""

from django.urls import path

from catalog import covers, views

urlpatterns = [
    path("", views.home, name="home"),
    path("artists/", views.artists, name="artists"),
    path("artists/<slug:slug>/", views.artist, name="artist"),
    path("albums/<uuid:pk>/", views.album, name="album"),
    path("tracks/<uuid:pk>/edit/", views.edit_track, name="track-edit"),
    path("tracks/<uuid:pk>/remove/", views.remove_track, name="track-remove"),
    path("covers/<uuid:pk>/", covers.track_cover, name="track-cover"),
]
