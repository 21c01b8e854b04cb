"""Stored audio in the admin site: files, uploads, renditions, fingerprints, matches, imported files."""

import re
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audio.formats import CONTAINER_TYPES
from catalog.admin.base import (
    FOUND,
    ReadOnly,
    Removable,
    clock,
    find_accounts,
    find_audio,
    find_tracks,
    player,
)
from catalog.errors import CatalogError
from catalog.models import AudioFile, Fingerprint, ImportedFile, Match, Rendition, Upload
from catalog.storage import file_responses

_DIGEST = re.compile(r"[0-9a-f]{4,64}")
DIGEST_HELP = _("The beginning of a digest or a checksum, or words of a song.")


def files_with(words: str) -> Q:
    """Match audio whose digest or checksum begins with ``words``, or that a song of these words has.

    Ranges, as neither database has an index for every way of comparing the beginnings of texts.
    """
    start = words.strip().lower()
    if not _DIGEST.fullmatch(start):
        return Q(pk__in=find_audio(words))
    key = f"audio/{start[:2]}/{start[2:4]}/{start}"
    return Q(audio_digest__gte=start, audio_digest__lt=f"{start}g") | Q(key__startswith=key)


@admin.register(AudioFile)
class AudioFileAdmin(ReadOnly[AudioFile]):
    list_display = [
        "short_digest",
        "codec",
        "container",
        "sample_rate",
        "channels",
        "length",
        "bytes",
        "created_at",
    ]
    list_filter = ["lossless", "created_at", ("damaged_at", admin.EmptyFieldListFilter)]
    search_fields = ["audio_digest"]
    search_help_text = DIGEST_HELP
    ordering = ["-created_at"]
    fields = [
        "listen",
        "audio_digest",
        "checksum",
        "key",
        ("container", "codec", "lossless"),
        ("sample_rate", "channels", "bits"),
        ("samples", "frames", "duration", "peak"),
        "size",
        ("created_at", "damaged_at"),
    ]
    readonly_fields = ["listen"]

    def matching(self, words: str) -> Q:
        return files_with(words)

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<uuid:pk>/listen/", self.admin_site.admin_view(self.send), name="catalog_audiofile_listen"
        )
        return [address, *super().get_urls()]

    def send(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Send the stored bytes, as some kind of audio and nothing else."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        audio = get_object_or_404(AudioFile, pk=pk)
        try:
            return file_responses.serve(
                request,
                audio.key,
                filename=audio.key.rpartition("/")[2],
                content_type=CONTAINER_TYPES.get(audio.container, "audio/mpeg"),
                checksum=audio.checksum,
                size=audio.size,
                redirect=False,
            )
        except CatalogError as error:
            return file_responses.plain(error)

    @admin.display(description=_("audio"))
    def short_digest(self, row: AudioFile) -> str:
        return row.audio_digest[:12]

    @admin.display(description=_("length"))
    def length(self, row: AudioFile) -> str:
        return clock(row.duration)

    @admin.display(description=_("size"))
    def bytes(self, row: AudioFile) -> str:
        return filesizeformat(row.size)

    @admin.display(description=_("listen"))
    def listen(self, row: AudioFile) -> SafeString:
        return player(row)


class AudioRelatedAdmin(Removable[Any]):
    """Rows that belong to an audio file, and are found by it."""

    search_fields = ["pk"]
    search_help_text = DIGEST_HELP
    ordering = ["-created_at"]
    raw_id_fields = ["audio"]

    def matching(self, words: str) -> Q:
        files = AudioFile.objects.filter(files_with(words)).values_list("pk", flat=True)[:FOUND]
        return Q(audio__in=list(files))


@admin.register(Rendition)
class RenditionAdmin(AudioRelatedAdmin):
    """Renditions, which may be deleted: they are made again on request."""

    list_display = ["__str__", "audio", "size", "created_at", "used_at"]
    list_select_related = ["audio"]
    list_filter = ["created_at", "used_at"]


@admin.register(Fingerprint)
class FingerprintAdmin(AudioRelatedAdmin):
    """Fingerprints, which may be deleted: they are computed again when one is needed."""

    list_display = ["audio", "duration", "created_at"]
    list_select_related = ["audio"]
    fields = ["audio", "duration", "created_at"]


@admin.register(Match)
class MatchAdmin(AudioRelatedAdmin):
    list_display = ["audio", "other", "similarity", "offset", "created_at"]
    list_select_related = ["audio", "other"]
    raw_id_fields = ["audio", "other"]


@admin.register(Upload)
class UploadAdmin(ReadOnly[Upload]):
    list_display = ["filename", "user", "track", "size", "charged", "created_at"]
    list_select_related = ["user", "track__artist"]
    list_filter = ["created_at"]
    search_fields = ["checksum"]
    search_help_text = _("Words of a song, an account's address, or the beginning of a checksum.")
    raw_id_fields = ["track", "audio"]

    def matching(self, words: str) -> Q:
        words = words.lower()
        if "@" in words:
            return Q(user__in=find_accounts(words))
        wanted = Q(track__in=find_tracks(words))
        if _DIGEST.fullmatch(words):
            wanted |= Q(checksum__gte=words, checksum__lt=f"{words}g")
        return wanted


@admin.register(ImportedFile)
class ImportedFileAdmin(Removable[ImportedFile]):
    """Imported files. The next import reads again what is deleted here."""

    list_display = ["path", "outcome", "size", "track", "owner", "created_at"]
    list_select_related = ["track__artist", "owner"]
    list_filter = ["created_at"]
    search_fields = ["path__startswith"]
    search_help_text = _("The beginning of a path.")
    ordering = ["path"]
    raw_id_fields = ["track"]
