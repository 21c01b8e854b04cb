"""Requests for separations in the admin site."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import ReadOnly, find_accounts, find_tracks
from separation.models import SeparationRequest


@admin.register(SeparationRequest)
class SeparationRequestAdmin(ReadOnly[SeparationRequest]):
    list_display = ["track", "user", "separation", "created_at"]
    list_filter = ["created_at"]
    list_select_related = ["track", "track__artist", "user", "separation"]
    search_fields = ["pk"]
    search_help_text = _("Words of a song, or an account's address.")
    raw_id_fields = ["separation", "track"]
    ordering = ["-created_at"]

    def matching(self, words: str) -> Q:
        return Q(user__in=find_accounts(words)) if "@" in words else Q(track__in=find_tracks(words))
