"""The count of plays: once for each visit, however often the button is pressed."""

import time
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.db.models import F

from accounts.models import User
from catalog.models import Track

VISIT_SECONDS: Final = 1_800
_KEPT: Final = 50


def count_play_in_session(session: SessionBase, track: UUID, user: User | AnonymousUser) -> bool:
    """Count a play, once for each visit of a session. False when ``user`` may see no such song."""
    now = int(time.time())
    recent = {pk: at for pk, at in session.get("played", {}).items() if 0 <= now - at < VISIT_SECONDS}
    if str(track) in recent:
        return True
    if not _count(track, user):
        return False
    recent[str(track)] = now
    session["played"] = dict(list(recent.items())[-_KEPT:])
    return True


def count_play_by(who: str, track: UUID, user: User | AnonymousUser) -> bool:
    """Count a play of a client without a session; ``who`` tells one from another."""
    if not cache.add(f"played-{who}-{track}", 1, VISIT_SECONDS):
        return Track.objects.visible_to(user).filter(pk=track).exists()
    return _count(track, user)


def _count(track: UUID, user: User | AnonymousUser) -> bool:
    return bool(Track.objects.visible_to(user).filter(pk=track).update(plays=F("plays") + 1))
