"""``manage.py separate`` with the options of ``spleeter separate``: scripts change the command's name only."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command

from audio.encoding.encode import encode
from audio.types import Tags
from separation.management import spleeter_options
from separation.management.commands.separate import Command
from separation.models import Separation
from separation.queue.separator_holder import holder
from tests.songs import song, write_song

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("separator")]

Run = Callable[..., tuple[int, list[Path], str]]
TWO = ["-p", "compact:2stems"]


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    yield
    holder.close()


@pytest.fixture
def separate(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run the command in an empty folder: its exit status, the paths it printed, and its error stream."""
    settings.DISK_FLOOR_BYTES = 0
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*arguments: object) -> tuple[int, list[Path], str]:
        status = 0
        try:
            call_command("separate", *map(str, arguments))
        except SystemExit as end:
            status = int(end.code or 0)
        except CommandError as error:
            status = error.returncode
            sys.stderr.write(str(error))
        said = capsys.readouterr()
        return status, [Path(line) for line in said.out.splitlines()], said.err

    return run


def tagged_song(path: Path, seed: int) -> Path:
    """A song of its own whose tags are those of every other one from here."""
    path.parent.mkdir(exist_ok=True)
    encode([song(1.0, seed=seed).T], path, "flac", None, Tags(title="Intro", artist="Ana Torres"), None)
    return path


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        (["-p", "compact:2stems", "-o", "out"], ["out/my song/vocals.wav", "out/my song/accompaniment.wav"]),
        (
            ["-o", "out", "-p", "compact:2stems", "-c", "mp3", "-b", "192k"],
            ["out/my song/vocals.mp3", "out/my song/accompaniment.mp3"],
        ),
        (
            [
                "--params_filename=compact:2stems",
                "--output_path=out",
                "--filename_format={instrument}.{codec}",
            ],
            ["out/vocals.wav", "out/accompaniment.wav"],
        ),
        (
            ["-f", "{foldername}_{filename}-{instrument}.{codec}", "-c", "m4a", "-o", "a/b"],
            ["a/b/music_my song-vocals.m4a", "a/b/music_my song-accompaniment.m4a"],
        ),
        (["-f", "{instrument:.3}/{filename!s}", "-o", "out"], ["out/voc/my song", "out/acc/my song"]),
        (
            ["--output", "out"],
            [
                "out/Unknown artist - my song (vocals).flac",
                "out/Unknown artist - my song (accompaniment).flac",
            ],
        ),
    ],
)
def test_filename_format(separate: Run, tmp_path: Path, arguments: list[str], paths: list[str]) -> None:
    (tmp_path / "music").mkdir()
    path = write_song(tmp_path / "music" / "my song.wav", 1.0)
    status, written, said = separate(*arguments, path)
    assert (status, written) == (0, [Path(name) for name in paths]), said
    assert sorted(file for file in Path().rglob("*") if file.is_file()) == sorted(written)


