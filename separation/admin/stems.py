"""Stems in the admin site."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import ReadOnly
from separation.admin.search import SEARCH_HELP, matching
from separation.models import Stem


@admin.register(Stem)
class StemAdmin(ReadOnly[Stem]):
    list_display = ["name", "song", "separation", "duration", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["separation", "audio"]
    search_fields = ["pk"]
    search_help_text = SEARCH_HELP
    raw_id_fields = ["separation", "audio"]
    ordering = ["-created_at"]
    fields = ["name", "song", "separation", "audio", "duration"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stem]:
        rows: QuerySet[Stem] = super().get_queryset(request)
        return rows.defer("peaks").prefetch_related(
            "separation__mixture__tracks__artist", "separation__track_separations__track__artist"
        )

    def matching(self, words: str) -> Q:
        return matching(words, "separation")

    @admin.display(description=_("song"))
    def song(self, row: Stem) -> str:
        of_stem = [shown.track for shown in row.separation.track_separations.all()]
        tracks = [*row.separation.mixture.tracks.all()] or of_stem
        return ", ".join(str(track) for track in tracks[:3])

    @admin.display(description=_("seconds"))
    def duration(self, row: Stem) -> str:
        return f"{row.audio.duration:.1f}"
