"""The URLs below ``/api/v1/``."""

from django.urls import path

from accounts import api as accounts
from catalog.api import curation, library, setlists
from catalog.api import views as catalog
from catalog.api.search import SearchView
from catalog.uploads import policy
from practice.api import beats, loops, presets
from separation.api import library as own
from separation.api import lookups, mixes, models, ratings, separations, stems, tracks, uploads
from separation.api.statistics import StatisticsView

app_name = "api"

urlpatterns = [
    path("auth/register/", accounts.RegisterView.as_view(), name="register"),
    path("auth/token/", accounts.TokenView.as_view(), name="token"),
    path("auth/token/refresh/", accounts.RefreshView.as_view(), name="token-refresh"),
    path("auth/token/blacklist/", accounts.BlacklistView.as_view(), name="token-blacklist"),
    path("me/", accounts.MeView.as_view(), name="me"),
    path("me/practice/", presets.PartView.as_view(), name="me-practice"),
    path("me/library/", own.MyLibraryView.as_view(), name="me-library"),
    path("models/", models.ModelListView.as_view(), name="models"),
    path("statistics/", StatisticsView.as_view(), name="statistics"),
    path("search/", SearchView.as_view(), name="search"),
    path("artists/", catalog.ArtistListView.as_view(), name="artists"),
    path("artists/<str:pk>/", curation.ArtistView.as_view(), name="artist"),
    path("albums/", catalog.AlbumListView.as_view(), name="albums"),
    path("albums/<str:pk>/", curation.AlbumView.as_view(), name="album"),
    path("tracks/", tracks.TrackListView.as_view(), name="tracks"),
    path("tracks/<str:pk>/", tracks.TrackView.as_view(), name="track"),
    path("tracks/<str:pk>/plays/", catalog.TrackPlaysView.as_view(), name="track-plays"),
    path("tracks/<str:pk>/separations/", tracks.TrackSeparationsView.as_view(), name="track-separations"),
    path("tracks/<str:pk>/practice/", presets.PracticeView.as_view(), name="track-practice"),
    path("tracks/<str:pk>/preset/", presets.PresetView.as_view(), name="track-preset"),
    path("tracks/<str:pk>/beats/", beats.BeatsView.as_view(), name="track-beats"),
    path("tracks/<str:pk>/beats/history/", beats.BeatHistoryView.as_view(), name="track-beats-history"),
    path("tracks/<str:pk>/loops/", loops.LoopsView.as_view(), name="track-loops"),
    path("tracks/<str:pk>/loops/<str:loop>/", loops.LoopView.as_view(), name="track-loop"),
    path("tracks/<str:pk>/like/", library.LikeView.as_view(), name="track-like"),
    path("notices/", library.NoticeListView.as_view(), name="notices"),
    path("notices/seen/", library.NoticesSeenView.as_view(), name="notices-seen"),
    path("wishes/", library.WishListView.as_view(), name="wishes"),
    path("wishes/<str:pk>/voice/", library.WishVoiceView.as_view(), name="wish-voice"),
    path("wishes/<str:pk>/fulfil/", library.WishFulfilView.as_view(), name="wish-fulfil"),
    path("setlists/", setlists.SetlistListView.as_view(), name="setlists"),
    path("setlists/shared/<slug:link>/", setlists.SharedSetlistView.as_view(), name="setlist-shared"),
    path("setlists/<str:pk>/", setlists.SetlistView.as_view(), name="setlist"),
    path("setlists/<str:pk>/entries/", setlists.SetlistEntriesView.as_view(), name="setlist-entries"),
    path("setlists/<str:pk>/entries/<str:entry>/", setlists.SetlistEntryView.as_view(), name="setlist-entry"),
    *(
        path(f"{kind}/<str:pk>/{verb}/", curation.of_kind(view, kind, verb), name=f"{kind}-{verb}")
        for kind in curation.KINDS
        for verb, view in (("merge", curation.MergeView), ("history", curation.HistoryView))
    ),
    path("changes/<str:pk>/undo/", curation.UndoView.as_view(), name="change-undo"),
    path("tracks/<str:pk>/reports/", curation.ReportView.as_view(), name="track-reports"),
    path("lookups/", lookups.LookupView.as_view(), name="lookups"),
    path("lookups/proof/", lookups.ProofView.as_view(), name="lookup-proof"),
    path("uploads/", policy.accepts(policy.AUDIO)(uploads.UploadView.as_view()), name="uploads"),
    path("separations/<str:pk>/", separations.SeparationView.as_view(), name="separation"),
    path("separations/<str:pk>/archive/", separations.ArchiveView.as_view(), name="separation-archive"),
    path("separations/<str:pk>/mix/", mixes.MixView.as_view(), name="separation-mix"),
    path("separations/<str:pk>/rating/", ratings.RatingView.as_view(), name="separation-rating"),
    path("stems/<str:pk>/audio/", stems.StemAudioView.as_view(), name="stem-audio"),
    path("stems/<str:pk>/separations/", stems.StemSeparationsView.as_view(), name="stem-separations"),
    path("stems/<str:pk>/peaks/", stems.StemPeaksView.as_view(), name="stem-peaks"),
    path("stems/<str:pk>/segments/<int:number>/", stems.StemSegmentView.as_view(), name="stem-segment"),
]
