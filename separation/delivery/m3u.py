"""M3U files of setlists and songs for any player, and the addresses in them.

Players have neither our cookies nor our tokens, and the mixture itself is never sent; what they can play is a stem.
So a setlist's file names one stem of each song, by default the one to play or sing along to. Where visitors may
download it (see ``permissions.py``) its address is that of the API. Otherwise the address is signed for the person who
downloaded the file and lasts a week: it plays what they may have, as long as they may have it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db.models import Q, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Setlist, Track, Visibility
from catalog.social.setlists import Line
from separation.delivery.permissions import VISITOR_CODEC, may_download, shown_by
from separation.display_names import stem_label
from separation.models import Status, Stem

LINK_LIFETIME = timedelta(days=7)
SALT = "separation.delivery.m3u"
# The stem to practise with if none is named: everything but the singer, else what carries the song.
PREFERRED = ("accompaniment", "other", "guitar", "piano", "bass", "drums", "vocals")


@dataclass(frozen=True)
class StemLink:
    """A signed address, decoded: which stem it plays, and who may have it."""

    stem: UUID
    user: UUID


def sign(stem: Stem, user: User) -> str:
    """Sign a link to ``stem`` for ``user``."""
    return signing.dumps([str(stem.pk), str(user.pk)], salt=SALT)


def read_link(token: str) -> StemLink | None:
    """Decode a token of ``sign``; None if it is not ours or too old."""
    try:
        stem, user = signing.loads(token, salt=SALT, max_age=LINK_LIFETIME)
        return StemLink(UUID(stem), UUID(user))
    except (signing.BadSignature, ValueError, TypeError):
        return None


@dataclass(frozen=True)
class PlaylistWriter:
    """Writes playlists for ``user``; ``absolute`` makes a whole address of a path."""

    user: User | AnonymousUser
    absolute: Callable[[str], str]

    def setlist(self, setlist: Setlist, lines: Sequence[Line], stem_name: str = "") -> list[str]:
        """Write one entry for each song that has the stem and that ``user`` may have; comments for the rest."""
        stems = stems_of([line.track for line in lines if line.track is not None], stem_name)
        rows = ["#EXTM3U", f"#PLAYLIST:{setlist.title}"]
        for line in lines:
            track = line.track
            if track is None:
                rows.append("# " + _("Not available to you"))
                continue
            stem = stems.get(track.pk)
            address = stem and self._address(stem, track)
            if stem and address:
                rows += [_title(track, stem), address]
            else:
                needs_account = stem is not None and not isinstance(self.user, User)
                reason = (
                    _("sign in to get its parts")
                    if needs_account
                    else _("nothing here that a player could play")
                )
                rows.append(f"# {track.artist.shown} - {track.title}: {reason}")
        return rows

    def track(self, track: Track) -> list[str]:
        """Write an entry for each stem of the richest separation that ``user`` may have; its newest revision."""
        rows = ["#EXTM3U", f"#PLAYLIST:{track.artist.shown} - {track.title}"]
        shown = shown_by([track]).filter(stopped_at=None, separation__status=Status.SUCCEEDED)
        ready = [row.separation for row in shown.order_by("-created_at", "-pk")]
        prefetch_related_objects(ready, "stems")
        for separation in sorted(ready, key=lambda row: -len(row.stems.all())):
            entries = [(stem, self._address(stem, track)) for stem in separation.stems.all()]
            if all(address for _stem, address in entries):
                rows += [line for stem, address in entries for line in (_title(track, stem), address)]
                break
        return rows

    def _address(self, stem: Stem, track: Track) -> str:
        """Return where a player gets ``stem``; empty where ``user`` may not have it."""
        open_to_visitors = track.visibility == Visibility.SHARED and may_download(
            AnonymousUser(), stem.separation, VISITOR_CODEC
        )
        if open_to_visitors:
            path = f"{reverse('api:stem-audio', args=[stem.pk])}?codec={VISITOR_CODEC}"
        elif isinstance(self.user, User) and may_download(self.user, stem.separation, VISITOR_CODEC):
            path = reverse("playlist-listen", args=[sign(stem, self.user)])
        else:
            return ""
        return self.absolute(path)


def _title(track: Track, stem: Stem) -> str:
    length = round(track.audio.duration)
    return f"#EXTINF:{length},{track.artist.shown} - {track.title} ({stem_label(stem.name)})"


def stems_of(tracks: Sequence[Track], name: str = "") -> dict[UUID, Stem]:
    """Find for each of ``tracks`` (by id) the stem called ``name``, or the preferred one for an empty name."""
    shown = shown_by(tracks).filter(stopped_at=None, separation__status=Status.SUCCEEDED)
    tracks_of: dict[UUID, list[UUID]] = defaultdict(list)
    for track, separation in shown.values_list("track", "separation"):
        tracks_of[separation].append(track)
    stems = Stem.objects.filter(Q(name=name) if name else Q(), separation__in=tracks_of)
    stems = stems.select_related("separation").prefetch_related("separation__stems").defer("peaks")
    found: dict[UUID, Stem] = {}
    for stem in sorted(stems, key=_rank):
        for track in tracks_of[stem.separation_id]:
            found.setdefault(track, stem)
    return found


def _rank(stem: Stem) -> tuple[Any, ...]:
    """Sort the preferred stem first; of two sets the one with fewer stems, which visitors may have; then the newest."""
    place = PREFERRED.index(stem.name) if stem.name in PREFERRED else len(PREFERRED)
    separation = stem.separation
    return (place, len(separation.stems.all()), -separation.created_at.timestamp())
