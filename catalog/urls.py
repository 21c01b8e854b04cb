"""Addresses of the catalogue's pages."""

from django.urls import path

from catalog import covers
from catalog.views import browsing, editing, finding, likes, notices, setlists, wishes

urlpatterns = [
    path("", finding.home, name="home"),
    path("artists/", browsing.artists, name="artists"),
    path("artists/<slug:slug>/", browsing.artist, name="artist"),
    path("albums/<uuid:pk>/", browsing.album, name="album"),
    path("tracks/<uuid:pk>/edit/", editing.edit_track, name="track-edit"),
    path("tracks/<uuid:pk>/remove/", editing.remove_track, name="track-remove"),
    path("tracks/<uuid:pk>/like/", likes.like, name="track-like"),
    path("tracks/<uuid:pk>/setlist/", setlists.add, name="setlist-add"),
    path("setlists/", setlists.index, name="setlists"),
    path("setlists/<uuid:pk>/", setlists.setlist, name="setlist"),
    path("setlists/<uuid:pk>/change/", setlists.change, name="setlist-change"),
    path("setlists/<uuid:pk>/entries/<uuid:entry>/", setlists.change_entry, name="setlist-entry"),
    path("s/<slug:link>/", setlists.shared, name="setlist-shared"),
    path("wishes/", wishes.index, name="wishes"),
    path("wishes/new/", wishes.new, name="wish-new"),
    path("wishes/<uuid:pk>/voice/", wishes.voice, name="wish-voice"),
    path("wishes/<uuid:pk>/fulfil/", wishes.fulfil, name="wish-fulfil"),
    path("notices/", notices.index, name="notices"),
    path("covers/<uuid:pk>/", covers.track_cover, name="track-cover"),
    path("covers/album/<uuid:pk>/", covers.album_cover, name="album-cover"),
]
