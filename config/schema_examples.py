"""One example for each body of the API, by the name that its schema has in the description.

A test holds them to their schemas.
"""

from typing import Any

_HERE = "https://stemoteca.example"
_ARTIST_ID = "2f1b7c52-64a8-4a10-9f2e-0d8a6f3c1b77"
_ALBUM_ID = "8d3e0b6a-51c4-4f7b-8a9d-63f20f0c7e15"
_TRACK_ID = "5b0c2a94-7de1-4c37-b6a5-1e94f8d20c68"
_SEPARATION_ID = "c6a1f7d3-2b58-4e90-8c14-7f3d95b06a2e"
_VOCALS_ID = "e94d80b1-3f6a-4d25-a7c8-52b1c06f9d73"
_BAND_ID = "07f5c3e8-9a2d-4b61-b0e4-c81d6a5f2397"
_USER_ID = "b3d9e6f0-1c72-4a85-9e3b-4d60a7c8f512"
_OTHER_ID = "6e28d1a7-0f94-4c3b-85d6-a9b7c4f0e381"
_ADDED, _DONE = "2026-03-14T18:20:05.120000Z", "2026-03-14T18:20:31.480000Z"
_NAME = {"id": _ARTIST_ID, "name": "Ana Torres", "slug": "ana-torres"}
_ALBUM_TITLE = {"id": _ALBUM_ID, "title": "Orilla", "year": 1998, "artist": _NAME}
_COVER = f"{_HERE}/tracks/{_TRACK_ID}/cover/"
_COVERS = {size: f"{_COVER}?size={size}&v=4f2a90c1" for size in ("960", "320", "96")}
_TOKEN, _REFRESH = (
    "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbiI6ImFjY2VzcyJ9.c2lnbmVk",
    "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmVk",
)
_CREDENTIALS = {"email": "ana@example.org", "password": "a long enough one"}


def _stem(pk: str, name: str) -> dict[str, Any]:
    return {
        "id": pk,
        "name": name,
        "duration": 214.2,
        "samples": 9_446_220,
        "sample_rate": 44_100,
        "segments": 19,
        "segments_ready": 19,
        "peaks": f"{_HERE}/api/v1/stems/{pk}/peaks/",
        "audio": f"{_HERE}/api/v1/stems/{pk}/audio/",
    }


_TRACK = {
    "id": _TRACK_ID,
    "title": "Barquito de papel",
    "artist": _NAME,
    "artists": [{**_NAME, "role": "main"}],
    "album": _ALBUM_TITLE,
    "track_number": 3,
    "disc_number": 1,
    "genre": "Folk",
    "year": 1998,
    "duration": 214.2,
    "cover": f"{_COVER}?v=4f2a90c1",
    "covers": _COVERS,
    "plays": 12,
    "visibility": "shared",
    "mine": True,
    "created_at": _ADDED,
}
_SEPARATION = {
    "id": _SEPARATION_ID,
    "track": _TRACK_ID,
    "stem": None,
    "model": "compact:2stems",
    "revision": "98245fdb010f",
    "status": "succeeded",
    "progress": 1.0,
    "error": None,
    "gain": 1.0,
    "stems": [_stem(_VOCALS_ID, "vocals"), _stem(_BAND_ID, "accompaniment")],
    "archive": f"{_HERE}/api/v1/separations/{_SEPARATION_ID}/archive/",
    "created_at": _ADDED,
    "finished_at": _DONE,
}
_LIVE = {**_SEPARATION, "queue_position": None, "eta_seconds": None}
_SEPARATED = {**_TRACK, "separations": [_SEPARATION]}
_RATED = {"average": 4.5, "count": 8, "mine": 5}
_AVERAGE = {"average": 4.5, "count": 8}
_SETLIST = {
    "id": _OTHER_ID,
    "title": "Saturday",
    "by_link": True,
    "address": f"{_HERE}/setlists/shared/qX3vT9aLmB2k/",
    "entry_count": 1,
    "seconds": 214.2,
    "created_at": _ADDED,
    "changed_at": _DONE,
}
_CHECKSUM = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_PROOF = {
    "token": "eyJjaGVja3N1bSI6ICI5Zjg2In0:1wXyZa:b3VycyB0byBjaGVjaw",
    "nonce": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "ranges": [{"offset": 0, "length": 4096}, {"offset": 1_048_576, "length": 4096}],
    "expires_at": _DONE,
}
_BEATS = {
    "revision": 2,
    "editable": True,
    "tempo": 120.0,
    "anchors": [{"beat": 0, "frame": 22_050}, {"beat": 4, "frame": 110_250}],
    "bars": [{"beat": 0, "beats_per_bar": 4}],
    "beats": [22_050, 44_100, 66_150, 88_200, 110_250],
    "downbeats": [0, 4],
}
_LOOP = {
    "name": "Solo",
    "speed": 0.8,
    "semitones": None,
    "cents": None,
    "from": 12.5,
    "to": 20.25,
    "id": _OTHER_ID,
}
_PART = {"instrument": "vocals", "my_part": "without"}
_SETTINGS = {
    "speed": 0.9,
    "semitones": -2.0,
    "countin": 1,
    "stems": {"vocals": {"volume": 0.5, "pan": -0.2, "muted": False}},
    "from": 12.5,
    "to": 20.25,
}
_REPORT = {"reason": "names", "text": "The title is that of another song."}

