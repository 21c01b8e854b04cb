"""``python -m tests.e2e.furniture``: fills an installation with one of everything, and prints where it is (JSON).

Run beside a real server, with its environment, for tests that visit every page.
"""

import json
from typing import Any

import django

EMAIL, PASSWORD = "keeper@example.org", "a long enough one"


def furnish() -> dict[str, list[list[str]]]:
    """Make the rows; returns the arguments of each address that takes some, by the address's name or its beginning."""
    from django.utils import timezone  # noqa: PLC0415  # Django is set up by the caller

    from accounts.models import User  # noqa: PLC0415
    from catalog.models import (  # noqa: PLC0415
        Change,
        Credit,
        Like,
        Notice,
        Report,
        Setlist,
        SetlistEntry,
        Visibility,
        Wish,
        WishVoice,
    )
    from practice.beat_editing import save_beats  # noqa: PLC0415
    from practice.beats import constant  # noqa: PLC0415
    from practice.models import Loop  # noqa: PLC0415
    from practice.presets import save_part, save_preset  # noqa: PLC0415
    from separation.models import Rating, Status  # noqa: PLC0415
    from tests.factories import add_claim, make_separation, make_track  # noqa: PLC0415

    keeper = User.objects.create_superuser(EMAIL, PASSWORD, display_name="Keeper")
    other = User.objects.create_user("other@example.org", PASSWORD, display_name="Otra")
    ready = make_track(
        keeper,
        title="Barquito de papel",
        artist="The Río Trio",
        album="Orilla",
        genre="Folk",
        year=1994,
        track_number=1,
        disc_number=1,
        plays=7,
        separated_at=timezone.now(),
        seconds=30,
    )
    Credit.objects.create(track=ready, artist=make_track(other, artist="Inés", title="Guest").artist)
    add_claim(ready, other)
    parts = make_separation(ready, stored=True, asked_by=keeper)
    for stem in (None, parts.stems.get(name="vocals")):
        Rating.objects.create(separation=parts, stem=stem, user=other, track=ready, score=4)
    states = {}
    for number, status in enumerate((Status.RUNNING, Status.QUEUED, Status.FAILED)):
        states[status] = make_track(other, title=f"Song {number}", album="Orilla", artist="The Río Trio")
        make_separation(states[status], status=status, asked_by=keeper)
    bare = make_track(keeper, title="Nothing yet", visibility=Visibility.PRIVATE)
    Like.objects.create(user=keeper, track=ready)
    save_beats(ready, keeper, constant(96, 4, 22_050, ready.audio.frames), 0)
    Loop.objects.create(user=keeper, track=ready, name="Solo", start=2, stop=6)
    save_preset(ready, keeper, {"speed": 0.8})
    save_part(keeper, {"instrument": "bass"})
    wish = Wish.objects.create(artist="Ana", title="A song that nobody has", wanted=1)
    WishVoice.objects.create(wish=wish, user=other)
    granted = Wish.objects.create(
        artist="Inés", title="Guest", track=ready, fulfilled_at=timezone.now(), wanted=1
    )
    WishVoice.objects.create(wish=granted, user=keeper)
    for kind in (Notice.Kind.SEPARATED, Notice.Kind.WISH, Notice.Kind.FAILED):
        Notice.objects.create(user=keeper, kind=kind, track=ready)
    setlist = Setlist.objects.create(owner=keeper, title="Saturday", by_link=True)
    for position, track in enumerate((ready, bare, states[Status.QUEUED])):
        entry = SetlistEntry.objects.create(setlist=setlist, track=track, position=position, note="capo 2")
    SetlistEntry.objects.filter(track=ready).update(
        settings={"speed": 0.8, "stems": {"vocals": {"muted": True}}}
    )
    Report.objects.create(track=ready, label=str(ready), user=other, reason=Report.Reason.NAMES, text="Wrong")
    change = Change.objects.create(
        actor=keeper,
        kind=Change.Kind.EDIT,
        target=Change.Target.TRACK,
        target_id=ready.pk,
        label=str(ready),
        before={"title": "Barquito"},
        after={"title": ready.title},
    )
    assert ready.album is not None
    tracks = [ready, *states.values(), bare]
    return {
        "artist*": [[ready.artist.slug]],
        "album*": [[str(ready.album.pk)]],
        "track": [[str(track.pk)] for track in tracks],
        "track*": [[str(ready.pk)]],
        "genre": [["folk"]],
        "setlist*": [[str(setlist.pk)]],
        "setlist-add": [[str(ready.pk)]],
        "setlist-entry": [[str(setlist.pk), str(entry.pk)]],
        "setlist-shared*": [[setlist.link]],
        "wish*": [[str(wish.pk)]],
        "change*": [[str(change.pk)]],
        "library*": [[str(ready.pk)]],
    }


def main() -> None:
    """Set Django up and furnish."""
    django.setup()
    places: dict[str, Any] = furnish()
    print(json.dumps(places))


if __name__ == "__main__":
    main()
