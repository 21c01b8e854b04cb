"""The whole main job through the real website, queue and model: a song in, stems out, never twice."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import requests
import soundfile
from mutagen.id3 import ID3, TIT2, TPE1

from tests.e2e.server import Person, Server, wait_until
from tests.songs import song

pytestmark = pytest.mark.xdist_group("server")


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 14 s song as MP3: longer than one window of the model, with tags."""
    path = Path(tmp_path_factory.mktemp("songs")) / "Ana Torres - Barquito.mp3"
    soundfile.write(path, song(14.3, seed=3), 44_100, format="MP3")
    tags = ID3()
    tags.add(TPE1(encoding=3, text="Ana Torres"))
    tags.add(TIT2(encoding=3, text="Barquito de papel"))
    tags.save(path)
    return path


@pytest.fixture(scope="module")
def person(server: Server) -> Person:
    return Person(server)


@pytest.fixture(scope="module")
def separated(person: Person, mp3: Path) -> dict[str, Any]:
    """The answer to the first upload, with its separation finished."""
    answer = person.upload(mp3, model="compact:2stems")
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert body["created"] is True
    body["separation"] = person.wait_until_finished(body["separation"]["id"])
    return body


def decoded(file: Any) -> npt.NDArray[np.float32]:
    """What FFmpeg hears in a file: float32 [2, samples] at 44.1 kHz."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=44_100)
    with av.open(file) as container:
        frames = [f.to_ndarray() for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    frames += [f.to_ndarray() for f in resampler.resample(None)]
    return np.concatenate(frames, axis=1)


def decibel(signal: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]) -> float:
    return float(
        10 * np.log10(np.mean(np.square(signal, dtype=float)) / np.mean(np.square(reference, dtype=float)))
    )


def test_stems_have_the_mixtures_length_and_sum_to_it(
    person: Person, separated: dict[str, Any], mp3: Path
) -> None:
    answer = person.call("GET", f"separations/{separated['separation']['id']}/archive/?codec=wav")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        stems = [decoded(io.BytesIO(archive.read(name))) for name in names]
    assert sorted(names) == [
        "Ana Torres - Barquito de papel (accompaniment).wav",
        "Ana Torres - Barquito de papel (vocals).wav",
    ]
    mixture = decoded(str(mp3))
    assert [stem.shape for stem in stems] == [mixture.shape] * 2
    total = np.sum(stems, axis=0) / separated["separation"]["gain"]
    assert decibel(total - mixture, mixture) < -60


def test_the_same_audio_with_other_tags_and_name_is_known(
    person: Person, separated: dict[str, Any], mp3: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(mp3, tmp_path / "something else.mp3")
    tags = ID3(copy)
    tags.setall("TIT2", [TIT2(encoding=3, text="Wrong title")])
    tags.save(copy)
    answer = person.upload(Path(copy), model="compact:2stems")
    assert answer.status_code == 200
    body = answer.json()
    assert body["created"] is False
    assert body["track"]["id"] == separated["track"]["id"]
    assert body["track"]["title"] == "Barquito de papel"
    assert body["separation"]["id"] == separated["separation"]["id"]
    assert body["separation"]["status"] == "succeeded"


def test_simple_calls_give_a_zip_at_once_for_a_known_song(
    server: Server, person: Person, separated: dict[str, Any], mp3: Path
) -> None:
    signed_in = requests.post(
        f"{server.url}/api/login", json={"email": person.email, "password": person.password}, timeout=30
    )
    assert signed_in.status_code == 200
    headers = {"Authorization": f"Bearer {signed_in.json()['token']}"}
    with mp3.open("rb") as file:
        answer = requests.post(
            f"{server.url}/api/separate",
            headers=headers,
            files={"audio": file},
            data={"stems": "2", "codec": "mp3", "bitrate": "192k"},
            timeout=60,
        )
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        lengths = {decoded(io.BytesIO(archive.read(name))).shape[1] for name in archive.namelist()}
    assert lengths == {separated["separation"]["stems"][0]["samples"]}


def test_without_a_token_nothing_is_separated(server: Server, mp3: Path) -> None:
    with mp3.open("rb") as file:
        answer = requests.post(f"{server.url}/api/separate", files={"audio": file}, timeout=30)
    assert answer.status_code == 401
    assert answer.json()["code"]


def test_segments_join_to_the_stem_exactly(person: Person, separated: dict[str, Any]) -> None:
    stem = separated["separation"]["stems"][0]
    whole = soundfile.read(
        io.BytesIO(person.call("GET", f"stems/{stem['id']}/audio/?codec=flac").content), dtype="int16"
    )[0]
    pieces, n = [], 0
    while (answer := person.call("GET", f"stems/{stem['id']}/segments/{n}/")).status_code == 200:
        pieces.append(soundfile.read(io.BytesIO(answer.content), dtype="int16")[0])
        n += 1
    assert n == 2
    assert np.array_equal(np.concatenate(pieces), whole)


def test_first_segments_can_be_fetched_during_the_separation(person: Person, tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.tile(song(30, seed=9), (6, 1)), 44_100)
    asked = person.upload(path, model="compact:2stems").json()["separation"]["id"]

    def first_segments() -> Any:
        body = person.call("GET", f"separations/{asked}/").json()
        return [stem["id"] for stem in body["stems"] if stem["segments_ready"] > 0]

    vocals, accompaniment = wait_until(first_segments, 60, interval=0.05)
    early = [person.call("GET", f"stems/{stem}/segments/0/") for stem in (vocals, accompaniment)]
    assert [answer.status_code for answer in early] == [200, 200]
    meanwhile = person.call("GET", f"separations/{asked}/").json()
    assert meanwhile["status"] == "running"
    assert 0 < meanwhile["progress"] < 1
    assert 0 < len(person.call("GET", f"stems/{vocals}/peaks/").json()["peaks"]) < 180 * 44_100 / 4096
    assert person.call("GET", f"stems/{vocals}/segments/15/").status_code == 409

    done = person.wait_until_finished(asked)
    assert [stem["id"] for stem in done["stems"]] == [vocals, accompaniment]
    for stem, answer in zip(done["stems"], early, strict=True):
        audio = person.call("GET", f"stems/{stem['id']}/audio/?codec=flac")
        whole = soundfile.read(io.BytesIO(audio.content), dtype="int16")[0]
        pieces = [answer] + [
            person.call("GET", f"stems/{stem['id']}/segments/{n}/") for n in range(1, stem["segments"])
        ]
        assert {piece.headers["X-Gain"] for piece in pieces} == {str(done["gain"])}
        heard = [soundfile.read(io.BytesIO(piece.content), dtype="int16")[0] for piece in pieces]
        assert np.array_equal(np.concatenate(heard), whole)


def test_short_song_finishes_during_a_long_one(person: Person, tmp_path: Path) -> None:
    """Whether another worker has time for it, or the same one does it in between."""
    long, short = tmp_path / "long.flac", tmp_path / "short.flac"
    soundfile.write(long, np.tile(song(30, seed=11), (12, 1)), 44_100)
    soundfile.write(short, song(3, seed=12), 44_100)
    first = person.upload(long, model="compact:2stems").json()["separation"]["id"]
    wait_until(lambda: person.call("GET", f"separations/{first}/").json()["progress"] > 0, 60, interval=0.05)
    second = person.upload(short, model="compact:2stems").json()["separation"]["id"]
    assert person.wait_until_finished(second)["status"] == "succeeded"
    assert person.call("GET", f"separations/{first}/").json()["status"] == "running"
    assert person.wait_until_finished(first)["status"] == "succeeded"
