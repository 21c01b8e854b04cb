"""Addresses of the pages around separations."""

from django.urls import path

from separation.web import (
    browser_separation,
    browser_weights,
    my_library,
    playlists,
    setlist_player,
    statistics,
    tracks,
)

urlpatterns = [
    path("tracks/<uuid:pk>/", tracks.track, name="track"),
    path("tracks/<uuid:pk>/separate/", tracks.separate, name="track-separate"),
    path("tracks/<uuid:pk>/stop/", tracks.withdraw, name="track-stop"),
    path("library/", my_library.library, name="library"),
    path("library/asked/", my_library.library, {"kind": "asked"}, name="library-asked"),
    path("library/liked/", my_library.library, {"kind": "liked"}, name="library-liked"),
    path("library/wishes/", my_library.library, {"kind": "wishes"}, name="library-wishes"),
    path("library/<uuid:pk>/remove/", my_library.remove, name="library-remove"),
    path("library/asked/<uuid:pk>/forget/", my_library.withdraw, name="library-forget"),
    path("tracks/<uuid:pk>.m3u8", playlists.track, name="track-m3u"),
    path("setlists/<uuid:pk>/play/", setlist_player.own, name="setlist-play"),
    path("s/<slug:link>/play/", setlist_player.shared, name="setlist-shared-play"),
    path("setlists/<uuid:pk>.m3u8", playlists.own_setlist, name="setlist-m3u"),
    path("s/<slug:link>.m3u8", playlists.shared_setlist, name="setlist-shared-m3u"),
    path("listen/<str:token>/", playlists.listen, name="playlist-listen"),
    path("statistics/", statistics.statistics, name="statistics"),
    path("upload/", tracks.upload, name="upload"),
    path("try/", browser_separation.separate, name="browser-separation"),
    path("try/weights/<str:digest>/<int:number>/", browser_weights.piece, name="browser-weights"),
]
