"""Descriptors of models: what is wrong in a file is said with its name and the key."""

import subprocess
import sys
from pathlib import Path

import pytest

from separation.engines import descriptors, modelspec
from separation.engines.descriptors import DescriptorError
from separation.engines.families import FAMILIES
from separation.engines.spleeter.settings import SpleeterSettings

ROOT = Path(__file__).resolve().parents[3]
GOOD = (ROOT / "separation/engines/spleeter/models/spleeter-4stems.toml").read_text()


def read(tmp_path: Path, text: str) -> descriptors.ModelSpec:
    folder = tmp_path / "spleeter/models"
    folder.mkdir(parents=True)
    path = folder / "four.toml"
    path.write_text(text)
    return descriptors.read(path, SpleeterSettings)


def test_a_descriptor_becomes_a_model(tmp_path: Path) -> None:
    spec = read(tmp_path, GOOD)
    assert spec == modelspec.get("spleeter:4stems")
    assert (spec.family, spec.folder, spec.bundled) == ("spleeter", "4stems", False)
    assert isinstance(spec.settings, SpleeterSettings)
    assert spec.settings.filters == (16, 32, 64, 128, 256, 512)
    assert {row.stem: row.value for row in spec.quality}["vocals"] == 6.55
    assert spec.archive
    assert spec.cost


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rank = 20", "", r"four\.toml: rank: missing"),
        ("bins = 1024\n", "", r"four\.toml: settings\.bins: missing"),
        ("rank = 20", "rank = 20\nrang = 1", r"four\.toml: rang: unknown key; known are slug, stems,"),
        ("rank = 20", 'rank = 20\nfamily = "demucs"', r"family: unknown key"),
        ("bins = 1024", "bins = 1024\nbin = 1", r"settings\.bin: unknown key"),
        ("rank = 20", 'rank = "first"', r"rank: must be a whole number, not 'first'"),
        ("rank = 20", "rank = true", r"rank: must be a whole number, not True"),
        ("softmax = false", "softmax = 0", r"settings\.softmax: must be true or false, not 0"),
        ("value = 6.55", 'value = "6.55"', r"quality\[0\]\.value: must be a number, not '6\.55'"),
        ("filters = [16,", 'filters = ["16",', r"settings\.filters\[0\]: must be a whole number, not '16'"),
        ("filters = [16, ", "filters = [", r"settings\.filters: a network has six encoder layers"),
        ('"zeros"', '"ones"', r"settings\.mask_extension: must be one of zeros, average, not 'ones'"),
        ("bins = 1024", "bins = 1000", r"settings\.bins: must be a multiple of 64"),
        ('language = "es"', 'language = "es"\nlanguages = 1', r"translations\[0\]\.languages: unknown key"),
        ("[settings]", "[[settings]]", r"settings: must be a table"),
        (
            "sample_rate = 44_100",
            "sample_rate = 48_000",
            r"sample_rate: 48000 Hz; every model must take 44100 Hz",
        ),
        ("11_025", "22_051", r"bandwidth_hz: above half the sample rate"),
        ("rank = 20", 'rank = 20\ntakes = "vocals"', r"takes: one of its own stems"),
        ("rank = 20", 'rank = 20\ntakes = "The drums"', r"takes: 'The drums' is no name of a stem"),
        (
            '"vocals", "drums", "bass", "other"]\nsample',
            '"a", "a"]\nsample',
            r"stems: none, or one of them twice",
        ),
        (
            'name = "model.index"',
            'name = "../model.index"',
            r"files\[0\]\.name: '\.\./model\.index' is no plain",
        ),
        ('folder = "4stems"', 'folder = "../4stems"', r"folder: no plain folder name"),
        ('folder = "4stems"', "", r"files: a bundled model needs the whole digest of each"),
        ('sha256 = "3adb', 'sha256 = "xadb', r"archive\.sha256: .* is no hexadecimal digest"),
        ('url = "https:', 'url = "ftp:', r"archive\.url: .* is no address"),
        ('slug = "spleeter:4stems"', 'slug = "4stems"', r"slug: '4stems' is not of the form name:variant"),
        ("rank = 20", "rank = ", r"four\.toml: Invalid value"),
    ],
)
def test_a_wrong_descriptor_is_refused_with_a_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(DescriptorError, match=said):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    (tmp_path / "spleeter/models/another.toml").write_text(GOOD)
    with pytest.raises(DescriptorError, match=r"four\.toml: slug: 'spleeter:4stems' is another model's"):
        modelspec.read_all(tmp_path)


def test_models_stand_in_order_of_stems_and_rank(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    better = GOOD.replace("rank = 20", "rank = 5").replace("spleeter:4stems", "spleeter:better")
    (tmp_path / "spleeter/models/z.toml").write_text(better)
    assert list(modelspec.read_all(tmp_path)) == ["spleeter:better", "spleeter:4stems"]


def test_every_family_has_models_and_every_folder_of_models_a_family() -> None:
    folders = {path.parent.name for path in (ROOT / "separation/engines").glob("*/models")}
    assert folders == {spec.family for spec in modelspec.SPECS.values()}
    assert folders == set(FAMILIES) - {"exchange"}  # its models are what people export


def test_the_check_of_make_lint_lists_the_models() -> None:
    command = [sys.executable, "-m", "separation.engines"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{len(modelspec.SPECS)} models: {', '.join(modelspec.SPECS)}"