def test_defaults_of_spleeter(separate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("separation.management.spleeter_options.OUTPUT_PATH", tmp_path / "separated_audio")
    status, written, _said = separate(*TWO, write_song(tmp_path / "song.wav", 1.0))
    folder = tmp_path / "separated_audio/song"
    assert (status, written) == (0, [folder / "vocals.wav", folder / "accompaniment.wav"])
    assert {soundfile.info(path).subtype for path in written} == {"PCM_16"}
    assert {soundfile.info(path).frames for path in written} == {44_100}


def test_every_option_of_spleeter_has_its_default() -> None:
    from spleeter import options

    parser = Command().create_parser("manage.py", "separate")
    names = {name for name in vars(options) if name.endswith("Option") and name != "Option"}
    names -= {"MUSDBDirectoryOption", "TrainingDataDirectoryOption", "VersionOption"}  # of other commands
    assert len(names) == 11
    for name in names:
        for flag in getattr(options, name).param_decls:
            assert flag in parser._option_string_actions, name
    assert (
        str(options.AudioCodecOption.default),
        options.AudioBitrateOption.default,
        options.FilenameFormatOption.default,
        options.AudioOutputOption.default,
        options.AudioAdapterOption.default,
    ) == (
        spleeter_options.CODEC,
        spleeter_options.BITRATE,
        spleeter_options.FILENAME_FORMAT,
        str(spleeter_options.OUTPUT_PATH),
        spleeter_options.ADAPTER,
    )
    for slug in ("2stems", "2stems-16kHz", "4stems", "4stems-16kHz", "5stems", "5stems-16kHz"):
        assert spleeter_options.model(f"spleeter:{slug}").slug == f"spleeter:{slug}"
        assert spleeter_options.model(slug).slug == f"spleeter:{slug}"


def test_files_may_stand_between_options(separate: Run, tmp_path: Path) -> None:
    paths = [write_song(tmp_path / f"{name}.wav", 0.5, seed=seed) for seed, name in enumerate("abc")]
    dashed = write_song(Path("-d.wav"), 0.5, seed=9)
    status, written, said = separate(paths[0], *TWO, "-i", paths[1], "-o", "out", paths[2], "--", dashed)
    assert (status, {path.parent.name for path in written}) == (0, {"a", "b", "c", "-d"}), said


def test_options_of_django_keep_their_meaning() -> None:
    parser = Command().create_parser("manage.py", "separate")
    found = parser.parse_args(
        ["-v", "2", "-s", "3", "--settings", "config.settings", "--verbose", "-d4", "song.wav"]
    )
    assert (found.verbosity, found.verbose, found.settings) == (2, True, "config.settings")
    assert (found.offset, found.duration, found.files) == ("3", "4", [Path("song.wav")])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "spleeter:3stems"], "spleeter:4stems"),
        (["-p", "configs/2stems/base_config.json"], "a file of parameters"),
        (["-p", ""], "no such model"),
        ([*TWO, "--mwf"], "Leave --mwf out"),
        ([*TWO, "-c", "wma"], "Choose one of wav"),
        ([*TWO, "-c", "aiff"], "there are wav"),
        ([*TWO, "-c", "mp3", "-b", "77k"], "128"),
        ([*TWO, "-a", "my.Adapter"], "Leave -a out"),
        ([*TWO, "-s", "vocals"], "--stems"),
        ([*TWO, "-s", "-1"], "seconds"),
        ([*TWO, "-s", "nan"], "seconds"),
        ([*TWO, "-d", "inf"], "seconds"),
        ([*TWO, "-d", "0"], "nothing to write"),
        ([*TWO, "-d", "0:30"], "seconds"),
        ([*TWO, "--stems", "kazoo"], "has no stem kazoo"),
        ([*TWO, "--as", "nobody@example.org"], "no account"),
        ([*TWO, "-f", "{filename}.{codec}"], "needs {instrument}"),
        ([*TWO, "-f", "{title}/{instrument}.{codec}"], "{foldername}"),
        ([*TWO, "-f", "{instrument"], "no template"),
        ([*TWO, "-f", "{}/{instrument}.wav"], "no template"),
        ([*TWO, "-f", "{instrument.x}"], "no template"),
    ],
)
def test_impossible_options_are_refused_before_any_work(
    separate: Run, tmp_path: Path, arguments: list[str], words: str
) -> None:
    path = write_song(tmp_path / "song.wav", 1.0)
    status, written, said = separate(*arguments, "-o", "out", path)
    assert (status, written) == (2, []), said
    assert words in said
    assert "\n" not in said
    assert not Separation.objects.exists()
    assert not Path("out").exists()


def test_no_file_and_two_models_are_errors(separate: Run, tmp_path: Path) -> None:
    assert separate(*TWO)[0] == 2
    status, _written, said = separate(*TWO, "--model", "compact:4stems", tmp_path / "song.wav")
    assert status != 0
    assert "not allowed with" in said


