"""Likes, wishes, setlists and notices in the admin site, read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import ReadOnlyInline, Removable, find_accounts, find_tracks
from catalog.models import Like, Notice, Setlist, SetlistEntry, Wish, WishVoice


class PersonalAdmin(Removable[Any]):
    """Found by the address of the account, or by words of the song."""

    search_fields = ["pk"]
    search_help_text = _("Words of a song, or an account's address.")
    list_filter = ["created_at"]
    ordering = ["-created_at"]

    def matching(self, words: str) -> Q:
        if "@" in words:
            return Q(user__in=find_accounts(words))
        return Q(track__in=find_tracks(words))


@admin.register(Like)
class LikeAdmin(PersonalAdmin):
    list_display = ["track", "user", "created_at"]
    list_select_related = ["track__artist", "user"]
    raw_id_fields = ["track", "user"]


@admin.register(Notice)
class NoticeAdmin(PersonalAdmin):
    list_display = ["kind", "user", "track", "seen_at", "created_at"]
    list_select_related = ["track__artist", "user"]
    list_filter = ["kind", "created_at"]
    raw_id_fields = ["track", "user"]


class Voices(ReadOnlyInline):
    model = WishVoice
    fields = readonly_fields = ("user", "created_at")
    related = ("user",)


@admin.register(Wish)
class WishAdmin(Removable[Wish]):
    list_display = ["title", "artist", "voices", "track", "fulfilled_at", "created_at"]
    list_select_related = ["track__artist"]
    list_filter = ["created_at"]
    search_fields = ["title", "artist"]
    ordering = ["-created_at"]
    raw_id_fields = ["track"]
    counted = {"voices": (WishVoice, "wish")}
    inlines = [Voices]

    @admin.display(description=_("voices"))
    def voices(self, row: Any) -> int:
        return int(row.n_voices)


class Entries(ReadOnlyInline):
    model = SetlistEntry
    fields = readonly_fields = ("position", "track", "note")
    related = ("track__artist",)


@admin.register(Setlist)
class SetlistAdmin(Removable[Setlist]):
    list_display = ["title", "owner", "entries", "by_link", "changed_at", "created_at"]
    list_select_related = ["owner"]
    list_filter = ["by_link", "created_at"]
    search_fields = ["title"]
    ordering = ["-created_at"]
    counted = {"entries": (SetlistEntry, "setlist")}
    fields = ["title", "owner", "by_link", "changed_at", "created_at"]
    inlines = [Entries]

    def matching(self, words: str) -> Q:
        wanted = Q(title__icontains=words)
        return wanted | Q(owner__in=find_accounts(words)) if "@" in words else wanted

    @admin.display(description=_("entries"))
    def entries(self, row: Any) -> int:
        return int(row.n_entries)
