"""Addresses of the pages around separations."""

from django.urls import path

from separation import library, playlists, plots, views

urlpatterns = [
    path("tracks/<uuid:pk>/", views.track, name="track"),
    path("tracks/<uuid:pk>/separate/", views.separate, name="track-separate"),
    path("tracks/<uuid:pk>/stop/", views.withdraw, name="track-stop"),
    path("library/", library.library, name="library"),
    path("library/asked/", library.library, {"kind": "asked"}, name="library-asked"),
    path("library/liked/", library.library, {"kind": "liked"}, name="library-liked"),
    path("library/wishes/", library.library, {"kind": "wishes"}, name="library-wishes"),
    path("library/<uuid:pk>/remove/", library.remove, name="library-remove"),
    path("library/asked/<uuid:pk>/forget/", library.forget, name="library-forget"),
    path("tracks/<uuid:pk>.m3u8", playlists.parts, name="track-m3u"),
    path("setlists/<uuid:pk>.m3u8", playlists.own, name="setlist-m3u"),
    path("s/<slug:link>.m3u8", playlists.shared, name="setlist-shared-m3u"),
    path("listen/<str:token>/", playlists.listen, name="playlist-listen"),
    path("statistics/", plots.statistics, name="statistics"),
    path("upload/", views.upload, name="upload"),
]
