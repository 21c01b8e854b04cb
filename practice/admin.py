"""What musicians keep: beats, loops, presets, instruments. Looked at here; changed by the pages and the API."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import Removable, find_accounts, find_tracks
from catalog.admin.social import PersonalAdmin
from practice.models import BeatGrid, Loop, MyPart, Preset


@admin.register(BeatGrid)
class BeatGridAdmin(Removable[BeatGrid]):
    list_display = ["track", "revision", "changed_at"]
    list_select_related = ["track__artist"]
    list_filter = ["created_at"]
    search_fields = ["pk"]
    search_help_text = _("Words of a song.")
    ordering = ["-created_at"]
    fields = readonly_fields = ("track", "revision", "anchors", "bars", "changed_at")

    def matching(self, words: str) -> Q:
        return Q(track__in=find_tracks(words))


@admin.register(Loop)
class LoopAdmin(PersonalAdmin):
    list_display = ["name", "track", "user", "start", "stop", "created_at"]
    list_select_related = ["track__artist", "user"]
    raw_id_fields = ["track", "user"]


@admin.register(Preset)
class PresetAdmin(PersonalAdmin):
    list_display = ["track", "user", "changed_at"]
    list_select_related = ["track__artist", "user"]
    raw_id_fields = ["track", "user"]


@admin.register(MyPart)
class MyPartAdmin(PersonalAdmin):
    list_display = ["user", "instrument", "mode", "created_at"]
    list_select_related = ["user"]
    list_filter = ["instrument"]
    search_help_text = _("An account's address.")
    raw_id_fields = ["user"]

    def matching(self, words: str) -> Q:
        return Q(user__in=find_accounts(words)) if "@" in words else Q(instrument=words.lower())