EXAMPLES: dict[str, Any] = {
    "Album": {**_ALBUM_TITLE, "compilation": False, "track_count": 11, "cover": _COVER, "covers": _COVERS},
    "Artist": {**_NAME, "sort_name": "Torres, Ana", "track_count": 11, "album_count": 1},
    "AskRequest": {"model": "compact:4stems"},
    "BeatChangesRequest": {"revision": 2, "tempo": 120, "beats_per_bar": 4, "downbeat": 0.5},
    "Beats": _BEATS,
    "Change": {
        "id": _OTHER_ID,
        "kind": "edit",
        "target": "track",
        "target_id": _TRACK_ID,
        "label": "Barquito de papel",
        "who": "Ana",
        "sentence": "Ana changed the title",
        "before": {"title": "Barquito"},
        "after": {"title": "Barquito de papel"},
        "undone": False,
        "created_at": _DONE,
    },
    "CredentialsRequest": _CREDENTIALS,
    "Error": {
        "code": "invalid",
        "detail": "Please check what you sent.",
        "fields": {"email": ["This field is required."]},
    },
    "Found": {"track": _SEPARATED, "yours": False, "proof": _PROOF},
    "FulfilRequest": {"track": _TRACK_ID},
    "Here": {"code": "here_already", "detail": "This song is here already.", "track": _TRACK_ID},
    "IntoRequest": {"into": _OTHER_ID},
    "LiveSeparation": _LIVE,
    "LookupRequest": {"checksum": _CHECKSUM},
    "Loop": _LOOP,
    "Me": {
        "id": _USER_ID,
        "email": "ana@example.org",
        "display_name": "Ana",
        "language": "es",
        "mail_notices": True,
        "date_joined": _ADDED,
        "quota": {"used": 41_206_800, "limit": 50_000_000_000},
        "statistics": {"uploads": 7, "tracks": 6, "separations": 9},
    },
    "Model": {
        "slug": "compact:2stems",
        "takes": "",
        "stems": ["vocals", "accompaniment"],
        "bandwidth_hz": 11_025,
        "available": True,
        "default": True,
        "revision": "98245fdb010f",
        "licence": "MIT, like Stemoteca.",
        "provenance": "A small network trained by the authors of Stemoteca from scratch, on synthetic songs only.",
        "size_bytes": 2_570_000,
        "quality": None,
        "stars": None,
        "seconds_per_minute": 1.6,
    },
    "NewEntryRequest": {"track": _TRACK_ID, "note": "Capo 2"},
    "NewLoopRequest": {"name": "Solo", "from": 12.5, "to": 20.25, "speed": 0.8},
    "NewSetlistRequest": {"title": "Saturday"},
    "NewWishRequest": {"artist": "Ana Torres", "title": "La orilla"},
    "Notice": {
        "id": _OTHER_ID,
        "kind": "separated",
        "sentence": "Barquito de papel is ready.",
        "text": "",
        "track": _TRACK_ID,
        "created_at": _DONE,
        "seen_at": None,
    },
    "Pair": {"access": _TOKEN, "refresh": _REFRESH},
    "Part": _PART,
    "PartRequest": _PART,
    "PatchedAlbumChangesRequest": {"year": 1999},
    "PatchedArtistChangesRequest": {"name": "Ana Torres", "sort_name": "Torres, Ana"},
    "PatchedEntryChangesRequest": {"position": 1, "settings": {"speed": 0.9, "semitones": -2}},
    "PatchedMeRequest": {"display_name": "Ana", "language": "es"},
    "PatchedNewLoopRequest": {"name": "Second solo"},
    "PatchedSetlistChangesRequest": {"by_link": True},
    "PatchedTrackChangesRequest": {
        "title": "Barquito de papel",
        "artists": ["Ana Torres", "Ben"],
        "year": 1998,
    },
    "Peaks": {
        "samples_per_peak": 4_096,
        "sample_rate": 44_100,
        "samples": 16_384,
        "gain": 1.0,
        "peaks": [3, 97, 141, 88],
    },
    "PlaybackSettings": _SETTINGS,
    "PlaybackSettingsRequest": _SETTINGS,
    "Plays": {"plays": 13},
    "Practice": {"beats": _BEATS, "loops": [_LOOP], "preset": _SETTINGS, "entry": None, **_PART},
    "Progress": {"progress": 0.4},
    "ProofRequest": {"token": _PROOF["token"], "digest": _CHECKSUM, "filename": "song.mp3"},
    "Proved": {"track": _SEPARATED},
    "Ratings": {**_RATED, "stems": [{"id": _VOCALS_ID, "name": "vocals", **_RATED}]},
    "RefreshRequest": {"refresh": _REFRESH},
    "Registered": {
        "id": _USER_ID,
        "email": "ana@example.org",
        "display_name": "Ana",
        "confirm_by_email": False,
    },
    "RegistrationRequest": {**_CREDENTIALS, "display_name": "Ana"},
    "Report": {"id": _OTHER_ID, "track": _TRACK_ID, **_REPORT, "outcome": "open", "created_at": _DONE},
    "ReportRequest": _REPORT,
    "ScoreRequest": {"stem": "vocals", "score": 5},
    "Seen": {"seen": 2},
    "SeparateRequest": {"audio": "song.mp3", "stems": 2, "codec": "mp3", "bitrate": "192k"},
    "SeparatedTrack": _SEPARATED,
    "Setlist": _SETLIST,
    "Statistics": {
        "measured_at": _DONE,
        "totals": {
            "tracks": 120,
            "seconds": 25_704.0,
            "plays": 900,
            "artists": 31,
            "albums": 40,
            "separations": 150,
            "stems": 360,
            "people": 9,
            "ratings": 8,
        },
        "by_model": [
            {
                "model": "compact:2stems",
                "separations": 120,
                "seconds": 25_704.0,
                "rating": _AVERAGE,
                "whole": _AVERAGE,
                "stems": [{"name": "vocals", **_AVERAGE}],
            }
        ],
        "by_genre": [
            {
                "genre": "Folk",
                "key": "folk",
                "tracks": 40,
                "plays": 300,
                "separations": 50,
                "rating": _AVERAGE,
            }
        ],
        "by_month": [{"month": "2026-03", "tracks": 12, "separations": 15}],
        "ratings": {**_AVERAGE, "scores": [0, 0, 1, 2, 5]},
    },
    "Suggestions": {
        "query": "barq",
        "corrected": None,
        "artists": [_NAME],
        "albums": [{"id": _ALBUM_ID, "title": "Orilla", "year": 1998, "artist": "Ana Torres"}],
        "tracks": [{"id": _TRACK_ID, "title": "Barquito de papel", "artist": "Ana Torres"}],
    },
    "Token": {"token": _TOKEN, "userId": _USER_ID},
    "UploadRequest": {"file": "song.mp3", "model": "compact:2stems", "visibility": "private"},
    "Uploaded": {
        "track": _SEPARATED,
        "created": True,
        "matches": [],
        "separation": _LIVE,
        "separation_error": None,
    },
    "WholeSetlist": {
        **_SETLIST,
        "entries": [
            {"id": _OTHER_ID, "position": 1, "note": "Capo 2", "settings": _SETTINGS, "track": _TRACK}
        ],
    },
    "Wish": {
        "id": _OTHER_ID,
        "artist": "Ana Torres",
        "title": "La orilla",
        "voices": 3,
        "mine": True,
        "track": None,
        "fulfilled_at": None,
        "created_at": _ADDED,
    },
}