@pytest.mark.parametrize(
    ("model", "instead"),
    [
        ("2stems", " - or take the one that is here: --model compact:2stems"),
        ("4stems-16kHz", " - or take the one that is here: --model compact:4stems"),
        ("5stems", ""),
    ],
)
def test_model_that_is_not_installed_is_not_replaced(
    separate: Run, tmp_path: Path, model: str, instead: str
) -> None:
    path = write_song(tmp_path / "song.wav", 1.0)
    status, written, said = separate("-p", f"spleeter:{model}", "-o", "out", path)
    assert (status, written) == (1, [])
    weights = model.removesuffix("-16kHz")
    sentence = f"This model is not installed. Get it with: manage.py fetch_models {weights}"
    assert said.strip() == f"{path}: {sentence}{instead}"
    assert not Separation.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "start", "stop"),
    [
        (["-s", "1"], 44_100, 132_300),
        (["-d", "1.5"], 0, 66_150),
        (["-s", "0.5", "-d", "1.25"], 22_050, 77_175),
        (["--offset=1.00001", "--duration=0.00002"], 44_100, 44_101),
        (["-s", "2.5", "-d", "600"], 110_250, 132_300),
        (["-d", "600"], 0, 132_300),
    ],
)
def test_excerpt_is_cut_to_the_sample(
    separate: Run, tmp_path: Path, arguments: list[str], start: int, stop: int
) -> None:
    path = write_song(tmp_path / "song.wav", 3.0)
    status, whole, _said = separate(*TWO, "-o", "whole", path)
    assert status == 0
    row = Separation.objects.values().get()
    status, cut, said = separate(*TWO, "-o", "cut", *arguments, path)
    assert (status, len(cut)) == (0, 2), said
    for before, after in zip(whole, cut, strict=True):
        expected = soundfile.read(before, dtype="int16")[0][start:stop]
        assert np.array_equal(soundfile.read(after, dtype="int16")[0], expected)
    assert Separation.objects.values().get() == row, "the song was separated once"


def test_excerpt_beyond_the_end_is_refused(separate: Run, tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.wav", 1.0)
    status, written, said = separate(*TWO, "-o", "out", "-s", "1.0", path)
    assert (status, written) == (1, [])
    assert f"{path}: the song has only 1.00 seconds" in said


def test_excerpts_of_one_song_overwrite_each_other(separate: Run, tmp_path: Path) -> None:
    path = write_song(tmp_path / "song.wav", 2.0)
    places = [
        separate(*TWO, "-o", "out", *excerpt, path)[1] for excerpt in ([], ["-d", "1"], ["-s", "1.5"], [])
    ]
    assert places == [places[0]] * 4
    assert len(list(Path("out/song").iterdir())) == 2
    assert {soundfile.info(file).frames for file in places[0]} == {88_200}


def test_songs_with_equal_tags(separate: Run, tmp_path: Path) -> None:
    """In one call and in later ones; what is said tells where the second one went."""
    paths = [tagged_song(tmp_path / f"{seed}.flac", seed) for seed in (1, 2, 3)]
    status, first, said = separate(*paths[:2])
    assert (status, len(set(first))) == (0, 4)
    assert "Ana Torres - Intro (vocals) (2).flac" in said
    before = {file: file.read_bytes() for file in first}
    assert separate(*paths[:2])[1] == first
    third = separate(paths[2])[1]
    assert [file.name[-9:] for file in third] == [" (3).flac"] * 2
    assert {file: file.read_bytes() for file in first} == before


def test_songs_with_equal_file_names(separate: Run, tmp_path: Path) -> None:
    paths = [tagged_song(tmp_path / f"{seed}" / "song.flac", seed) for seed in (1, 2)]
    _status, first, _said = separate(*TWO, "-o", "out", paths[0])
    before = [file.read_bytes() for file in first]
    _status, second, said = separate(*TWO, "-o", "out", paths[1])
    assert [str(file) for file in second] == ["out/song/vocals (2).wav", "out/song/accompaniment (2).wav"]
    assert "out/song/vocals.wav: another file has this name; written as vocals (2).wav" in said
    assert [file.read_bytes() for file in first] == before
