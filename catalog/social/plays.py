"""How often a song was played: once for each visit, not for each press of the button."""

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
    """Somebody with this session began to play ``track``. False when there is no such song for ``user``."""
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
    """The same for a program, which has no session; ``who`` tells one from another."""
    if not cache.add(f"played-{who}-{track}", 1, VISIT_SECONDS):
        return Track.objects.visible_to(user).filter(pk=track).exists()
    return _count(track, user)


def _count(track: UUID, user: User | AnonymousUser) -> bool:
    return bool(Track.objects.visible_to(user).filter(pk=track).update(plays=F("plays") + 1))
